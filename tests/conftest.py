"""Shared by all tests: an isolated cache, and the atlases they look at."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from annotations.atlas import Atlas, build
from annotations.request import Request
from meshes.specimen import Specimen

ROOT = Path(__file__).parent.parent
UPSTREAM = Path(os.environ.get("GLUTEA_MIRROR") or ROOT.parent / "shared" / "upstream")


@pytest.fixture(scope="session", autouse=True)
def isolated_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache folder for the whole run, never the user's own; no mirror unless a test sets it."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("GLUTEA_CACHE", str(folder))
        patch.delenv("GLUTEA_MIRROR", raising=False)
        yield folder


@pytest.fixture(scope="session")
def upstream() -> Path:
    """The folder with the real source files; skips where it is not beside the checkout."""
    if not (UPSTREAM / "z-anatomy" / "trunk.glb").is_file():
        pytest.skip(f"the real Z-Anatomy files are not at {UPSTREAM}")
    return UPSTREAM


@pytest.fixture(scope="session")
def model_atlas(isolated_cache: Path) -> Atlas:
    """The embedded specimen with its annotations."""
    return build(Request("model"))


@pytest.fixture(scope="session")
def z_anatomy_cache(isolated_cache: Path, upstream: Path) -> None:
    """Z-Anatomy fetched from the mirror folder into the run's cache."""
    from meshes.sources.download import fetch

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLUTEA_MIRROR", str(upstream))
        fetch("z-anatomy")


@pytest.fixture(scope="session")
def z_anatomy_atlas(z_anatomy_cache: None) -> Atlas:
    """The real atlas with its annotations."""
    return build(Request("z-anatomy"))


@pytest.fixture(scope="session")
def off_the_mean() -> Callable[[str], Specimen]:
    """A person 2 SD off the mean (see benchmarks.modelling), completed on a coarse grid, once."""
    from functools import cache

    from benchmarks.modelling import off_the_mean
    from meshes.modelling.complete import complete
    from meshes.sources import model

    people = dict(off_the_mean())
    return cache(lambda person: complete(model.load(people[person]), "coarse"))
