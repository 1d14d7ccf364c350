"""Layers to a netlist: every node in it, in the layers' order; positions of a kernel one by one.

Nothing is optimised on the way, so that node i of a layer is node i of the netlist's layer, and a
difference can be traced; lgn_hw.passes removes what is dead.
"""

from collections.abc import Sequence

import numpy as np
from torch import nn

from lgn_hw.errors import ClassifierError
from lgn_hw.netlist import FIRST_INPUT, Netlist
from lgn_train.layers.circuit_layer import CircuitLayer, NodeBuilder, shown_shape

__all__ = ["to_netlist"]


def to_netlist(inputs: int, layers: Sequence[nn.Module]) -> Netlist:
    """Return the netlist of discrete layers on that many bits.

    layers: CircuitLayers and nn.Flatten. Raises ClassifierError where a layer does not fit what is
    before it.
    """
    builder = NodeBuilder(inputs)
    nets = np.arange(FIRST_INPUT, FIRST_INPUT + inputs, dtype=np.int32)
    for number, layer in enumerate(layers):
        if isinstance(layer, CircuitLayer):
            try:
                nets = layer.lower(builder, nets)
            except ClassifierError as problem:
                raise ClassifierError(f"{type(layer).__name__} {number} {problem}") from None
        else:
            assert isinstance(layer, nn.Flatten), "parts_of lets no other layer pass"
            nets = nets.reshape(-1)
    if nets.ndim != 1:
        raise ClassifierError(f"The outputs must be bits, not {shown_shape(nets)}; add nn.Flatten")
    return builder.netlist(nets)
