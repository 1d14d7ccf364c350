"""The heads, the ways to count votes: one file each, and their names here.

A head is a subclass of head.Head; HEADS says by which name options, headers and targets know it.
"""

from lgn_hw.circuit.heads.adders import AdderTree
from lgn_hw.circuit.heads.chains import ChainTree
from lgn_hw.circuit.heads.counters import CompressorTree
from lgn_hw.circuit.heads.gates import GateTree
from lgn_hw.circuit.heads.head import Head

__all__ = ["HEADS"]

HEADS: dict[str, type[Head]] = {
    "adders": AdderTree,
    "counters": CompressorTree,
    "chains": ChainTree,
    "gates": GateTree,
}
