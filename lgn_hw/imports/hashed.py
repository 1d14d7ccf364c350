"""Structural hashing of an and-inverter graph: equal ANDs once, constants put in."""

import numpy as np

from lgn_hw.netlist.aig import Aig

__all__ = ["hashed"]


def hashed(graph: Aig) -> Aig:
    """Return a graph of the same functions in which no two ANDs read the same literals, and none a
    constant or a literal twice.

    Tools that write adders of words leave XORs with constants behind.
    """
    place = [0] * (graph.first_and + len(graph.ands))  # literals, by variable
    place[: graph.first_and] = range(0, 2 * graph.first_and, 2)
    known: dict[tuple[int, int], int] = {}
    for number, (x, y) in enumerate(graph.ands.tolist(), graph.first_and):
        one, other = sorted((place[x >> 1] ^ x & 1, place[y >> 1] ^ y & 1))
        if one == 0 or one ^ other == 1:
            place[number] = 0
        elif one in (1, other):
            place[number] = other
        else:
            following = 2 * (graph.first_and + len(known))
            place[number] = known.setdefault((one, other), following)
    ands = np.array(list(known), np.int64).reshape(-1, 2)
    outputs = [place[x >> 1] ^ x & 1 for x in graph.outputs.tolist()]
    return Aig(graph.num_inputs, ands, np.array(outputs, np.int64))
