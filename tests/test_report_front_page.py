"""The page of a front: text and picture, in every window, and names that are no HTML."""

import re

import pytest

from lgn_hw.report.front_page import front_page
from lgn_hw.report.scatter import front_scatter

POINTS = ((12, 0.62), (60, 0.933), (140, 0.951), (410, 0.967))


def row(number, luts, accuracy, **more):
    return {
        "name": f"a-rather-long-name-of-data-{luts}",
        "luts": luts,
        "parts": {"encoder": luts // 2, "logic": luts // 4, "popcount": luts // 5, "argmax": 3},
        "accuracy": accuracy,
        "accuracy_sd": 0.01,
        "validation_accuracy": accuracy,
        "validation_sd": 0.0,
        "luts_mean": luts + 0.5,
        "luts_sd": 2.0,
        "seeds": [1, 2, 3],
        "test_samples": 114,
        "validation_samples": 455,
        "classifier": f"points/{number}/x.lgn",
        "recipe": f"points/{number}/x.toml",
        "recommended": number == 2,
    } | more


def document(**changes):
    points = [row(number, *point) for number, point in enumerate(POINTS)]
    return {
        "name": "a-rather-long-name-of-data",
        "luts": 500,
        "lut": "6",
        "points": points,
        "explored": [[20 * i, 0.6 + i / 100] for i in range(1, 30)],
        "trials": 300,
        "networks": 11,
        "networks_wanted": 12,
        "folds": 5,
        "train_samples": 455,
        "classes": ["a", "b"],
        "steps": 600,
        "data_sha256": "ab" * 32,
    } | changes


def test_page_shows_every_design_and_recommends_one():
    page = front_page(document())
    for luts, accuracy in POINTS:
        assert f"name-of-data-{luts}</a>" in page
        assert f"{100 * accuracy:.2f}\N{NO-BREAK SPACE}%" in page
    assert page.count('<span class="stage">recommended</span>') == 1
    assert page == front_page(document()), "equal figures give equal bytes"


def test_page_takes_names_for_text():
    page = front_page(document(name="</style><script>alert(1)</script>"))
    assert "<script" not in page


def test_page_of_one_design_with_one_seed_and_a_clock_that_is_not_reached():
    only = row(2, 1, 0.5, seeds=[1], accuracy_sd=0.0, latency_cycles=None)
    page = front_page(document(points=[only], explored=[], folds=0))
    assert "clock not reached" in page
    assert "over 1 seed," in page
    assert "held out of the training part" in page


@pytest.mark.parametrize(
    "front", [[(1, 50.0, 0.0)], [(0, 50.0, 0.0)], [(1, 0.0, 0.0), (90_000, 100.0, 0.0)]]
)
def test_scatter_stays_within_its_picture(front):
    picture = front_scatter(front, cloud=[(3, 99.9)], marked=0, width=350, describe="x")
    xs = [float(x) for x in re.findall(r'cx="([^"]+)"', picture)]
    ys = [float(y) for y in re.findall(r'cy="([^"]+)"', picture)]
    assert all(0 <= x <= 350 for x in xs)
    assert all(0 <= y <= 360 for y in ys)


def test_a_narrow_range_has_marks_too():
    picture = front_scatter([(6, 80, 0), (11, 90, 0)], cloud=[], marked=0, width=350, describe="x")
    assert re.findall(r'class="tick"[^>]*middle"[^>]*>(\d+)<', picture) == ["6", "8", "10"]


@pytest.mark.parametrize(("other", "above"), [(90, False), (70, True)])
def test_the_word_recommended_lies_beside_the_line(other, above):
    front = [(6, 80, 0), (11, other, 0)]
    picture = front_scatter(front, cloud=[], marked=0, width=350, describe="x")
    (word,) = re.findall(r'<text[^>]* y="([\d.]+)"[^>]*>recommended', picture)
    (dot,) = re.findall(r'"end chosen"[^>]*cy="([\d.]+)"', picture)
    assert (float(word) < float(dot)) == above


def test_page_fits_every_window_and_logs_no_error(browser, tmp_path):
    path = tmp_path / "index.html"
    path.write_text(front_page(document()), encoding="utf-8")
    browser.errors.clear()
    for width in (1280, 390):
        for dark in (False, True):
            browser.open(path, width=width, dark=dark)
            assert browser.overflow() <= 0, width
    assert browser.errors == []
