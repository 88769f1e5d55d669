"""Binary glTF as surfaces: metres to mm, axes to LPS, transforms, primitives, Draco, damage."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from meshes.errors import DamagedFileError
from meshes.sources.gltf import read_glb
from meshes.surface import is_closed, volume_cm3

Mesh = list[tuple[trimesh.Trimesh, str | None]]  # primitives with their material's name


def bone() -> trimesh.Trimesh:
    """A closed body without any symmetry, about 10 cm long, in metres."""
    mesh = trimesh.creation.icosphere(subdivisions=2)
    x, y, z = mesh.vertices.T
    mesh.vertices = np.c_[0.05 * x + 0.01 * y**2, 0.02 * y * (1.3 + x), 0.03 * z + 0.01 * x * y]
    return mesh


def write_glb(path: Path, meshes: list[Mesh], nodes: list[dict[str, Any]]) -> None:
    """A binary glTF by the standard's own words; root nodes are those that are no one's child."""
    names = sorted({name for mesh in meshes for _, name in mesh if name})
    blob, views, accessors, written = b"", [], [], []

    def accessor(array: np.ndarray, kind: str, component: int) -> int:
        nonlocal blob
        views.append({"buffer": 0, "byteOffset": len(blob), "byteLength": array.nbytes})
        blob += array.tobytes() + b"\0" * (-array.nbytes % 4)
        limits = {"min": array.min(axis=0).tolist(), "max": array.max(axis=0).tolist()}
        accessors.append(
            {
                "bufferView": len(views) - 1,
                "componentType": component,
                "count": len(array),
                "type": kind,
                **(limits if kind == "VEC3" else {}),
            }
        )
        return len(accessors) - 1

    for mesh in meshes:
        primitives = []
        for shape, name in mesh:
            primitive: dict[str, Any] = {
                "attributes": {"POSITION": accessor(shape.vertices.astype("<f4"), "VEC3", 5126)},
                "indices": accessor(shape.faces.astype("<u4").ravel(), "SCALAR", 5125),
            }
            if name:
                primitive["material"] = names.index(name)
            primitives.append(primitive)
        written.append({"primitives": primitives})
    children = {child for node in nodes for child in node.get("children", ())}
    tree = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [i for i in range(len(nodes)) if i not in children]}],
        "nodes": nodes,
        "meshes": written,
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(blob)}],
    }
    if names:
        tree["materials"] = [{"name": name} for name in names]
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    size = 12 + 8 + len(text) + 8 + len(blob)
    path.write_bytes(
        struct.pack("<4sII", b"glTF", 2, size)
        + struct.pack("<I4s", len(text), b"JSON")
        + text
        + struct.pack("<I4s", len(blob), b"BIN\0")
        + blob
    )


def lps_mm(points_m: np.ndarray) -> np.ndarray:
    """glTF (+x left, +y up, +z forward) to LPS, from the standard's axes."""
    x, y, z = np.asarray(points_m).T
    return np.c_[x, -z, y] * 1000.0


def test_metres_become_mm_and_the_axes_lps(tmp_path: Path) -> None:
    shape = bone()
    write_glb(tmp_path / "a.glb", [[(shape, None)]], [{"name": "Hip_bone_r", "mesh": 0}])
    surfaces = read_glb(tmp_path / "a.glb")
    assert list(surfaces) == ["Hip_bone_r"]
    surface = surfaces["Hip_bone_r"]
    np.testing.assert_allclose(surface.vertices_mm, lps_mm(shape.vertices), atol=1e-3)
    np.testing.assert_array_equal(surface.triangles, shape.faces)
    assert volume_cm3(surface.vertices_mm, surface.triangles) == pytest.approx(
        shape.volume * 1e6, rel=1e-4
    )


unit = st.floats(-1, 1, allow_subnormal=False, width=32)
size = st.floats(0.25, 5, allow_subnormal=False, width=32)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    shift=st.tuples(unit, unit, unit),
    turn=st.tuples(unit, unit, unit),
    scale=st.tuples(size, size, size),
    flips=st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_a_node_is_put_where_its_transform_says_and_never_inside_out(
    tmp_path: Path, shift: Any, turn: Any, scale: Any, flips: Any
) -> None:
    """Translation, rotation and scale, also negative ones, which turn a surface inside out."""
    shape = bone()
    signed = np.where(flips, -1, 1) * np.array(scale)
    rotation = Rotation.from_rotvec(np.array(turn) * 3)
    node = {
        "name": "Femur_r",
        "mesh": 0,
        "translation": list(shift),
        "rotation": rotation.as_quat().tolist(),
        "scale": signed.tolist(),
    }
    write_glb(tmp_path / "a.glb", [[(shape, None)]], [node])
    surface = read_glb(tmp_path / "a.glb")["Femur_r"]
    expected = lps_mm(rotation.apply(shape.vertices * signed) + shift)
    np.testing.assert_allclose(surface.vertices_mm, expected, atol=0.01)
    assert is_closed(surface.triangles)
    assert volume_cm3(surface.vertices_mm, surface.triangles) == pytest.approx(
        shape.volume * 1e6 * np.prod(scale), rel=1e-3
    )


def test_a_mirroring_matrix_turns_the_surface_outside_out_again(tmp_path: Path) -> None:
    shape = bone()
    matrix = np.diag([-1.0, 1.0, 1.0, 1.0])
    matrix[:3, 3] = [0.1, 0.2, 0.3]
    node = {"name": "Femur_l", "mesh": 0, "matrix": matrix.T.ravel().tolist()}
    write_glb(tmp_path / "a.glb", [[(shape, None)]], [node])
    surface = read_glb(tmp_path / "a.glb")["Femur_l"]
    assert volume_cm3(surface.vertices_mm, surface.triangles) == pytest.approx(
        shape.volume * 1e6, rel=1e-4
    )


