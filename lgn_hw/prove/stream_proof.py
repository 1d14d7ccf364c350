"""Prove a streaming core: a frame of it, played with symbols for pixels, is the flat netlist.

The Verilog is played cycle by cycle (see prove.symbolic). Its control is known after a reset, and
every pixel, and whatever the registers and lines held before, is a symbol. So each vote that
reaches the counters is a function of the pixels, which is compared with the netlist's: stage by
stage (see prove.stream_stages), and by SAT where that does not reach. Where
votes enter the counters, and scores the comparison, new symbols take their place once they are
shown to be right: the counting is proven step by step, and the comparison for all scores.

Frames are shown from every state in which one can begin, with anything in registers and lines: one
right after a reset in any state; one from the state in which the core rests; and one right behind
another, from each state of the control that any of these ends in. These are mostly three; where
frames are so small that several are under way, there are a few more. What follows a frame is
played twice: further frames right behind it, and nothing until the core rests. Pauses within a
frame are left to simulation.
"""

from collections.abc import Set
from typing import Final

import numpy as np

from lgn_hw.classifier import Classifier
from lgn_hw.errors import CheckFailed, ToolTimeout
from lgn_hw.netlist.aig import Aig
from lgn_hw.prove.cec import DEFAULT_TIMEOUT_S, Status, check_equal
from lgn_hw.prove.counting import counting_fault
from lgn_hw.prove.equivalence import Claim, Proof
from lgn_hw.prove.graph import Graph
from lgn_hw.prove.stream_play import Pair, StreamPlay
from lgn_hw.prove.stream_stages import same_over
from lgn_hw.prove.stream_starts import Between, Starts
from lgn_hw.prove.symbolic_verilog import read_design
from lgn_hw.prove.watch import Watch

__all__ = ["form_claim", "prove_stream"]

ORDER: Final[tuple[Status, ...]] = ("different", "undecided", "equal")


def prove_stream(
    classifier: Classifier,
    verilog: str,
    top: str,
    score_bits: int,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    watch: Watch | None = None,
) -> Proof:
    """Prove that a streaming core's Verilog is the classifier; see the head of this file.

    top, score_bits: as its header says. Raises ToolNotFound or ToolError where yosys is missing or
    fails.
    """
    watch = watch or Watch()
    section = classifier.convolution
    assert section is not None, "who emits a streaming core has the form"
    decisions = _Decisions(timeout_s, watch)
    watch.report("reading the Verilog")
    try:
        module = read_design(verilog, top, watch.allowed(86_400))
        claims = [*form_claim(classifier, timeout_s, watch).claims]

        def played(name: str, before: Between | None = None) -> tuple[Between, Between]:
            watch.report(f"playing a frame {name}")
            play = StreamPlay(classifier, section, module, score_bits)
            play.send(before)
            claims.extend(decisions.claims(play, name))
            return play.ends  # and not the play, whose graph may be of gigabytes

        def lasting(rest: Between) -> Between:
            return StreamPlay(classifier, section, module, score_bits).lasting(rest)

        first = StreamPlay(classifier, section, module, score_bits)
        sound, rest = _sound(first), first.resting()
        behind, rested = played("after a reset")
        starts = Starts(lasting(rest.common(rested)), behind)
        while (found := starts.next()) is not None:
            behind, rested = played(*found)
            starts.add(behind, rested if starts.cover(rested) else lasting(rested))
        claims += sound
    except CheckFailed as problem:
        return Proof(
            (Claim("the control of the core is known", "structure", "different", str(problem)),)
        )
    except ToolTimeout:
        return Proof(
            (Claim("the Verilog is read", "yosys", "undecided", "allow more with --limit"),)
        )
    return Proof(tuple(claims))


