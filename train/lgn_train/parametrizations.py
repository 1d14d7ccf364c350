"""Parametrisations: what a node learns, and the truth table that it means.

Each maps logits[nodes, n] to scores (the place where noise is added), and scores to a soft table
T[nodes, 2**fan_in] in [0, 1] or to a hard one of bits. Entry j of a table is the output where
`sum(x_i << i) == j`: input 0 is bit 0.

raw is a softmax over gates by name, which needs 16 logits for two inputs and would need 2**64 for
six. light and walsh learn the entries of the table, 2**fan_in of them, and so reach wider nodes.
"""

from abc import ABC, abstractmethod
from functools import cache
from typing import final

import torch
from torch import Tensor
from torch.nn import functional as F

from lgn_train import rng
from lgn_train.checks import one_of, whole_number
from lgn_train.rng import Stream
from lgn_train.tracing import is_exporting

__all__ = [
    "INITS",
    "PARAMETRIZATIONS",
    "Light",
    "Parametrization",
    "Raw",
    "Walsh",
    "checked_fan_in",
]

MIN_FAN_IN, MAX_FAN_IN = 2, 6
INITS = ("residual", "gaussian")
GATES = 16  # the two-input gates, each named by its truth table
PASS_INPUT_0 = 0b1010
RESIDUAL_GATE_LOGIT = 5.0  # e**5 / (e**5 + 15) = 0.91 of the mass (2411.04732)
RESIDUAL_ENTRY_LOGIT = 2.2  # each entry is right with probability 0.9


def checked_fan_in(fan_in: object) -> int:
    """Return a fan-in of 2 to 6, as many inputs as a LUT can have; raise TypeError or ValueError
    for another one.
    """
    number = whole_number("fan_in", fan_in)
    if not MIN_FAN_IN <= number <= MAX_FAN_IN:
        raise ValueError(f"fan_in must be {MIN_FAN_IN} to {MAX_FAN_IN}, not {number}")
    return number


class Parametrization(ABC):
    """What stands between the logits of a node and its truth table."""

    @abstractmethod
    def num_logits(self, fan_in: int) -> int:
        """Return the logits of a node; ValueError for a fan-in that is not supported."""

    @abstractmethod
    def initial(self, init: str, nodes: int, fan_in: int, seed: int) -> Tensor:
        """Return float32[nodes, logits] at the start of training; init is one of INITS."""

    @abstractmethod
    def deciding(self, tables: Tensor, certainty: float) -> Tensor:
        """Return float32[nodes, logits] whose likeliest tables are float[nodes, 2**fan_in] of 0 and
        1: each with that logit, a gate's against the others or an entry's.
        """

    @abstractmethod
    def scores(self, logits: Tensor) -> Tensor:
        """Return what noise is added to, one score per choice."""

    @abstractmethod
    def noise(self, shape: torch.Size, seed: Tensor, step: Tensor) -> Tensor:
        """Return noise for scores of this shape: hard(scores + noise) then samples a gate with
        the probability that soft(scores, 1) gives it.
        """

    @abstractmethod
    def soft(self, scores: Tensor, temperature: float) -> Tensor:
        """Return the expected table, in [0, 1]."""

    @property
    @abstractmethod
    def choices(self) -> int:
        """Among how many each choice is: 16 gates, or 0 and 1 where entries are chosen."""

    @abstractmethod
    def confidence(self, scores: Tensor, temperature: float) -> Tensor:
        """Return the mean over all choices of the probability of the likeliest, a scalar."""

    @abstractmethod
    def hard(self, scores: Tensor) -> Tensor:
        """Return the most likely table, exactly 0.0 and 1.0."""

    @abstractmethod
    def entropy(self, logits: Tensor) -> Tensor:
        """Return float[nodes], the entropy of the node's distribution over tables, in nats."""


@final
class Raw(Parametrization):
    """A softmax over the 16 gates of two inputs (2210.08277)."""

    def num_logits(self, fan_in: int) -> int:
        if fan_in != 2:
            raise ValueError(
                f"parametrization 'raw' needs fan_in 2, not {fan_in}; use 'light' or 'walsh'"
            )
        return GATES

    def initial(self, init: str, nodes: int, fan_in: int, seed: int) -> Tensor:
        if one_of("init", init, INITS) == "gaussian":
            return _normal(nodes, self.num_logits(fan_in), seed)
        logits = torch.zeros(nodes, self.num_logits(fan_in))
        # A node that passes input 0 on lets gradients through a deep network at the start
        # (2411.04732).
        logits[:, PASS_INPUT_0] = RESIDUAL_GATE_LOGIT
        return logits

    def deciding(self, tables: Tensor, certainty: float) -> Tensor:
        # A gate is named by its table: entry j in bit j.
        gates = (tables.long() << torch.arange(tables.shape[1])).sum(dim=1, keepdim=True)
        return torch.zeros(len(tables), GATES).scatter_(1, gates, certainty)

    def scores(self, logits: Tensor) -> Tensor:
        return logits

    def noise(self, shape: torch.Size, seed: Tensor, step: Tensor) -> Tensor:
        return rng.gumbel(seed, step, Stream.NOISE, shape.numel()).view(shape)

    def soft(self, scores: Tensor, temperature: float) -> Tensor:
        return F.softmax(scores / temperature, dim=-1) @ _gate_tables().to(scores)

    @property
    def choices(self) -> int:
        return GATES

    def confidence(self, scores: Tensor, temperature: float) -> Tensor:
        return F.softmax(scores / temperature, dim=-1).amax(dim=-1).mean()

    def hard(self, scores: Tensor) -> Tensor:
        # argmax gives the lowest gate on a tie, on the CPU and on CUDA.
        return _gate_tables().to(scores)[scores.argmax(dim=-1)]

    def entropy(self, logits: Tensor) -> Tensor:
        log_p = F.log_softmax(logits, dim=-1)
        return -(log_p.exp() * log_p).sum(dim=-1)


