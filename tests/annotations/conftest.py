"""Both atlases, for tests of what every atlas must keep."""

from __future__ import annotations

import pytest

from annotations.atlas import Atlas


@pytest.fixture(
    scope="session",
    params=["model_atlas", pytest.param("z_anatomy_atlas", marks=pytest.mark.atlas)],
    ids=["model", "z-anatomy"],
)
def atlas(request: pytest.FixtureRequest) -> Atlas:
    """Each atlas in turn."""
    found: Atlas = request.getfixturevalue(request.param)
    return found
