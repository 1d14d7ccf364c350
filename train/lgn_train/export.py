"""The bridge from a trained network to lgn_hw: truth tables and wiring, no approximation."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from lgn_hw.classifier import Classifier
from lgn_hw.errors import CheckFailed, ClassifierError
from lgn_hw.netlist import FIRST_INPUT, MAX_FANIN, Netlist
from lgn_train.layers import LogicDense
from lgn_train.metrics import predictions
from lgn_train.model import parts_of

__all__ = ["check_equal", "export_model", "to_netlist"]


def export_model(
    model: nn.Module, classes: Sequence[str], provenance: Mapping[str, Any] | None = None
) -> Classifier:
    """Return the classifier that a model computes in eval() mode.

    model: nn.Sequential(Thermometer, LogicDense ..., GroupSum); it is left as it was. Raises
    TypeError naming another layer, and ClassifierError where the parts do not fit together.
    """
    encoder, layers, head = parts_of(model)
    netlist = to_netlist(encoder.num_bits, layers)
    if netlist.num_outputs % head.k:
        raise ClassifierError(
            f"GroupSum(k={head.k}) cannot divide {netlist.num_outputs} outputs into equal groups"
        )
    group = np.repeat(np.arange(head.k, dtype=np.int32), netlist.num_outputs // head.k)
    return Classifier(encoder.spec, netlist, group, head.tau, tuple(classes), provenance or {})


def to_netlist(inputs: int, layers: Sequence[LogicDense]) -> Netlist:
    """Return the netlist of discrete layers, every node in it, in the layers' order."""
    first, width = FIRST_INPUT, inputs
    fanin, table = [np.zeros((0, MAX_FANIN), np.int32)], [np.zeros(0, np.uint64)]
    for number, layer in enumerate(layers):
        if layer.in_features != width:
            raise ClassifierError(
                f"LogicDense {number} reads {layer.in_features} bits, and has {width} before it"
            )
        nets = np.zeros((layer.out_features, MAX_FANIN), np.int32)
        nets[:, : layer.fan_in] = layer.wired().indices.cpu().numpy() + first
        fanin.append(nets)
        table.append(_table_words(layer))
        first, width = first + width, layer.out_features
    outputs = np.arange(first, first + width, dtype=np.int32)
    return Netlist(inputs, np.concatenate(fanin), np.concatenate(table), outputs)


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


def _table_words(layer: LogicDense) -> NDArray[np.uint64]:
    bits = layer.discrete_tables().cpu().numpy().astype(np.uint64)
    words: NDArray[np.uint64] = (bits << np.arange(bits.shape[1], dtype=np.uint64)).sum(
        axis=1, dtype=np.uint64
    )
    return words
