"""The classes that a model gives to samples, computed by its own layers in any mode."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lgn_train.layers.circuit_layer import widest_stage
from lgn_train.layers.modes import mode

__all__ = ["predictions"]

BLOCK_SAMPLES = 1000  # at most
BLOCK_ACTIVATIONS = 1 << 25  # of the widest layer: 128 MiB, a few times that in all


def predictions(
    model: nn.Module, x: NDArray[np.integer], name: str = "discrete"
) -> NDArray[np.int64]:
    """Return int64[samples], the class that the model gives each sample in a mode; the lowest
    class on a tie.
    """
    codes = torch.from_numpy(np.ascontiguousarray(x))
    device = next((p.device for p in model.parameters()), codes.device)
    # Wide layers take fewer samples at a time: memory is bounded, and the result does not depend on
    # it.
    block = max(1, min(BLOCK_SAMPLES, BLOCK_ACTIVATIONS // max(1, widest_stage(model))))
    with mode(model, name), torch.no_grad():
        found = [model(part.to(device)).argmax(dim=1).cpu() for part in torch.split(codes, block)]
    result: NDArray[np.int64] = torch.cat(found).numpy()
    return result
