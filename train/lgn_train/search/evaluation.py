"""How good a recipe is: trained on a part, measured on its validation part, its LUTs counted."""

from dataclasses import dataclass

from torch import nn

from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.passes.optimize import optimize_classifier
from lgn_train.data.dataset import Dataset
from lgn_train.encoding import fitted_encoder
from lgn_train.export import export_model
from lgn_train.loop import Trainer
from lgn_train.model import build_model
from lgn_train.predictions import predictions
from lgn_train.recipe import Recipe
from lgn_train.search.clock import Clock
from lgn_train.threads import threads_for

__all__ = ["Measured", "evaluate", "total", "trained"]


@dataclass(frozen=True)
class Measured:
    """How many of so many validation samples are right, and the LUTs of the whole circuit."""

    right: int
    samples: int
    luts: float

    @property
    def accuracy(self) -> float:
        return self.right / self.samples


def total(measured: list[Measured]) -> Measured:
    """Return the figures of all parts: their samples together, and the mean of their LUTs."""
    return Measured(
        sum(part.right for part in measured),
        sum(part.samples for part in measured),
        sum(part.luts for part in measured) / len(measured),
    )


def evaluate(recipe: Recipe, part: Dataset, options: CoreOptions, clock: Clock) -> Measured:
    """Train a network of its own on a part and measure it on the part's validation samples.

    LUTs are those of encoder, gates, popcount and argmax after the simple passes; mapping makes
    fewer of them. Raises OutOfTime at the clock's end, and what training raises.
    """
    model = trained(recipe, part, clock)
    _, x, y = part.measured
    right = int((predictions(model, x) == y).sum())
    small, _ = optimize_classifier(export_model(model, part.classes))
    return Measured(right, len(y), sum(Circuit.of(small, options).luts.values()))


def trained(recipe: Recipe, part: Dataset, clock: Clock) -> nn.Module:
    """Return a network trained on a part to the recipe's last epoch. Raises as evaluate does, and
    ArithmeticError where the loss is no number.
    """
    encoder = fitted_encoder(recipe, part)
    model = build_model(recipe, encoder, len(part.classes), part.image_shape)
    trainer = Trainer(model, recipe, part)
    with threads_for(model, recipe.train.batch_size):
        while trainer.step < trainer.total_steps:
            clock.check()
            loss = trainer.run_step()
    if not loss.isfinite():
        raise ArithmeticError("the loss is no number")
    return model
