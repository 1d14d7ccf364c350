"""Follow a frame through the stages of a streaming core, and name what is equal on the way.

What a stage gives at a position is a small function of what the stage before it gave: of a pixel's
code, of the leaves of a tree, of the positions of a pool. So it is compared with the value of the
netlist there by truth tables, and where it is that value, the literal of the netlist takes its
place. The next stage then reads the same literals as the netlist does, and mostly nothing is left
for SAT. What cannot be shown so stays as it is.
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lgn_hw.convolution import Convolution, or_pooled
from lgn_hw.features import Features
from lgn_hw.netlist import FIRST_INPUT
from lgn_hw.netlist.node_builder import Nets, NodeBuilder
from lgn_hw.prove.graph import Graph
from lgn_hw.prove.reference import encoder_reference
from lgn_hw.prove.symbolic import SymbolicDesign

__all__ = ["Stages", "same_over"]

LEAVES = 16  # of a truth table
ROUNDS = 4
Lowering = Callable[[NodeBuilder, Nets], Nets]


@dataclass
class _Stage:
    """One stage: the wire of its registers, its stream, and what it is to give by position.

    stops: the variables of what the stage before it is to give; its own values are functions of
    these.
    """

    payload: str
    stream: str
    positions: int
    taken: int = 0
    right: list[list[int]] = field(default_factory=list)
    stops: set[int] = field(default_factory=set)


class Stages:
    """The stages in front of the counters, from the encoder's bits on.

    votes: the literals of the netlist's outputs for the frame that began. tail_reads: the
    variables of the last maps, where dense layers read them.
    """

    def __init__(self, design: SymbolicDesign, section: Convolution, features: Features) -> None:
        self.design, self.section, self.features = design, section, features
        self.registers = design.outputs_of_registers
        pixels = section.shape[1] * section.shape[2]
        self.stages = [_Stage("framer.bits", "framer.o_planes", pixels)]
        for number, (layer, shape) in enumerate(zip(section.layers, section.shapes, strict=False)):
            high, wide = layer.positions(*shape[1:])
            self._add(f"kernels{number}.o_words", high * wide)
            if layer.pool > 1:
                self._add(f"pool{number}.o_pixel", high * wide // layer.pool**2)
        self.votes: list[int] = []
        self.tail_reads: frozenset[int] = frozenset()

    def go_on(self, taken: Sequence[int]) -> None:
        """Set where each stage stands: how many positions it gave, below 0 of earlier frames."""
        for stage, number in zip(self.stages, taken, strict=True):
            stage.taken = number

    def left(self, frames: int) -> tuple[int, ...]:
        """Return where each stage stands for the frame that comes behind so many."""
        return tuple(stage.taken - frames * stage.positions for stage in self.stages)

    def begin(self, frame: list[list[int]]) -> None:
        """Compute what the stages are to give for a frame."""
        maps, last = self._maps(self._planes(frame))
        stops: set[int] = set()
        for stage, literals in zip(self.stages, maps, strict=True):
            stage.right, stage.stops = literals.T.tolist(), stops
            stops = {literal >> 1 for literal in literals.reshape(-1).tolist()}
        tail, flat = self.section.tail, last.reshape(-1).tolist()
        self.votes = flat if tail is None else self.design.graph.add(tail, flat)
        self.tail_reads = frozenset() if tail is None else frozenset(bit >> 1 for bit in flat)

    def substitute(self) -> None:
        """Put the netlist's literals in the place of those that are shown to be equal."""
        value, graph = self.design.value, self.design.graph
        for stage in self.stages:
            waits = self.design.read(f"{stage.stream}__valid")[0] == 1
            known = self.design.has(stage.payload)  # nobody reads the bits of a constant net
            if known and waits and 0 <= stage.taken < len(stage.right):
                nets = self.design.nets(stage.payload)
                for net, right in zip(nets, stage.right[stage.taken], strict=True):
                    # A register's constant too: at the border the core's kernel may fold to one
                    # and the netlist's not, and the next stage is to read the same of both.
                    free = value[net] > 1 or net in self.registers
                    if free and same_over(graph, value[net], right, stage.stops):
                        value[net] = right

    def observe(self) -> None:
        """Count what is taken from each stage in this cycle."""
        for stage in self.stages:
            valid, ready = (self.design.read(f"{stage.stream}__{n}")[0] for n in ("valid", "ready"))
            stage.taken += valid == 1 == ready

    def _add(self, stream: str, positions: int) -> None:
        self.stages.append(_Stage(f"{stream}__payload", stream, positions))

    def _planes(self, frame: list[list[int]]) -> NDArray[np.int64]:
        """Return int64[planes, rows, columns], the bits of all places, missing ones too."""
        bits, start, pixels = [], 0, len(frame)
        for width in self.features.width[::pixels].tolist():
            bits += [literal for pixel in frame for literal in pixel[start : start + width]]
            start += width
        nowhere = np.zeros(0, np.int64)
        encoder = replace(self.section, missing=nowhere).encoder(self.features)
        found = np.array(self.design.graph.add(encoder_reference(encoder), bits), np.int64)
        return found.reshape(pixels, -1).T.reshape(self.section.shapes[0])

    def _maps(self, planes: NDArray[np.int64]) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
        """Return int64[channels, positions] of each stage, and the last maps."""
        maps, values = [planes.reshape(len(planes), -1)], planes.copy()
        values.reshape(-1)[self.section.missing] = 0
        for layer in self.section.layers:
            values = self._computed(values, replace(layer, pool=1).lower)
            maps.append(values.reshape(len(values), -1))
            if layer.pool > 1:
                size = layer.pool
                values = self._computed(values, lambda b, nets, n=size: or_pooled(b, nets, n))  # type: ignore[misc]
                maps.append(values.reshape(len(values), -1))
        return maps, values

    def _computed(self, values: NDArray[np.int64], lower: Lowering) -> NDArray[np.int64]:
        """Return the literals of what a layer gives for literals."""
        builder = NodeBuilder(values.size)
        inputs = np.arange(FIRST_INPUT, FIRST_INPUT + values.size, dtype=np.int32)
        nets = lower(builder, inputs.reshape(values.shape))
        netlist = builder.netlist(nets.reshape(-1))
        found = self.design.graph.add(netlist, values.reshape(-1).tolist())
        return np.array(found, np.int64).reshape(nets.shape)


