"""A classifier's netlist with the values of all nets on samples, changed node by node."""

import heapq
from collections.abc import Iterable
from dataclasses import replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from lgn_hw.classifier import Classifier
from lgn_hw.netlist import FIRST_INPUT, Netlist
from lgn_hw.netlist.builder import ZERO, Builder
from lgn_hw.netlist.evaluate import evaluate_words, pack_samples
from lgn_hw.netlist.tables import compose
from lgn_hw.netlist.words import ALL_ONES, flipped, widen

__all__ = ["SampledNet"]

Words = NDArray[np.uint64]
SMALLEST = 1e-300  # of a sum of powers, whose logarithm is taken


@final
class SampledNet:
    """Hold what every net is on labelled samples, 64 samples per word, and what changes cost.

    A sample's loss depends on that sample alone. So the loss of a net that is flipped in each
    sample (`flip_losses`) says what every change of the net costs: the sum over the samples in
    which the change shows. Only the nodes above a net are evaluated again.

    A literal is 2 * net, plus 1 for its inverse. votes: int32[2 * nets, classes], how often a
    literal votes for each class. Nodes keep their numbers; those that nothing reads are dead.
    """

    def __init__(
        self, classifier: Classifier, codes: NDArray[np.integer], labels: NDArray[np.integer]
    ) -> None:
        self._classifier, netlist = classifier, classifier.netlist
        self.first_node, self.num_nets = netlist.first_node, netlist.num_nets
        arity = netlist.arity.tolist()
        self.pins = [row[:k] for row, k in zip(netlist.fanin.tolist(), arity, strict=True)]
        self.tables = widen(netlist.table, netlist.arity)
        self.readers: list[set[int]] = [set() for _ in range(self.num_nets)]
        for node, pins in enumerate(self.pins):
            for pin in pins:
                self.readers[pin].add(node)
        self.votes = np.zeros((2 * self.num_nets, classifier.num_classes), np.int32)
        np.add.at(self.votes, (2 * netlist.outputs.astype(np.int64), classifier.group), 1)
        self.samples, self.labels = len(codes), np.asarray(labels)
        self.values = _values(netlist, classifier.encoder.encode(codes))
        self._mine = np.arange(classifier.num_classes)[:, None] == self.labels
        self.scores = np.zeros((classifier.num_classes, self.samples), np.int64)
        for net in sorted(set(netlist.outputs.tolist())):
            self._count(net, 1)
        high, most = int(self.scores.max(initial=0)), int(self.votes.sum(axis=0).max())
        # A factor that all scores have in common does not matter; this one avoids overflow.
        self._power = np.exp((np.arange(most + 1) - high) / classifier.tau)
        self._set_totals()

    @property
    def loss(self) -> float:
        """The mean cross-entropy of softmax(scores / tau)."""
        return float(self.losses.mean())

    @property
    def losses(self) -> NDArray[np.float64]:
        """float64[samples], the cross-entropy of each."""
        mine = self.scores[self.labels, np.arange(self.samples)]
        return np.log(self._total) - np.log(self._power[mine])

    @property
    def accuracy(self) -> float:
        return float((self.scores.argmax(axis=0) == self.labels).mean())

    def is_alive(self, node: int) -> bool:
        """Whether another node or a vote reads a node."""
        net = self.first_node + node
        return bool(self.readers[net]) or bool(self.votes[2 * net : 2 * net + 2].any())

    def bits(self, net: int) -> NDArray[np.bool_]:
        """Return bool[samples], what a net is."""
        return self._unpacked(self.values[net])

    def flip_losses(self, net: int) -> NDArray[np.float64]:
        """Return float64[samples], by how much each loss rises where the net is flipped."""
        changed = self._cone(net, ~self.values[net])
        total, mine = self._total, np.zeros(self.samples)
        for number in self._classes_of(changed):
            delta = self._score_change(changed, number)
            score = self.scores[number]
            total = total + (self._power[score + delta] - self._power[score])
            mine += np.where(self._mine[number], delta, 0)
        return np.log(np.maximum(total, SMALLEST) / self._total) - mine / self._classifier.tau

    def entries(self, node: int) -> NDArray[np.int64]:
        """Return int64[samples], which entry of its table a node reads in each sample."""
        found = np.zeros(self.samples, np.int64)
        for position, pin in enumerate(self.pins[node]):
            found |= self.bits(pin).astype(np.int64) << position
        return found

    def flip_entries(self, node: int, entries: Iterable[int]) -> None:
        """Invert entries of a node's table."""
        mask = np.array([sum(1 << entry for entry in entries)], np.uint64)
        arity = np.array([len(self.pins[node])])
        self.tables[node] ^= widen(mask, arity)[0]
        self._recompute(self.first_node + node)

    def replace(self, net: int, literal: int) -> None:
        """Let all who read a net read a literal in its place, which must not depend on it."""
        source, inverse = literal >> 1, literal & 1
        self._revive(source)
        self._count(net, -1)
        self._count(source, -1)
        for side in (0, 1):
            self.votes[2 * source + (side ^ inverse)] += self.votes[2 * net + side]
            self.votes[2 * net + side] = 0
        self._count(source, 1)
        readers, self.readers[net] = sorted(self.readers[net]), set()
        for node in readers:
            self._rewire(node, net, source, bool(inverse))
        for node in readers:
            self._recompute(self.first_node + node)
        self._set_totals()
        self._bury(net)

    def deaths(self, net: int, kept: int = 0) -> int:
        """Count the nodes that die where nothing reads a net any more, its own among them, and
        another net is kept.
        """
        lost: dict[int, set[int]] = {}
        stack, count = [net], 0
        while stack:
            node = stack.pop() - self.first_node
            if node < 0:
                continue
            count += 1
            for pin in set(self.pins[node]) - {kept}:
                gone = lost.setdefault(pin, set())
                gone.add(node)
                # All readers of the pin are dead, and no vote counts it: it dies, too.
                if gone == self.readers[pin] and not self.votes[2 * pin : 2 * pin + 2].any():
                    stack.append(pin)
        return count

    def classifier(self) -> Classifier:
        """Return what was made, dead nodes among it, and inverters where votes need them."""
        builder = Builder(self.first_node - FIRST_INPUT)
        for pins, table in zip(self.pins, self.tables.tolist(), strict=True):
            builder.node(table & ((1 << (1 << len(pins))) - 1), [2 * pin or ZERO for pin in pins])
        literals, classes = np.nonzero(self.votes)
        counts = self.votes[literals, classes]
        literals = np.choose(np.minimum(literals, 4), [0, 2, 2, 0, literals])  # inverse constants
        netlist = builder.netlist(np.repeat(literals, counts).tolist())
        group = np.repeat(classes, counts).astype(np.int32)
        return replace(self._classifier, netlist=netlist, group=group, convolution=None)

    def _count(self, net: int, sign: int) -> None:
        """Add a net's votes to the scores, or take them off."""
        for literal in (2 * net, 2 * net + 1):
            for number in np.flatnonzero(self.votes[literal]).tolist():
                weight = sign * int(self.votes[literal, number])
                self.scores[number] += weight * (self.bits(net) ^ bool(literal & 1))

    def _rewire(self, node: int, net: int, source: int, inverse: bool) -> None:
        """Let a node read a literal in the place of a net."""
        for position, pin in enumerate(self.pins[node]):
            if pin == net:
                self.pins[node][position] = source
                if inverse:
                    self.tables[node] = flipped(self.tables[node : node + 1], position)[0]
        self.readers[source].add(node)

    def _set_totals(self) -> None:
        self._total = np.maximum(self._power[self.scores].sum(axis=0), SMALLEST)

    def _recompute(self, net: int) -> None:
        """Evaluate a node and what is above it, and move the scores."""
        changed = self._cone(net, self._evaluated(net - self.first_node, {}))
        for number in self._classes_of(changed):
            self.scores[number] += self._score_change(changed, number)
        for other, words in changed.items():
            self.values[other] = words
        self._set_totals()

    def _cone(self, net: int, words: Words) -> dict[int, Words]:
        """Return the new values of the nets that change where one becomes other words."""
        changed = {net: words} if (words != self.values[net]).any() else {}
        waiting = sorted(self.readers[net]) if changed else []
        seen = set(waiting)
        while waiting:
            node = heapq.heappop(waiting)
            # Nodes come in topological order (a heap of their numbers), so that all it reads is
            # final.
            found = self._evaluated(node, changed)
            above = self.first_node + node
            if (found != self.values[above]).any():
                changed[above] = found
                for reader in self.readers[above] - seen:
                    seen.add(reader)
                    heapq.heappush(waiting, reader)
        return changed

    def _evaluated(self, node: int, changed: dict[int, Words]) -> Words:
        inputs = [changed.get(pin, self.values[pin]) for pin in self.pins[node]]
        table = int(self.tables[node])
        masks = [table >> entry & 1 for entry in range(1 << len(inputs))]

        def constant(mask: int) -> Words:
            return np.full(self.values.shape[1], ALL_ONES if mask else 0, np.uint64)

        return np.asarray(compose(masks, inputs, 1, constant))

    def _classes_of(self, changed: dict[int, Words]) -> list[int]:
        nets = np.array(list(changed), np.int64)
        votes = self.votes[2 * nets] - self.votes[2 * nets + 1] if len(nets) else np.zeros((0, 1))
        return np.flatnonzero(votes.any(axis=0)).tolist()

    def _score_change(self, changed: dict[int, Words], number: int) -> NDArray[np.int64]:
        delta = np.zeros(self.samples, np.int64)
        for net, words in changed.items():
            weight = int(self.votes[2 * net, number] - self.votes[2 * net + 1, number])
            if weight:
                delta += weight * self._unpacked(words)
                delta -= weight * self.bits(net)
        return delta

    def _bury(self, net: int) -> None:
        """Take a dead node from the readers of what it read, and those that die with it."""
        node = net - self.first_node
        if node < 0 or self.is_alive(node):
            return
        for pin in set(self.pins[node]):
            self.readers[pin].discard(node)
            self._bury(pin)

    def _revive(self, net: int) -> None:
        """Let a node that was dead follow what it reads again."""
        node = net - self.first_node
        if node < 0 or all(node in self.readers[pin] for pin in self.pins[node]):
            return
        for pin in set(self.pins[node]):
            self._revive(pin)
            self.readers[pin].add(node)
        self.values[net] = self._evaluated(node, {})

    def _unpacked(self, words: Words) -> NDArray[np.bool_]:
        octets = words.view(np.uint8)
        return np.unpackbits(octets, count=self.samples, bitorder="little").view(np.bool_)


def _values(netlist: Netlist, bits: NDArray[np.bool_]) -> Words:
    """Return uint64[nets, words], what every net is."""
    everything = replace(netlist, outputs=np.arange(netlist.num_nets, dtype=np.int32))
    return evaluate_words(everything, pack_samples(bits))
