"""Labels find their places without overlapping."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from viewer.stage.layout import Box, End, _cross, beside, column, ends_of, sides_of, uncrossed

HEIGHTS = st.floats(8.0, 40.0)
LABELS = st.lists(st.tuples(st.floats(-200.0, 1200.0), HEIGHTS), min_size=1, max_size=20)


def stacked(labels: list[tuple[float, float]], low: float, high: float) -> list[Box]:
    """The labels' boxes, from the top down."""
    labels = sorted(labels, reverse=True)
    bottoms = column([y for y, _ in labels], [h for _, h in labels], low, high)
    return [Box(0.0, b, 1.0, b + h) for b, (_, h) in zip(bottoms, labels, strict=True)]


@given(LABELS)
def test_a_column_keeps_order_and_overlaps_nowhere(labels: list[tuple[float, float]]) -> None:
    boxes = stacked(labels, 0.0, 1000.0)
    for upper, lower in zip(boxes, boxes[1:], strict=False):
        assert lower.top <= upper.bottom + 1e-6


@given(LABELS)
def test_a_column_stays_where_it_has_room(labels: list[tuple[float, float]]) -> None:
    # Twenty labels of at most 40 pixels fit into 1000.
    boxes = stacked(labels, 0.0, 1000.0)
    assert boxes[0].top <= 1000.0 + 1e-6
    assert boxes[-1].bottom >= -1e-6


@given(st.floats(50.0, 950.0), HEIGHTS)
def test_a_lone_label_stands_at_its_anchor(anchor: float, height: float) -> None:
    (box,) = stacked([(anchor, height)], 0.0, 1000.0)
    assert abs((box.bottom + box.top) / 2 - anchor) < 1e-6


def test_labels_that_crowd_each_other_part_about_their_middle() -> None:
    upper, lower = stacked([(500.0, 20.0), (500.0, 20.0)], 0.0, 1000.0)
    assert (upper.bottom, lower.bottom) == (500.0, 480.0)


@given(
    st.lists(
        st.tuples(st.floats(50.0, 600.0), st.floats(0.0, 500.0)),
        min_size=2,
        max_size=12,
        unique_by=(lambda point: round(point[0]), lambda point: round(point[1])),
    )
)
def test_lines_from_a_column_do_not_cross(points: list[tuple[float, float]]) -> None:
    placed = uncrossed(points, [20.0] * len(points), 0.0, 0.0, 500.0)
    assert sorted(label for label, _ in placed) == list(range(len(points)))
    for (_, upper), (_, lower) in pairwise(placed):
        assert lower + 20.0 <= upper + 1e-6
    lines = [((0.0, bottom + 10.0), points[label]) for label, bottom in placed]
    assert not any(_cross(one, other) for one, other in combinations(lines, 2))


ROOM = Box(0.0, 0.0, 400.0, 300.0)


@given(
    st.tuples(st.floats(0, 400), st.floats(0, 300)),
    st.lists(st.tuples(st.floats(0, 350), st.floats(0, 280)), max_size=8),
    st.sampled_from([1, -1]),
)
def test_a_name_beside_its_point_meets_nothing(
    point: tuple[float, float], corners: list[tuple[float, float]], first: int
) -> None:
    taken = [Box(x, y, x + 50, y + 20) for x, y in corners]
    box = beside(point, (60.0, 12.0), 5.0, ROOM, taken, first)
    if box is not None:
        assert box.within(ROOM)
        assert not any(box.meets(other) for other in taken)


def test_a_name_goes_to_the_side_asked_for() -> None:
    assert beside((200.0, 150.0), (60.0, 12.0), 5.0, ROOM, []).left == 205.0
    assert beside((200.0, 150.0), (60.0, 12.0), 5.0, ROOM, [], -1).right == 195.0


def test_where_there_is_no_room_there_is_no_name() -> None:
    assert beside((200.0, 150.0), (60.0, 12.0), 5.0, ROOM, [ROOM]) is None


def test_columns_are_parted_where_lines_are_short_and_both_are_of_use() -> None:
    assert sides_of([10.0, 90.0], 0.0, 100.0) == [-1, 1]
    assert sides_of([90.0, 80.0, 50.0, 51.0], 0.0, 100.0) == [1, 1, -1, -1]
    assert sorted(sides_of([50.0, 50.0], 0.0, 100.0)) == [-1, 1]
    assert sides_of([], 0.0, 100.0) == []


@given(st.lists(st.floats(0, 100), max_size=30))
def test_what_goes_left_lies_left_of_what_goes_right(x: list[float]) -> None:
    sides = sides_of(x, 0.0, 100.0)
    left, right = ([place for place, at in zip(x, sides, strict=True) if at == s] for s in (-1, 1))
    assert not left or not right or max(left) <= min(right)


@given(
    st.lists(
        st.lists(
            st.builds(End, st.tuples(st.floats(0, 400), st.floats(0, 300)), st.floats(0.1, 1.0)),
            min_size=1,
            max_size=6,
        ),
        max_size=12,
    )
)
def test_every_label_takes_one_of_its_ends(options: list[list[End]]) -> None:
    chosen = ends_of(options, ROOM, 12.0)
    assert len(chosen) == len(options)
    assert all(0 <= end < len(of_label) for end, of_label in zip(chosen, options, strict=True))


def test_ends_lie_near_a_column_well_inside_and_apart() -> None:
    near, far = End((20.0, 100.0), 1.0), End((200.0, 100.0), 1.0)
    assert ends_of([[far, near]], ROOM, 12.0) == [1]
    assert ends_of([[near._replace(inside=0.1), far]], ROOM, 12.0) == [1]
    # The second label leaves the height that the first has taken.
    level = [End((22.0, 102.0), 1.0), End((30.0, 160.0), 1.0)]
    assert ends_of([[near], level], ROOM, 12.0) == [0, 1]
