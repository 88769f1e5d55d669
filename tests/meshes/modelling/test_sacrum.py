import numpy as np
import pytest

from meshes.modelling.complete import complete
from meshes.modelling.remesh import euler_number
from meshes.modelling.table import footprints
from meshes.sources import model
from meshes.specimen import Part, Specimen
from meshes.surface import is_closed

# Its inlet above, the hiatus below, and a foramen in front and behind, left and right, S1 to S4.
OPENINGS_OF_THE_CANAL = 2 + 2 * 2 * 4
SOURCE, MODELLED = 0, 2


@pytest.fixture(scope="module")
def whole(bones: Specimen) -> Specimen:
    return complete(bones, "coarse", structure_ids=["coccyx", "sacrum"])


@pytest.fixture(scope="module")
def sacrum(whole: Specimen) -> Part:
    return whole.parts["sacrum"]


def test_every_opening_leads_into_the_canal(bones: Specimen, sacrum: Part) -> None:
    assert euler_number(bones.parts["sacrum"].triangles) == 2
    assert is_closed(sacrum.triangles)
    # A ball whose one hollow opens k times outward has k − 1 handles.
    genus = OPENINGS_OF_THE_CANAL - 1
    assert euler_number(sacrum.triangles) == 2 - 2 * genus
    assert f"genus {genus}" in sacrum.note
    assert f"{OPENINGS_OF_THE_CANAL} openings" in sacrum.note


@pytest.mark.parametrize("deviations", [[-2.0], [0, 0, 0, 0, 2.0]])
def test_the_canal_keeps_its_walls_in_people_off_the_mean(deviations: list[float]) -> None:
    whole = complete(model.load(deviations), "coarse", structure_ids=["coccyx", "sacrum"])
    triangles = whole.parts["sacrum"].triangles
    assert is_closed(triangles)
    assert euler_number(triangles) == 2 - 2 * (OPENINGS_OF_THE_CANAL - 1)


def test_each_edge_lies_between_two_triangles(sacrum: Part) -> None:
    edges = np.sort(sacrum.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    _, count = np.unique(edges, axis=0, return_counts=True)
    assert (count == 2).all()


def test_what_was_neither_cut_nor_added_is_the_sources_own(sacrum: Part) -> None:
    assert sacrum.triangle_origin is not None
    assert set(sacrum.triangle_origin.tolist()) == {SOURCE, MODELLED}
    assert 0.02 < (sacrum.triangle_origin == MODELLED).mean() < 0.5


def test_openings_shrink_downward_and_are_smaller_behind() -> None:
    foramina = footprints().sacrum.foramina
    for sizes in ([f.front_mm for f in foramina], [f.back_mm for f in foramina]):
        assert sizes == sorted(sizes, reverse=True)
    assert all(f.back_mm < f.front_mm for f in foramina)


def depth_between_the_horns(sacrum: Part, apex_z: float) -> float:
    """How much deeper the midline lies, seen from behind, than the horns beside it."""
    points = sacrum.vertices_mm.astype(float)
    level = points[np.abs(points[:, 2] - (apex_z + 20)) < 3]
    middle = level[np.abs(level[:, 0]) < 3, 1].max()
    horns = [level[(level[:, 0] * side > 5) & (level[:, 0] * side < 15), 1] for side in (-1, 1)]
    return float(min(horn.max() for horn in horns) - middle)


def test_the_canal_lies_open_between_the_horns(bones: Specimen, sacrum: Part) -> None:
    apex_z = bones.landmarks["midline"]["sacral_apex"].position_mm[2]
    before = depth_between_the_horns(bones.parts["sacrum"], apex_z)
    assert depth_between_the_horns(sacrum, apex_z) > before + 1.0


def test_the_coccyx_has_a_tip(whole: Specimen) -> None:
    tip = whole.landmarks["midline"]["coccyx_tip"].position_mm
    assert tip[2] == pytest.approx(whole.parts["coccyx"].vertices_mm[:, 2].min(), abs=0.1)