class _Entries(Parametrization):
    """Tables whose entries are independent coins, given by one score each."""

    def num_logits(self, fan_in: int) -> int:
        return 1 << fan_in

    def noise(self, shape: torch.Size, seed: Tensor, step: Tensor) -> Tensor:
        return rng.logistic(seed, step, Stream.NOISE, shape.numel()).view(shape)

    def soft(self, scores: Tensor, temperature: float) -> Tensor:
        return torch.sigmoid(scores / temperature)

    @property
    def choices(self) -> int:
        return 2

    def confidence(self, scores: Tensor, temperature: float) -> Tensor:
        return torch.sigmoid(scores.abs() / temperature).mean()

    def hard(self, scores: Tensor) -> Tensor:
        return (scores > 0).to(scores)

    def entropy(self, logits: Tensor) -> Tensor:
        """Return the sum of the entries' binary entropies: the entries are independent."""
        scores = self.scores(logits)
        p = torch.sigmoid(scores)
        return -(p * F.logsigmoid(scores) + (1 - p) * F.logsigmoid(-scores)).sum(dim=-1)


@final
class Light(_Entries):
    """One logit per table entry, through a sigmoid (2510.03250)."""

    def initial(self, init: str, nodes: int, fan_in: int, seed: int) -> Tensor:
        if one_of("init", init, INITS) == "gaussian":
            return _normal(nodes, self.num_logits(fan_in), seed)
        input_0 = torch.arange(self.num_logits(fan_in)) & 1
        return ((2 * input_0 - 1) * RESIDUAL_ENTRY_LOGIT).repeat(nodes, 1)

    def deciding(self, tables: Tensor, certainty: float) -> Tensor:
        return (2 * tables - 1) * certainty

    def scores(self, logits: Tensor) -> Tensor:
        return logits


@final
class Walsh(_Entries):
    """One Walsh-Hadamard coefficient per parity of inputs (2510.15655); scores are their transform.

    Coefficient s weighs the parity of the inputs whose bits are set in s, as +1 (even) or -1.
    """

    def initial(self, init: str, nodes: int, fan_in: int, seed: int) -> Tensor:
        count = self.num_logits(fan_in)
        if one_of("init", init, INITS) == "gaussian":
            return _normal(nodes, count, seed) / count**0.5  # the scores are then N(0, 1) each
        coefficients = torch.zeros(nodes, count)
        coefficients[:, 1] = -RESIDUAL_ENTRY_LOGIT  # parity of input 0 alone, -1 where it is set
        return coefficients

    def deciding(self, tables: Tensor, certainty: float) -> Tensor:
        # The transform is its own inverse, but for the number of entries.
        return _walsh_hadamard((2 * tables - 1) * certainty) / tables.shape[1]

    def scores(self, logits: Tensor) -> Tensor:
        return _walsh_hadamard(logits)


PARAMETRIZATIONS: dict[str, Parametrization] = {"raw": Raw(), "light": Light(), "walsh": Walsh()}


def _normal(nodes: int, logits: int, seed: int) -> Tensor:
    """Return float32[nodes, logits] of N(0, 1), a function of the seed alone."""
    return rng.normal(seed, 0, Stream.INIT, nodes * logits).view(nodes, logits)


def _gate_tables() -> Tensor:
    """Return float32[16, 4]: row g holds the bits of the table g."""
    return _made_gate_tables() if is_exporting() else _known_gate_tables()


def _made_gate_tables() -> Tensor:
    """Return the tables anew: a trace must not hold a tensor of another one."""
    gates = torch.arange(GATES)[:, None]
    return ((gates >> torch.arange(4)) & 1).float()


_known_gate_tables = cache(_made_gate_tables)


def _walsh_hadamard(values: Tensor) -> Tensor:
    """Return [nodes, n], entry j the sum over s of values[s] * (-1) ** popcount(s & j).

    A butterfly: the order of its additions is that of the compiled kernels, bit for bit.
    """
    nodes, count = values.shape
    # The fast Walsh-Hadamard transform: n log n additions, as a fast Fourier transform without
    # factors.
    half = 1
    while half < count:
        low, high = values.view(nodes, -1, 2, half).unbind(2)
        values = torch.stack((low + high, low - high), dim=2).reshape(nodes, count)
        half *= 2
    return values
