"""All rules that look at one node at a time, together in one sweep."""

from lgn_hw.netlist import Netlist
from lgn_hw.passes.aliases import absorb
from lgn_hw.passes.constants import fold
from lgn_hw.passes.duplicate_pins import merge
from lgn_hw.passes.strash import Sharing
from lgn_hw.passes.support import drop
from lgn_hw.passes.sweep import sweep

__all__ = ["simplify"]


def simplify(netlist: Netlist) -> Netlist:
    """Apply every rule to each node before its readers, so that one sweep reaches the fixpoint.

    One rule after the other over the whole netlist would need a round for each node of a chain
    of nodes that vanish one by one.
    """
    # The order matters within a node: merging pins and folding constants change the table, which
    # decides what it depends on, which decides whether it is an alias; what is left is looked up.
    return sweep(netlist, [merge, fold, drop, absorb, Sharing(netlist)])
