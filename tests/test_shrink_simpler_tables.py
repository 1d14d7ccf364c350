"""Tables of fewer gates: what a table takes, and what is taken in its place."""

from itertools import permutations

import numpy as np
import pytest
from test_shrink_sampled_net import random_net, sampled
from test_shrink_shrink import trained_digits

from lgn_hw import Classifier, Netlist, Thermometer
from lgn_hw.circuit.circuit import Circuit
from lgn_hw.features import Features
from lgn_hw.shrink.gate_costs import MULTIPLEXER, XOR, gates_of
from lgn_hw.shrink.sampled_net import SampledNet
from lgn_hw.shrink.shrink import shrink
from lgn_hw.shrink.simpler_tables import SimplerTables
from lgn_hw.synth.targets import TARGETS

GATES = TARGETS["gates"]


def cost(function, arity):
    """Return what a function takes that is given one value per input."""
    entries = [[entry >> pin & 1 for pin in range(arity)] for entry in range(1 << arity)]
    table = sum(int(function(*entry)) << number for number, entry in enumerate(entries))
    return pytest.approx(float(gates_of(np.array([table], np.uint64), arity)[0]))


def test_what_functions_take():
    assert cost(lambda: 1, 0) == cost(lambda a: not a, 1) == cost(lambda *pins: 0, 6) == 0
    assert cost(lambda *pins: not pins[3], 6) == 0
    assert cost(lambda a, b: a and not b, 2) == cost(lambda a, b: a or b, 2) == 1
    assert cost(lambda *pins: all(pins), 6) == cost(lambda *pins: any(pins), 6) == 5
    assert cost(lambda *pins: sum(pins) % 2, 6) == 5 * XOR
    assert cost(lambda a, b, c: b if a else c, 3) == MULTIPLEXER
    assert cost(lambda a, b, c, d: (b and c) if a else d, 4) == 1 + MULTIPLEXER
    assert cost(lambda a, b, c, d, e, f: (a and b) ^ e, 6) == 1 + XOR


def test_order_and_inverses_of_inputs_do_not_matter():
    rng = np.random.default_rng(0)
    table = rng.integers(0, 1 << 16)
    bits = np.array([table >> e & 1 for e in range(16)]).reshape(2, 2, 2, 2)
    same = [bits.transpose(order) for order in permutations(range(4))]
    same += [np.flip(bits, axis) for axis in range(4)] + [1 - bits]
    tables = [sum(int(bit) << e for e, bit in enumerate(b.ravel())) for b in same]
    assert len(set(tables)) > 20
    assert len(set(gates_of(np.array(tables, np.uint64), 4).tolist())) == 1


def one_node(table, codes, labels):
    """Return one node of three inputs that votes for the second of two classes."""
    encoder = Thermometer(Features.integers([0] * 3, [1] * 3), range(3), [0] * 3)
    netlist = Netlist(
        3, np.array([[2, 3, 4, 0, 0, 0]], np.int32), np.array([table], np.uint64), [5]
    )
    made = Classifier(encoder, netlist, [1], 0.3, ["no", "yes"])
    return SampledNet(made, np.array(codes), np.array(labels))


def test_entries_that_no_sample_reads_make_a_table_simple():
    """Of a majority that never sees a = b = c an input and-or remains."""
    codes = [[a, b, 0] for a in (0, 1) for b in (0, 1)]
    nets = one_node(0b11101000, codes * 9, [0, 0, 0, 1] * 9)
    before = nets.loss
    tables = SimplerTables(nets)
    assert tables.shrink(3) == pytest.approx(MULTIPLEXER + 2 - 1)
    assert nets.loss == before
    values = [int(nets.tables[0]) >> entry & 1 for entry in range(8)]
    assert values == [0, 0, 0, 1] * 2  # a AND b, whatever c is
    assert tables.refit() > 0 == tables.refit()


def test_an_entry_of_many_samples_is_dear():
    """One sample of a hundred needs c, which the table then does without; all need a and b."""
    codes = [[1, 1, 0]] * 50 + [[0, 1, 0]] * 49 + [[0, 0, 1]]
    nets = one_node(0b11111000, codes, [1] * 50 + [0] * 49 + [1])
    tables = SimplerTables(nets)
    tables.shrink(1)
    assert nets.accuracy == 1
    tables.shrink(100)
    assert nets.accuracy == 0.99
    assert nets.classifier().predict(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]])).tolist() == [
        1, 0, 0,
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_what_is_saved_is_what_tables_take_less(seed):
    nets, _ = sampled(seed)

    def total():
        alive = [n for n in range(len(nets.pins)) if nets.is_alive(n)]
        entries = [np.uint64((1 << (1 << len(nets.pins[n]))) - 1) for n in alive]
        return sum(
            float(gates_of(nets.tables[n : n + 1] & ones, len(nets.pins[n]))[0])
            for n, ones in zip(alive, entries, strict=True)
        )

    before, loss = total(), nets.loss
    saved = SimplerTables(nets).shrink(1)
    assert before - total() == pytest.approx(saved, abs=1e-3)
    assert saved > 0
    assert nets.loss < loss + 0.01  # what nearly no sample reads


@pytest.fixture(scope="module")
def digits():
    return trained_digits(100)


def test_a_circuit_of_gates_gets_smaller_within_the_loss(digits):
    classifier, parts = digits
    found = shrink(classifier, parts, GATES, max_loss=0.02)
    assert found.after.luts < 0.6 * found.before.luts
    assert found.after.accuracy >= found.before.accuracy - 0.02
    assert sum(Circuit.of(found.classifier, GATES).luts.values()) == found.after.luts
    assert found.after.changed == 0 < found.after.inverted


def test_a_budget_of_gates_is_kept_and_gives_equal_bytes(digits):
    classifier, parts = digits
    budget = 3 * sum(Circuit.of(classifier, GATES).luts.values()) // 5
    made = [shrink(classifier, parts, GATES, luts=budget) for _ in range(2)]
    assert made[0].after.luts <= budget
    assert made[0].classifier.digest == made[1].classifier.digest
    assert random_net(0)[0].digest != made[0].classifier.digest
