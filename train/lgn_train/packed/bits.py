"""PackedBits: what flows between the layers, a tensor that is computed only when it must be.

torch has no tensor of bits that autograd knows. A wrapper subclass says "float32 of this shape" to
everybody and keeps words and stages behind it: layers of this package go on with those, and any
other operation gets floats.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

if TYPE_CHECKING:
    from lgn_train.packed.conv_graph import ConvGraph
    from lgn_train.packed.stage_graph import StageGraph

__all__ = ["PackedBits"]

_PROPERTIES = ("shape", "dtype", "device", "ndim", "layout", "is_cuda", "requires_grad")
_METADATA = {vars(torch._C.TensorBase)[name].__get__ for name in _PROPERTIES} | {
    Tensor.__len__,
    Tensor.size,
    Tensor.dim,
    Tensor.numel,
    Tensor.is_floating_point,
}
_RESHAPES = {Tensor.flatten, Tensor.reshape, Tensor.view, torch.flatten, torch.reshape}


class PackedBits(Tensor):
    """Bits of a batch, float32[batch, ...] to whoever asks; the logic layers read its graph.

    The graph's outputs are the last dimensions, the last one fastest. An operation that knows
    nothing of packed bits gets an ordinary float tensor, with its gradient.
    """

    given: "StageGraph | ConvGraph"

    @staticmethod
    def __new__(
        cls, graph: "StageGraph | ConvGraph", shape: tuple[int, ...] | None = None
    ) -> "PackedBits":
        made: PackedBits = torch.Tensor._make_wrapper_subclass(
            cls,
            (graph.batch, *(shape or (graph.width,))),
            dtype=torch.float32,
            device=graph.rows.device,
        )
        made.given = graph
        return made

    @property
    def graph(self) -> "StageGraph":
        """The graph of these bits; a convolution is computed where it was not yet."""
        self.given = self.given.settled()
        return self.given

    def dense(self) -> Tensor:
        """Return the bits as an ordinary float32 tensor of this shape."""
        return self.graph.dense().reshape(self.shape)

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Answer what is asked of the shape without computing anything, and keep bits packed over a
        reshape, because nn.Flatten stands between convolutions and dense layers.
        """
        if func in _METADATA:
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args)
        if func in _RESHAPES and isinstance(args[0], cls):
            x = args[0]
            shape = func(torch.empty(x.shape, device="meta"), *args[1:], **(kwargs or {})).shape
            if shape[0] == x.shape[0] and len(shape) > 1:
                return cls(x.given, tuple(shape[1:]))
        args, kwargs = tree_map(_dense, (args, kwargs or {}))
        return func(*args, **kwargs)

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Compute on floats what was not answered above."""
        args, kwargs = tree_map(_dense, (args, kwargs or {}))
        return func(*args, **kwargs)

    def __repr__(  # type: ignore[override]
        self, *, tensor_contents: Any = None
    ) -> str:
        return f"PackedBits({tuple(self.shape)}, {self.given.shown})"


def _dense(value: Any) -> Any:
    """Return the floats of packed bits, and any other value as it is."""
    return value.dense() if isinstance(value, PackedBits) else value
