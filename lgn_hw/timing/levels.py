"""The levels of a core's datapath: what each costs in time, and what a register after it holds."""

from dataclasses import dataclass, replace

import numpy as np

from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.heads.chains import ChainTally
from lgn_hw.classifier import Classifier
from lgn_hw.hdl.argmax import class_width
from lgn_hw.hdl.chains import ChainPopcount
from lgn_hw.hdl.popcount import score_width
from lgn_hw.hdl.schedule import Schedule
from lgn_hw.netlist import Netlist
from lgn_hw.passes.dead import inputs_read

__all__ = ["Level", "datapath_levels"]

# LUT4 in a row for a node of so many inputs; two levels of two-input nodes share one.
LUTS_OF_ARITY = (0.0, 0.5, 0.5, 1.0, 1.0, 2.0, 2.0)
REMAPPED = 0.5  # of the levels of a head made for LUTs, what synthesis leaves of them in a row


@dataclass(frozen=True)
class Level:
    """One level of a block, from 1.

    luts, carries: LUT4 and bits of carry chain on its slowest path. bits: flip-flops that registers
    after it take. must: whether they must stand there.
    """

    block: str
    number: int
    luts: float
    carries: int
    bits: int
    must: bool = False


def datapath_levels(
    classifier: Classifier,
    *,
    scores: bool = False,
    lut_size: int | None = None,
    chains: bool = False,
) -> tuple[Level, ...]:
    """Return the levels of a classifier's core (see hdl.core), from the sample to the result."""
    if lut_size is not None:
        circuit = Circuit.of(classifier, lut_size=lut_size, scores=scores, chains=chains)
        levels = {name: _of_luts(name, part) for name, part in circuit.parts.items()}
        tally = circuit.parities.tally
        if isinstance(tally, ChainTally):
            levels["popcount"] = _chains(tally)
        return tuple(level for found in levels.values() for level in found)
    return (
        _encoder(classifier),
        *_netlist("logic", Schedule(classifier.netlist, 0).netlist),
        *_popcount(classifier.group_sizes),
        *_argmax(classifier, scores),
    )


def _encoder(classifier: Classifier) -> Level:
    encoder, used = classifier.encoder, inputs_read(classifier.netlist)
    different = {(int(encoder.feature[bit]), int(encoder.threshold[bit])) for bit in used}
    width = max((int(encoder.features.width[f]) for f, _ in different), default=1)
    return Level("encoder", 1, 1 if width <= 4 else 2, 0, len(different), must=True)


def _of_luts(name: str, part: Netlist) -> list[Level]:
    """Return the levels of a part that is a netlist; registers must end the encoder and argmax."""
    levels = _netlist(name, Schedule(part, 0).netlist)
    if name != "logic":
        levels = [replace(level, luts=REMAPPED * level.luts) for level in levels]
    return [*levels[:-1], replace(levels[-1], must=name in ("encoder", "argmax"))]


def _chains(tally: ChainTally) -> list[Level]:
    """Return the levels of a popcount of adders: a LUT, and as many carries as the longest has."""
    held = ChainPopcount(tally, 0).held
    longest = [max((len(adder.given) for adder in level), default=0) for level in tally.levels]
    return [
        Level("popcount", number, 1, carries, len(held[number]))
        for number, carries in enumerate(longest or [0], 1)
    ]


def _netlist(block: str, netlist: Netlist) -> list[Level]:
    level, first, depth = netlist.level, netlist.first_node, netlist.depth
    last_read = np.zeros(netlist.num_nets, np.int64)
    np.maximum.at(last_read, netlist.fanin.ravel(), np.repeat(level[first:], 6))
    last_read[netlist.outputs] = depth + 1
    last_read[:2] = 0  # constants need no registers
    cost = np.array(LUTS_OF_ARITY)[netlist.arity]
    return [
        Level(
            block,
            number,
            float(cost[level[first:] == number].max(initial=0)),
            0,
            int(((level <= number - (depth == 0)) & (last_read > number - (depth == 0))).sum()),
        )
        for number in range(1, max(1, depth) + 1)
    ]


def _popcount(sizes: tuple[int, ...]) -> list[Level]:
    """Follow the widths of the numbers that Popcount adds."""
    numbers = [[1] * size for size in sizes]
    levels: list[Level] = []
    while not levels or any(len(of_class) > 1 for of_class in numbers):
        step = _triples if not levels else _pairs
        numbers = [
            [min(width, size.bit_length()) for width in step(of_class)]
            for size, of_class in zip(sizes, numbers, strict=True)
        ]
        widest = max((width for of_class in numbers for width in of_class), default=0)
        bits = sum(map(sum, numbers))
        levels.append(Level("popcount", len(levels) + 1, 1, widest if levels else 0, bits))
    return levels


def _triples(widths: list[int]) -> list[int]:
    return [2] * -(-len(widths) // 3)


def _pairs(widths: list[int]) -> list[int]:
    sums = [max(a, b) + 1 for a, b in zip(widths[::2], widths[1::2], strict=False)]
    return sums + widths[2 * len(sums) :]


def _argmax(classifier: Classifier, scores: bool) -> list[Level]:
    """A level is a comparison by carry chain and a choice; scores go along to the end."""
    classes, width = classifier.num_classes, score_width(classifier.group_sizes)
    levels: list[Level] = []
    candidates = classes
    while candidates > 1:
        candidates = -(-candidates // 2)
        bits = candidates * (width + class_width(classes)) + (classes * width if scores else 0)
        levels.append(Level("argmax", len(levels) + 1, 2, width, bits))
    # Of the winner only the class is kept.
    kept = class_width(classes) + classes * width * scores
    return [*levels[:-1], replace(levels[-1], bits=kept, must=True)]
