"""Estimators: how the tables of a training step are chosen, and how gradients pass the choice.

A node must choose one of many tables, which has no gradient. The estimators differ in what the
forward pass reads (a table of bits, or the mixture of all) and in whether noise is added first;
docs/training.md has them in a table with their papers.
"""

from dataclasses import dataclass

from torch import Tensor

from lgn_train.parametrizations import Parametrization

__all__ = ["ESTIMATORS", "HARD", "Estimator", "Tables", "discrete_tables"]


@dataclass(frozen=True, eq=False)
class Tables:
    """The tables[nodes, 2**fan_in] of one step.

    soft: in [0, 1], with a gradient to the logits.
    value: what the forward pass reads; equal to soft, or exactly 0.0 and 1.0; no gradient.
    """

    soft: Tensor
    value: Tensor

    def of(self, part: slice) -> "Tables":
        """Return some of the tables."""
        return Tables(self.soft[part], self.value[part])


@dataclass(frozen=True)
class Estimator:
    """Choose tables from logits.

    noisy: noise is drawn for every node, once per step, shared by the whole batch.
    hard: the forward pass reads the bits of the likeliest table under that noise, and the
    gradient passes straight through to the soft table; else both read the soft table.
    adaptive: the temperature of the gradient follows the layer's confidence (see confidence.py).
    """

    noisy: bool
    hard: bool
    adaptive: bool = False

    def tables(
        self,
        parametrization: Parametrization,
        logits: Tensor,
        temperature: float,
        seed: Tensor,
        step: Tensor,
    ) -> Tables:
        """Return the tables of a step; the same seed and step give the same tables."""
        scores = parametrization.scores(logits)
        if self.noisy:
            scores = scores + parametrization.noise(scores.shape, seed, step)
        soft = parametrization.soft(scores, temperature)
        # Straight-through: the forward pass reads `value`, the gradient goes to `soft` as if it had
        # been read.
        value = parametrization.hard(scores) if self.hard else soft
        return Tables(soft, value.detach())

    def mixture(
        self, parametrization: Parametrization, logits: Tensor, temperature: float
    ) -> Tables:
        """Return the expected tables: what the soft accuracy is measured with."""
        soft = parametrization.soft(
            parametrization.scores(logits), self.mixture_temperature(temperature)
        )
        return Tables(soft, soft.detach())

    def mixture_temperature(self, temperature: float) -> float:
        """Return the temperature of the expected tables, for that of training.

        Noise samples a gate with the probabilities of temperature 1, whatever the temperature of
        the gradient is; without noise the mixture is the soft table of training.
        """
        return 1.0 if self.noisy else temperature


ESTIMATORS = {
    "gumbel_st": Estimator(noisy=True, hard=True),  # 2506.07500
    "hard_st": Estimator(noisy=False, hard=True),  # 2603.14157
    "cage": Estimator(noisy=False, hard=True, adaptive=True),  # 2603.14157
    "soft": Estimator(noisy=False, hard=False),  # 2210.08277
    "soft_gumbel": Estimator(noisy=True, hard=False),  # 2506.07500, its ablation
}
# The names of those that read bits, for messages: "a, b or c".
HARD = " or ".join(name for name, estimator in ESTIMATORS.items() if estimator.hard)
HARD = HARD.replace(" or ", ", ", HARD.count(" or ") - 1)


def discrete_tables(parametrization: Parametrization, logits: Tensor) -> Tensor:
    """Return float[nodes, 2**fan_in], the likeliest tables: what is exported, exact bits."""
    return parametrization.hard(parametrization.scores(logits.detach()))