def form_claim(
    classifier: Classifier, timeout_s: float = DEFAULT_TIMEOUT_S, watch: Watch | None = None
) -> Proof:
    """Prove that the convolutional form, at every position, is the netlist."""
    section = classifier.convolution
    assert section is not None
    what = "the convolutional form is the netlist"
    flat, own, same = section.expand(classifier.encoder), classifier.netlist, np.array_equal
    if not same(section.vote_group, classifier.group):
        detail = "its votes are for other classes; prove the classifier that it was optimised from"
        return Proof((Claim(what, "SAT", "undecided", detail),))
    if all(same(getattr(flat, n), getattr(own, n)) for n in ("fanin", "table", "outputs")):
        return Proof((Claim(what, "node for node", "equal"),))
    [verdict] = check_equal([(flat, own)], timeout_s=timeout_s, watch=watch)
    return Proof((Claim(what, "SAT", verdict.status),))


def _sound(play: StreamPlay) -> list[Claim]:
    """Show of what scores and classes were compared with that it counts and ranks."""
    faults = [
        (
            "every match keeps the first of the highest scores",
            "all nodes of each match",
            play.tournament.fault(),
        ),
        (
            "counters keep every class's sum",
            "all inputs of each counter",
            counting_fault(play.head),
        ),
    ]
    return [Claim(w, m, "different" if fault else "equal", fault) for w, m, fault in faults]


class _Decisions:
    """Decide what frames owe, and each function once.

    A class's sum is the same function at every position, and in every frame: of other symbols.
    """

    def __init__(self, timeout_s: float, watch: Watch) -> None:
        self.timeout_s, self.watch = timeout_s, watch
        self.known: dict[tuple[bytes, ...], Status] = {}

    def claims(self, play: StreamPlay, name: str) -> list[Claim]:
        """Decide what one frame owes."""
        return [
            Claim(f"{pair.what}, in a frame {name}", *self._decided(play.graph, pair))
            for pair in play.pairs
        ]

    def _decided(self, graph: Graph, pair: Pair) -> tuple[str, Status, str]:
        """Return the method, the verdict, and what is to be told of both."""
        parts = [[(a, b) for a, b in dict.fromkeys(part) if a != b] for part in pair.parts]
        if not any(parts):
            return "structure", "equal", ""
        bits = len(dict.fromkeys(bit for part in pair.parts for bit in part))
        parts = [[ab for ab in part if not same_over(graph, *ab, pair.stops)] for part in parts]
        parts = [part for part in parts if part]
        if not parts:
            return "truth tables", "equal", ""
        left = len(dict.fromkeys(bit for part in parts for bit in part))
        detail = f"{left} of {bits} bits by SAT, the others by structure"
        verdicts = self._solved(graph, parts, pair.stops)
        if pair.stops:
            # Over the bits that dense layers read, a difference says nothing: they are not free.
            parts = [p for p, verdict in zip(parts, verdicts, strict=True) if verdict != "equal"]
            verdicts = self._solved(graph, parts, frozenset())
        worst: Status = min(verdicts, key=ORDER.index, default="equal")
        return "SAT", worst, detail

    def _solved(
        self, graph: Graph, parts: list[list[tuple[int, int]]], stops: Set[int]
    ) -> list[Status]:
        """Return the verdict of each part by SAT."""
        pairs = [graph.functions(list(zip(*part, strict=True)), stops) for part in parts]
        keys = [_key(*pair) for pair in pairs]
        asked = {key: (a, b) for key, (a, b) in zip(keys, pairs, strict=True)}
        new = {key: ab for key, ab in asked.items() if key not in self.known}
        found = check_equal(list(new.values()), timeout_s=self.timeout_s, watch=self.watch)
        self.known |= {key: verdict.status for key, verdict in zip(new, found, strict=True)}
        return [self.known[key] for key in keys]


def _key(a: Aig, b: Aig) -> tuple[bytes, ...]:
    """Return what tells one pair of functions from another."""
    head = np.array([a.num_inputs, len(a.outputs)])
    return tuple(array.tobytes() for array in (head, a.ands, a.outputs, b.ands, b.outputs))
