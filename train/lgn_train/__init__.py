"""Train logic gate networks in PyTorch and export them as classifiers."""

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
    Thermometer,
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
    "Thermometer",
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
    """Import the estimator when it is asked for: scikit-learn takes a second to load."""
    if name == "LogicGateClassifier":
        from lgn_train.logic_gate_classifier import LogicGateClassifier

        return LogicGateClassifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
