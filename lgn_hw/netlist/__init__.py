"""The netlist, and all that needs nothing but a netlist."""

from lgn_hw.netlist.netlist import FIRST_INPUT, MAX_FANIN, Netlist

__all__ = ["Netlist", "FIRST_INPUT", "MAX_FANIN"]
