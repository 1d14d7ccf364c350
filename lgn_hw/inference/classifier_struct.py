"""A classifier's arrays as the engines' builder in C++ takes them."""

import ctypes

import numpy as np
from numpy.typing import NDArray

from lgn_hw.encoder import Thermometer
from lgn_hw.netlist import Netlist

__all__ = ["ClassifierStruct"]


class ClassifierStruct(ctypes.Structure):
    """The struct Classifier in csrc/build.h."""

    _fields_ = (
        ("features", ctypes.c_int64),
        ("low", ctypes.c_void_p),
        ("high", ctypes.c_void_p),
        ("offset", ctypes.c_void_p),
        ("scale", ctypes.c_void_p),
        ("bits", ctypes.c_int64),
        ("feature", ctypes.c_void_p),
        ("threshold", ctypes.c_void_p),
        ("nodes", ctypes.c_int64),
        ("fanin", ctypes.c_void_p),
        ("table", ctypes.c_void_p),
        ("outputs", ctypes.c_int64),
        ("output", ctypes.c_void_p),
        ("group", ctypes.c_void_p),
        ("classes", ctypes.c_int64),
    )

    @classmethod
    def of(
        cls, encoder: Thermometer, netlist: Netlist, group: NDArray[np.int32], num_classes: int
    ) -> "ClassifierStruct":
        """Return the addresses of a classifier's arrays, which must live as long as this."""
        features = encoder.features
        return cls(
            len(features), features.low.ctypes.data, features.high.ctypes.data,
            features.offset.ctypes.data, features.scale.ctypes.data,
            encoder.num_bits, encoder.feature.ctypes.data, encoder.threshold.ctypes.data,
            netlist.num_nodes, netlist.fanin.ctypes.data, netlist.table.ctypes.data,
            netlist.num_outputs, netlist.outputs.ctypes.data, group.ctypes.data, num_classes,
        )  # fmt: skip
