"""The layers that users compose: `nn.Sequential(ThermometerLayer, LogicDense, ..., GroupSum)`."""

from lgn_train.layers.bit_planes import BitPlanes
from lgn_train.layers.group_sum import GroupSum
from lgn_train.layers.logic_conv2d import LogicConv2d
from lgn_train.layers.logic_dense import LogicDense
from lgn_train.layers.logic_layer import LogicLayer
from lgn_train.layers.logic_netlist import LogicNetlist
from lgn_train.layers.modes import MODES, mode
from lgn_train.layers.or_pool2d import OrPool2d
from lgn_train.layers.thermometer import ThermometerLayer

__all__ = [
    "MODES",
    "BitPlanes",
    "GroupSum",
    "LogicConv2d",
    "LogicDense",
    "LogicLayer",
    "LogicNetlist",
    "OrPool2d",
    "ThermometerLayer",
    "mode",
]
