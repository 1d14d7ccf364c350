"""What nextpnr is at is read from the log that it writes."""

import os
import threading

import pytest

from lgn_hw.tools.nextpnr_progress import following, step_of

PLACED = "Info:     at iteration #12, type ALL: wirelen solved = 1, spread = 2, legal = 3\n"
SECOND_ROUTER = "Info:     iter=11 wires=124365 overused=14249 overuse=15000 tmgfail=0\n"
FIRST_ROUTER = (
    "Info:            |   (re-)routed arcs  |   delta    | remaining|       time spent     |\n"
    "Info:    IterCnt |  w/ripup   wo/ripup |  w/r  wo/r |      arcs| batch(sec) total(sec)|\n"
    "Info:      14000 |     3000      11000 |   30   970 |     10765|       0.20       2.20|\n"
)


@pytest.mark.parametrize(
    ("log", "step"),
    [
        ("Info: Packing constants..\n", None),
        (PLACED + "Info:   other\n", "placing, iteration 12"),
        (PLACED + "Info:   at iteration #5: temp = 1.0, wirelen = 2\n", "placing, refinement 5"),
        (PLACED + SECOND_ROUTER, "routing, iteration 11, 14,249 wires claimed more than once"),
        (FIRST_ROUTER, "routing, iteration 14,000, 10,765 connections left"),
    ],
)
def test_step_of(log, step):
    assert step_of(log) == step


def test_following_reports_what_the_newest_log_says(tmp_path):
    old = tmp_path / "kept" / "pnr-1.log"
    old.parent.mkdir()
    old.write_text(FIRST_ROUTER)
    os.utime(old, (1, 1))  # of an earlier run
    said, heard = [], threading.Event()

    def report(what):
        said.append(what)
        heard.set()

    with following(tmp_path, report):
        new = tmp_path / "key" / "pnr-2.log"
        new.parent.mkdir()
        new.write_text("Info: x\n" * 2000 + SECOND_ROUTER)
        assert heard.wait(30)
    assert set(said) == {"routing, iteration 11, 14,249 wires claimed more than once"}
