"""What each simple pass does, before and after, on netlists small enough to read."""

from netlist_bench import equal, netlist, nodes_of

from lgn_hw.passes.aliases import absorb_aliases
from lgn_hw.passes.constants import fold_constants
from lgn_hw.passes.dead import inputs_read, remove_dead_nodes
from lgn_hw.passes.duplicate_pins import merge_duplicate_inputs
from lgn_hw.passes.simplify import simplify
from lgn_hw.passes.strash import share_nodes
from lgn_hw.passes.support import drop_unread_inputs

NOT, BUFFER, AND, OR, XOR, NAND = 0b01, 0b10, 0b1000, 0b1110, 0b0110, 0b0111


def test_fold_constants_follows_them_upwards():
    # Before: x0 & 0; its OR with x1; XOR of x1 and 1. After: the OR reads x1 alone, the XOR is NOT.
    after = fold_constants(netlist(2, [(0, 2), (4, 3), (3, 1)], [AND, OR, XOR], [5, 6, 4]))
    assert nodes_of(after) == [((3,), BUFFER), ((3,), NOT)]
    assert after.outputs.tolist() == [4, 5, 0]


def test_fold_constants_finds_constant_tables():
    after = fold_constants(netlist(2, [(2, 3), (2, 3)], [0b1111, 0], [4, 5]))
    assert (nodes_of(after), after.outputs.tolist()) == ([], [1, 0])


def test_drop_unread_inputs_keeps_what_the_table_depends_on():
    # Before: "x1" as a table of x0, x1, x2; "not x2" as one of x0, x2. After: one input each.
    after = drop_unread_inputs(netlist(3, [(2, 3, 4), (2, 4)], [0b11001100, 0b0011], [5, 6]))
    assert nodes_of(after) == [((3,), BUFFER), ((4,), NOT)]


def test_drop_unread_inputs_makes_constants_of_nodes_that_read_nothing():
    after = drop_unread_inputs(netlist(2, [(2, 3), (4, 2)], [0b1111, AND], [5, 4]))
    assert (nodes_of(after), after.outputs.tolist()) == ([((1, 2), AND)], [4, 1])


def test_merge_duplicate_inputs_reads_a_net_once():
    # Before: x0 ^ x1 ^ x0, and x1 ^ x1. After: x1 of two inputs, and constant 0.
    xor3 = 0b10010110
    after = merge_duplicate_inputs(netlist(2, [(2, 3, 2), (3, 3)], [xor3, XOR], [4, 5]))
    assert nodes_of(after) == [((2, 3), 0b1100), ((3,), 0)]


def test_absorb_aliases_puts_inverters_into_tables():
    # Before: buffer of not x0, and its AND with x1. After: ~x0 & x1.
    after = absorb_aliases(netlist(2, [(2,), (4,), (5, 3)], [NOT, BUFFER, AND], [6]))
    assert nodes_of(after) == [((2, 3), 0b0100)]


def test_absorb_aliases_inverts_a_node_of_which_outputs_want_the_inverse():
    # Before: not (x0 & x1), and an XOR of the AND. After: NAND, and an XNOR of it.
    after = absorb_aliases(netlist(3, [(2, 3), (5,), (5, 4)], [AND, NOT, XOR], [6, 7]))
    assert nodes_of(after) == [((2, 3), NAND), ((5, 4), 0b1001)]
    assert after.outputs.tolist() == [5, 6]


def test_absorb_aliases_keeps_one_inverter_where_outputs_want_both():
    before = netlist(1, [(2,), (2,), (3,)], [NOT, NOT, NOT], [2, 3, 4, 5])
    after = absorb_aliases(before)
    assert nodes_of(after) == [((2,), NOT)]
    assert after.outputs.tolist() == [2, 3, 3, 2]


def test_share_nodes_ignores_order_and_polarity():
    # Before: x0 & ~x1, the same with its inputs exchanged, its inverse, and an AND of the last two.
    before = netlist(2, [(2, 3), (3, 2), (2, 3), (5, 6)], [0b0010, 0b0100, 0b1101, AND], [4, 5, 7])
    after = share_nodes(before)
    assert nodes_of(after) == [((2, 3), 0b0010), ((4, 4), 0b0010)]
    assert after.outputs.tolist() == [4, 4, 5]


def test_share_nodes_finds_equal_nodes_of_different_levels_after_their_inputs_are_shared():
    before = netlist(2, [(2, 3), (3, 2), (4, 2), (5, 2)], [AND, AND, XOR, XOR], [6, 7])
    after = share_nodes(before)
    assert nodes_of(after) == [((2, 3), AND), ((4, 2), XOR)]


def test_remove_dead_nodes_drops_what_no_output_depends_on():
    # Before: an AND, an OR of it that nobody reads, an inverter of the AND. After: no OR.
    nets = netlist(3, [(2, 3), (5, 2), (5,)], [AND, OR, NOT], [7])
    after = remove_dead_nodes(nets)
    assert nodes_of(after) == [((2, 3), AND), ((5,), NOT)]
    assert after.outputs.tolist() == [6]
    assert inputs_read(nets) == [0, 1]


def test_simplify_reorders_nodes_where_one_is_equal_to_a_later_one():
    # Net 6 is x0 & x2, once the constant that it reads is known: so is net 8, of a lower level. Net
    # 7 then reads that one, which used to be behind it.
    before = netlist(
        3, [(1,), (2, 5, 4), (6, 3), (2, 4)], [0b01, 0b00001010 << 4, 0b0110, 0b1000], [7]
    )
    after = simplify(before)
    assert equal(before, after)
