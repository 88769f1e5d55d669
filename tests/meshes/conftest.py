"""Both specimens as their sources deliver them, for tests of what every specimen must keep."""

from __future__ import annotations

import pytest

from meshes.load import load_specimen
from meshes.specimen import Specimen


@pytest.fixture(scope="session")
def z_anatomy(z_anatomy_cache: None) -> Specimen:
    """The real one."""
    return load_specimen("z-anatomy")


@pytest.fixture(scope="session")
def model() -> Specimen:
    """The embedded one, bones only."""
    return load_specimen("model")


@pytest.fixture(
    scope="session",
    params=["model", pytest.param("z_anatomy", marks=pytest.mark.atlas)],
    ids=["model", "z-anatomy"],
)
def specimen(request: pytest.FixtureRequest) -> Specimen:
    """Each specimen in turn."""
    found: Specimen = request.getfixturevalue(request.param)
    return found
