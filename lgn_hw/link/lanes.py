"""The order in which a class counts its votes: those that a multiplexer joins should be neighbours.

Nets are placed by averaging over what reads them, and votes are then put in a row by recursive
bisection along the longest axis, as placers do.

The count does not depend on the order, but the wires do. SerialArgmax joins the votes of a lane by
a tree of multiplexers; where these come from all over the chip, the tree takes long wires, of which
an FPGA has few. Nodes that read the same nets, or nets that are read together, will be placed near
one another, so these share a lane. All arithmetic is exact, so every machine finds the same
order.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lgn_hw.netlist import FIRST_INPUT, Netlist

__all__ = ["order_votes"]

DIMENSIONS = 64
ROUNDS = 8
RESOLUTION = 1 << 12


def order_votes(netlist: Netlist, sizes: Sequence[int], lanes: int) -> NDArray[np.intp]:
    """Return which output comes where: a permutation of each class's outputs.

    netlist: its outputs are the votes, class 0 first. sizes: how many each class has. lanes: as in
    SerialArgmax, where vote i of a class is in lane i % lanes.
    """
    places = _places(netlist)
    order, start = [np.zeros(0, np.intp)], 0
    for size in sizes:
        near = start + _in_a_row(places[start : start + size])
        lane = np.arange(size) % lanes
        dealt = np.empty(size, np.intp)
        dealt[np.argsort(lane, kind="stable")] = near
        order.append(dealt)
        start += size
    return np.concatenate(order)


def _places(netlist: Netlist) -> NDArray[np.int64]:
    """Return int64[votes, DIMENSIONS]: votes that read what is read together lie close together.

    Every net starts at a random place, and moves to the mean of those that it is read with, again
    and again.

    This is power iteration on the graph of votes and nets, in DIMENSIONS columns at once: ROUNDS
    steps leave what differs slowly along the graph.
    """
    vote, net = _readings(netlist)
    read = np.unique(net)
    # Integers only from here on: sums and divisions of int64 are the same on every machine, those
    # of floats are not.
    rng = np.random.default_rng(0)
    places = rng.integers(0, 2, (netlist.num_nets, DIMENSIONS)) * 2 * RESOLUTION - RESOLUTION
    reads = np.maximum(np.bincount(vote, minlength=len(netlist.outputs)), 1)[:, None]
    readers = np.maximum(np.bincount(net, minlength=netlist.num_nets), 1)[:, None]
    of_votes = np.zeros((len(netlist.outputs), DIMENSIONS), np.int64)
    for _ in range(ROUNDS):
        of_votes = _total(places[net], vote, len(of_votes)) // reads
        places = _total(of_votes[vote], net, len(places)) // readers
        # What all have in common says nothing, and what is left shrinks: it is scaled up again.
        places -= places[read].sum(axis=0) // max(1, len(read))
        places = places * RESOLUTION // max(1, int(np.abs(places).max(initial=0)))
    return _total(places[net], vote, len(of_votes)) // reads


def _readings(netlist: Netlist) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the pairs (vote, net that its node reads); a vote that is an input reads that.

    Returns two int arrays of equal length. Constants are left out: they are near everything.
    """
    outputs = netlist.outputs.astype(np.intp)
    node = outputs - netlist.first_node
    own = np.flatnonzero((node < 0) & (outputs >= FIRST_INPUT))
    of_node = np.flatnonzero(node >= 0)
    fanin = netlist.fanin[node[of_node]]
    row, pin = np.nonzero(
        (np.arange(fanin.shape[1]) < netlist.arity[node[of_node]][:, None]) & (fanin >= FIRST_INPUT)
    )
    return (
        np.concatenate([own, of_node[row]]),
        np.concatenate([outputs[own], fanin[row, pin].astype(np.intp)]),
    )


def _total(values: NDArray[np.int64], group: NDArray[np.intp], groups: int) -> NDArray[np.int64]:
    """Return the sum of the rows of each group.

    values: int64[rows, columns]. By sorting and cumulative sums: np.add.at takes ten times as long.
    """
    order = np.argsort(group, kind="stable")
    sums = np.concatenate([np.zeros((1, values.shape[1]), np.int64), values[order].cumsum(axis=0)])
    ends = np.searchsorted(group[order], np.arange(groups + 1))
    return np.diff(sums[ends], axis=0)


def _in_a_row(places: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return an order in which neighbours are close: halves, then halves of these, and so on."""
    row = np.arange(len(places))
    parts = [(0, len(places))]
    while parts:
        start, end = parts.pop()
        if end - start > 2:
            inside = row[start:end]
            row[start:end] = inside[np.argsort(_along(places[inside]), kind="stable")]
            middle = (start + end) // 2
            parts += [(start, middle), (middle, end)]
    return row


def _along(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how far each lies from one end to the other, two places that are far apart."""
    one = places[_farthest(places, places.sum(axis=0) // len(places))]
    other = places[_farthest(places, one)]
    return (places * (other - one)).sum(axis=1)


def _farthest(places: NDArray[np.int64], point: NDArray[np.int64]) -> int:
    """Return the place that is farthest from a point."""
    return int(np.square(places - point).sum(axis=1).argmax())
