import os
from pathlib import Path

import pytest

from benchmarks.modelling import TARGETS_MM, distances_to_real
from meshes.load import load_specimen
from meshes.sources.download import fetch
from meshes.specimen import Specimen

ROOT = Path(__file__).parents[3]
UPSTREAM = Path(os.environ.get("GLUTEA_MIRROR") or ROOT.parent / "shared" / "upstream")
# A computer's arithmetic may differ a little from ours.
SLACK = 1.05


@pytest.fixture(scope="session")
def real_muscles() -> Specimen:
    if not (UPSTREAM / "z-anatomy" / "trunk.glb").is_file():
        pytest.skip(f"the real Z-Anatomy files are not at {UPSTREAM}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLUTEA_MIRROR", str(UPSTREAM))
        fetch("z-anatomy")
        return load_specimen("z-anatomy")


def test_grown_muscles_lie_where_real_ones_do(
    real_muscles: Specimen, capsys: pytest.CaptureFixture[str]
) -> None:
    found = distances_to_real(real_muscles)
    assert set(found) == set(TARGETS_MM)
    with capsys.disabled():
        print("\nDistance to Z-Anatomy's muscles, mm: mean, 95th percentile (allowed)")
        for name, distance in found.items():
            mean, p95 = TARGETS_MM[name]
            print(f"  {name:22s} {distance.mean_mm:4.2f} ({mean})  {distance.p95_mm:4.1f} ({p95})")
    missed = [
        name
        for name, (mean, p95) in TARGETS_MM.items()
        if found[name].mean_mm > SLACK * mean or found[name].p95_mm > SLACK * p95
    ]
    assert not missed
