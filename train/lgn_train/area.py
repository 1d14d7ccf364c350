"""The area of a network as something to minimise: how much its nodes depend on their inputs."""

import torch
from torch import Tensor, nn

from lgn_train.layers.logic_layer import LogicLayer
from lgn_train.parametrizations import PARAMETRIZATIONS
from lgn_train.parts import logic_layers

__all__ = ["area_of", "total_influence"]


def area_of(model: nn.Module) -> Tensor:
    """Return the mean over all nodes of the total influence of their expected tables, a scalar with
    its gradient: between 0, where all are constant, and the fan-in, where all are parities.

    A node whose table ignores an input reads fewer nets, one that passes an input on is no gate,
    and a constant one frees what it reads: it is what `lgn optimize` removes. A table that several
    nodes share counts once.
    """
    found = [total_influence(_expected(layer)) for layer in logic_layers(model)]
    return torch.cat(found).mean()


def total_influence(tables: Tensor) -> Tensor:
    """Return [nodes], the sum over the inputs of the mean difference that flipping one makes (the
    total influence of a Boolean function) for tables[nodes, 2**fan_in] in [0, 1].
    """
    nodes, entries = tables.shape
    total = tables.new_zeros(nodes)
    for pin in range(entries.bit_length() - 1):
        low, high = tables.view(nodes, -1, 2, 1 << pin).unbind(2)
        total = total + (high - low).abs().flatten(1).mean(dim=1)
    return total


def _expected(layer: LogicLayer) -> Tensor:
    """Return the soft tables of a layer, without noise."""
    tables_of = PARAMETRIZATIONS[layer.parametrization]
    return tables_of.soft(tables_of.scores(layer.logits), layer.temperature)
