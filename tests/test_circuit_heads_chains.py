"""Votes added up in carry chains: right for all, within what a LUT reads, and in fewer LUTs."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from netlist_bench import every_sample
from test_circuit_heads_counters import plain

from lgn_hw import UsageError, evaluate
from lgn_hw.circuit.heads.chains import ChainTree
from lgn_hw.circuit.votes import Votes
from lgn_hw.hdl.popcount import Popcount
from lgn_hw.hdl.verilog_backend import block_module
from lgn_hw.netlist.builder import ONE, ZERO
from lgn_hw.prove.counting import counting_fault
from lgn_hw.tools.yosys import run_yosys


def scores_of(tree, bits):
    found = evaluate(tree.netlist(), bits)
    return found.reshape(len(bits), -1, tree.width) @ (1 << np.arange(tree.width))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_chains_count_uneven_and_empty_classes(sizes, seed):
    tree = ChainTree(plain(sizes), 6)
    bits = np.random.default_rng(seed).random((50, sum(sizes))) < 0.5
    bits = np.concatenate([bits, np.zeros((1, sum(sizes)), bool), np.ones((1, sum(sizes)), bool)])
    expected = np.stack([part.sum(axis=1) for part in np.split(bits, np.cumsum(sizes)[:-1], 1)], 1)
    assert np.array_equal(scores_of(tree, bits), expected)
    assert counting_fault(tree) == ""


@pytest.mark.parametrize("size", range(1, 13))
def test_chains_of_small_classes_are_exhaustively_right(size):
    bits = every_sample(size)
    assert np.array_equal(scores_of(ChainTree(plain([size]), 6), bits)[:, 0], bits.sum(axis=1))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(-3, 9), st.integers(-3, 5)), min_size=1, max_size=8),
    st.integers(0, 9),
)
def test_chains_of_weights_are_exhaustively_right(weights, more):
    weight = np.array(weights, np.int32)
    offset = -np.minimum(weight, 0).sum(axis=0).astype(np.int64) + [0, more]
    tree = ChainTree(Votes(np.arange(2, 2 + len(weight), dtype=np.int32), weight, offset), 6)
    bits = every_sample(len(weight))
    assert np.array_equal(scores_of(tree, bits), bits.astype(int) @ weight + offset)
    assert counting_fault(tree) == ""


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 80), min_size=1, max_size=3))
def test_adders_read_earlier_levels_and_fit_their_luts(sizes):
    tree = ChainTree(plain(sizes), 6)
    known = {ONE, ZERO, *tree.builder.inputs}
    luts = 0
    for level in tree.adders:
        for adder in level:
            luts += len(adder.first)
            assert len(adder.first) == len(adder.second) <= len(adder.total)
            for position, (first, second) in enumerate(zip(adder.first, adder.second, strict=True)):
                pins = {second} - {ZERO}
                if adder.counted:
                    pins = {*tree.builder.definition(second)[1]}
                reads = pins | ({first} - {ZERO})
                assert reads <= known
                assert 1 <= len(reads) <= 6 - (not adder.counted and position == 0)
            assert adder.carry in known
        known |= {literal for adder in level for literal in adder.total}
    assert luts == tree.luts


@pytest.mark.parametrize(("votes", "most"), [(45, 27), (150, 92), (180, 113), (1000, 615)])
def test_chains_take_less_than_two_thirds_of_a_lut_for_a_vote(votes, most):
    assert ChainTree(plain([votes]), 6).luts <= most


@pytest.mark.parametrize("votes", [7, 45, 150])
def test_yosys_finds_the_chains_and_puts_each_counter_into_their_luts(votes, tmp_path):
    tree = ChainTree(plain([votes]), 6)
    (tmp_path / "popcount.v").write_text(block_module(Popcount(tree.layout(), 0), "popcount"))
    script = (
        "read_verilog popcount.v\nsynth_xilinx -abc9 -top popcount -noiopad -noclkbuf\n"
        "tee -q -o stat.json stat -json\n"
    )
    run_yosys(script, folder=tmp_path, log=tmp_path / "yosys.log")
    cells = json.loads((tmp_path / "stat.json").read_text())["design"]["num_cells_by_type"]
    assert sum(count for kind, count in cells.items() if kind.startswith("LUT")) <= tree.luts
    assert cells["CARRY4"] > 0


def test_chains_are_for_luts_of_six_inputs():
    with pytest.raises(UsageError, match=r"^Carry chains have LUTs of 6 inputs here, not 4$"):
        ChainTree(plain([9]), 4)
