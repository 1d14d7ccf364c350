"""The kernels of a convolution as PyTorch operators; on the CPU only."""

import ctypes
from collections.abc import Sequence

from torch import Tensor

import lgn_train.packed.kernels as kernels
from lgn_train.packed.bindings import ConvStruct, address, operator, shapes_of

__all__ = ["conv_backward", "conv_forward"]

# sizes, of both operators: (channels, rows, columns) of the image, (kernels, fan_in, depth),
# (window's size, stride, padding), and the OR pool's window, or 1.


@operator
def conv_forward(
    x: Tensor, leaves: Tensor, tables: Tensor, sizes: Sequence[int], windows: int
) -> Tensor:
    """Return the outputs' rows, int64[kernels * windows, words], for rows x of an image.

    leaves: int32[kernels, leaves], (channel * size + row) * size + column. tables: int64[tables],
    by level, kernel and node.
    """
    conv = _conv(sizes, leaves, tables)
    out = x.new_empty(sizes[3] * windows, x.shape[1])
    kernels.call("lgn_conv_forward", x, ctypes.byref(conv), x, x.shape[1], out)
    return out


@shapes_of("conv_forward")
def _(x: Tensor, leaves: Tensor, tables: Tensor, sizes: Sequence[int], windows: int) -> Tensor:
    return x.new_empty(sizes[3] * windows, x.shape[1])


@operator
def conv_backward(
    top: Tensor, x: Tensor, leaves: Tensor, tables: Tensor, slopes: Tensor, candidates: Tensor,
    sizes: Sequence[int], windows: int, input_gradient: bool,
) -> list[Tensor]:  # fmt: skip
    """Return the gradient of the rows x (empty unless input_gradient), that of the soft tables,
    float32[tables, 2**fan_in], and that of the choice of leaves, float32 like candidates.

    top: float32[groups, 64 * words], a row for each kernels * windows / groups neighbouring
    outputs. slopes: float32 tables whose slopes go to the inputs, or empty for the bits.
    candidates: int32[kernels, leaves, 16] that the leaves were chosen from, -1 for none, or empty.
    """
    conv = _conv(sizes, leaves, tables)
    conv.slopes = address(slopes) if slopes.numel() else None
    conv.candidates = address(candidates) if candidates.numel() else None
    d_x, sums, picks = _gradients(top, x, tables, candidates, sizes, input_gradient)
    group = sizes[3] * windows // len(top)
    kernels.call(
        "lgn_conv_backward", x, ctypes.byref(conv), x, x.shape[1], top, group,
        d_x if input_gradient else None, sums, picks,
    )  # fmt: skip
    return [d_x, sums, picks]


@shapes_of("conv_backward")
def _(
    top: Tensor, x: Tensor, leaves: Tensor, tables: Tensor, slopes: Tensor, candidates: Tensor,
    sizes: Sequence[int], windows: int, input_gradient: bool,
) -> list[Tensor]:  # fmt: skip
    return _gradients(top, x, tables, candidates, sizes, input_gradient)


def _gradients(
    top: Tensor, x: Tensor, tables: Tensor, candidates: Tensor, sizes: Sequence[int],
    input_gradient: bool,
) -> list[Tensor]:  # fmt: skip
    return [
        top.new_empty(len(x) if input_gradient else 0, top.shape[1]),
        top.new_empty(len(tables), 1 << sizes[4]),
        top.new_empty(candidates.shape),
    ]


def _conv(sizes: Sequence[int], leaves: Tensor, tables: Tensor) -> ConvStruct:
    return ConvStruct(*sizes, leaves=address(leaves), tables=address(tables))
