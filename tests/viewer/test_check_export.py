"""What `measure` says of the courses holds on the exported files, reckoned without Glutea's code.

The reckoning is `scripts/check_export.py`, run as a stranger would run it: on files alone.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import trimesh

from annotations.atlas import Atlas
from annotations.measure import measure as figures_of
from meshes.specimen import SIDES
from viewer.output.export import export

NERVE = "inferior_gluteal_nerve"
SCRIPT = Path(__file__).parents[2] / "scripts" / "check_export.py"


def write(atlas: Atlas, folder: Path) -> tuple[Path, Path]:
    shown = [name for name, part in atlas.parts.items() if part.structure != "skin"]
    export(atlas, folder / "export", shown, SIDES)
    measure = folder / "measure.json"
    measure.write_text(json.dumps(figures_of(atlas)), encoding="utf-8")
    return folder / "export", measure


def check(folder: Path, measure: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), str(measure)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def written(model_atlas: Atlas, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write(model_atlas, tmp_path_factory.mktemp("model"))


def unconfirmed(run: subprocess.CompletedProcess[str]) -> list[str]:
    assert run.returncode in (0, 1), run.stderr
    return [line for line in run.stdout.splitlines() if line.startswith("NOT")]


def test_the_models_courses_are_confirmed(written: tuple[Path, Path]) -> None:
    run = check(*written)
    assert unconfirmed(run) == []
    for course in ("inferior_gluteal_nerve", "inferior_gluteal_artery"):
        for side in SIDES:
            for what in ("clear of bone", "through the greater", "meets the deep surface"):
                assert any(
                    line.startswith(f"ok   {course} {side}") and what in line
                    for line in run.stdout.splitlines()
                ), (course, side, what)


@pytest.mark.atlas
def test_z_anatomys_courses_are_confirmed(z_anatomy_atlas: Atlas, tmp_path: Path) -> None:
    run = check(*write(z_anatomy_atlas, tmp_path))
    assert unconfirmed(run) == []
    # Where it has left the pelvis the nerve keeps off the source's own, which it springs from.
    assert f"ok   {NERVE} right: clear of the source's sciatic_nerve" in run.stdout


def of_the_nerve(folder: Path, into: Path, shift_mm: tuple[float, float, float]) -> Path:
    """The same export with one course only, and that one's centrelines moved on the left."""
    into.mkdir()
    for file in folder.iterdir():
        if file.suffix == ".ply":
            (into / file.name).symlink_to(file)
    document = json.loads((folder / "specimen.json").read_text(encoding="utf-8"))
    document["courses"] = {NERVE: document["courses"][NERVE]}
    for branch in document["courses"][NERVE]["left"]["branches"]:
        branch["points_mm"] = [
            [c + by for c, by in zip(point, shift_mm, strict=True)] for point in branch["points_mm"]
        ]
    (into / "specimen.json").write_text(json.dumps(document), encoding="utf-8")
    return into


def test_a_tube_that_cuts_bone_is_found(written: tuple[Path, Path], tmp_path: Path) -> None:
    """The reckoning is worth something only if it can say no."""
    folder, measure = written
    shift_mm = (12.0, -4.0, 0.0)
    moved = of_the_nerve(folder, tmp_path / "moved", shift_mm)
    tube = moved / f"{NERVE}_left.ply"
    mesh = trimesh.load(tube, force="mesh", process=False)
    mesh.apply_translation(shift_mm)
    tube.unlink()
    mesh.export(tube)
    found = unconfirmed(check(moved, measure))
    assert any(f"{NERVE} left: clear of bone" in line for line in found), found


def test_a_wrong_distance_is_found(written: tuple[Path, Path], tmp_path: Path) -> None:
    folder, measure = written
    told = json.loads(measure.read_text(encoding="utf-8"))
    point = told["courses"][NERVE]["right"]["entry_points"][0]
    point["to_psis_mm"] += 1.0
    lie = tmp_path / "measure.json"
    lie.write_text(json.dumps(told), encoding="utf-8")
    found = unconfirmed(check(of_the_nerve(folder, tmp_path / "nerve", (0.0, 0.0, 0.0)), lie))
    assert len(found) == 1
    assert f"{point['branch']} to psis" in found[0]
