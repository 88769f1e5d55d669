"""Parts keep their meaning when they are moved and mirrored."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from meshes.frame import matrix
from meshes.specimen import Part


def _with_fibres() -> Part:
    corners = np.array([[0, 0, 0], [9, 0, 0], [0, 7, 0], [0, 0, 5]], np.float32)
    faces = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]], np.int32)
    away = corners - corners.mean(axis=0)
    normals = (away / np.linalg.norm(away, axis=1, keepdims=True)).astype(np.float32)
    along = np.tile(np.array([0.6, 0.0, 0.8], np.float32), (4, 1))
    fields = {"fibre_direction": along, "tendon": np.linspace(0, 1, 4, dtype=np.float32)}
    return Part("gluteus_maximus", "left", "modelled", corners, faces, normals, fields)


@given(st.floats(-3.1, 3.1))
def test_directions_turn_with_the_part_and_shares_stay(angle: float) -> None:
    """A fibre from corner 0 that points at a place still points there after the part has moved."""
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    part = _with_fibres()
    aim = part.vertices_mm[0] + 4 * part.fields["fibre_direction"][0]
    shift = np.array([3.0, -2.0, 11.0])
    for other, there in (
        (part.moved(matrix(turn, shift)), turn @ aim + shift),
        (part.mirrored(), aim * [-1, 1, 1]),
    ):
        reached = other.vertices_mm[0] + 4 * other.fields["fibre_direction"][0]
        np.testing.assert_allclose(reached, there, atol=1e-4)
        np.testing.assert_array_equal(other.fields["tendon"], part.fields["tendon"])


def test_mirroring_twice_gives_the_part_back() -> None:
    part = _with_fibres()
    twice = part.mirrored().mirrored(part.origin)
    assert twice.side == part.side
    np.testing.assert_array_equal(twice.vertices_mm, part.vertices_mm)
    np.testing.assert_array_equal(twice.triangles, part.triangles)
    for name, values in part.fields.items():
        np.testing.assert_array_equal(twice.fields[name], values)
