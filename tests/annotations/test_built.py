"""The finished atlas that ships with the program belongs to this code and these tables."""

from __future__ import annotations

import pytest

from annotations import atlas as atlas_module
from annotations.request import Request
from meshes import cache


def test_the_shipped_atlas_opens_without_building_anything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("GLUTEA_CACHE", str(tmp_path))

    def refuse(*_: object) -> None:
        pytest.fail("the shipped atlas is out of date: run scripts/build_default_atlas.py")

    monkeypatch.setattr(cache, "save", refuse)
    atlas = atlas_module.build(Request("model"))
    assert atlas.courses and atlas.zones


def test_nothing_else_is_shipped() -> None:
    """No file of an older build stays behind in the package."""
    stages = sorted(path.parent.name for path in cache.BUILT.rglob("*.safetensors"))
    assert stages == ["complete", "courses", "fields", "zones"]
