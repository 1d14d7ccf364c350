"""The bridge from a trained network to lgn_hw: truth tables and wiring, no approximation.

What is exported is read off the network: tables by their likeliest choice, wiring as it is. That is
exact, and still compared on samples, because a wrong circuit that trains well would be believed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from lgn_hw.classifier import Classifier
from lgn_hw.errors import CheckFailed, ClassifierError
from lgn_train.convolution import check_structure, convolution_of
from lgn_train.layers.logic_netlist import LogicNetlist
from lgn_train.lowering import to_netlist
from lgn_train.parts import parts_of
from lgn_train.predictions import predictions

__all__ = ["check_equal", "export_model"]

CHECKED_SAMPLES = 256


def export_model(
    model: nn.Module, classes: Sequence[str], provenance: Mapping[str, Any] | None = None
) -> Classifier:
    """Return the classifier that a model computes in eval() mode.

    model: nn.Sequential(ThermometerLayer, logic layers ..., GroupSum), in which Sequentials may be
    nested and nn.Flatten may come first, for images. A module of another class says its layers by
    a method logic_parts(), in the order in which its forward() applies them; the classifier is
    then compared with it on random samples. The model is left as it was. Raises TypeError naming
    another layer, ClassifierError where the parts do not fit together, and CheckFailed where a
    model computes something else than its logic_parts().
    """
    encoder, layers, head = parts_of(model)
    netlist = to_netlist(encoder.num_bits, layers)
    if netlist.num_outputs % head.k:
        raise ClassifierError(
            f"GroupSum(k={head.k}) cannot divide {netlist.num_outputs} outputs into equal groups"
        )
    group = np.repeat(np.arange(head.k, dtype=np.int32), netlist.num_outputs // head.k)
    if layers and isinstance(layers[-1], LogicNetlist):  # its padding is no vote
        voting = layers[-1].voting
        netlist, group = replace(netlist, outputs=netlist.outputs[voting]), group[voting]
    convolution = convolution_of(encoder.spec, layers, head.k)
    check_structure(convolution, encoder.spec, netlist)
    made = Classifier(
        encoder.spec, netlist, group, head.tau, tuple(classes), provenance or {}, convolution
    )
    if not isinstance(model, nn.Sequential):
        check_equal(made, model, _random_codes(made))
    return made


def _random_codes(classifier: Classifier) -> NDArray[np.int64]:
    """Return int64[CHECKED_SAMPLES, features] over the whole ranges, always the same."""
    features, rng = classifier.features, np.random.default_rng(0)
    size = (CHECKED_SAMPLES, len(features))
    return rng.integers(features.low, features.high, size, endpoint=True)


def check_equal(classifier: Classifier, model: nn.Module, x: NDArray[np.integer]) -> None:
    """Raise CheckFailed where the classifier and the model differ on any of the samples x."""
    ours, theirs = classifier.predict(x), predictions(model, x)
    if (ours != theirs).any():
        sample = int(np.argmax(ours != theirs))
        raise CheckFailed(
            f"The exported classifier differs from the model on {(ours != theirs).sum()} of"
            f" {len(x)} samples, first on sample {sample}: class {ours[sample]}, not"
            f" {theirs[sample]}"
        )
