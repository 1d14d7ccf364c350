"""The levels of a core's datapath: what each costs in time, and what a register after it holds."""

from dataclasses import dataclass, replace

import numpy as np

from lgn_hw.circuit.argmax import class_width
from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.heads.adders import AdderLayout
from lgn_hw.circuit.heads.head import score_width
from lgn_hw.circuit.heads.layout import Layout
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.classifier import Classifier
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
    classifier: Classifier, options: CoreOptions | None = None
) -> tuple[Level, ...]:
    """Return the levels of a classifier's core (see hdl.core), from the sample to the result.

    Levels are in the order of the blocks encoder, logic, popcount, argmax, and numbered from 1 in
    each. Raises as Circuit.of does.
    """
    options = options or CoreOptions()
    if options.lut_size is not None:
        circuit = Circuit.of(classifier, options)
        # A head with a layout is not what its netlist says: its adders are carry chains, of which
        # it knows the cost.
        levels = {name: _of_luts(name, part) for name, part in circuit.parts.items()}
        layout = circuit.head.layout()
        if layout is not None:
            levels["popcount"] = _laid_out(layout)
        return tuple(level for found in levels.values() for level in found)
    return (
        _encoder(classifier),
        *_netlist("logic", Schedule(classifier.netlist, 0).netlist),
        *_laid_out(AdderLayout(classifier.group_sizes)),
        *_argmax(classifier, options.scores),
    )


def _encoder(classifier: Classifier) -> Level:
    """Return the one level of comparators, a register for each different threshold."""
    encoder, used = classifier.encoder, inputs_read(classifier.netlist)
    different = {(int(encoder.feature[bit]), int(encoder.threshold[bit])) for bit in used}
    # A comparison with a constant of up to four bits is one LUT4; wider ones take a second in a
    # row.
    width = max((int(encoder.features.width[f]) for f, _ in different), default=1)
    return Level("encoder", 1, 1 if width <= 4 else 2, 0, len(different), must=True)


def _of_luts(name: str, part: Netlist) -> list[Level]:
    """Return the levels of a part that is a netlist; registers must end the encoder and argmax."""
    levels = _netlist(name, Schedule(part, 0).netlist)
    if name != "logic":
        # Synthesis maps these nodes again and finds about half as many in a row; the gates it
        # leaves.
        levels = [replace(level, luts=REMAPPED * level.luts) for level in levels]
    return [*levels[:-1], replace(levels[-1], must=name in ("encoder", "argmax"))]


def _laid_out(layout: Layout) -> list[Level]:
    """Return the levels of a popcount that is written in words."""
    return [Level("popcount", number, *cost) for number, cost in enumerate(layout.levels(), 1)]


def _netlist(block: str, netlist: Netlist) -> list[Level]:
    """Return the levels of a netlist; a level costs what its slowest node does."""
    level, first, depth = netlist.level, netlist.first_node, netlist.depth
    # The last level that reads each net; outputs are read behind all levels.
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
            # What arose until this level and is read behind it. A netlist without nodes counts as
            # one level, whose registers hold its inputs, of level 0.
            int(((level <= number - (depth == 0)) & (last_read > number - (depth == 0))).sum()),
        )
        for number in range(1, max(1, depth) + 1)
    ]


def _argmax(classifier: Classifier, scores: bool) -> list[Level]:
    """A level is a comparison by carry chain and a choice; scores go along to the end."""
    classes, width = classifier.num_classes, score_width(classifier.group_sizes)
    levels: list[Level] = []
    candidates = classes
    while candidates > 1:
        candidates = -(-candidates // 2)
        # A candidate is a score and the number of its class.
        bits = candidates * (width + class_width(classes)) + (classes * width if scores else 0)
        levels.append(Level("argmax", len(levels) + 1, 2, width, bits))
    # Of the winner only the class is kept.
    kept = class_width(classes) + classes * width * scores
    return [*levels[:-1], replace(levels[-1], bits=kept, must=True)]
