"""LogicDense: a layer of nodes with a learned truth table each and a fixed wiring."""

from typing import Any, final

import torch
from torch import Tensor, nn

from lgn_train.checks import one_of, positive_integer, positive_number, whole_number
from lgn_train.estimators import ESTIMATORS, Tables, discrete_tables
from lgn_train.nodes import evaluate_nodes
from lgn_train.parametrizations import INITS, MAX_FAN_IN, MIN_FAN_IN, PARAMETRIZATIONS
from lgn_train.wiring import Wiring, random_wiring

__all__ = ["INPUT_GRADIENTS", "LogicDense"]

INPUT_GRADIENTS = ("soft", "hard")
INDEX_DTYPES = (torch.int64, torch.int32, torch.int16, torch.uint8)
ROUNDING = 1e-4  # soft tables are sums of probabilities, and may leave [0, 1] by their rounding


@final
class LogicDense(nn.Module):
    """Compute out_features nodes of fan_in inputs: float[batch, in] to float[batch, out].

    In train() mode `estimator` chooses the tables, with new noise for every forward pass; in
    eval() mode each node has its likeliest table, without noise: the circuit that is exported.
    `lgn_train.mode` overrides both. Hard estimators and eval() give exactly 0.0 and 1.0 for bits.

    parametrization: raw (16 gates, fan_in 2), light (a logit an entry) or walsh (coefficients).
    estimator: gumbel_st, hard_st, soft or soft_gumbel.
    temperature: divides the scores before the softmax or sigmoid of the soft table.
    wiring: "random", or integers[out, fan_in], the inputs of each node; input 0 is table bit 0.
    init: residual (each node starts as its input 0, mostly) or gaussian.
    input_gradient: whether the slope of the soft table or of the sampled one goes to the inputs;
    "hard" needs a hard estimator.
    seed: of wiring, initial logits and noise; drawn from torch's generator where not given.

    Raises TypeError or ValueError, here for options and in forward for x: NaN, values outside
    [0, 1], or a wrong shape or dtype.
    """

    wiring: Tensor
    seed: Tensor
    step: Tensor
    source: Tensor
    readers: Tensor
    starts: Tensor

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
    ) -> None:
        super().__init__()
        self.in_features = positive_integer("in_features", in_features)
        self.out_features = positive_integer("out_features", out_features)
        self.fan_in = _checked_fan_in(fan_in)
        self.parametrization = one_of("parametrization", parametrization, PARAMETRIZATIONS)
        self.estimator = one_of("estimator", estimator, ESTIMATORS)
        self.temperature = positive_number("temperature", temperature)
        self.init = one_of("init", init, INITS)
        self.input_gradient = _checked_gradient(input_gradient, estimator)
        self._tables_of = PARAMETRIZATIONS[parametrization]
        self._tables_of.num_logits(fan_in)  # refuses a fan-in that it does not support
        seed = _drawn_seed() if seed is None else whole_number("seed", seed)
        self.forced_mode: str | None = None
        self.logits = nn.Parameter(self._tables_of.initial(init, out_features, fan_in, seed))
        self.register_buffer("seed", torch.tensor(seed))
        self.register_buffer("step", torch.tensor(0))
        self.register_buffer("wiring", self._checked_wiring(wiring, seed))
        _derive_inverse(self)
        self.register_load_state_dict_post_hook(_derive_inverse)  # type: ignore[no-untyped-call]

    def forward(self, x: Tensor) -> Tensor:
        """Return float[batch, out_features] of x[batch, in_features], values in [0, 1]."""
        self._check_input(x)
        # Feature-major in memory: a pin is then a row, and the transposes are views.
        wiring = Wiring(self.source, self.readers, self.starts, self.fan_in)
        return evaluate_nodes(x.t(), self.tables(), wiring, self.input_gradient).t()

    def tables(self) -> Tables:
        """Return the tables that the present mode chooses; in train mode this is a step."""
        mode = self.forced_mode or ("train" if self.training else "discrete")
        estimator = ESTIMATORS[self.estimator]
        if mode == "discrete":
            table = self.discrete_tables()
            return Tables(table, table)
        if mode == "soft":
            return estimator.mixture(self._tables_of, self.logits, self.temperature)
        tables = estimator.tables(
            self._tables_of, self.logits, self.temperature, self.seed, self.step
        )
        self.step += 1
        return tables

    def discrete_tables(self) -> Tensor:
        """Return float[out, 2**fan_in], the bits of each node's likeliest table."""
        return discrete_tables(self._tables_of, self.logits)

    def entropy(self) -> Tensor:
        """Return float[out], the entropy of each node's distribution over tables, in nats."""
        return self._tables_of.entropy(self.logits.detach())

    def extra_repr(self) -> str:
        return (
            f"{self.in_features}, {self.out_features}, fan_in={self.fan_in},"
            f" {self.parametrization}, {self.estimator}, temperature={self.temperature}"
        )

    def _check_input(self, x: Tensor) -> None:
        if not x.is_floating_point():
            raise TypeError(f"x must be a float tensor, not {x.dtype}; x.float() converts it")
        if x.ndim != 2 or x.shape[1] != self.in_features:
            raise ValueError(f"x must have shape (batch, {self.in_features}), not {tuple(x.shape)}")
        if not x.numel():
            return
        low, high = torch.aminmax(x.detach())
        if not bool((low >= -ROUNDING) & (high <= 1 + ROUNDING)):  # false for NaN too
            raise ValueError(f"x must lie in 0 to 1 without NaN, not in {low:.4g} to {high:.4g}")

    def _checked_wiring(self, wiring: str | Tensor, seed: int) -> Tensor:
        if isinstance(wiring, str):
            one_of("wiring", wiring, ["random"])
            return random_wiring(self.in_features, self.out_features, self.fan_in, seed)
        if not isinstance(wiring, Tensor) or wiring.dtype not in INDEX_DTYPES:
            kind = wiring.dtype if isinstance(wiring, Tensor) else type(wiring).__name__
            raise TypeError(f"wiring must be 'random' or an integer tensor, not {kind}")
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


def _checked_fan_in(fan_in: int) -> int:
    if not MIN_FAN_IN <= whole_number("fan_in", fan_in) <= MAX_FAN_IN:
        raise ValueError(f"fan_in must be {MIN_FAN_IN} to {MAX_FAN_IN}, not {fan_in}")
    return fan_in


def _checked_gradient(input_gradient: str, estimator: str) -> str:
    one_of("input_gradient", input_gradient, INPUT_GRADIENTS)
    if input_gradient == "hard" and not ESTIMATORS[estimator].hard:
        raise ValueError(
            f"input_gradient 'hard' needs estimator gumbel_st or hard_st, not {estimator!r}"
        )
    return input_gradient


def _drawn_seed() -> int:
    return int(torch.randint(1 << 62, ()))


def _derive_inverse(layer: nn.Module, *_: Any) -> None:
    """Derive the buffers that speed the layer up; also after a load, whose wiring may differ."""
    assert isinstance(layer, LogicDense)
    wiring = Wiring.of(layer.wiring, layer.in_features)
    layer.register_buffer("source", wiring.source, persistent=False)
    layer.register_buffer("readers", wiring.readers, persistent=False)
    layer.register_buffer("starts", wiring.starts, persistent=False)
