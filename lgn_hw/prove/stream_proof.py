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

import numpy as np

from lgn_hw.classifier import Classifier
from lgn_hw.errors import CheckFailed, ToolTimeout
from lgn_hw.prove.cec import DEFAULT_TIMEOUT_S, check_equal
from lgn_hw.prove.counting import counting_fault
from lgn_hw.prove.equivalence import Claim, Proof
from lgn_hw.prove.stream_play import StreamPlay
from lgn_hw.prove.stream_stages import same_over
from lgn_hw.prove.stream_starts import Between, Starts
from lgn_hw.prove.symbolic import read_design
from lgn_hw.prove.watch import Watch

__all__ = ["form_claim", "prove_stream"]


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
    watch.report("reading the Verilog")
    try:
        module = read_design(verilog, top, watch.allowed(86_400))
        claims = [*form_claim(classifier, timeout_s, watch).claims]

        def played(name: str, before: Between | None = None) -> StreamPlay:
            watch.report(f"playing a frame {name}")
            play = StreamPlay(classifier, section, module, score_bits)
            play.send(before)
            claims.extend(_decided(play, name, timeout_s, watch))
            return play

        def lasting(rest: Between) -> Between:
            return StreamPlay(classifier, section, module, score_bits).lasting(rest)

        rest = StreamPlay(classifier, section, module, score_bits).resting()
        play = played("after a reset")
        behind, rested = play.ends
        starts = Starts(lasting(rest.common(rested)), behind)
        while (found := starts.next()) is not None:
            play = played(*found)
            behind, rested = play.ends
            starts.add(behind, rested if starts.cover(rested) else lasting(rested))
        claims += _sound(play)
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
    what, method = "every match keeps the first of the highest scores", "all nodes of each match"
    faults = [(what, method, play.tournament.fault())]
    if play.head is not None:
        what, method = "counters keep every class's sum", "all inputs of each counter"
        faults.append((what, method, counting_fault(play.head)))
    return [Claim(w, m, "different" if fault else "equal", fault) for w, m, fault in faults]


def _decided(play: StreamPlay, name: str, timeout_s: float, watch: Watch) -> list[Claim]:
    """Decide what one frame owes."""
    claims, graph = [], play.graph
    for pair in play.pairs:
        what = f"{pair.what}, in a frame {name}"
        bits = dict.fromkeys(zip(pair.core, pair.right, strict=True))
        open_ = [(a, b) for a, b in bits if a != b]
        if not open_:
            claims.append(Claim(what, "structure", "equal"))
            continue
        left = [(a, b) for a, b in open_ if not same_over(graph, a, b, pair.stops)]
        detail = f"{len(left)} of {len(bits)} bits by SAT, the others by structure"
        if not left:
            claims.append(Claim(what, "truth tables", "equal"))
            continue
        core, right = ([p[side] for p in left] for side in (0, 1))
        # Over the bits that dense layers read, a difference says nothing: they are not free.
        for stops in (pair.stops, frozenset[int]()) if pair.stops else (frozenset[int](),):
            a, b = graph.functions([core, right], stops)
            [verdict] = check_equal([(a, b)], timeout_s=timeout_s, watch=watch)
            if verdict.status == "equal":
                break
        claims.append(Claim(what, "SAT", verdict.status, detail))
    return claims
