"""LogicNetlist: a layer whose nodes are wired as in a netlist, to train a circuit further."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lgn_hw.netlist import FIRST_INPUT, Netlist
from lgn_hw.netlist.words import ALL_ONES
from lgn_train.checks import positive_number
from lgn_train.layers.circuit_layer import (
    CONSTANT_0,
    ImageSize,
    Nets,
    NodeBuilder,
    require_shape,
    table_words_of,
)
from lgn_train.layers.logic_layer import LogicLayer
from lgn_train.nodes import evaluate_nodes
from lgn_train.packed.stage_graph import Stage
from lgn_train.packed.words import WORD_BITS
from lgn_train.parametrizations import MIN_FAN_IN
from lgn_train.tracing import is_exporting
from lgn_train.wiring import LearnedWiring, Wiring

__all__ = ["LogicNetlist"]

CONSTANT_1 = 1
# Tables that are not learned, behind those that are: a constant, or a net that passes a level.
ZEROS, ONES, PASS = range(3)


@dataclass(frozen=True, eq=False)
class _Level:
    """The rows of a level: what each reads in the level before, and which table it has."""

    pins: NDArray[np.int64]  # [rows, fan_in], -1 for constant 0
    table: NDArray[np.int64]  # [rows]


@final
class LogicNetlist(LogicLayer):
    """Compute a netlist whose tables are learned: float[batch, in] to float[batch, classes * n].

    A node keeps the inputs that it reads, and starts with logits whose likeliest table is its own:
    before the first step the layer computes in eval() mode what the netlist computes. The outputs
    are ordered by class for GroupSum, and classes with fewer votes than others get constants 0,
    which `voting` leaves out.

    group: the class of each output. certainty: of each entry of a table at the start, the logit of
    its probability; of a gate's name the logit itself where parametrization is "raw". The other
    options are those of LogicDense.

    A stage of the kernels reads the stage before, and a netlist reads what it likes; so nets pass
    through the levels up to the last one that reads them (see docs/decisions). Nodes that no
    output depends on must have been removed, and constants that nodes read folded
    (passes.optimize). Raises ValueError where there is no node, or raw is to have nodes of more
    than two inputs.
    """

    def __init__(
        self,
        netlist: Netlist,
        group: NDArray[np.integer],
        classes: int,
        parametrization: str = "light",
        estimator: str = "hard_st",
        temperature: float = 1.0,
        input_gradient: str = "soft",
        certainty: float = 2.2,
        seed: int | None = None,
    ) -> None:
        if not netlist.num_nodes:
            raise ValueError("netlist must have a node: there is no table to learn")
        if (netlist.fanin == CONSTANT_1).any():
            raise ValueError("netlist must have no node that reads a constant; fold_constants()")
        fan_in = max(MIN_FAN_IN, int(netlist.arity.max()))
        super().__init__(
            netlist.num_nodes, fan_in, parametrization, estimator, temperature, "residual",
            input_gradient, seed,
        )  # fmt: skip
        self.netlist = netlist
        tables = _tables_of(netlist, fan_in)
        certainty = positive_number("certainty", certainty)
        with torch.no_grad():
            self.logits.copy_(self._tables_of.deciding(torch.from_numpy(tables), certainty))
        self._slots = _slots(group, classes)
        self._levels = _levels(netlist, self._slots, fan_in)
        self._wired: list[tuple[Wiring, Tensor]] | None = None

    @property
    def in_features(self) -> int:
        return self.netlist.num_inputs

    @property
    def out_features(self) -> int:
        return len(self._slots)

    @property
    def voting(self) -> NDArray[np.bool_]:
        """Return bool[outputs], which outputs are those of the netlist; the others are padding."""
        return self._slots >= 0

    def forward(self, x: Tensor) -> Tensor:
        """Return float[batch, out_features] of x[batch, inputs], values in [0, 1]."""
        self._check_input(x, ("batch", self.in_features))
        return self.evaluate(x, [wiring for wiring, _ in self._rows()])

    def evaluate_floats(
        self, rows: Tensor, wirings: Sequence[Wiring], learned: LearnedWiring | None = None
    ) -> Tensor:
        tables = self.tables()
        fixed = _fixed_tables(self.fan_in, tables.value)
        soft, value = (torch.cat([part, fixed]) for part in (tables.soft, tables.value))
        for wiring, which in self._rows():
            own = replace(tables, soft=soft[which], value=value[which])
            rows = evaluate_nodes(rows, own, wiring, self.input_gradient)
        return rows

    def lower(self, builder: NodeBuilder, nets: Nets) -> Nets:
        """Add the netlist's nodes in their order, with their likeliest tables."""
        fits = nets.shape == (self.in_features,)
        require_shape(fits, f"{self.in_features} bits", nets)
        words, entries = table_words_of(self.discrete_tables()), 1 << self.netlist.arity
        words &= ALL_ONES >> (WORD_BITS - entries).astype(np.uint64)  # no more than a node reads
        learned = replace(self.netlist, table=words)
        found = np.append(builder.append(learned, nets), np.int32(CONSTANT_0))
        return found[self._slots]

    def widest(self, size: ImageSize) -> tuple[int, ImageSize]:
        return max(len(level.table) for level in self._levels), size

    def extra_repr(self) -> str:
        levels = len(self._levels)
        return f"{self.in_features}, {self.out_features}, levels={levels}, {self._options()}"

    def _stages(self, wirings: Sequence[Wiring] | LearnedWiring, positions: int) -> Iterator[Stage]:
        """Yield a stage for each level; rows of constants and wires, which are not trained, come
        last.
        """
        bits, soft = self._chosen_tables()
        fixed = _fixed_tables(self.fan_in, self.logits)
        words = torch.from_numpy(table_words_of(fixed).view(np.int64)).to(self.logits.device)
        bits = torch.cat([bits, words]) if bits.numel() else bits
        soft = torch.cat([soft, fixed]) if soft.numel() else soft
        for wiring, which in self._rows():
            own = soft[which] if soft.numel() else soft
            read = bits[which] if bits.numel() else bits
            yield Stage(wiring, bits=read, soft=own, slopes=self._slopes(own))

    def _rows(self) -> list[tuple[Wiring, Tensor]]:
        """Return each level's wiring and tables, derived once for a device."""
        if is_exporting():  # what is derived now is of the trace
            return self._derived_rows()
        if self._wired is None:
            self._wired = self._derived_rows()
        return self._wired

    def _derived_rows(self) -> list[tuple[Wiring, Tensor]]:
        found, inputs, where = [], self.in_features, self.logits.device
        for level in self._levels:
            pins, table = (torch.from_numpy(a).to(where) for a in (level.pins, level.table))
            found.append((Wiring(pins, inputs), table))
            inputs = len(level.table)
        return found

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "LogicNetlist":
        self._wired = None  # the logits move to another device
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self


