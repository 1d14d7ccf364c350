"""A netlist as a circuit: per level one wide operation for all nodes that share a table.

A statement per gate would make a text that simulators and synthesis take long to read. Nodes of a
level that share a table become one bitwise operation on words, which is the same circuit after
synthesis and simulates faster, too.
"""

from typing import Any, TypeVar

import numpy as np

from lgn_hw.circuit.backend import WordBackend
from lgn_hw.circuit.nets import Nets
from lgn_hw.circuit.registers import BlockRegisters
from lgn_hw.hdl.block import Block
from lgn_hw.hdl.schedule import Schedule
from lgn_hw.netlist import FIRST_INPUT, Netlist
from lgn_hw.netlist.order import Group, group_nodes
from lgn_hw.netlist.tables import compose

__all__ = ["Logic"]

V = TypeVar("V", bound=Any)


class Logic(Block):
    """Evaluate a netlist for one sample per clock cycle; equal to lgn_hw.netlist.evaluate.

    i_bits: the netlist's inputs, input 0 lowest. o_bits: its outputs, output 0 lowest, `latency`
    clock cycles later.

    registers: where registers stand (see circuit.registers.Stages): after every so many levels and
    at the end, 0 at the end only, a tuple after exactly these levels. Nodes that no output depends
    on are not built.
    """

    def __init__(self, netlist: Netlist, registers: BlockRegisters) -> None:
        self._schedule = Schedule(netlist, registers)
        self.stages = self._schedule.stages
        self.latency = self.stages.latency
        super().__init__(("i_bits", netlist.num_inputs), {"o_bits": netlist.num_outputs})

    def lay_out(self, backend: WordBackend[V], source: V) -> tuple[V]:
        """Return the outputs: group by group, a group's nodes as one operation on words."""
        netlist, stages = self._schedule.netlist, self.stages
        nets = Nets(netlist.num_nets, backend)
        nets.place(np.arange(FIRST_INPUT, netlist.first_node), source)
        stage = 0
        for group in group_nodes(netlist):
            # Groups come by level: when the first one of a later stage is met, the stage before is
            # complete.
            while stage < stages.stage_of(group.level):
                self._end_stage(nets, stage)
                stage += 1
            self._compute(nets, group)
        # Stages behind the last level hold nothing but outputs on their way.
        for last in range(stage, stages.latency):
            self._end_stage(nets, last)
        return (nets.read(netlist.outputs),)

    def _compute(self, nets: Nets[V], group: Group) -> None:
        """Build the nodes of a group, which share a level and a table, as one operation."""
        netlist, backend, count = self._schedule.netlist, nets.backend, group.stop - group.start
        name = f"level{group.level}_node{group.start}"
        fanin = netlist.fanin[group.start : group.stop]
        # A wire for each pin gathers the bits that the nodes read, so that the operation itself is
        # on whole words.
        pins = [
            backend.wire(f"{name}_in{pin}", count, nets.read(fanin[:, pin]))
            for pin in range(group.arity)
        ]
        value = compose(group.masks, pins, group.full, lambda mask: backend.constant(mask, count))
        placed = netlist.first_node + np.arange(group.start, group.stop)
        nets.place(placed, backend.wire(name, count, value))

    def _end_stage(self, nets: Nets[V], stage: int) -> None:
        """Put what crosses the end of a stage into one register."""
        crossing = self._schedule.nets_crossing(stage)
        held = nets.backend.register(f"stage{stage}", len(crossing), nets.read(crossing))
        nets.place(crossing, held)
