"""The netlist, and all that needs nothing but a netlist.

`Netlist` is the intermediate representation that all other rooms share, and docs/netlist.md its
definition. Beside it are its software readings (evaluate), its order for bit-parallel work (order),
truth tables as words and as expressions (words, tables), and two ways to write one (builder for
circuits, node by node; node_builder for layers, array by array). Nothing here knows of encoders,
classes, or hardware.
"""

from lgn_hw.netlist.netlist import FIRST_INPUT, MAX_FANIN, Netlist

__all__ = ["Netlist", "FIRST_INPUT", "MAX_FANIN"]
