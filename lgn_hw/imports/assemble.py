"""A netlist of others, an encoder and classes: one classifier, checked and proven."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgn_hw.classifier import Classifier
from lgn_hw.counted import counted
from lgn_hw.data.arrays import load_arrays
from lgn_hw.encoder import Thermometer
from lgn_hw.errors import CheckFailed, FileFormatError, UsageError
from lgn_hw.features import Features
from lgn_hw.formats import lgn
from lgn_hw.netlist import Netlist
from lgn_hw.netlist.aig import Aig, to_aig
from lgn_hw.prove.cec import DEFAULT_TIMEOUT_S, check_equal
from lgn_hw.prove.watch import Watch

__all__ = ["assemble", "bits_encoder", "prove_import", "read_encoder"]


def assemble(
    netlist: Netlist,
    encoder: Thermometer,
    classes: Sequence[str],
    tau: float,
    source: str,
    group: NDArray[np.int32] | None = None,
) -> Classifier:
    """Return a classifier whose outputs vote for the classes.

    group: int32[outputs], the class of each; equal shares by default, class 0 first. Raises
    UsageError where the outputs cannot be so divided, or the encoder has other bits.
    """
    if netlist.num_inputs != encoder.num_bits:
        raise UsageError(
            f"The netlist reads {netlist.num_inputs} bits, and the encoder gives {encoder.num_bits}"
        )
    provenance = {"imported_from": source}
    if group is not None:
        return Classifier(encoder, netlist, group, tau, tuple(classes), provenance)
    if not netlist.num_outputs or netlist.num_outputs % len(classes):
        raise UsageError(
            f"{counted(netlist.num_outputs, 'output')} cannot be divided into {len(classes)}"
            " equal classes; name the votes with --votes, or say how many are used with --outputs"
        )
    group = np.repeat(np.arange(len(classes), dtype=np.int32), netlist.num_outputs // len(classes))
    return Classifier(encoder, netlist, group, tau, tuple(classes), provenance)


def bits_encoder(names: Sequence[str]) -> Thermometer:
    """Return the encoder of features that are bits already, one for each name."""
    features = Features.integers([0] * len(names), [1] * len(names), names)
    return Thermometer(
        features, np.arange(len(names), dtype=np.int32), np.zeros(len(names), np.int64)
    )


def read_encoder(path: Path) -> Thermometer:
    """Return the encoder of an .npz: bit i is `x[feature[i]] > threshold[i]`.

    It holds feature[bits], threshold[bits], low[features] and high[features], integers, and
    optionally names[features]. Raises FileFormatError where it does not.
    """
    found = load_arrays(path)
    missing = [name for name in ("feature", "threshold", "low", "high") if name not in found]
    if missing:
        raise FileFormatError(
            f"{path} must hold feature, threshold, low and high; {missing[0]} is missing"
        )
    for name in ("feature", "threshold", "low", "high"):
        if found[name].dtype.kind not in "iu" and found[name].size:
            raise FileFormatError(
                f"{path}: {name} must hold integers, not {found[name].dtype}; of features that are"
                " none, scale both the values and the thresholds, as by 255"
            )
    try:
        features = Features.integers(found["low"], found["high"], found.get("names", np.array([])))
        return Thermometer(features, found["feature"], found["threshold"])
    except ValueError as problem:  # of Features, of Thermometer, and numpy's of shapes
        raise FileFormatError(f"{path}: {problem}") from None


def prove_import(
    classifier: Classifier,
    given: Aig,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    watch: Watch | None = None,
) -> bytes:
    """Return the bytes of the classifier's file, proven to hold the gates that were given.

    The proof is by SAT, of what is read back from these bytes. Raises CheckFailed.
    """
    data = lgn.dumps(classifier)
    read = lgn.loads(data)
    [verdict] = check_equal([(given, to_aig(read.netlist))], timeout_s=timeout_s, watch=watch)
    if verdict.status != "equal":
        raise CheckFailed(f"The imported netlist is not proven equal: {verdict.status}")
    return data