def test_the_primitives_of_a_node_become_one_surface_with_a_material_a_triangle(
    tmp_path: Path,
) -> None:
    """Muscle and its two tendons, one material each; the node's transform moves them all."""
    shape = bone()
    third = len(shape.faces) // 3
    pieces = [
        (trimesh.Trimesh(shape.vertices, faces, process=False), name)
        for faces, name in (
            (shape.faces[:third], "Tendon"),
            (shape.faces[third : 2 * third], "Muscle"),
            (shape.faces[2 * third :], "Tendon"),
        )
    ]
    nodes = [{"name": "Piriformis_muscle_r", "mesh": 0, "translation": [0.0, 0.5, 0.0]}]
    write_glb(tmp_path / "a.glb", [pieces], nodes)
    surfaces = read_glb(tmp_path / "a.glb")
    assert list(surfaces) == ["Piriformis_muscle_r"]
    surface = surfaces["Piriformis_muscle_r"]
    assert len(surface.triangles) == len(shape.faces)
    assert set(surface.material_names) == {"Tendon", "Muscle"}
    assert surface.materials is not None
    names = np.array(surface.material_names)[surface.materials]
    centres = surface.vertices_mm[surface.triangles].mean(axis=1)
    expected = lps_mm(shape.triangles_center + [0.0, 0.5, 0.0])
    away, nearest = cKDTree(expected).query(centres)
    assert away.max() < 0.01
    np.testing.assert_array_equal(
        names == "Muscle", (nearest >= third) & (nearest < 2 * third), strict=True
    )


def test_two_nodes_may_show_the_same_mesh(tmp_path: Path) -> None:
    nodes = [
        {"name": "one", "mesh": 0},
        {"name": "other", "mesh": 0, "translation": [1.0, 0.0, 0.0]},
    ]
    write_glb(tmp_path / "a.glb", [[(bone(), "Bone")]], nodes)
    surfaces = read_glb(tmp_path / "a.glb")
    assert set(surfaces) == {"one", "other"}
    shift = surfaces["other"].vertices_mm - surfaces["one"].vertices_mm
    np.testing.assert_allclose(shift, np.broadcast_to([1000.0, 0, 0], shift.shape), atol=0.01)


def test_nodes_within_a_group_keep_their_names(tmp_path: Path) -> None:
    nodes = [
        {"name": "Bones", "children": [1, 2], "translation": [0.0, 1.0, 0.0]},
        {"name": "one", "mesh": 0},
        {"name": "other", "mesh": 0, "translation": [1.0, 0.0, 0.0]},
    ]
    write_glb(tmp_path / "a.glb", [[(bone(), "Bone")]], nodes)
    surfaces = read_glb(tmp_path / "a.glb")
    assert set(surfaces) == {"one", "other"}
    np.testing.assert_allclose(
        surfaces["one"].vertices_mm, lps_mm(bone().vertices + [0.0, 1.0, 0.0]), atol=0.01
    )


def test_draco_is_decoded(tmp_path: Path) -> None:
    shape = bone()
    scene = trimesh.Scene()
    scene.add_geometry(shape, node_name="Sacrum", geom_name="Sacrum")
    content = scene.export(file_type="glb", extension_draco=True)
    assert b"KHR_draco_mesh_compression" in content
    (tmp_path / "a.glb").write_bytes(content)
    surface = read_glb(tmp_path / "a.glb")["Sacrum"]
    assert len(surface.triangles) == len(shape.faces)
    away, _ = cKDTree(surface.vertices_mm).query(lps_mm(shape.vertices))
    assert away.max() < 0.1, "Draco rounds to a fraction of the body's length"
    assert volume_cm3(surface.vertices_mm, surface.triangles) == pytest.approx(
        shape.volume * 1e6, rel=5e-3
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"glTF", b"\0" * 500, b"<html>404</html>" * 40, b"glTF\x02\0\0\0\xff\xff\xff\xff" + b"x"],
    ids=["empty", "magic only", "zeros", "web page", "lying length"],
)
def test_what_is_no_gltf_is_said_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "trunk.glb").write_bytes(content)
    with pytest.raises(DamagedFileError) as caught:
        read_glb(tmp_path / "trunk.glb")
    sentence = str(caught.value)
    assert sentence.startswith("trunk.glb ")
    assert sentence.endswith("fetch it again.")
    assert "\n" not in sentence


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.6, 0.95])
def test_a_file_cut_short_is_damaged(tmp_path: Path, share: float) -> None:
    path = tmp_path / "a.glb"
    write_glb(path, [[(bone(), "Bone")]], [{"name": "Femur_r", "mesh": 0}])
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DamagedFileError):
        read_glb(path)


def test_a_missing_file_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError):
        read_glb(tmp_path / "nowhere.glb")


@pytest.mark.atlas
@pytest.mark.parametrize("share", [0.5, 0.999])
def test_a_real_file_cut_short_is_damaged(upstream: Path, tmp_path: Path, share: float) -> None:
    whole = (upstream / "z-anatomy" / "trunk.glb").read_bytes()
    (tmp_path / "trunk.glb").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DamagedFileError):
        read_glb(tmp_path / "trunk.glb")
