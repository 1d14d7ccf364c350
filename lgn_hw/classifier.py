"""The classifier: encoder, netlist and head; the unit that is saved, verified and built.

It is immutable and knows its digest, so that whatever was made of it (Verilog, bitstreams, reports)
can say which one it was, and be refused for another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgn_hw.convolution import Convolution
from lgn_hw.encoder import Thermometer
from lgn_hw.errors import ClassifierError
from lgn_hw.features import Features
from lgn_hw.inference import AnyEngine, make_engine
from lgn_hw.netlist import Netlist

__all__ = ["Classifier"]


@dataclass(frozen=True, eq=False)
class Classifier:
    """Classify integer samples with boolean gates and counters; `predict` is what it means.

    encoder: turns a sample into the netlist's inputs.
    netlist: its outputs vote for classes.
    group: int32[outputs], the class that each output votes for.
    tau: the temperature of GroupSum; logits are scores / tau. It does not change predictions.
    classes: one name per class.
    provenance: how it was made (recipe, seed, versions, accuracies); JSON values only.
    convolution: the same scores as kernels that slide over an image, for circuits in time; None
    where it has no such form. Whoever changes the scores, or the features, leaves it out.

    Raises ClassifierError where the parts do not fit together.
    """

    encoder: Thermometer
    netlist: Netlist
    group: NDArray[np.int32]
    tau: float
    classes: tuple[str, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    convolution: Convolution | None = None

    def __post_init__(self) -> None:
        given = np.asarray(self.group)
        if given.size and given.dtype.kind not in "iu":
            raise ClassifierError(f"group must hold integers, not {given.dtype}")
        # A copy that nobody can write: the digest must not change under who holds it.
        group = np.array(given, dtype=np.int32)
        group.flags.writeable = False
        object.__setattr__(self, "group", group)
        object.__setattr__(self, "classes", tuple(str(name) for name in self.classes))
        object.__setattr__(self, "tau", float(self.tau))
        object.__setattr__(self, "provenance", MappingProxyType(dict(self.provenance)))
        self._check()

    def __repr__(self) -> str:
        """Name what it is, in one line; its arrays would fill pages."""
        return (
            f"<Classifier {self.digest[:12]}: {len(self.features)} features,"
            f" {self.encoder.num_bits} bits, {self.netlist.num_nodes} nodes,"
            f" {self.num_classes} classes>"
        )

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        """Pickle as the file that it is saved in: the engine is of one process."""
        from lgn_hw.formats.lgn import dumps, loads

        return loads, (dumps(self),)

    @property
    def features(self) -> Features:
        """What a sample is made of; the encoder's."""
        return self.encoder.features

    @property
    def num_classes(self) -> int:
        """How many classes there are; at least two."""
        return len(self.classes)

    @cached_property
    def group_sizes(self) -> tuple[int, ...]:
        """How many outputs vote for each class."""
        return tuple(np.bincount(self.group, minlength=self.num_classes).tolist())

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the classifier's file, in hexadecimal: its identity everywhere."""
        from lgn_hw.formats.lgn import dumps  # formats imports this module

        return dumps(self)[-32:].hex()

    @cached_property
    def engine(self) -> AnyEngine:
        """What scores() and predict() run on; made at the first use."""
        return self.engine_on("cpu")

    def engine_on(self, device: str) -> AnyEngine:
        """Return a new engine, whose scores() and predict() are those of the classifier.

        device: `cpu`, `cuda` or `cuda:NUMBER`. On a GPU it also takes codes that lie there, such
        as a tensor of PyTorch; keep it for the next samples. Raises UsageError for another name;
        ToolNotFound or ToolError where GPU, driver or nvcc are missing or CUDA fails.
        """
        return make_engine(self.encoder, self.netlist, self.group, self.num_classes, device)

    def scores(self, codes: ArrayLike, threads: int | None = None) -> NDArray[np.int32]:
        """Return int32[samples, classes], the votes for each class.

        codes: integers[samples, features]; features.quantize() makes them of raw values. uint8
        and int32 are read as they are, others converted. threads: $LGN_THREADS or the number of
        cores by default; the result does not depend on it. Raises ClassifierError on a wrong
        shape, dtype or range.
        """
        return self.engine.scores(codes, threads)

    def predict(self, codes: ArrayLike, threads: int | None = None) -> NDArray[np.int32]:
        """Return int32[samples], the class with most votes; the lowest such class on a tie.

        Arguments and errors are those of scores().
        """
        return self.engine.predict(codes, threads)

    def scores_raw(self, raw: Any, threads: int | None = None) -> NDArray[np.int32]:
        """Return scores(features.quantize(raw)), without the codes in between where that is faster.

        raw: values[samples, features], an array, images or a DataFrame; float32 and float64 are
        read as they are. What quantize() changes, it changes in silence. Raises what it raises.
        """
        return self.engine.scores_raw(raw, threads)

    def predict_raw(self, raw: Any, threads: int | None = None) -> NDArray[np.int32]:
        """Return predict(features.quantize(raw)), as scores_raw() does."""
        return self.engine.predict_raw(raw, threads)

    def predict_proba(self, codes: ArrayLike, threads: int | None = None) -> NDArray[np.float64]:
        """Return float64[samples, classes], the softmax of scores / tau, as training sees it.

        Arguments and errors are those of scores().
        """
        logits = self.scores(codes, threads) / self.tau
        # The greatest logit becomes 0, so that no power overflows.
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the classifier to one file, by way of a temporary file beside it."""
        from lgn_hw.formats.lgn import save

        save(self, path)

    @staticmethod
    def load(path: str | PathLike[str]) -> "Classifier":
        """Read a classifier; raises FileFormatError saying what is wrong with the file."""
        from lgn_hw.formats.lgn import load

        return load(path)

    def _check(self) -> None:
        """Raise ClassifierError where the parts do not fit together."""
        if self.netlist.num_inputs != self.encoder.num_bits:
            raise ClassifierError(
                f"The netlist must have as many inputs as the encoder has bits,"
                f" {self.encoder.num_bits}, not {self.netlist.num_inputs}"
            )
        if len(self.classes) < 2:
            raise ClassifierError(f"A classifier needs two classes or more, not {self.classes}")
        if len(set(self.classes)) != len(self.classes):
            raise ClassifierError(f"Class names must differ, not {self.classes}")
        if self.group.shape != (self.netlist.num_outputs,):
            raise ClassifierError(
                f"group must name a class for each of {self.netlist.num_outputs} outputs,"
                f" not have shape {self.group.shape}"
            )
        wrong = (self.group < 0) | (self.group >= self.num_classes)
        if wrong.any():
            output = int(np.argmax(wrong))
            raise ClassifierError(
                f"Output {output} must vote for one of the classes 0 to {self.num_classes - 1},"
                f" not {self.group[output]}"
            )
        if not 0 < self.tau < np.inf:
            raise ClassifierError(f"tau must be a positive number, not {self.tau}")
        if self.convolution is not None:
            self.convolution.check_features(self.features, self.num_classes)
