"""Both atlases, for tests of what every atlas must keep."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotations.atlas import Atlas
from annotations.request import Request
from annotations.zones.fields import surface_fields
from annotations.zones.regions import zones_of
from annotations.zones.shells import shell_fields
from meshes.load import load_specimen
from meshes.specimen import SIDES
from meshes.structure import structure


@pytest.fixture(
    scope="session",
    params=["model_atlas", pytest.param("z_anatomy_atlas", marks=pytest.mark.atlas)],
    ids=["model", "z-anatomy"],
)
def atlas(request: pytest.FixtureRequest) -> Atlas:
    """Each atlas in turn."""
    found: Atlas = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def bare_atlas(isolated_cache: Path) -> Atlas:
    """The embedded bones alone with their zones: no muscle, nothing modelled, no course solved."""
    specimen, request = load_specimen("model"), Request("model")
    assert {structure(part.structure).kind for part in specimen.parts.values()} == {"bone"}
    zones = {
        side: zones_of(
            specimen, surface_fields(specimen, side) or shell_fields(specimen, side), request
        )
        for side in SIDES
    }
    return Atlas(request, specimen, {}, {}, zones)
