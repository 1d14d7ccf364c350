"""A streaming core under symbols: frames go through it, and what must be equal is noted."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lgn_hw.circuit.heads.adders import AdderTree
from lgn_hw.circuit.votes import Votes
from lgn_hw.classifier import Classifier
from lgn_hw.convolution import Convolution
from lgn_hw.errors import CheckFailed
from lgn_hw.netlist import FIRST_INPUT
from lgn_hw.prove.graph import Graph
from lgn_hw.prove.stream_stages import Stages
from lgn_hw.prove.stream_starts import Between
from lgn_hw.prove.symbolic import SymbolicDesign
from lgn_hw.prove.tournament import Tournament

__all__ = ["Pair", "StreamPlay"]

ENOUGH = 6  # frames' worth of cycles in which a result must come
VOTES = "every vote is the netlist's"


@dataclass
class Pair:
    """What must be equal: a claim, and in parts the literals that the core has and the right ones.

    stops: variables over which both may be equal already, whatever these depend on.
    """

    what: str
    parts: list[list[tuple[int, int]]] = field(default_factory=list)
    stops: frozenset[int] = frozenset()


class StreamPlay:
    """One core under symbols, and what its frame must be equal to.

    ends: what is known where the next frame may begin: right behind it, and at rest.
    """

    def __init__(
        self, classifier: Classifier, section: Convolution, module: dict[str, Any], score_bits: int
    ) -> None:
        self.section, self.classes, self.score_bits = section, classifier.num_classes, score_bits
        self.graph = Graph()
        self.design = SymbolicDesign(module, self.graph)
        self.outputs_of_registers = self.design.outputs_of_registers
        self.codes = len(self.design.nets("i_pixel__payload")) - 1
        self.pixels = section.shape[1] * section.shape[2]
        self.stages = Stages(self.design, section, classifier.features)
        self.per_position = section.tail is None
        self.positions = section.shapes[-1][1] * section.shapes[-1][2] if self.per_position else 1
        self.updates_of_frame = self.positions
        self.entry = "tally.i_pixel" if self.per_position else "popcount.i_words"
        self.counted = "tally.counts.o_words" if self.per_position else "argmax.i_words"
        self.order = np.argsort(section.group, kind="stable").tolist()
        self.head = _plain_head(section, self.classes)
        self.tournament = Tournament([(1 << score_bits) - 1] * self.classes, score_bits)
        self.pairs: list[Pair] = []
        self.follows = False
        self.votes = self.updates = self.results = 0
        self.ends: tuple[Between, Between]
        self.found: list[list[int]] = []  # the votes of each position, and symbols in their place
        self.cut: list[list[int]] = []
        self.scores: list[list[int]] = []  # symbols in the place of scores, update by update

    def resting(self) -> Between:
        """Reset a core in any state, and return what is known when it has come to rest."""
        self._step(reset=1)
        return self._rest(0)

    def send(self, before: Between | None) -> None:
        """Send a frame to a core of which no more is known than this, from the next cycle on.

        before: None resets a core in any state.
        """
        if before is None:
            self._step(reset=1)
        else:
            self.design.forget(before.control)
            owed = (before.votes, before.updates, before.results)
            self.votes, self.updates, self.results = (-number for number in owed)
            self.stages.go_on(before.taken)
        self._prove_frame()

    def lasting(self, rest: Between) -> Between:
        """Return what of a core at rest stays known for any number of cycles without a pixel."""
        kept = rest.control
        while True:
            self.design.forget(kept)
            self._step()
            left = dict(kept.items() & self.design.control().items())
            if left == kept:
                return replace(rest, control=kept)
            kept = left

    def _prove_frame(self) -> None:
        """Send a frame, wait for its result, and note what must be equal.

        What comes behind it is played twice: pixels of further frames, and nothing.
        """
        self.follows = True
        frame = self._pixels()
        self.stages.begin(frame)
        self.pairs = [Pair(VOTES, stops=self.stages.tail_reads)]
        self._send(frame)
        behind, state, stages = self._between(1), self.design.state(), self.stages.left(0)
        votes, updates, results = self.votes, self.updates, self.results
        found, scores = len(self.found), len(self.scores)
        self._finish(further=True)
        self.votes, self.updates, self.results = votes, updates, results
        del self.found[found:], self.cut[found:], self.scores[scores:]
        self.design.go_back(state)
        self.stages.go_on(stages)
        self._finish(further=False)
        self.follows = False
        self.ends = (behind, self._rest(1))

    def _finish(self, *, further: bool) -> None:
        """Wait for the frame's result, while pixels of further frames come or none does."""
        place = 0
        for _ in range(ENOUGH * (self.pixels + 64)):
            if self.results > 0:
                break
            pixel = self.graph.symbols(self.codes) if further else None
            place = (place + self._step(pixel, place == self.pixels - 1)) % self.pixels
        else:
            raise CheckFailed("a frame has no result")
        found = [vote for position in self.found for vote in position]
        self._owe(VOTES, found, self._right_votes())

    def _rest(self, frames: int) -> Between:
        """Wait until nothing moves any more, so many frames having been sent."""
        still = 0
        before = self.design.control()
        for _ in range(ENOUGH * (self.pixels + 64)):
            self._step()
            after = self.design.control()
            still = still + 1 if after == before else 0
            if still > 2:
                return self._between(frames)
            before = after
        raise CheckFailed("the control does not come to rest without pixels")

    def _between(self, frames: int) -> Between:
        return Between(
            self.design.control(),
            frames * self.positions - self.votes,
            frames * self.updates_of_frame - self.updates,
            frames - self.results,
            self.stages.left(frames),
        )

    def _pixels(self) -> list[list[int]]:
        return [self.graph.symbols(self.codes) for _ in range(self.pixels)]

    def _send(self, frame: list[list[int]]) -> None:
        """Offer the pixels of a frame, one in every cycle in which the core takes one."""
        for number, pixel in enumerate(frame):
            for _ in range(ENOUGH * (self.pixels + 64)):
                if self._step(pixel, number == self.pixels - 1):
                    break
            else:
                raise CheckFailed(f"pixel {number} of a frame is not taken")

    def _step(self, pixel: list[int] | None = None, last: bool = False, reset: int = 0) -> bool:
        """Play a cycle; return whether the pixel that was offered was taken."""
        if self.follows:
            self.stages.substitute()
            self._cut_votes()
            self._cut_scores()
        codes = self.graph.symbols(self.codes) if pixel is None else pixel
        self.design.settle(
            i_pixel__valid=int(pixel is not None),
            i_pixel__payload=[*codes, int(last)],
            o_result__ready=1,
            rst=reset,
        )
        taken = pixel is not None and bool(self._bit("i_pixel__ready"))
        if not reset:
            self.votes += self._moves(self.entry)
            self.updates += self._moves(self.counted)
            self._look_at_result()
            self.stages.observe()
        self.design.clock()
        return taken

    def _bit(self, name: str) -> int:
        """Return a bit of the control; raises CheckFailed where it depends on data."""
        [literal] = self.design.read(name)
        if literal > 1:
            raise CheckFailed(f"{name} depends on data")
        return literal

    def _moves(self, stream: str) -> int:
        return self._bit(f"{stream}__valid") & self._bit(f"{stream}__ready")

    def _symbols_for(self, nets: list[int]) -> list[int]:
        """Put symbols in the place of what registers hold; constants stay."""
        value, instead = self.design.value, {}
        for net in nets:
            if value[net] > 1 and net not in instead:
                if net not in self.outputs_of_registers:
                    raise CheckFailed(f"{self.entry} and the scores must come from registers")
                instead[net] = self.graph.symbol()
        for net, symbol in instead.items():
            value[net] = symbol
        return [value[net] for net in nets]

    def _cut_votes(self) -> None:
        """Take down the votes of the position that waits, and go on with symbols for them."""
        waits = self.design.read(f"{self.entry}__valid")[0]
        if not waits or self.votes != len(self.found) or self.votes == self.positions:
            return
        nets = self.design.nets(f"{self.entry}__payload")
        self.found.append([self.design.value[net] for net in nets])
        self.cut.append(self._symbols_for(nets))

    def _cut_scores(self) -> None:
        """Take down scores that were updated, compare them, and go on with symbols for them."""
        if len(self.scores) == self.updates_of_frame:
            return
        if self.per_position and self.updates != len(self.scores) + 1:
            return
        waits = self.design.read("argmax.i_words__valid")[0]
        if not self.per_position and (self.updates != len(self.scores) or not waits):
            return
        nets = self.design.nets("argmax.i_words__payload")
        found = [self.design.value[net] for net in nets]
        if self.per_position:
            before = self.scores[-1] if self.scores else [0] * len(nets)
            votes = self.cut[len(self.scores)]
            right = self._counted(before, [votes[kernel] for kernel in self.order])
        else:
            right = self.graph.add(self.head.netlist(), self.cut[0])
        self._owe("scores are the sums of votes", found, right)
        self.scores.append(self._symbols_for(nets))

    def _counted(self, before: list[int], votes: list[int]) -> list[int]:
        """Add the counts of a position's votes, class 0 first, to scores, from bit to bit."""
        counts, width = self.graph.add(self.head.netlist(), votes), self.head.width
        scores: list[int] = []
        for number in range(self.classes):
            carry = 0
            for bit in range(self.score_bits):
                a = before[number * self.score_bits + bit]
                b = counts[number * width + bit] if bit < width else 0
                total, carry = self.graph.full_adder(a, b, carry)
                scores.append(total)
        return scores

    def _look_at_result(self) -> None:
        """Compare a result with the tournament of the last scores."""
        if not self._moves("o_result"):
            return
        self.results += 1
        if not self.follows or self.results != 1:
            return
        *found, error = self.design.read("o_result__payload")
        if error != 0:
            raise CheckFailed("a whole frame is told as one of wrong length")
        if len(self.scores) != self.updates_of_frame:
            raise CheckFailed("a result comes before its votes are counted")
        carried = len(found) > len(self.scores[-1])
        right = self.graph.add(self.tournament.netlist(scores=carried), self.scores[-1])
        self._owe("the class is the first of the highest scores", found, right)

    def _owe(self, what: str, core: list[int], right: list[int]) -> None:
        pair = next((pair for pair in self.pairs if pair.what == what), None)
        if pair is None:
            self.pairs.append(pair := Pair(what))
        if len(core) != len(right):
            raise CheckFailed(f"{what}: {len(core)} bits, and {len(right)} are right")
        pair.parts.append(list(zip(core, right, strict=True)))

    def _right_votes(self) -> list[int]:
        """Return the netlist's votes for the frame, in the order in which the core counts them."""
        votes = self.stages.votes
        if not self.per_position:
            return [votes[vote] for vote in self.order]
        kernels = len(self.section.group)
        return [
            votes[k * self.positions + p] for p in range(self.positions) for k in range(kernels)
        ]


def _plain_head(section: Convolution, classes: int) -> AdderTree:
    """Return the adders of a tail's votes, class by class."""
    group = np.sort(section.group)
    weight = (np.arange(classes) == group[:, None]).astype(np.int32)
    nets = np.arange(FIRST_INPUT, FIRST_INPUT + len(group), dtype=np.int32)
    return AdderTree(Votes(nets, weight, np.zeros(classes, np.int64)))
