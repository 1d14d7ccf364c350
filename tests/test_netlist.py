"""The netlist refuses to exist ill-formed; levels and arities are what docs/netlist.md says."""

import numpy as np
import pytest
from messages import telling

from lgn_hw import Netlist, NetlistError

XOR, AND = 0b0110, 0b1000


def netlist(num_inputs=2, fanin=((2, 3),), table=(XOR,), outputs=(4,)):
    padded = np.zeros((len(fanin), 6), np.int64)
    for row, nets in zip(padded, fanin, strict=True):
        row[: len(nets)] = nets
    return Netlist(num_inputs, padded, np.array(table, np.uint64), np.array(outputs, np.int64))


def test_netlist_numbers_constants_then_inputs_then_nodes():
    small = netlist()
    assert (small.first_node, small.num_nets, small.num_nodes, small.num_outputs) == (4, 5, 1, 1)
    assert (small.fanin.dtype, small.table.dtype, small.outputs.dtype) == (
        np.int32,
        np.uint64,
        np.int32,
    )


def test_netlist_arity_counts_up_to_the_last_used_input():
    nets = netlist(fanin=((2,), (2, 0, 3), (2, 3), (2,) * 6), table=(1, 5, AND, 1), outputs=())
    assert nets.arity.tolist() == [1, 3, 2, 6]


def test_netlist_levels_follow_the_longest_path():
    nets = netlist(fanin=((2, 3), (4, 2), (2, 3), (5, 6)), table=(AND,) * 4, outputs=(7, 2))
    assert nets.level.tolist() == [0, 0, 0, 0, 1, 2, 1, 3]
    assert nets.depth == 3


def test_netlist_levels_of_a_long_chain_are_linear():
    length = 20_000
    chain = netlist(1, [(2 + i,) for i in range(length)], [1] * length, [2 + length])
    assert chain.depth == length


def test_netlist_without_nodes_or_outputs_is_well_formed():
    empty = netlist(0, (), (), ())
    assert (empty.num_nets, empty.depth) == (2, 0)


def test_netlist_copies_and_freezes_its_arrays():
    table = np.array([XOR], np.uint64)
    small = netlist(table=table)
    table[0] = AND
    assert small.table[0] == XOR
    with pytest.raises(ValueError, match="read-only"):
        small.table[0] = AND


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"num_inputs": -1}, "num_inputs must not be negative, not -1"),
        (
            {"fanin": ((2, 4),)},
            "Node 0 ...nets 0 to 3, not net 4 at input 1",
        ),
        (
            {"fanin": ((-2, 3),)},
            "Node 0 ...nets 0 to 3, not net -2 at input 0",
        ),
        ({"fanin": ((),)}, "Node 0 reads no net; use net 0 or net 1 ..."),
        (
            {"table": (0x16,)},
            "Node 0 ... 4 table entries; ... 0x16 ...",
        ),
        (
            {"fanin": ((2, 3, 2, 3, 2),), "table": (1 << 32,)},
            "Node 0 ... 32 table entries; ... 0x100000000 ...",
        ),
        ({"table": (XOR, XOR)}, "fanin has 1 nodes but table has 2"),
        ({"outputs": (5,)}, "Output 0 ...nets 0 to 4, not net 5"),
        ({"outputs": (4, -1)}, "Output 1 ...nets 0 to 4, not net -1"),
    ],
)
def test_netlist_rejects_what_breaks_a_rule(changed, message):
    with pytest.raises(NetlistError, match=telling(message)):
        netlist(**changed)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((np.zeros((1, 6)), [1], [2]), "fanin must hold integers, not float64"),
        ((np.zeros((1, 6), int), [1.0], [2]), "table must hold integers, not float64"),
        ((np.zeros(6, int), [1], [2]), "fanin must have 2 dimensions, not 1"),
        (
            (np.zeros((1, 2), int), [1], [2]),
            "fanin must have 6 columns (pad with net 0), not 2",
        ),
        ((np.full((1, 6), 2), [-1], [2]), "table must fit uint64, not hold -1"),
        ((np.full((1, 6), 1 << 40), [1], [2]), "fanin must fit int32, not hold 1099511627776"),
    ],
)
def test_netlist_rejects_wrong_arrays(arrays, message):
    with pytest.raises(NetlistError, match=telling(message)):
        Netlist(1, *(np.asarray(array) for array in arrays))


def test_with_flipped_bit_inverts_one_entry():
    flipped = netlist().with_flipped_bit(0, 3)
    assert flipped.table[0] == XOR ^ 0b1000


@pytest.mark.parametrize(
    ("node", "entry", "message"),
    [
        (1, 0, "There is no node 1; the netlist has 1 nodes"),
        (0, 4, "Node 0 has table entries 0 to 3, not 4"),
    ],
)
def test_with_flipped_bit_rejects_what_is_not_there(node, entry, message):
    with pytest.raises(NetlistError, match=telling(message)):
        netlist().with_flipped_bit(node, entry)
