"""Train logic gate networks in PyTorch and export them as classifiers."""

import warnings
from typing import TYPE_CHECKING, Any

from lgn_train.encoding import fit_thermometer
from lgn_train.explain import explain
from lgn_train.export import export_model
from lgn_train.layers import (
    BitPlanes,
    GroupSum,
    LogicConv2d,
    LogicDense,
    OrPool2d,
    ThermometerLayer,
    mode,
)
from lgn_train.recipe import Recipe
from lgn_train.run import train
from lgn_train.run_export import export_run, keep_classifier
from lgn_train.wiring import Geometry, structured_wiring

if TYPE_CHECKING:
    from lgn_train.logic_gate_classifier import LogicGateClassifier

__all__ = [
    "BitPlanes",
    "Geometry",
    "GroupSum",
    "LogicConv2d",
    "LogicDense",
    "LogicGateClassifier",
    "OrPool2d",
    "Recipe",
    "ThermometerLayer",
    "explain",
    "export_model",
    "export_run",
    "fit_thermometer",
    "keep_classifier",
    "mode",
    "structured_wiring",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import the estimator when it is asked for, because scikit-learn takes a second to load; and
    return what has another name now, with a DeprecationWarning that says it.
    """
    if name == "LogicGateClassifier":
        from lgn_train.logic_gate_classifier import LogicGateClassifier

        return LogicGateClassifier
    if name == "Thermometer":
        warnings.warn(
            "lgn_train.Thermometer is called lgn_train.ThermometerLayer now, to be told from"
            " lgn_hw.Thermometer; the old name goes with version 0.3",
            DeprecationWarning,
            stacklevel=2,
        )
        return ThermometerLayer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
