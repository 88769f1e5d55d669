"""Request: which specimen, with what settings. Hashable; the cache key of every stage."""

from __future__ import annotations

from functools import cache

import msgspec

from annotations.courses.variants import Variants
from annotations.zones.table import default_limits_mm

LimitsMm = tuple[float, float]


@cache
def _limits(zone: str) -> LimitsMm:
    return default_limits_mm(zone)


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which specimen, the limits of the two bands in mm (straight distances), the variants."""

    specimen: str = "model"
    trochanter_band_mm: LimitsMm = msgspec.field(default_factory=lambda: _limits("trochanter_band"))
    psis_band_mm: LimitsMm = msgspec.field(default_factory=lambda: _limits("psis_band"))
    variants: Variants = Variants()

    def __post_init__(self) -> None:
        for low, high in (self.trochanter_band_mm, self.psis_band_mm):
            if not 0 <= low < high < float("inf"):
                raise ValueError("the limits of a band must be two distances, the smaller first")
