"""LogicDense: a layer of nodes with a learned truth table each and a fixed wiring."""

from collections.abc import Callable
from typing import Any, final

import torch
from torch import Tensor

from lgn_train.checks import one_of, positive_integer
from lgn_train.layers.circuit_layer import (
    ImageSize,
    Nets,
    NodeBuilder,
    require_shape,
    table_words_of,
    to_numpy,
)
from lgn_train.layers.logic_layer import LogicLayer
from lgn_train.tracing import is_exporting
from lgn_train.wiring.geometry import Geometry
from lgn_train.wiring.learned import LearnedWiring, checked_candidates
from lgn_train.wiring.random import random_wiring
from lgn_train.wiring.structured import structured_wiring
from lgn_train.wiring.wiring import Wiring

__all__ = ["WIRINGS", "LogicDense"]

WIRINGS = ("random", "structured")
INDEX_DTYPES = (torch.int64, torch.int32, torch.int16, torch.uint8)


@final
class LogicDense(LogicLayer):
    """Compute out_features nodes of fan_in inputs: float[batch, in] to float[batch, out].

    In train() mode `estimator` chooses the tables, with new noise for every forward pass; in
    eval() mode each node has its likeliest table, without noise: the circuit that is exported.
    `lgn_train.mode` overrides both. Hard estimators and eval() compute exactly 0.0 and 1.0, on
    packed words where a compiler is at hand, as it is for soft values (`why_not_kernels` says where
    not).

    parametrization: raw (16 gates, fan_in 2), light (a logit an entry) or walsh (coefficients).
    estimator: gumbel_st, hard_st, cage, soft or soft_gumbel.
    temperature: divides the scores before the softmax or sigmoid of the soft table.
    wiring: "random", "structured" (near by, see structured_wiring), or integers[out, fan_in], the
    inputs of each node; input 0 is table bit 0.
    geometry, radius: for "structured": where the inputs lie, and how far a node reads, in pixels.
    candidates: 2 to 16 inputs among which each pin learns to choose (see LearnedWiring), dealt as
    `wiring` says; 0 for a fixed wiring.
    init: residual (each node starts as its input 0, mostly) or gaussian.
    input_gradient: whether the slope of the soft table or of the sampled one goes to the inputs;
    "hard" needs a hard estimator.
    seed: of wiring, initial logits and noise; drawn from torch's generator where not given.

    `output_geometry` is the next layer's geometry, None where none was given. Raises TypeError or
    ValueError, here for options and in forward for x: NaN, values outside [0, 1] or, where bits are
    computed, between 0 and 1, or a wrong shape or dtype.
    """

    wiring: Tensor

    def __init__(
        self,
        in_features: int,
        out_features: int,
        fan_in: int = 2,
        parametrization: str = "raw",
        estimator: str = "gumbel_st",
        temperature: float = 1.0,
        wiring: str | Tensor = "random",
        init: str = "residual",
        input_gradient: str = "soft",
        seed: int | None = None,
        geometry: Geometry | None = None,
        radius: float = 3.0,
        candidates: int = 0,
    ) -> None:
        in_features = positive_integer("in_features", in_features)
        out_features = positive_integer("out_features", out_features)
        super().__init__(
            out_features, fan_in, parametrization, estimator, temperature, init, input_gradient,
            seed,
        )  # fmt: skip
        self.in_features, self.out_features = in_features, out_features
        seed = int(self.seed)
        if geometry is not None and len(geometry) != in_features:
            raise ValueError(f"geometry must hold {in_features} places, not {len(geometry)}")
        # Where the outputs lie: what the next layer's structured wiring is made from.
        self.output_geometry = None if geometry is None else geometry.spread(out_features, seed)
        if candidates:
            dealt = self._dealt(wiring, geometry, radius, fan_in * checked_candidates(candidates))
            dealt = dealt.view(out_features, fan_in, candidates)
            self.learned = LearnedWiring(dealt, in_features)
        else:
            self.register_buffer("wiring", self._checked_wiring(wiring, geometry, radius))
        self._wired: Wiring | None = None
        # A state dict brings a wiring of its own, whose inverse is another one.
        self.register_load_state_dict_post_hook(_forget_inverse)  # type: ignore[no-untyped-call]

    def forward(self, x: Tensor) -> Tensor:
        """Return float[batch, out_features] of x[batch, in_features], values in [0, 1]."""
        self._check_input(x, ("batch", self.in_features))
        return self.evaluate(x, self.learned or [self.wired()])

    def lower(self, builder: NodeBuilder, nets: Nets) -> Nets:
        """Add a node for each output, with its likeliest table."""
        fits = nets.shape == (self.in_features,)
        require_shape(fits, f"{self.in_features} bits", nets)
        return builder.add(
            nets[to_numpy(self.wired().indices)], table_words_of(self.discrete_tables())
        )

    def widest(self, size: ImageSize) -> tuple[int, ImageSize]:
        return self.out_features, size

    def wired(self) -> Wiring:
        """Return the wiring of the discrete circuit; a fixed one with its inverse, which is
        derived once for a device.
        """
        if self.learned:
            return self.learned.wired(self.learned.likeliest())
        if is_exporting():  # what is derived now is of the trace
            return Wiring(self.wiring, self.in_features)
        if self._wired is None:
            self._wired = Wiring(self.wiring, self.in_features)
        return self._wired

    def extra_repr(self) -> str:
        return f"{self.in_features}, {self.out_features}, {self._options()}"

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "LogicDense":
        _forget_inverse(self)  # buffers move to another device
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self

    def _checked_wiring(
        self, wiring: str | Tensor, geometry: Geometry | None, radius: float
    ) -> Tensor:
        if not isinstance(wiring, str):
            return self._given_wiring(wiring)
        return self._dealt(wiring, geometry, radius, self.fan_in)

    def _dealt(
        self, wiring: str | Tensor, geometry: Geometry | None, radius: float, pins: int
    ) -> Tensor:
        """Return int64[out, pins], inputs for so many pins of each node."""
        if not isinstance(wiring, str):
            raise TypeError("candidates are dealt by wiring 'random' or 'structured', not a tensor")
        seed = int(self.seed)
        if one_of("wiring", wiring, WIRINGS) == "random":
            return random_wiring(self.in_features, self.out_features, pins, seed)
        if geometry is None:
            raise ValueError(
                "wiring 'structured' needs geometry, where the inputs lie; Geometry.of_encoder"
                " has that of an encoder's bits"
            )
        return structured_wiring(geometry, self.out_features, pins, radius, seed)

    def _given_wiring(self, wiring: Tensor) -> Tensor:
        """Return a copy of a wiring, int64[nodes, pins]; raises TypeError or ValueError naming the
        pin.
        """
        if not isinstance(wiring, Tensor) or wiring.dtype not in INDEX_DTYPES:
            kind = wiring.dtype if isinstance(wiring, Tensor) else type(wiring).__name__
            raise TypeError(
                f"wiring must be one of {', '.join(WIRINGS)} or an integer tensor, not {kind}"
            )
        if wiring.shape != (self.out_features, self.fan_in):
            raise ValueError(
                f"wiring must have shape ({self.out_features}, {self.fan_in}),"
                f" not {tuple(wiring.shape)}"
            )
        wrong = (wiring < 0) | (wiring >= self.in_features)
        if bool(wrong.any()):
            node, pin = (int(i) for i in wrong.nonzero()[0])
            raise ValueError(
                f"Node {node} must read inputs 0 to {self.in_features - 1},"
                f" not input {int(wiring[node, pin])} at pin {pin}"
            )
        return wiring.to(torch.int64).clone()


def _forget_inverse(layer: Any, *_: Any) -> None:
    """Forget what was derived of the wiring: a load may have brought another one."""
    layer._wired = None
