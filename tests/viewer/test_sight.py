"""The picture of who is seen where: it says what rays say, and gives everything back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from annotations.atlas import Atlas
from viewer.presets import opening_state
from viewer.scene import Look, SceneState
from viewer.stage import Stage
from viewer.stage.labels import APART_PX, spread
from viewer.stage.picking import rays
from viewer.stage.sight import LONG_PX, Seen, Sight, depths_px


@pytest.fixture
def sight() -> Iterator[Sight]:
    made = Sight()
    yield made
    made.close()


def look(stage: Stage, sight: Sight) -> Seen:
    stage.render()
    return sight.look(stage.renderer, stage._shown, stage._drawn)


def test_it_says_what_rays_say(stage: Stage, sight: Sight, model_atlas: Atlas) -> None:
    """On bones, thin nerves, zones on the muscle and the ghosted muscle alike."""
    stage.window.SetSize(1600, 1000)
    stage.set_atlas(model_atlas)
    stage.apply(opening_state(model_atlas, model_atlas.request))
    seen = look(stage, sight)
    assert max(seen.owners.shape) == LONG_PX
    height, width = seen.owners.shape
    cells = np.random.default_rng(1).integers(0, [width, height], (1000, 2))
    starts, ends = rays(stage.renderer, (cells + 0.5) * seen.scale)
    same = 0
    for (x, y), start, end in zip(cells, starts, ends, strict=True):
        pick = stage._picker.pick(start, end)
        owner = seen.owners[y, x]
        same += (seen.items[owner - 1] if owner else None) == (pick.item if pick else None)
    assert same > 995


def test_it_follows_what_is_shown(stage: Stage, sight: Sight, balls: Atlas) -> None:
    muscle, femur = "gluteus_maximus_right", "femur_right"
    stage.set_atlas(balls)

    def owner(**looks: Look) -> set[str]:
        stage.apply(SceneState(looks=looks, credit=False))
        seen = look(stage, sight)
        return {seen.items[i - 1] for i in np.unique(seen.owners) if i}

    assert owner(**{muscle: Look(), femur: Look()}) == {muscle}
    # A ghost is looked through where something lies behind it.
    assert owner(**{muscle: Look(opacity=0.2), femur: Look()}) == {muscle, femur}
    assert owner(**{femur: Look()}) == {femur}
    sight.close()
    assert owner(**{muscle: Look(), femur: Look()}) == {muscle}


@settings(deadline=None, max_examples=30)
@given(
    arrays(np.int32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 2))
)
def test_depths_are_those_of_a_plain_count(owners: np.ndarray) -> None:
    depths = depths_px(owners)
    framed = np.pad(owners, 1, constant_values=-1)
    at = np.argwhere(np.ones(framed.shape, bool))
    # The nearest pixel that has a neighbour of another number, counted one by one.
    rim = [
        (y, x)
        for y, x in at
        if any(
            0 <= y + v < framed.shape[0]
            and 0 <= x + u < framed.shape[1]
            and framed[y + v, x + u] != framed[y, x]
            for v, u in ((0, 1), (0, -1), (1, 0), (-1, 0))
        )
    ]
    for y, x in np.argwhere(np.ones(owners.shape, bool)):
        expected = 1 + np.min(np.linalg.norm(np.array(rim) - (y + 1, x + 1), axis=1))
        assert depths[y, x] == pytest.approx(expected)


def test_a_fold_parts_what_lies_before_it_from_what_lies_behind(
    stage: Stage, sight: Sight, model_atlas: Atlas
) -> None:
    """Inside a sacral foramen the sacrum is seen too, but nobody would say so."""
    stage.window.SetSize(1120, 700)
    stage.set_atlas(model_atlas)
    looks = {"sacrum": Look()}
    stage.apply(SceneState(looks=looks, view="infrapiriform_posterior", credit=False))
    seen = look(stage, sight)
    flat = depths_px(seen.owners)
    assert (seen.depth_px <= flat).all()
    parted = (seen.depth_px == 1) & (flat > 10)
    assert parted.sum() > 50


def test_labels_point_at_the_middle_of_the_long_stretch() -> None:
    """A band 9 pixels broad and a small, thicker patch beside it: the band is pointed at."""
    owners = np.zeros((120, 400), np.int32)
    owners[50:59, 20:380] = owners[90:110, 20:40] = 1
    at = np.argwhere(owners == 1)[:, ::-1]
    found = spread(at, depths_px(owners)[owners == 1], enough=3.0)
    assert len(found) > 5
    cells = at[[cell for cell, _ in found]]
    on_band = cells[:, 1] < 60
    assert (cells[on_band, 1] == 54).all()
    worth = np.array([well for _, well in found])
    assert worth[on_band].max() > worth[~on_band].max()
    gaps = np.linalg.norm(cells[:, None] - cells[None], axis=2) + 1e6 * np.eye(len(cells))
    assert gaps.min() > APART_PX / 2


def test_what_is_too_thin_is_not_pointed_at() -> None:
    owners = np.zeros((20, 100), np.int32)
    owners[10:12] = 1
    assert spread(np.argwhere(owners == 1)[:, ::-1], depths_px(owners)[owners == 1], 3.0) == []
