"""Which nets a pipelined netlist needs, in which stage they arise, and how long they live.

A net that is read three stages later needs three flip-flops on its way. These are most of a
pipeline's registers, so who places registers (timing.plan) counts them with this.
"""

import numpy as np
from numpy.typing import NDArray

from lgn_hw.circuit.registers import BlockRegisters, Stages
from lgn_hw.netlist import FIRST_INPUT, Netlist
from lgn_hw.netlist.order import order_nodes
from lgn_hw.passes.dead import remove_dead_nodes

__all__ = ["Schedule"]


class Schedule:
    """Place the nodes of a netlist in pipeline stages.

    netlist: the netlist that is built: without dead nodes, and ordered (see netlist.order).
    stages: how its levels are cut. birth: int32[nets], the stage that computes a net.
    death: int32[nets], the last stage that reads it, `latency` where the outputs do, -1 where
    nobody does.
    """

    def __init__(self, netlist: Netlist, registers: BlockRegisters) -> None:
        self.netlist = order_nodes(remove_dead_nodes(netlist))
        self.stages = Stages(self.netlist.depth, registers)
        # By level and then by net: two lookups instead of a loop over the nodes.
        stage_of_level = np.array([self.stages.stage_of(i) for i in range(self.stages.levels + 1)])
        self.birth: NDArray[np.int64] = stage_of_level[self.netlist.level]
        self.death = np.full(self.netlist.num_nets, -1)
        reader = np.repeat(self.birth[self.netlist.first_node :], self.netlist.fanin.shape[1])
        # Padding reads net 0, a constant, which is left out of the registers below.
        np.maximum.at(self.death, self.netlist.fanin.ravel(), reader)
        self.death[self.netlist.outputs] = self.stages.latency

    def nets_crossing(self, stage: int) -> NDArray[np.int64]:
        """Return the nets that the registers at the end of a stage hold.

        They ascend, but after the last level they are in the order of the outputs.

        Returns int64[nets]. A net that is born in stage 2 and read in stage 5 crosses the ends of
        2, 3 and 4: a flip-flop each. Of two outputs that are one net the register is one, too.
        """
        if self.stages.after[stage] >= self.stages.levels:
            distinct = np.array(list(dict.fromkeys(self.netlist.outputs.tolist())), np.int64)
            return distinct[distinct >= FIRST_INPUT]
        crossing = (self.birth <= stage) & (stage < self.death)
        crossing[:FIRST_INPUT] = False  # constants need no registers
        return np.flatnonzero(crossing)
