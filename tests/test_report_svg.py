"""Axes cover their data with round numbers, labels keep apart, text is escaped."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgn_hw.report.svg import Canvas, log_ticks, spread, ticks

finite = st.floats(-1e6, 1e6)


@settings(deadline=None)
@given(finite, finite, st.integers(2, 6))
def test_ticks_cover_the_range_in_equal_steps(a, b, count):
    low, high = min(a, b), max(a, b)
    marks = ticks(low, high, count)
    slack = 1e-6 * max(1, abs(low), abs(high))
    assert marks[0] <= low + slack
    assert marks[-1] >= high - slack
    steps = [after - before for before, after in pairwise(marks)]
    assert min(steps) > 0
    assert max(steps) - min(steps) <= slack
    assert len(marks) <= 2 * count + 3


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [(0, 100, [0, 50, 100]), (70.3, 98, [70, 80, 90, 100]), (-0.4, 0.1, [-0.4, -0.2, 0, 0.2])],
)
def test_ticks_are_round(low, high, marks):
    assert ticks(low, high, 4) == pytest.approx(marks)


@settings(deadline=None)
@given(st.floats(1e-6, 1e6), st.floats(1, 1e4))
def test_log_ticks_cover_the_range(low, ratio):
    marks = log_ticks(low, low * ratio)
    assert marks[0] <= low * (1 + 1e-6)
    assert marks[-1] >= low * ratio * (1 - 1e-6)
    assert all(f"{mark:e}"[0] in "125" for mark in marks)
    assert all(after > before for before, after in pairwise(marks))


@settings(deadline=None)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=5))
def test_spread_keeps_labels_apart_in_order_and_inside(places):
    moved = spread(places, 10, 0, 100)
    assert all(0 <= place <= 100 for place in moved)
    order = sorted(range(len(places)), key=lambda i: places[i])
    assert all(moved[b] - moved[a] >= 10 - 1e-9 for a, b in pairwise(order))


def test_spread_leaves_labels_that_are_apart():
    assert spread([80, 20, 50], 10, 0, 100) == [80, 20, 50]


def test_canvas_escapes_text_and_writes_short_numbers():
    canvas = Canvas(10, 20.50, 'a "picture"')
    canvas.text(1 / 3, 2.0, "<b> & c")
    assert canvas.render() == (
        '<svg viewBox="0 0 10 20.5" role="img" aria-label="a &quot;picture&quot;">'
        '<text class="" x="0.33" y="2" text-anchor="start">&lt;b&gt; &amp; c</text></svg>'
    )


def test_log_ticks_of_a_loss():
    assert log_ticks(0.054, 1.63) == [0.05, 0.1, 0.2, 0.5, 1.0, 2.0]
    assert math.isclose(log_ticks(1, 1)[0], 1)
