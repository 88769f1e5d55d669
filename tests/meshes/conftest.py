"""Both specimens, for tests of what every specimen must keep."""

from __future__ import annotations

import pytest

from annotations.atlas import Atlas
from meshes.specimen import Specimen


@pytest.fixture(
    scope="session",
    params=["model_atlas", pytest.param("z_anatomy_atlas", marks=pytest.mark.atlas)],
    ids=["model", "z-anatomy"],
)
def specimen(request: pytest.FixtureRequest) -> Specimen:
    """Each specimen in turn."""
    atlas: Atlas = request.getfixturevalue(request.param)
    return atlas.specimen


@pytest.fixture(scope="session")
def z_anatomy(z_anatomy_atlas: Atlas) -> Specimen:
    """The real one."""
    return z_anatomy_atlas.specimen


@pytest.fixture(scope="session")
def model(model_atlas: Atlas) -> Specimen:
    """The embedded one."""
    return model_atlas.specimen