def same_over(graph: Graph, a: int, b: int, stops: Set[int]) -> bool:
    """Say whether two literals are one function of variables to stop at, and of symbols.

    Where only one of them reads a variable to stop at, as two values may be one by chance, that one
    is gone through. False where they differ, or depend on more than LEAVES of these.
    """
    if a == b:
        return True
    for _ in range(ROUNDS):
        sides = [_cone(graph, literal >> 1, stops) for literal in (a, b)]
        leaves = sorted({*sides[0][1], *sides[1][1]})
        if len(leaves) > LEAVES:
            return False
        order = sorted({*sides[0][0], *sides[1][0]})
        if _value(graph, a, order, leaves) == _value(graph, b, order, leaves):
            return True
        odd = {v for v in {*sides[0][1]} ^ {*sides[1][1]} if v in stops and graph.ands[v]}
        if not odd:
            return False
        stops = stops - odd
    return False


def _cone(graph: Graph, root: int, stops: Set[int]) -> tuple[set[int], set[int]]:
    """Return the ANDs that a variable depends on, and the leaves; few where these are too many."""
    inner, leaves, front = set[int](), set[int](), [root]
    while front and len(leaves) <= LEAVES:
        variable = front.pop()
        if not variable or variable in inner or variable in leaves:
            continue
        pair = None if variable in stops else graph.ands[variable]
        if pair is None:
            leaves.add(variable)
        else:
            inner.add(variable)
            front += [pair[0] >> 1, pair[1] >> 1]
    return inner, leaves


def _value(graph: Graph, literal: int, order: Sequence[int], leaves: Sequence[int]) -> int:
    """Return a literal's truth table; ANDs are numbered after what they read."""
    tables = dict(zip(leaves, _inputs_of(len(leaves)), strict=True)) | {0: 0}
    ones = (1 << (1 << len(leaves))) - 1
    for variable in order:
        pair = graph.ands[variable]
        assert pair is not None
        x, y = (tables[lit >> 1] ^ (ones if lit & 1 else 0) for lit in pair)
        tables[variable] = x & y
    return tables[literal >> 1] ^ (ones if literal & 1 else 0)


@cache
def _inputs_of(count: int) -> tuple[int, ...]:
    """Return the truth tables of the inputs of a function of so many."""
    size = 1 << count
    return tuple(
        sum(((1 << (1 << pin)) - 1) << start for start in range(1 << pin, size, 2 << pin))
        for pin in range(count)
    )