def _tables_of(netlist: Netlist, fan_in: int) -> NDArray[np.float32]:
    """Return float32[nodes, 2**fan_in] of 0 and 1; inputs that a node has not do not matter."""
    entries = np.arange(1 << fan_in, dtype=np.uint64)
    own = entries & ((np.uint64(1) << netlist.arity.astype(np.uint64)) - np.uint64(1))[:, None]
    return ((netlist.table[:, None] >> own) & np.uint64(1)).astype(np.float32)


def _fixed_tables(fan_in: int, like: Tensor) -> Tensor:
    """Return the tables of ZEROS, ONES and PASS, [3, 2**fan_in]; PASS is input 0."""
    entries = torch.arange(1 << fan_in, device=like.device)
    return torch.stack([entries * 0, entries * 0 + 1, entries & 1]).to(like.dtype)


def _slots(group: NDArray[np.integer], classes: int) -> NDArray[np.int64]:
    """Return int64[classes * n], the output that votes at each place, -1 for none, by class."""
    most = int(np.bincount(group, minlength=classes).max(initial=1))
    slots = np.full((classes, most), -1, np.int64)
    for number in range(classes):
        outputs = np.flatnonzero(group == number)
        slots[number, : len(outputs)] = outputs
    return slots.ravel()


def _levels(netlist: Netlist, slots: NDArray[np.int64], fan_in: int) -> list[_Level]:
    """Lay the netlist out in levels, of which each reads the one before only.

    The last one holds the outputs by slot. The others hold the nodes of that level and, before
    these, the nets of lower levels that a higher one reads.
    """
    outputs = np.append(netlist.outputs, CONSTANT_0)[slots]
    depth = max(1, netlist.depth)
    last = _last_readers(netlist, outputs, depth)
    place = np.full(netlist.num_nets, -1, np.int64)
    place[FIRST_INPUT : netlist.first_node] = np.arange(netlist.num_inputs)
    found = []
    for level in range(1, depth + 1):
        if level == depth:
            nets = outputs
        else:
            alive = (netlist.level <= level) & (last > level)
            alive[:FIRST_INPUT] = False  # a constant needs no row
            nets = np.flatnonzero(alive)
        found.append(_level(netlist, nets, level, place, fan_in))
        place[:] = -1
        place[nets] = np.arange(len(nets))
    return found


def _last_readers(netlist: Netlist, outputs: Nets, depth: int) -> NDArray[np.int32]:
    """Return int32[nets], the highest level that reads a net; outputs are read by the last."""
    last = np.zeros(netlist.num_nets, np.int32)
    readers = np.repeat(netlist.level[netlist.first_node :], netlist.fanin.shape[1])
    np.maximum.at(last, netlist.fanin.ravel(), readers)
    last[outputs] = depth
    return last


def _level(
    netlist: Netlist, nets: NDArray[np.integer], level: int, place: NDArray[np.int64], fan_in: int
) -> _Level:
    """Return the rows that carry some nets, of a level or of lower ones."""
    node = nets - netlist.first_node
    own = (node >= 0) & (netlist.level[nets] == level)
    pins = np.full((len(nets), fan_in), -1, np.int64)
    read = netlist.fanin[node[own], :fan_in]
    pins[own] = np.where(read == CONSTANT_0, -1, place[read])
    passing = ~own & (nets >= FIRST_INPUT)
    pins[passing, 0] = place[nets[passing]]
    fixed = np.where(passing, PASS, np.where(nets == CONSTANT_0, ZEROS, ONES))
    return _Level(pins, np.where(own, node, netlist.num_nodes + fixed).astype(np.int64))
