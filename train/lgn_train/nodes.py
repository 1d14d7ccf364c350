"""The relaxed node: multilinear interpolation of a truth table, and its gradients over a wiring.

`f(x) = sum_j T_j * prod_i (x_i if bit i of j else 1 - x_i)`; at bits this is exactly T[index].

This is the definition that the compiled kernels are tested against, and what runs where they do
not. The relaxation of a gate to its expected value under independent inputs is that of 2210.08277.
"""

from typing import Any

import torch
from torch import Tensor

from lgn_train.estimators import Tables
from lgn_train.wiring.wiring import Wiring

__all__ = ["evaluate_nodes", "interpolate"]


def interpolate(table: Tensor, pins: Tensor) -> Tensor:
    """Return [nodes, batch], each node's table[nodes, 2**k] interpolated at pins[k, nodes, batch].

    One linear interpolation per pin and pair of entries, input 0 first. torch.lerp is exact at 0
    and at 1, so bits give an entry of the table without rounding.
    """
    return _interpolations(table, pins)[-1][0]


def evaluate_nodes(
    x: Tensor, tables: Tables, wiring: Wiring, input_gradient: str = "soft"
) -> Tensor:
    """Return [nodes, batch], the outputs of all nodes for feature-major x[inputs, batch].

    The forward pass reads tables.value. The gradient of the table goes to tables.soft. That of
    the inputs is the slope of tables.soft ("soft") or of tables.value ("hard"). It computes in the
    tables' type: an encoder gives float32, also to layers that were made .double() or .half().
    """
    x = x.to(tables.value.dtype)
    slope = tables.soft.detach() if input_gradient == "soft" else tables.value
    # Three roles of a table: what is read forward, what gets the gradient, and whose slopes go to
    # the inputs.
    result = _WiredNodes.apply(x, tables.soft, tables.value, slope, wiring)  # type: ignore[no-untyped-call]
    assert isinstance(result, Tensor)
    return result


class _WiredNodes(torch.autograd.Function):
    """Gather the pins and evaluate the nodes; the pins are gathered again to go backward, so
    that only x is kept. Written out because autograd takes four times as long over it.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, soft: Tensor, value: Tensor, slope: Tensor, wiring: Wiring
    ) -> Tensor:
        ctx.save_for_backward(x, slope)
        ctx.wiring = wiring
        return interpolate(value, wiring.gather(x))

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        x, slope = ctx.saved_tensors
        pins = ctx.wiring.gather(x)
        d_table, d_pins = _gradients(slope, pins, upstream[0], ctx.needs_input_grad[0])
        dx = None if d_pins is None else ctx.wiring.collect(d_pins)
        return dx, d_table, None, None, None


def _interpolations(table: Tensor, pins: Tensor) -> list[list[Tensor]]:
    """Return the entries that are left before each pin is interpolated, and the result last."""
    levels = [list(table.unsqueeze(-1).unbind(1))]
    for pin in pins:
        pairs = zip(levels[-1][0::2], levels[-1][1::2], strict=True)
        levels.append([torch.lerp(low, high, pin) for low, high in pairs])
    return levels


def _gradients(
    table: Tensor, pins: Tensor, upstream: Tensor, want_pins: bool
) -> tuple[Tensor, Tensor | None]:
    """Go back through interpolate(); the gradient of the table does not depend on the table."""
    levels = _interpolations(table, pins[:-1]) if want_pins else []
    d_pins = torch.zeros_like(pins) if want_pins else None
    shares = [upstream]  # of the upstream gradient: what reaches each entry of a level
    for p in range(len(pins) - 1, 0, -1):
        if d_pins is not None:
            _add_slopes(d_pins[p], levels[p], shares)
        upper = [share * pins[p] for share in shares]
        # Of an entry's share, x reaches the half in which pin p is 1, and the rest the other one.
        pairs = zip(shares, upper, strict=True)
        shares = [part for share, high in pairs for part in (share - high, high)]
    if d_pins is not None:
        _add_slopes(d_pins[0], levels[0], shares)
    columns = [column for share in shares for column in _last_sums(share, pins[0])]
    return torch.stack(columns, dim=1), d_pins


def _add_slopes(d_pin: Tensor, entries: list[Tensor], shares: list[Tensor]) -> None:
    """Add the slope along one pin: the upper entry minus the lower one, weighed by what reaches
    them.
    """
    for low, high, share in zip(entries[0::2], entries[1::2], shares, strict=True):
        d_pin.addcmul_(share, high - low)


def _last_sums(share: Tensor, pin: Tensor) -> tuple[Tensor, Tensor]:
    """Sum over the batch what reaches the two entries that pin 0 chooses between."""
    high = torch.linalg.vecdot(share, pin)
    return share.sum(dim=1) - high, high
