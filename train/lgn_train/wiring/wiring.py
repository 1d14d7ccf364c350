"""A fixed wiring and its inverse: gather the pins forward, collect their gradients backward."""

from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

from lgn_train.tracing import is_exporting

__all__ = ["Wiring"]

PIN_BITS = 3  # of a reader's number: a node has six pins at most


@dataclass(frozen=True, eq=False)
class Wiring:
    """Hold which input each pin reads and, derived when first asked for, which pins read an input.

    indices: int64[nodes, fan_in], each in 0 .. inputs-1, or -1 for constant 0. inverse: starts
    and readers, where they are known already.
    """

    indices: Tensor
    inputs: int
    inverse: tuple[Tensor, Tensor] | None = None
    _edges: dict[tuple[int, int], Tensor] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of_pins(cls, nodes: int, fan_in: int, device: torch.device) -> "Wiring":
        """Return the wiring of nodes that each read their own pins, pin p of node i being input
        p * nodes + i.
        """
        pins = torch.arange(fan_in * nodes, device=device)
        return cls(pins.view(fan_in, nodes).t(), fan_in * nodes)

    @property
    def nodes(self) -> int:
        return self.indices.shape[0]

    @property
    def fan_in(self) -> int:
        return self.indices.shape[1]

    def gather(self, x: Tensor) -> Tensor:
        """Return pins[fan_in, nodes, batch] of x[inputs, batch]."""
        # -1 reads row 0 here, and is made 0 by the mask below.
        pins = x.index_select(0, self._source.clamp(min=0))
        if is_exporting() or self._has_constants:
            pins = pins * (self._source >= 0).to(x).unsqueeze(1)
        return pins.view(self.fan_in, self.nodes, x.shape[1])

    def collect(self, gradient: Tensor) -> Tensor:
        """Return [inputs, batch], the sum over each input's pins of gradient[fan_in, nodes, batch].

        A bag is summed in one order by one thread, so the result is deterministic; measured on
        two cores it also takes half the time of index_add and a tenth of segment_reduce.
        """
        rows = gradient.reshape(self.fan_in * self.nodes, gradient.shape[-1])
        if not (rows.numel() and len(self.readers)):
            return rows.new_zeros(self.inputs, rows.shape[1])  # refused by embedding_bag
        pins, starts = self._bags
        return F.embedding_bag(pins, rows, starts, mode="sum")

    @cached_property
    def wires(self) -> Tensor:
        """int32[nodes, fan_in]: the indices as the packed engine reads them."""
        return self.indices.int().contiguous()

    @cached_property
    def readers(self) -> Tensor:
        """int32[pins]: node << 3 | pin of each pin that reads an input, grouped by input."""
        if self.inverse:
            return self.inverse[1]
        order = torch.argsort(self._source, stable=True)
        order = order[int((self._source < 0).sum()) :]
        return ((order % self.nodes) << PIN_BITS | order // self.nodes).int()

    def edges(self, positions: int, group: int) -> Tensor | None:
        """Return int32[pins, 4], for each of the readers its pin, the other input of its node of
        two inputs, its table where `positions` nodes share one, and its row of gradients where
        `group` nodes do; derived once. None where nodes have not two inputs, or a constant.
        """
        if self.fan_in != 2 or self._has_constants:
            return None
        key = positions, group
        if key not in self._edges:
            nodes, pins = self.readers.long() >> PIN_BITS, self.readers.long() & 1
            columns = pins, self.indices[nodes, 1 - pins], nodes // positions, nodes // group
            self._edges[key] = torch.stack(columns, dim=1).int()
        return self._edges[key]

    @cached_property
    def starts(self) -> Tensor:
        """int32[inputs + 1]: where each input's readers start, and the end of the last."""
        if self.inverse:
            return self.inverse[0]
        counts = torch.bincount(self._source[self._source >= 0], minlength=self.inputs)
        return torch.cat([counts.new_zeros(1), counts.cumsum(0)]).int()

    @cached_property
    def _bags(self) -> tuple[Tensor, Tensor]:
        """The readers as rows of a gathered gradient, and where each input's start."""
        readers = self.readers.long()
        pins, nodes = readers & ((1 << PIN_BITS) - 1), readers >> PIN_BITS
        return pins * self.nodes + nodes, self.starts[:-1].long()

    @cached_property
    def _source(self) -> Tensor:
        """int64[fan_in * nodes]: the input of pin p of node i at p * nodes + i."""
        return self.indices.t().reshape(-1)

    @cached_property
    def _has_constants(self) -> bool:
        return bool((self._source < 0).any())
