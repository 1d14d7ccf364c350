"""Designs on their pins, in Icarus and Verilator, answer as the model does, whatever arrives."""

import shutil

import numpy as np
import pytest
from amaranth_bench import codes_of
from link_bench import small_plan
from strategies import random_classifier

pytest.importorskip("cocotb", reason="cocotb is not installed")

from top_bench import board_bench, steps_of, terminal_bench

from lgn_boards import find_board
from lgn_boards.build import BuildOptions, plan_for
from lgn_hw.link import Command, DeviceModel, Frame, packed_samples

icarus = pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")


def received(found):
    return [bytes.fromhex(step["received"]) for step in found]


def expected_answers(plan, requests):
    model = DeviceModel(plan)
    return [model.receive(request) for request in requests]


@pytest.mark.parametrize("synthesised", [False, pytest.param(True, marks=pytest.mark.slow)])
@icarus
def test_terminal_in_icarus_answers_as_the_model_does(tmp_path, monkeypatch, synthesised):
    plan = small_plan(clocks_per_bit=6)
    packed = packed_samples(
        plan.classifier, codes_of(plan.classifier, 10, np.random.default_rng(0))
    )
    right = Frame(2, Command.CLASSIFY, packed).encode()
    broken = bytearray(right)
    broken[12] ^= 4
    requests = [
        Frame(1, Command.IDENTIFY).encode(),
        right,
        bytes(broken),
        b"\xa5\x00\xff noise" + bytes(20),
        right + right[:9],
        bytes(60),
        Frame(3, Command.SELF_TEST).encode(),
        Frame(4, Command.COUNTERS).encode(),
    ]
    bench = terminal_bench(plan, tmp_path, synthesised=synthesised)
    answers = received(bench.run(steps_of(requests), tmp_path, monkeypatch))
    assert answers == expected_answers(plan, requests)
    assert answers[-1]


# The clock of the board, and one of each kind of PLL; the model of the PLL makes it.
@pytest.mark.parametrize(
    ("name", "mhz", "baud"),
    [
        ("icebreaker", 12, 2_000_000),
        ("icebreaker", 24, 2_000_000),
        ("icestick", 18, 2_000_000),
        ("ulx3s-25f", 50, 2_000_000),
        ("lifcl-40-evn", 12, 1_000_000),
        ("machxo2-1200ze", 22.17, 1_000_000),
        ("tang-primer-20k", 27, 1_000_000),
    ],
)
@icarus
def test_top_level_of_a_board_answers_at_its_baud_rate(tmp_path, monkeypatch, name, mhz, baud):
    board = find_board(name)
    plan = plan_for(
        random_classifier(1, features=5, layers=(40, 12)),
        board,
        BuildOptions(clock_mhz=mhz, baud=baud),
    )
    packed = packed_samples(plan.classifier, codes_of(plan.classifier, 4, np.random.default_rng(0)))
    requests = [Frame(1, Command.IDENTIFY).encode(), Frame(2, Command.CLASSIFY, packed).encode()]
    bench = board_bench(board, plan, tmp_path)
    assert received(bench.run(steps_of(requests), tmp_path, monkeypatch)) == expected_answers(
        plan, requests
    )
    assert plan.identity.clock_hz == round(mhz * 1_000_000)
