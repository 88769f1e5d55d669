"""Exports: meshes that close, provenance inside, and nothing of the user's is ever lost."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from annotations.atlas import Atlas
from meshes.errors import GluteaError
from meshes.specimen import SIDES
from meshes.structure import structures
from meshes.surface import is_closed
from viewer.output import export as export_module
from viewer.output.export import export

SOME = ["sacrum", "hip_bone_left", "inferior_gluteal_nerve_left"]


def export_all(atlas: Atlas, path: Path) -> None:
    export(atlas, path, list(atlas.parts), SIDES)


def read_json(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "specimen.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def model_folder(model_atlas: Atlas, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "model"
    export_all(model_atlas, folder)
    return folder


@pytest.fixture(scope="module")
def z_folder(z_anatomy_atlas: Atlas, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "z-anatomy"
    export_all(z_anatomy_atlas, folder)
    return folder


@pytest.fixture(
    params=["model", pytest.param("z-anatomy", marks=pytest.mark.atlas)],
)
def exported(request: pytest.FixtureRequest) -> tuple[Atlas, Path]:
    """An atlas and the folder that all of it was exported to."""
    atlas, folder = {
        "model": ("model_atlas", "model_folder"),
        "z-anatomy": ("z_anatomy_atlas", "z_folder"),
    }[request.param]
    return request.getfixturevalue(atlas), request.getfixturevalue(folder)


# --- a folder ---------------------------------------------------------------------------------


def test_there_is_one_mesh_a_part(exported: tuple[Atlas, Path]) -> None:
    """`<structure>_<side>.ply`, without a suffix at the midline, and nothing else."""
    atlas, folder = exported
    expected = {f"{name}.ply" for name in atlas.parts} | {"specimen.json"}
    assert {path.name for path in folder.iterdir()} == expected
    assert "sacrum.ply" in expected
    assert "hip_bone_left.ply" in expected
    assert "inferior_gluteal_nerve_right.ply" in expected


def test_meshes_are_read_by_others_and_close(exported: tuple[Atlas, Path]) -> None:
    atlas, folder = exported
    for name, part in atlas.parts.items():
        if part.side == "left":
            continue  # the other of a pair, the same code
        mesh = trimesh.load_mesh(folder / f"{name}.ply", process=False)
        np.testing.assert_array_equal(mesh.vertices.astype(np.float32), part.vertices_mm)
        np.testing.assert_array_equal(mesh.faces, part.triangles)
        kind = structures()[part.structure].kind
        assert mesh.is_watertight == is_closed(part.triangles)
        if kind in ("bone", "muscle") or name in atlas.tubes:
            assert mesh.is_watertight, name
            assert mesh.volume > 0, name


def test_normals_are_carried(model_atlas: Atlas, model_folder: Path) -> None:
    import pyvista as pv

    mesh = pv.read(model_folder / "sacrum.ply")
    part = model_atlas.parts["sacrum"]
    assert mesh.n_points == len(part.vertices_mm)
    normals = np.asarray(mesh.point_data["Normals"])
    np.testing.assert_allclose(normals, part.normals, atol=1e-6)


def test_every_file_carries_credit_licence_and_origin(exported: tuple[Atlas, Path]) -> None:
    atlas, folder = exported
    for name, part in atlas.parts.items():
        header = (folder / f"{name}.ply").read_bytes().split(b"end_header")[0].decode("ascii")
        assert f"comment Glutea: {name}, {part.origin}" in header
        assert "comment millimetres, LPS" in header
        assert f"comment Licence: {atlas.specimen.licence}" in header
        for credit in atlas.specimen.credits:
            assert credit.replace("©", "(c)").replace("—", "-") in header


def test_the_specimen_file_says_all_that_goes_with_the_meshes(
    exported: tuple[Atlas, Path],
) -> None:
    atlas, folder = exported
    text = (folder / "specimen.json").read_text(encoding="utf-8")
    assert "NaN" not in text
    document = read_json(folder)
    assert document["specimen"] == atlas.specimen.name
    assert document["licence"] == atlas.specimen.licence
    assert document["credits"] == list(atlas.specimen.credits)
    assert document["how_made"]
    assert "LPS" in document["frame"]
    assert document["purpose"] == "for teaching, not for planning an operation"
    for side in (*SIDES, "midline"):
        marks = document["landmarks"][side]
        assert set(marks) == set(atlas.specimen.landmarks[side])  # type: ignore[index]
        for mark in marks.values():
            assert len(mark["position_mm"]) == 3
            assert mark["method"]
            assert mark["uncertainty_mm"] > 0
    assert [part["file"] for part in document["parts"]] == [f"{n}.ply" for n in atlas.parts]
    for part in document["parts"]:
        assert (folder / part["file"]).is_file()
        assert {"structure", "kind", "side", "origin", "triangles", "watertight"} <= set(part)


def test_courses_are_given_as_centrelines(exported: tuple[Atlas, Path]) -> None:
    atlas, folder = exported
    courses = read_json(folder)["courses"]
    assert set(courses) == set(atlas.courses)
    both = [name for name, sides in courses.items() if set(sides) == set(SIDES)]
    assert {"inferior_gluteal_nerve", "inferior_gluteal_artery"} <= set(both)
    for name, sides in courses.items():
        # A course that cannot pass on one side is left out there, not forced.
        assert set(sides) == set(atlas.courses[name]) and set(sides) <= set(SIDES)
        for side, course in sides.items():
            here = atlas.courses[name][side].branches
            assert [b["name"] for b in course["branches"]] == [b.name for b in here]
            assert course["branches"][0]["parent"] is None
            assert all(b["parent"] == "trunk" for b in course["branches"][1:])
            for branch, mine in zip(course["branches"], here, strict=True):
                np.testing.assert_allclose(branch["points_mm"], mine.points_mm, atol=0.0051)
                np.testing.assert_allclose(branch["radius_mm"], mine.radius_mm, atol=6e-4)
                assert len(branch["points_mm"]) == len(branch["radius_mm"]) >= 4
                assert (branch["role"], branch["flatness"]) == (mine.role, mine.flatness)
                assert (branch["role"] == "trunk") == (branch["parent"] is None)
                assert 0 < branch["flatness"] <= 1


def test_a_flat_branch_says_which_way_it_is_flat(exported: tuple[Atlas, Path]) -> None:
    """From centreline, radius, flatness and direction alone the exported tube can be laid again."""
    atlas, folder = exported
    flat = 0
    for name, sides in read_json(folder)["courses"].items():
        for side, course in sides.items():
            mesh = trimesh.load_mesh(folder / f"{name}_{side}.ply")
            for branch in course["branches"]:
                assert (branch["flat_towards"] is None) == (branch["flatness"] == 1)
                if branch["flat_towards"] is None:
                    continue
                flat += 1
                towards = np.array(branch["flat_towards"])
                assert np.linalg.norm(towards) == pytest.approx(1.0, abs=1e-3)
                points, radius = np.array(branch["points_mm"]), np.array(branch["radius_mm"])
                middle = len(points) // 2
                along = points[middle + 1] - points[middle - 1]
                thin = towards - along * (towards @ along) / (along @ along)
                thin /= np.linalg.norm(thin)
                wide = np.cross(along / np.linalg.norm(along), thin)
                # Halfway out on the broad side is inside; as far out on the thin side is not.
                reach = 0.7 * radius[middle]
                assert mesh.contains([points[middle] + reach * wide]).all(), branch["name"]
                assert not mesh.contains([points[middle] + reach * thin]).any(), branch["name"]
    if atlas.specimen.name == "model":
        assert flat


def test_centrelines_run_within_their_exported_tubes(model_folder: Path) -> None:
    """The document and the meshes speak of the same place."""
    course = read_json(model_folder)["courses"]["inferior_gluteal_artery"]["left"]
    mesh = trimesh.load_mesh(model_folder / "inferior_gluteal_artery_left.ply")
    # Branches begin inside their trunk: a point may lie within two tubes, so ask each for itself.
    tubes = mesh.split()
    assert len(tubes) == len(course["branches"]) > 1
    for branch in course["branches"]:
        points = np.array(branch["points_mm"])[::3]
        assert np.any([tube.contains(points) for tube in tubes], axis=0).all(), branch["name"]


def test_only_what_was_asked_for_is_written(model_atlas: Atlas, tmp_path: Path) -> None:
    export(model_atlas, tmp_path / "new" / "folder", SOME, ("left",))
    folder = tmp_path / "new" / "folder"
    assert {path.stem for path in folder.glob("*.ply")} == set(SOME)
    document = read_json(folder)
    assert {part["file"] for part in document["parts"]} == {f"{name}.ply" for name in SOME}
    assert set(document["landmarks"]) == {"left", "midline"}
    assert set(document["courses"]["inferior_gluteal_nerve"]) == {"left"}


def test_nothing_to_export_is_said(model_atlas: Atlas, tmp_path: Path) -> None:
    with pytest.raises(GluteaError, match="--show"):
        export(model_atlas, tmp_path / "out", [], SIDES)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["a.html", "a.obj", "a.fbx", "a.PLY", "a.txt"])
def test_a_kind_of_file_that_is_not_written(model_atlas: Atlas, tmp_path: Path, name: str) -> None:
    """A folder of that name would surprise whoever asked for a file."""
    with pytest.raises(GluteaError, match=f"does not write .{name[2:]} yet: name a folder"):
        export(model_atlas, tmp_path / name, SOME, SIDES)
    assert list(tmp_path.iterdir()) == []


# --- other people's things --------------------------------------------------------------------


def test_a_new_export_replaces_an_earlier_one(model_atlas: Atlas, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    export(model_atlas, folder, SOME, SIDES)
    (folder / "sacrum.ply").write_bytes(b"damaged")
    export(model_atlas, folder, ["sacrum"], SIDES)
    assert {path.name for path in folder.iterdir()} == {"sacrum.ply", "specimen.json"}
    assert trimesh.load_mesh(folder / "sacrum.ply").is_watertight
    assert [path.name for path in tmp_path.iterdir()] == ["out"], "nothing is left beside it"


def test_an_empty_folder_may_be_filled(model_atlas: Atlas, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    export(model_atlas, tmp_path / "out", SOME, SIDES)
    assert (tmp_path / "out" / "sacrum.ply").is_file()


@pytest.mark.parametrize("name", [".", "../here", "below/../../here"])
def test_the_folder_one_stands_in_may_be_filled(
    model_atlas: Atlas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    export(model_atlas, Path(name), SOME, SIDES)
    assert {path.stem for path in here.glob("*.ply")} == set(SOME)
    export(model_atlas, Path(name), SOME, SIDES)
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


@pytest.mark.parametrize("name", ["thesis", "thesis.2024"])
def test_a_file_is_no_folder(model_atlas: Atlas, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(GluteaError, match=f"{name} is a file, and stays as it is"):
        export(model_atlas, tmp_path / name, SOME, SIDES)
    assert (tmp_path / name).read_text() == "mine"


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def foreign() -> list[Any]:
    return [
        pytest.param("thesis.docx", id="a document"),
        pytest.param("scan/slice.dcm", id="a folder"),
        pytest.param(".git/config", id="a hidden folder"),
        pytest.param("my_own_scan.ply", id="a mesh of the user's own"),
    ]


@pytest.mark.parametrize("name", foreign())
@pytest.mark.parametrize("earlier", [False, True], ids=["alone", "beside an earlier export"])
def test_a_folder_with_other_things_is_refused_and_left_alone(
    model_atlas: Atlas, tmp_path: Path, name: str, earlier: bool
) -> None:
    folder = tmp_path / "out"
    if earlier:
        export(model_atlas, folder, SOME, SIDES)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"the work of years")
    before = contents(folder)
    with pytest.raises(GluteaError, match="name a new or empty folder"):
        export(model_atlas, folder, ["sacrum"], SIDES)
    assert contents(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_export_that_fails_leaves_the_earlier_one(
    model_atlas: Atlas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full at the second mesh."""
    folder = tmp_path / "out"
    export(model_atlas, folder, SOME, SIDES)
    before, real, written = contents(folder), export_module._ply, []

    def full(*arguments: Any) -> bytes:
        written.append(arguments)
        if len(written) == 2:
            raise OSError(28, "No space left on device")
        return real(*arguments)

    monkeypatch.setattr(export_module, "_ply", full)
    with pytest.raises(GluteaError, match=r"failed \(No space left on device\)"):
        export(model_atlas, folder, SOME, SIDES)
    assert contents(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("ending", [".html", ".obj", ".stl", ".gltf", ".PLY"])
def test_kinds_that_are_not_written_yet_are_said(
    model_atlas: Atlas, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"out{ending}"
    with pytest.raises(GluteaError, match=r"name a folder .* or a file that ends in \.glb"):
        export(model_atlas, path, SOME, SIDES)
    assert not path.exists()


# --- one file ---------------------------------------------------------------------------------


def test_a_glb_reads_back_in_metres_with_credit(model_atlas: Atlas, tmp_path: Path) -> None:
    """Upright (+Y up, the face to +Z), each part a node of its own, licence inside."""
    path = tmp_path / "model.glb"
    export(model_atlas, path, SOME, SIDES)
    scene = trimesh.load_scene(path)
    assert set(scene.graph.nodes_geometry) == set(SOME)
    for name in SOME:
        part = model_atlas.parts[name]
        transform, geometry = scene.graph[name]
        mesh = scene.geometry[geometry]
        points = trimesh.transform_points(mesh.vertices, transform)
        low, high = points.min(axis=0), points.max(axis=0)
        left, posterior, superior = part.vertices_mm.T / 1000
        np.testing.assert_allclose(
            [low, high],
            [
                [left.min(), superior.min(), -posterior.max()],
                [left.max(), superior.max(), -posterior.min()],
            ],
            atol=1e-5,
        )
        assert len(mesh.faces) == len(part.triangles)
        assert mesh.volume == pytest.approx(part.trimesh.volume * 1e-9, rel=1e-3)
        assert mesh.volume > 0, "not inside out"
    content = path.read_bytes()
    for credit in model_atlas.specimen.credits:
        assert json.dumps(credit)[1:-1].encode() in content or credit.encode() in content
    assert model_atlas.specimen.licence.encode() in content
    assert b"copyright" in content


def test_a_glb_can_be_read_by_gluteas_own_reader(model_atlas: Atlas, tmp_path: Path) -> None:
    from meshes.sources.gltf import read_glb

    export(model_atlas, tmp_path / "a.glb", ["sacrum"], SIDES)
    surface = read_glb(tmp_path / "a.glb")["sacrum"]
    part = model_atlas.parts["sacrum"]
    np.testing.assert_allclose(surface.vertices_mm, part.vertices_mm, atol=0.01)
    np.testing.assert_array_equal(surface.triangles, part.triangles)


def test_a_glb_replaces_only_itself(
    model_atlas: Atlas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.glb"
    (tmp_path / "other.txt").write_text("stays")
    export(model_atlas, path, ["sacrum"], SIDES)
    first = path.read_bytes()
    export(model_atlas, path, ["sacrum"], SIDES)
    assert path.read_bytes() == first, "the same again"
    assert (tmp_path / "other.txt").read_text() == "stays"
    (tmp_path / "folder.glb").mkdir()
    with pytest.raises(GluteaError, match="choose another place"):
        export(model_atlas, tmp_path / "folder.glb", ["sacrum"], SIDES)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.glb", "folder.glb", "other.txt"]
