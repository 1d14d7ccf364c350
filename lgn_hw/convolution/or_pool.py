"""An OR pool at all its positions, as nodes of a netlist.

An OR and not a maximum of numbers: on bits they are the same (arXiv 2411.04732).
"""

import numpy as np
from numpy.typing import NDArray

from lgn_hw.netlist import MAX_FANIN
from lgn_hw.netlist.node_builder import Nets, NodeBuilder

__all__ = ["or_pooled"]


def or_pooled(builder: NodeBuilder, nets: Nets, size: int) -> Nets:
    """Add a tree of ORs for each window of size x size, six values per node.

    nets: int32[channels, rows, columns], rows and columns multiples of size. Returns
    int32[channels, rows / size, columns / size].
    """
    channels, rows, columns = len(nets), nets.shape[1] // size, nets.shape[2] // size
    windows = nets.reshape(channels, rows, size, columns, size).transpose(0, 1, 3, 2, 4)
    ored = windows.reshape(-1, size * size)
    while ored.shape[1] > 1:
        parts = [ored[:, i : i + MAX_FANIN] for i in range(0, ored.shape[1], MAX_FANIN)]
        values = [
            part[:, 0] if part.shape[1] == 1 else builder.add(part, _or_tables(*part.shape))
            for part in parts
        ]
        ored = np.stack(values, axis=1)
    return ored[:, 0].reshape(channels, rows, columns)


def _or_tables(nodes: int, fan_in: int) -> NDArray[np.uint64]:
    """Return uint64[nodes], the table of an OR of fan_in inputs for each node."""
    # All entries but the first, in which every pin is 0.
    return np.full(nodes, (1 << (1 << fan_in)) - 2, np.uint64)
