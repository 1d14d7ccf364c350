"""The layers that users compose: `nn.Sequential(Thermometer, LogicDense, ..., GroupSum)`."""

from lgn_train.layers.group_sum import GroupSum
from lgn_train.layers.logic_dense import LogicDense
from lgn_train.layers.logic_layer import LogicLayer
from lgn_train.layers.modes import MODES, mode
from lgn_train.layers.thermometer import Thermometer

__all__ = ["MODES", "GroupSum", "LogicDense", "LogicLayer", "Thermometer", "mode"]
