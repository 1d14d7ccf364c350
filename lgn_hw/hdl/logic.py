"""A netlist as a circuit: per level one wide operation for all nodes that share a table."""

import numpy as np
from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from lgn_hw.hdl.schedule import Schedule
from lgn_hw.hdl.stages import Cuts
from lgn_hw.netlist import FIRST_INPUT, Netlist
from lgn_hw.passes.order import Group, group_nodes
from lgn_hw.tables import compose

__all__ = ["Logic"]


class Logic(wiring.Component):
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
        super().__init__({"i_bits": In(netlist.num_inputs), "o_bits": Out(netlist.num_outputs)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        netlist, stages = self._schedule.netlist, self.stages
        nets = _Nets(netlist.num_nets)
        nets.place(np.arange(FIRST_INPUT), Const(0b10, FIRST_INPUT))
        nets.place(np.arange(FIRST_INPUT, netlist.first_node), self.i_bits)
        stage = 0
        for group in group_nodes(netlist):
            while stage < stages.stage_of(group.level):
                self._end_stage(m, nets, stage)
                stage += 1
            self._compute(m, nets, group)
        for last in range(stage, stages.latency):
            self._end_stage(m, nets, last)
        m.d.comb += self.o_bits.eq(nets.read(netlist.outputs))
        return m

    def _compute(self, m: Module, nets: "_Nets", group: Group) -> None:
        netlist, count = self._schedule.netlist, group.stop - group.start
        name = f"level{group.level}_node{group.start}"
        pins = []
        for pin in range(group.arity):
            pins.append(Signal(count, name=f"{name}_in{pin}"))
            m.d.comb += pins[pin].eq(nets.read(netlist.fanin[group.start : group.stop, pin]))
        result = Signal(count, name=name)
        expression = compose(group.masks, pins, group.full, lambda mask: Const(mask, count))
        m.d.comb += result.eq(expression)
        nets.place(netlist.first_node + np.arange(group.start, group.stop), result)

    def _end_stage(self, m: Module, nets: "_Nets", stage: int) -> None:
        crossing = self._schedule.nets_crossing(stage)
        register = Signal(len(crossing), name=f"stage{stage}", reset_less=True)
        m.d.sync += register.eq(nets.read(crossing))
        nets.place(crossing, register)


class _Nets:
    """Know in which bit of which wide Signal each net is at the moment."""

    def __init__(self, count: int) -> None:
        self._bits: list[list[Value]] = []  # indexing a Signal is slow; each bit once
        self._signals: list[Value] = []
        self._home = np.zeros(count, np.int64)
        self._offset = np.zeros(count, np.int64)

    def place(self, nets: NDArray[np.integer], signal: Value) -> None:
        self._home[nets] = len(self._signals)
        self._offset[nets] = np.arange(len(nets))
        self._signals.append(signal)
        self._bits.append(list(signal))

    def read(self, nets: NDArray[np.integer]) -> Value:
        """Join nets, the first one lowest; neighbours in one Signal stay one slice."""
        home, offset = self._home[nets], self._offset[nets]
        breaks = np.flatnonzero((np.diff(home) != 0) | (np.diff(offset) != 1)) + 1
        starts = np.array([0, *breaks] if len(nets) else [], np.int64)
        lengths = np.diff([*starts, len(nets)])
        runs = zip(home[starts].tolist(), offset[starts].tolist(), lengths.tolist(), strict=True)
        return Cat(self._bits[h][o] if n == 1 else self._signals[h][o : o + n] for h, o, n in runs)
