"""The netlist's circuit equals its evaluation, at every cut into stages."""

import pytest
from amaranth.back import rtlil
from amaranth_bench import pipeline_outputs
from hypothesis import given, settings
from hypothesis import strategies as st
from netlist_bench import every_sample, netlist
from strategies import netlists

from lgn_hw import evaluate_reference
from lgn_hw.hdl.logic import Logic


def words_of(bits):
    return [sum(int(bit) << i for i, bit in enumerate(row)) for row in bits]


def simulated(netlist, levels_per_stage, bits, latency=None):
    logic = Logic(netlist, levels_per_stage)
    assert latency in (None, logic.latency)
    return pipeline_outputs(logic, logic.i_bits, logic.o_bits, words_of(bits))


@settings(deadline=None, max_examples=60)
@given(netlists(max_inputs=6, max_nodes=20, min_inputs=0), st.integers(0, 4))
def test_logic_equals_software_exhaustively(netlist, levels_per_stage):
    bits = every_sample(netlist.num_inputs)
    found = simulated(netlist, levels_per_stage, bits)
    assert found == words_of(evaluate_reference(netlist, bits))


@pytest.mark.parametrize("levels_per_stage", [0, 1, 2])
def test_logic_all_sixteen_gates_are_their_tables(levels_per_stage):
    gates = netlist(2, [(2, 3)] * 16, range(16), range(4, 20))
    expected = [sum(((table >> i) & 1) << table for table in range(16)) for i in range(4)]
    assert simulated(gates, levels_per_stage, every_sample(2)) == expected


@pytest.mark.parametrize("levels_per_stage", [0, 1, 3])
def test_logic_passes_constants_inputs_and_duplicates_to_outputs(levels_per_stage):
    wires = netlist(2, [(2, 3)], [8], [0, 1, 3, 2, 2, 4, 4])
    bits = every_sample(2)
    assert simulated(wires, levels_per_stage, bits) == words_of(evaluate_reference(wires, bits))


def test_logic_without_nodes_has_one_register():
    wire = netlist(1, [], [], [2])
    assert simulated(wire, 3, every_sample(1), latency=1) == [0, 1]


@pytest.mark.parametrize(("levels_per_stage", "latency"), [(0, 1), (1, 5), (2, 3), (5, 1), (9, 1)])
def test_logic_latency_is_depth_over_levels_per_stage(levels_per_stage, latency):
    chain = netlist(1, [(2 + i,) for i in range(5)], [1] * 5, [7, 3])
    bits = every_sample(1)
    found = simulated(chain, levels_per_stage, bits, latency)
    assert found == words_of(evaluate_reference(chain, bits))


def test_logic_uses_one_wide_operation_for_nodes_that_share_a_table():
    ands = netlist(4, [(2, 3), (3, 4), (4, 5)], [8, 8, 8], [6, 7, 8])
    assert rtlil.convert(Logic(ands, 1), emit_src=False).count("cell $and") == 1
