"""The prover finds every difference there is, and calls nothing proven that it did not decide."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from netlist_bench import equal, netlist
from strategies import netlists, random_netlist

from lgn_hw import NetlistError, evaluate
from lgn_hw.errors import ToolTimeout
from lgn_hw.passes.optimize import optimize
from lgn_hw.synth import cec
from lgn_hw.synth.cec import check_equal


@settings(deadline=None, max_examples=12)
@given(netlists(min_inputs=0, max_nodes=20))
def test_check_equal_proves_every_pass(nets):
    assert check_equal([(nets, optimize(nets)[0])])[0].status == "equal"


def mutants(nets):
    return [
        nets.with_flipped_bit(node, entry)
        for node in range(nets.num_nodes)
        for entry in range(1 << nets.arity[node])
    ]


@pytest.mark.parametrize("arity", [2, 3, 6])
def test_check_equal_finds_every_flipped_bit_of_a_small_net(arity):
    nets = random_netlist(arity, 6, [6, 5, 4] if arity < 6 else [2, 2], arity)
    every = mutants(nets)
    verdicts = check_equal([(nets, mutant) for mutant in every])
    assert [v.status for v in verdicts] == [
        "equal" if equal(nets, mutant) else "different" for mutant in every
    ]
    assert {v.status for v in verdicts} == {"equal", "different"}
    for mutant, verdict in zip(every, verdicts, strict=True):
        if verdict.status == "different":
            bits = verdict.counterexample[None]
            differing = np.flatnonzero((evaluate(nets, bits) != evaluate(mutant, bits))[0])
            assert verdict.outputs == tuple(differing)


def test_check_equal_solves_for_a_difference_that_chance_does_not_hit(monkeypatch):
    # An AND of 24 inputs against constant 0: one sample in 17 million shows it.
    tree = [(2 + 6 * i, 3 + 6 * i, 4 + 6 * i, 5 + 6 * i, 6 + 6 * i, 7 + 6 * i) for i in range(4)]
    tall = netlist(24, [*tree, (26, 27, 28, 29)], [1 << 63] * 4 + [1 << 15], [30, 2])
    never = netlist(24, [], [], [0, 2])
    [verdict] = check_equal([(tall, never)])
    assert verdict.status == "different"
    assert verdict.counterexample.all()
    assert verdict.outputs == (0,)


def test_check_equal_takes_circuits_without_inputs_or_outputs():
    one, zero, nothing = (netlist(0, [], [], outputs) for outputs in ([1], [0], []))
    verdicts = check_equal([(one, one), (one, zero), (nothing, nothing)])
    assert [v.status for v in verdicts] == ["equal", "different", "equal"]


def test_check_equal_calls_a_timeout_undecided(monkeypatch):
    def times_out(*_, **__):
        raise ToolTimeout("yosys was ended")

    monkeypatch.setattr(cec, "run_yosys", times_out)
    wire = netlist(1, [], [], [2])
    assert check_equal([(wire, wire)])[0].status == "undecided"


def test_check_equal_trusts_no_status_without_its_control(monkeypatch):
    def claims(script, *, folder, log, timeout_s=None):
        (folder / "status0.txt").write_text("snl_UNSAT -1\n")

    monkeypatch.setattr(cec, "run_yosys", claims)
    wire = netlist(1, [], [], [2])
    assert check_equal([(wire, wire)])[0].status == "undecided"


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ((2, [2]), "Only circuits with equally many inputs can be equal, not 1 and 2"),
        ((1, [2, 2]), "Only circuits with equally many outputs can be equal, not 1 and 2"),
    ],
)
def test_check_equal_rejects_circuits_of_other_ports(other, message):
    inputs, outputs = other
    with pytest.raises(NetlistError, match=f"^{re.escape(message)}$"):
        check_equal([(netlist(1, [], [], [2]), netlist(inputs, [], [], outputs))])
