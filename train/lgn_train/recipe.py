"""Recipes: what to train, on what, and how; from TOML, and strict: a typo would cost a day."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, PlainValidator, model_validator

from lgn_train.estimators import ESTIMATORS, HARD
from lgn_train.recipe_document import Count, Document, Positive, Section

__all__ = [
    "Conv",
    "Data",
    "Encoder",
    "Model",
    "Recipe",
    "Train",
]

Finite = Annotated[float, Field(allow_inf_nan=False)] | int
# strict=False: TOML has lists, of which pydantic makes tuples only when it may.
Limits = Annotated[tuple[Finite, Finite], Field(strict=False)]


if TYPE_CHECKING:
    EstimatorName = str
else:
    # pydantic wants the names at run time, and a type checker a type that it can read.
    EstimatorName = Literal[tuple(ESTIMATORS)]


class Data(Section):
    """Where the samples come from.

    path: the .npz, .csv or .parquet of source "file", relative to where the command runs. label:
    the label column of a table. range: [low, high] of all features, or of some by name, like
    {age = [0, 120]}; else that of the training part, or of bytes. problem: which of the three of
    source "monk". validation: the fraction of the training part, of every class alike, that is
    held out: it is measured while training lasts, the epoch that is best on it is kept, and the
    test part is measured once, at the end. split_seed: draws the validation part, and the test
    part of a file that has none.
    """

    source: Literal["digits", "mnist", "cifar10", "adult", "monk", "file"]
    problem: Annotated[int, Field(ge=1, le=3)] | None = None
    path: str | None = None
    label: str | None = None
    range: Limits | Annotated[dict[str, Limits], Field(min_length=1)] | None = None
    split_seed: int = 0
    validation: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @model_validator(mode="after")
    def _path_belongs_to_a_file(self) -> "Data":
        if (self.source == "file") != (self.path is not None):
            raise ValueError("path must be given for source 'file', and only then")
        if self.label is not None and self.source != "file":
            raise ValueError("label is for source 'file' only")
        if self.range is not None and self.source != "file":
            raise ValueError("range is for source 'file' only; the others have theirs")
        return self

    @model_validator(mode="after")
    def _problem_belongs_to_monk(self) -> "Data":
        if (self.source == "monk") != (self.problem is not None):
            raise ValueError("problem must be given for source 'monk', and only then")
        return self


class Encoder(Section):
    """The thermometer: thresholds per feature, and how they are placed."""

    levels: Count = 3
    kind: Literal["uniform", "quantile"] = "uniform"


class Conv(Section):
    """One convolution, LogicConv2d, and OrPool2d after it where pool is above 1.

    candidates: 2 to 16 places of the window among which each leaf learns to choose; 0 for leaves
    that are drawn. groups: into which channels and kernels are divided, taking turns.
    """

    kernels: Count
    kernel_size: Count = 3
    tree_depth: Count = 3
    padding: Annotated[int, Field(ge=0)] = 1
    stride: Count = 1
    channels_per_kernel: Count | None = None
    groups: Count = 1
    fan_in: Annotated[int, Field(ge=2, le=6)] = 2
    candidates: Annotated[int, Field(ge=0, le=16)] = 0
    pool: Count = 1


class Model(Section):
    """The network: convolutions, where there are any, outputs of each dense layer, and the options
    of LogicDense and GroupSum.

    radius: in pixels, of the first layer where wiring is "structured"; it grows from layer to
    layer, to the whole image in the last. candidates: 2 to 16 inputs among which each pin learns
    to choose; 0 for a fixed wiring.
    start: a classifier, a .lgn file relative to where the command runs, whose encoder, netlist and
    votes take the place of layers: its tables are where training starts (LogicNetlist).
    """

    start: str | None = None
    conv: Annotated[tuple[Conv, ...], Field(strict=False)] = ()
    layers: Annotated[tuple[Count, ...], Field(strict=False)] = ()
    fan_in: Annotated[int, Field(ge=2, le=6)] = 2
    parametrization: Literal["raw", "light", "walsh"] = "raw"
    estimator: EstimatorName = "gumbel_st"
    temperature: Positive = 1.0
    wiring: Literal["random", "structured"] = "random"
    radius: Positive = 3.0
    candidates: Annotated[int, Field(ge=0, le=16)] = 0
    init: Literal["residual", "gaussian"] = "residual"
    input_gradient: Literal["soft", "hard"] = "soft"
    tau: Positive = 10.0

    @model_validator(mode="after")
    def _options_fit_together(self) -> "Model":
        if self.start is not None and (self.layers or self.conv or self.candidates):
            raise ValueError(
                "start brings layers of its own; leave out layers, conv and candidates, or give"
                " the classifier to lgn train --from"
            )
        if not (self.layers or self.conv or self.start is not None):
            raise ValueError("layers must name one layer or more where there is no convolution")
        for fan_in in (self.fan_in, *(conv.fan_in for conv in self.conv)):
            if self.parametrization == "raw" and fan_in != 2:
                raise ValueError(
                    f"parametrization 'raw' needs fan_in 2, not {fan_in}; use 'light' or 'walsh'"
                )
        if 1 in (self.candidates, *(conv.candidates for conv in self.conv)):
            raise ValueError("candidates must be 2 to 16, or 0 for none, not 1")
        if self.input_gradient == "hard" and not ESTIMATORS[self.estimator].hard:
            raise ValueError(
                f"input_gradient 'hard' needs estimator {HARD}, not {self.estimator!r}"
            )
        return self


def _class_weight(value: Any) -> Any:
    """Check one of the forms that class_weights() takes; tuples, so that recipes compare equal."""
    if value is None or value == "balanced":
        return value
    # A string is iterable too, and would be taken for a list of letters.
    weights = value.values() if isinstance(value, dict) else value
    if not isinstance(weights, str) and isinstance(weights, Iterable) and value:
        for weight in (weights := list(weights)):
            if not _is_positive(weight):
                raise ValueError(f"weights must be finite numbers above 0, not {weight!r}")
        return dict(value) if isinstance(value, dict) else tuple(weights)
    raise ValueError(
        "it must be 'balanced', a list of a weight per class, or a table of weights by class name,"
        f" not {value!r}"
    )


def _is_positive(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 < value < math.inf


class Train(Section):
    """The optimiser, AdamW: schedule "cosine" falls from learning_rate to 0 over all epochs.

    class_weight: how much classes count in the loss, see class_weights(). label_smoothing: the
    share of the target that is spread over all classes. area_weight: how much the mean total
    influence of the nodes counts in the loss (area.py); 0 for not at all.
    patience: epochs without a better one on the validation part after which training stops; 0 for
    never.

    shift, flip: augmentation of images, which are moved by up to `shift` pixels each way and
    mirrored left to right, each half of the time, anew in every epoch.
    teacher: a file of python -m lgn_train.teacher, relative to where the command runs: its
    logits are a second target. teacher_weight: their share of the loss; teacher_temperature:
    divides both networks' logits there.
    redraw_every: steps after which the pins of learned wirings exchange the less likely half of
    their candidates for other inputs, in the first REDRAWN of training; 0 for never.
    eval_every: epochs between measurements, of the validation part where there is one, else of the
    test part; the last epoch is always measured.
    checkpoint_minutes: of training within an epoch, after which its state is saved too.
    """

    epochs: Count
    batch_size: Count = 128
    learning_rate: Positive = 0.01
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    schedule: Literal["cosine", "constant"] = "cosine"
    class_weight: Annotated[Any, PlainValidator(_class_weight)] = None
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    area_weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    patience: Annotated[int, Field(ge=0)] = 0
    shift: Annotated[int, Field(ge=0)] = 0
    flip: bool = False
    teacher: str | None = None
    teacher_weight: Annotated[float, Field(gt=0, le=1)] = 0.5
    teacher_temperature: Positive = 2.0
    redraw_every: Annotated[int, Field(ge=0)] = 0
    eval_every: Count = 1
    checkpoint_minutes: Positive = 10.0


class Recipe(Document):
    """One experiment; equal recipes and data give equal classifiers."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    data: Data
    encoder: Encoder = Encoder()
    model: Model
    train: Train

    @model_validator(mode="after")
    def _redraws_have_candidates(self) -> "Recipe":
        candidates = self.model.candidates or any(conv.candidates for conv in self.model.conv)
        if self.train.redraw_every and not candidates:
            raise ValueError(
                "train.redraw_every exchanges candidates; set model.candidates, or leave it out"
            )
        return self

    @model_validator(mode="after")
    def _patience_has_a_validation_part(self) -> "Recipe":
        if self.train.patience and not self.data.validation:
            raise ValueError(
                "train.patience waits for a better epoch on the validation part; set"
                " data.validation, like 0.1, or leave it out"
            )
        return self
