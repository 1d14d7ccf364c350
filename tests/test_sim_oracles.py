"""Reference, packed evaluation, Amaranth's simulator and cocotb agree on random netlists."""

import shutil

import numpy as np
import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed")

from amaranth_bench import pipeline_outputs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import MADE_FOR, classifiers, netlists, registers_of

from lgn_hw import Classifier, Netlist, Thermometer, evaluate, evaluate_reference
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.features import Features
from lgn_hw.hdl.logic import Logic
from lgn_hw.hdl.verilog import to_verilog
from lgn_hw.netlist import FIRST_INPUT
from lgn_sim.simulate import simulate

pytestmark = pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")
INPUTS = 5


def joined(parts):
    """Put netlists side by side over the same inputs: one simulator run checks them all."""
    first = FIRST_INPUT + INPUTS
    fanin, table, outputs, offset = [], [], [], 0
    for part in parts:
        fanin.append(np.where(part.fanin >= first, part.fanin + offset, part.fanin))
        table.append(part.table)
        outputs.append(np.where(part.outputs >= first, part.outputs + offset, part.outputs))
        offset += part.num_nodes
    return Netlist(INPUTS, np.concatenate(fanin), np.concatenate(table), np.concatenate(outputs))


def transparent(netlist):
    """Make a classifier whose features are the inputs and whose scores are the outputs."""
    bits = Thermometer(Features.integers([0] * INPUTS, [1] * INPUTS), range(INPUTS), [0] * INPUTS)
    names = [str(c) for c in range(max(2, netlist.num_outputs))]
    return Classifier(bits, netlist, range(netlist.num_outputs), 1.0, names)


@settings(
    deadline=None,
    max_examples=6,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    st.lists(
        netlists(inputs=INPUTS, max_nodes=10, max_outputs=6, max_arity=6), min_size=2, max_size=4
    ),
    st.integers(0, 3),
)
def test_four_evaluations_agree_on_every_input(tmp_path_factory, parts, levels_per_stage):
    netlist = joined(parts)
    samples = (np.arange(1 << INPUTS)[:, None] >> np.arange(INPUTS)) & 1
    expected = evaluate_reference(netlist, samples == 1)
    assert (evaluate(netlist, samples == 1) == expected).all()

    logic = Logic(netlist, levels_per_stage)
    found = pipeline_outputs(logic, logic.i_bits, logic.o_bits, range(1 << INPUTS))
    words = [sum(int(bit) << i for i, bit in enumerate(row)) for row in expected]
    assert found == words

    classifier = transparent(netlist)
    assert (classifier.scores(samples)[:, : netlist.num_outputs] == expected).all()
    simulate(
        classifier, output_dir=tmp_path_factory.mktemp("sim"), samples=samples, vectors=0,
        negative_control=False, options=CoreOptions(levels_per_stage, scores=True),
    ).check()  # fmt: skip


@settings(
    deadline=None,
    max_examples=6,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(classifiers(), st.booleans(), st.sampled_from(MADE_FOR), st.data())
def test_verilog_of_random_classifiers_equals_software(
    tmp_path_factory, classifier, scores, made_for, data
):
    # Six cases, with and without pauses and with a reset, wherever registers stand.
    registers = data.draw(
        st.one_of(st.integers(0, 3), registers_of(classifier, scores=scores, **made_for))
    )
    verilog = to_verilog(classifier, CoreOptions(registers=registers, scores=scores, **made_for))
    simulate(
        classifier, output_dir=tmp_path_factory.mktemp("sim"), verilog=verilog, vectors=30,
        negative_control=False,
    ).check()  # fmt: skip
