"""Let votes' nodes give parities in the place of votes, so that a counter's lowest bit is free.

A counter of six votes has three outputs, and the lowest is the parity of the votes. A node that
reads four nets has room for two more in a LUT6: it gives its vote's parity with two other votes.
Three such nodes end in the parity of all six, each vote is still known as the parity of some of the
six nets, and the two other outputs remain functions of six nets: the counter takes two LUTs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lgn_hw.circuit.votes import Votes
from lgn_hw.netlist import FIRST_INPUT, MAX_FANIN, Netlist
from lgn_hw.netlist.builder import ZERO, Builder
from lgn_hw.passes.dead import remove_dead_nodes

__all__ = ["Parities", "ParityGroup", "spare_inputs_of"]


@dataclass(frozen=True)
class ParityGroup:
    """Bits of one weight in a counter, the parity of which the votes' own nodes can form.

    votes: literals of inputs. before: the literal of the parity of an earlier group, or ZERO.
    parity: the literal of all their parity.
    """

    votes: tuple[int, ...]
    before: int
    parity: int


def spare_inputs_of(netlist: Netlist, votes: Votes, lut_size: int) -> list[int]:
    """Return for each vote how many more nets its node may read, 0 where it is needed as it is.

    That is where it is an input, has other readers, or counts for two classes or with two bits.
    """
    # Another reader wants the vote itself, and a second class its own count: both would need the
    # node twice.
    # How many pins read each net; padding counts for net 0, which is no vote.
    readers = np.bincount(netlist.fanin.ravel(), minlength=netlist.num_nets)
    weight = np.abs(votes.weight).sum(axis=1)
    once = (np.count_nonzero(votes.weight, axis=1) == 1) & (weight & (weight - 1) == 0)
    node = np.maximum(votes.net - netlist.first_node, 0)
    alone = once & (readers[votes.net] == 0) & (votes.net >= netlist.first_node)
    arity = netlist.arity[node] if netlist.num_nodes else np.zeros(len(node), np.int32)
    return np.where(alone, np.maximum(lut_size - arity, 0), 0).tolist()


@dataclass(frozen=True)
class Parities:
    """Say which votes are given as parities: vote v as its own parity with some other nets given.

    terms: for some votes the other votes, by number, whose nets go into it, and which come first.
    parities: for the literal of each group's parity the vote whose net it is, or the inverse of.
    """

    num_votes: int
    terms: dict[int, tuple[int, ...]]
    parities: dict[int, tuple[int, bool]]

    @classmethod
    def of(cls, groups: Sequence[ParityGroup], spare_inputs: Sequence[int]) -> "Parities":
        """Plan the parity of every group; spare_inputs: of each vote's node."""
        terms: dict[int, tuple[int, ...]] = {}
        parities = {ZERO: (-1, False)}
        for group in groups:
            before, inverse = parities[group.before]
            last = _plan(group, before, spare_inputs, terms)
            # Inverted votes turn the parity over once for each of them.
            inverse ^= sum(vote & 1 for vote in group.votes) & 1 == 1
            parities[group.parity] = last, inverse
        del parities[ZERO]
        return cls(len(spare_inputs), terms, parities)

    def logic(self, netlist: Netlist) -> Netlist:
        """Return a netlist, whose outputs are the votes, with parities in the place of some."""
        outputs = netlist.outputs.copy()
        fanin, table = netlist.fanin.tolist(), netlist.table.tolist()
        for vote, others in self.terms.items():
            node = int(netlist.outputs[vote]) - netlist.first_node
            pins = fanin[node][: netlist.arity[node]]
            extra = [int(outputs[other]) for other in others]
            fanin.append([*pins, *extra] + [0] * (MAX_FANIN - len(pins) - len(extra)))
            table.append(_with_parity(table[node], len(pins), len(extra)))
            outputs[vote] = netlist.first_node + len(table) - 1
        given = Netlist(
            netlist.num_inputs,
            np.array(fanin, np.int32).reshape(-1, MAX_FANIN),
            np.array(table, np.uint64),
            outputs,
        )
        return remove_dead_nodes(given)

    def decoded(self) -> Netlist:
        """Return the nets that are given to the votes that they stand for."""
        builder = Builder(self.num_votes)
        found = list(builder.inputs)
        for vote, others in self.terms.items():
            pins = [builder.inputs[i] for i in (vote, *others)]
            found[vote] = builder.node(_with_parity(0b10, 1, len(others)), pins)
        return builder.netlist(found)

    def popcount(self, raw: Netlist) -> Netlist:
        """Return the nets that are given to scores; the parities of groups take no nodes.

        raw: the votes to scores, with a node for each parity. The decoders are nodes of their own,
        which the counters that read them have inputs for.
        """
        decoded = self.decoded()
        nets = np.arange(raw.num_nets, dtype=np.int32)
        # The tree reads decoded votes.
        nets[FIRST_INPUT : raw.first_node] = decoded.outputs
        nets[raw.first_node :] += decoded.num_nodes
        fanin, table = nets[raw.fanin], raw.table.copy()
        for literal, (vote, inverse) in self.parities.items():
            # The node that would compute the parity becomes a wire from the vote that carries it.
            node = (literal >> 1) - raw.first_node
            fanin[node] = [FIRST_INPUT + vote, 0, 0, 0, 0, 0]
            table[node] = 0b01 if inverse else 0b10
        return Netlist(
            raw.num_inputs,
            np.concatenate([decoded.fanin, fanin]),
            np.concatenate([decoded.table, table]),
            nets[raw.outputs],
        )


def _plan(
    group: ParityGroup, before: int, spare: Sequence[int], terms: dict[int, tuple[int, ...]]
) -> int:
    """Say which votes of a group take in which, and return the one that ends as its parity.

    before: the vote that is the parity of the group before, or -1. Those with least spare inputs
    come first, each reading the oldest that are left, so that the tree is flat.
    """
    votes = sorted(((vote >> 1) - FIRST_INPUT for vote in group.votes), key=lambda v: -spare[v])
    needed = len(votes) - 1 + (before >= 0)
    # As few nodes as possible change: a changed one can no longer be shared.
    used = next(n for n in range(1, 7) if sum(spare[vote] for vote in votes[:n]) >= needed)
    coded, left = votes[:used][::-1], votes[used:]
    late = before >= 0 and spare[coded[-1]] > 1
    if before >= 0 and not late:
        left.append(before)
    for vote in coded:
        if late and vote == coded[-1]:
            left.append(before)
        taken, left = left[: spare[vote]], [*left[spare[vote] :], vote]
        if taken:
            terms[vote] = tuple(taken)
    assert left == coded[-1:], "the group's votes have spare inputs for their parity"
    return coded[-1]


def _with_parity(table: int, pins: int, more: int) -> int:
    """Return the table of a node's parity with more pins, which follow its own."""
    entries = 1 << pins
    full = (1 << entries) - 1
    return sum(
        (table ^ (full if pattern.bit_count() & 1 else 0)) << pattern * entries
        for pattern in range(1 << more)
    )
