"""Train logic gate networks in PyTorch and export them as classifiers."""

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

__all__ = [
    "BitPlanes",
    "Geometry",
    "GroupSum",
    "LogicConv2d",
    "LogicDense",
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
