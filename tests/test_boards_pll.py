"""PLLs are set within the limits of their data sheets, and refuse what they cannot make."""

import pytest
from messages import telling
from strategies import random_classifier

from lgn_boards import find_board
from lgn_boards.build import BuildOptions, plan_for
from lgn_boards.pll import FAMILIES, find_pll
from lgn_boards.top import design_files
from lgn_hw.errors import UsageError

CLASSIFIER = random_classifier(1, layers=(20, 12))


def pll_of(name, clock_mhz):
    board = find_board(name)
    return find_pll(board, board.open_platform(), clock_mhz)


@pytest.mark.parametrize(
    ("name", "mhz", "cell", "parameters"),
    [
        # As icepll of Project IceStorm sets them.
        ("icebreaker", 24, "SB_PLL40_PAD", {"DIVR": 0, "DIVF": 63, "DIVQ": 5, "FILTER_RANGE": 1}),
        ("icebreaker", 30, "SB_PLL40_PAD", {"DIVR": 0, "DIVF": 79, "DIVQ": 5, "FILTER_RANGE": 1}),
        ("icestick", 96, "SB_PLL40_CORE", {"DIVR": 0, "DIVF": 63, "DIVQ": 3, "FILTER_RANGE": 1}),
        # As ecppll of Project Trellis sets them.
        ("ulx3s-25f", 50, "EHXPLLL", {"CLKI_DIV": 1, "CLKFB_DIV": 2, "CLKOP_DIV": 12}),
        ("ulx3s-85f", 62.5, "EHXPLLL", {"CLKI_DIV": 2, "CLKFB_DIV": 5, "CLKOP_DIV": 10}),
    ],
)
def test_pll_settings(name, mhz, cell, parameters):
    pll = pll_of(name, mhz)
    assert (pll.cell, pll.hz, dict(pll.parameters)) == (cell, mhz * 1e6, parameters)


def test_pll_of_an_ice40_keeps_to_its_limits():
    found = list(FAMILIES["iCE40"](find_board("icestick"), 12_000_000))
    assert len(found) == 180
    for pll in found:
        p = pll.parameters
        oscillator = 12e6 / (p["DIVR"] + 1) * (p["DIVF"] + 1)
        assert 533e6 <= oscillator <= 1066e6
        assert 16e6 <= pll.hz <= 275e6
        assert pll.hz * 2 ** p["DIVQ"] == oscillator


def test_pll_of_an_ecp5_keeps_to_its_limits():
    found = list(FAMILIES["LFE5"](find_board("ulx3s-25f"), 25_000_000))
    assert len(found) > 20
    for pll in found:
        p = pll.parameters
        assert pll.hz == 25_000_000 * p["CLKFB_DIV"] / p["CLKI_DIV"]
        assert 400e6 <= pll.hz * p["CLKOP_DIV"] <= 800e6
        assert 25e6 / p["CLKI_DIV"] >= 10e6
        assert 10e6 <= pll.hz <= 400e6


def test_pll_is_not_used_for_the_clock_of_the_board():
    assert pll_of("icebreaker", 12) is None
    assert pll_of("tang-nano-9k", 27) is None


@pytest.mark.parametrize(
    ("name", "mhz", "message"),
    [
        (
            "icebreaker", 25,
            "...iCEBreaker ... 25 MHz of 12 MHz; ... 24.75 and 25.125 MHz",
        ),
        (
            "icestick", 5,
            "...iCEstick ... 5 MHz of 12 MHz; ... 16.125 MHz",
        ),
        (
            "ulx3s-25f", 51,
            "...ULX3S 25F ... 51 MHz of 25 MHz; ... 50 and 62.5 MHz",
        ),
        (
            "tang-nano-9k", 54,
            "...Tang Nano 9K is 27 MHz, ...GW1NR-LV9QN88PC6/I5; leave out --clock-mhz",
        ),
    ],
)  # fmt: skip
def test_pll_rejects_what_it_cannot_make(name, mhz, message):
    with pytest.raises(UsageError, match=telling(message)):
        plan_for(CLASSIFIER, find_board(name), BuildOptions(clock_mhz=mhz))


@pytest.mark.parametrize(
    ("name", "mhz", "file", "words"),
    [
        ("icebreaker", 24, "top.il", ["SB_PLL40_PAD", "\\PACKAGEPIN \\clk12_0__io"]),
        ("icestick", 24, "top.il", ["SB_PLL40_CORE", "\\REFERENCECLK"]),
        ("ulx3s-25f", 50, "top.il", ["EHXPLLL", "\\CLKOP_DIV 12"]),
    ],
)
def test_pll_is_in_the_design_of_another_clock_only(name, mhz, file, words):
    board = find_board(name)
    plans = [
        plan_for(CLASSIFIER, board, BuildOptions(clock_mhz=clock, baud=1_000_000))
        for clock in (mhz, None)
    ]
    assert plans[0].rate.clock_hz == mhz * 1e6
    with_pll, without = (design_files(board, plan).files[file].decode() for plan in plans)
    assert all(word in with_pll for word in words)
    assert words[0] not in without
