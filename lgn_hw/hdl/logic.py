"""A netlist as a circuit: per level one wide operation for all nodes that share a table."""

from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from lgn_hw.hdl.block import Block
from lgn_hw.hdl.schedule import Schedule
from lgn_hw.hdl.stages import Cuts
from lgn_hw.hdl.vectors import Vectors
from lgn_hw.netlist import FIRST_INPUT, Netlist
from lgn_hw.passes.order import Group, group_nodes
from lgn_hw.tables import compose

__all__ = ["Logic"]

V = TypeVar("V", bound=Any)


class Logic(Block):
    """Evaluate a netlist for one sample a clock cycle; equal to lgn_hw.evaluate.

    i_bits: the netlist's inputs, input 0 lowest. o_bits: its outputs, output 0 lowest, `latency`
    clock cycles later.

    levels_per_stage: where registers stand (see stages.Stages): after every so many levels and at
    the end, 0 at the end only, a tuple after exactly these levels. Nodes that no output depends on
    are not built.
    """

    def __init__(self, netlist: Netlist, levels_per_stage: Cuts) -> None:
        self._schedule = Schedule(netlist, levels_per_stage)
        self.stages = self._schedule.stages
        self.latency = self.stages.latency
        super().__init__(("i_bits", netlist.num_inputs), {"o_bits": netlist.num_outputs})

    def lay_out(self, vectors: Vectors[V], source: V) -> tuple[V]:
        netlist, stages = self._schedule.netlist, self.stages
        nets = _Nets(netlist.num_nets, vectors)
        nets.place(np.arange(FIRST_INPUT), vectors.constant(0b10, FIRST_INPUT))
        nets.place(np.arange(FIRST_INPUT, netlist.first_node), source)
        stage = 0
        for group in group_nodes(netlist):
            while stage < stages.stage_of(group.level):
                self._end_stage(nets, stage)
                stage += 1
            self._compute(nets, group)
        for last in range(stage, stages.latency):
            self._end_stage(nets, last)
        return (nets.read(netlist.outputs),)

    def _compute(self, nets: "_Nets[V]", group: Group) -> None:
        netlist, vectors, count = self._schedule.netlist, nets.vectors, group.stop - group.start
        name = f"level{group.level}_node{group.start}"
        fanin = netlist.fanin[group.start : group.stop]
        pins = [
            vectors.wire(f"{name}_in{pin}", count, nets.read(fanin[:, pin]))
            for pin in range(group.arity)
        ]
        value = compose(group.masks, pins, group.full, lambda mask: vectors.constant(mask, count))
        placed = netlist.first_node + np.arange(group.start, group.stop)
        nets.place(placed, vectors.wire(name, count, value))

    def _end_stage(self, nets: "_Nets[V]", stage: int) -> None:
        crossing = self._schedule.nets_crossing(stage)
        held = nets.vectors.register(f"stage{stage}", len(crossing), nets.read(crossing))
        nets.place(crossing, held)


class _Nets(Generic[V]):
    """Know in which bit of which vector each net is at the moment."""

    def __init__(self, count: int, vectors: Vectors[V]) -> None:
        self.vectors = vectors
        self._placed: list[V] = []
        self._home = np.zeros(count, np.int64)
        self._offset = np.zeros(count, np.int64)

    def place(self, nets: NDArray[np.integer], vector: V) -> None:
        self._home[nets] = len(self._placed)
        self._offset[nets] = np.arange(len(nets))
        self._placed.append(vector)

    def read(self, nets: NDArray[np.integer]) -> V:
        """Join nets, the first one lowest; neighbours in one vector stay one slice."""
        home, offset = self._home[nets], self._offset[nets]
        breaks = np.flatnonzero((np.diff(home) != 0) | (np.diff(offset) != 1)) + 1
        starts = np.array([0, *breaks] if len(nets) else [], np.int64)
        lengths = np.diff([*starts, len(nets)])
        runs = zip(home[starts].tolist(), offset[starts].tolist(), lengths.tolist(), strict=True)
        return self.vectors.join(self.vectors.slice(self._placed[h], o, n) for h, o, n in runs)
