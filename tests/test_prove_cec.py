"""The prover finds every difference there is, and calls nothing proven that it did not decide."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from messages import telling
from netlist_bench import equal, every_sample, netlist
from strategies import netlists, random_netlist

from lgn_hw import NetlistError, evaluate
from lgn_hw.errors import ToolTimeout
from lgn_hw.netlist.builder import ZERO, Builder
from lgn_hw.passes.dead import read_inputs_only
from lgn_hw.passes.optimize import optimize
from lgn_hw.prove import cec
from lgn_hw.prove.cec import check_equal


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


def test_check_equal_finds_flipped_bits_of_a_large_net():
    # Four levels of two inputs: an output depends on 16 inputs at most, so that each of them is
    # tried. A flipped bit that no sample shows is masked: the two circuits are equal.
    nets, rng = random_netlist(1, 400, [2500] * 4), np.random.default_rng(0)
    flips = np.stack([rng.integers(0, nets.num_nodes, 40), rng.integers(0, 4, 40)], axis=1)
    every = [nets.with_flipped_bit(node, entry) for node, entry in flips.tolist()]
    verdicts = check_equal([(nets, mutant) for mutant in every])
    shown = [
        any(output_differs(nets, mutant, output) for output in outputs_above(nets, node))
        for (node, _), mutant in zip(flips.tolist(), every, strict=True)
    ]
    assert [v.status == "different" for v in verdicts] == shown
    assert {v.status for v in verdicts} == {"equal", "different"}


def outputs_above(nets, node):
    """Return which outputs depend on a node structurally."""
    reached = np.zeros(nets.num_nets, bool)
    reached[nets.first_node + node] = True
    for above in range(node + 1, nets.num_nodes):
        reached[nets.first_node + above] |= reached[nets.fanin[above, :2]].any()
    return np.flatnonzero(reached[nets.outputs])


def output_differs(a, b, output):
    """Say whether an output of two netlists of the same wires differs, by trying every sample."""
    cones = [read_inputs_only(replace(x, outputs=x.outputs[[output]]))[0] for x in (a, b)]
    bits = every_sample(cones[0].num_inputs)
    return not np.array_equal(*(evaluate(cone, bits) for cone in cones))


def test_check_equal_solves_for_a_difference_that_chance_does_not_hit():
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


def product(width, order):
    """Return the product of two numbers, its rows added in some order."""
    builder = Builder(2 * width)
    total = [ZERO] * (2 * width)
    for i in order:
        carry = ZERO
        for j in range(width):
            bit = builder.node(0b1000, [builder.inputs[i], builder.inputs[width + j]])
            pins = [total[i + j], bit, carry]
            total[i + j], carry = builder.node(0b10010110, pins), builder.node(0b11101000, pins)
        for j in range(i + width, 2 * width):
            pins = [total[j], carry]
            total[j], carry = builder.node(0b0110, pins), builder.node(0b1000, pins)
    return builder.netlist(total)


@pytest.mark.slow
def test_check_equal_ends_what_is_out_of_reach(monkeypatch):
    monkeypatch.setattr(cec, "GRACE_S", 20)
    hard = (product(16, range(16)), product(16, reversed(range(16))))
    wire, inverter = netlist(1, [], [], [2]), netlist(1, [(2,)], [0b01], [3])
    verdicts = check_equal([(wire, wire), hard, (wire, inverter)], timeout_s=1)
    assert [v.status for v in verdicts] == ["equal", "undecided", "different"]


def test_check_equal_decides_what_comes_after_a_timeout(monkeypatch):
    asked = []

    def times_out_once(script, *, folder, log, timeout_s=None):
        pairs = re.findall(r"&r a(\d+)", (folder / "check.abc").read_text())
        asked.append(pairs)
        for pair in pairs[:1] if len(asked) == 1 else pairs:
            (folder / f"control{pair}.txt").write_text("snl_SAT -1\n")
            (folder / f"status{pair}.txt").write_text("snl_UNSAT -1\n")
        if len(asked) == 1:
            raise ToolTimeout("yosys was ended")

    monkeypatch.setattr(cec, "run_yosys", times_out_once)
    wire = netlist(1, [], [], [2])
    verdicts = check_equal([(wire, wire)] * 4)
    assert [v.status for v in verdicts] == ["equal", "undecided", "equal", "equal"]
    assert asked == [["0", "1", "2", "3"], ["2", "3"]]


def test_check_equal_trusts_no_status_without_its_control(monkeypatch):
    def claims(script, *, folder, log, timeout_s=None):
        (folder / "status0.txt").write_text("snl_UNSAT -1\n")

    monkeypatch.setattr(cec, "run_yosys", claims)
    wire = netlist(1, [], [], [2])
    assert check_equal([(wire, wire)])[0].status == "undecided"


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ((2, [2]), "...inputs ..., not 1 and 2"),
        ((1, [2, 2]), "...outputs ..., not 1 and 2"),
    ],
)
def test_check_equal_rejects_circuits_of_other_ports(other, message):
    inputs, outputs = other
    with pytest.raises(NetlistError, match=telling(message)):
        check_equal([(netlist(1, [], [], [2]), netlist(inputs, [], [], outputs))])
