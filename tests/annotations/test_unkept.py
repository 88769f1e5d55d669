"""An atlas is there although the disk is full: what was worked out is used, and the fault told."""

from __future__ import annotations

import pytest

from annotations.atlas import Atlas, build
from annotations.request import Request
from meshes import cache
from meshes.errors import GluteaError


def test_what_cannot_be_kept_is_in_the_atlas_all_the_same(
    model_atlas: Atlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise GluteaError("The disk is full: free some space.")

    monkeypatch.setattr(cache, "save", full)
    made = build(Request("model", psis_band_mm=(50.0, 61.7)))
    assert made.zones["right"].figures.gap_mm < model_atlas.zones["right"].figures.gap_mm
    assert made.unkept.endswith("The disk is full: free some space.")
    monkeypatch.undo()
    assert build(Request("model")).unkept == ""
