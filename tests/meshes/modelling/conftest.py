"""Specimens that the modelling tests grow parts on."""

from __future__ import annotations

import pytest

from meshes.load import load_specimen
from meshes.modelling.complete import complete
from meshes.specimen import Specimen


@pytest.fixture(scope="session")
def bones() -> Specimen:
    """The embedded specimen: bones only."""
    return load_specimen("model")


@pytest.fixture(scope="session")
def preview(bones: Specimen) -> Specimen:
    """The embedded specimen, completed quickly."""
    return complete(bones, "preview")
