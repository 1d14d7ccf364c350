"""The parts of a network: its encoder, its layers, its head.

Whoever exports, measures or explains a network needs its layers in their order, and gets them here;
a model of another form is refused by name before anything is computed.
"""

from collections.abc import Iterator

from torch import nn

from lgn_train.layers.circuit_layer import CircuitLayer
from lgn_train.layers.group_sum import GroupSum
from lgn_train.layers.logic_layer import LogicLayer
from lgn_train.layers.thermometer import ThermometerLayer

__all__ = ["logic_layers", "parts_of"]


def logic_layers(model: nn.Module) -> list[LogicLayer]:
    """Return every layer of nodes of a model, in order."""
    return [layer for layer in model.modules() if isinstance(layer, LogicLayer)]


def parts_of(model: nn.Module) -> tuple[ThermometerLayer, list[nn.Module], GroupSum]:
    """Return ThermometerLayer, the logic layers and GroupSum of a model; the logic layers are those
    with a circuit (see layers.circuit_layer), and nn.Flatten.

    model: these in nn.Sequential, which may be nested and start with nn.Flatten; or a module with
    a method logic_parts(), which returns such modules in the order in which its forward() applies
    them. Raises TypeError naming the layer that breaks this order: nothing else has a circuit.
    """
    order = "nn.Sequential(ThermometerLayer, logic layers ..., GroupSum)"
    parts = list(_flat_parts(model))
    while len(parts) > 1 and isinstance(parts[0], nn.Flatten) and _is_whole(parts[0]):
        parts = parts[1:]  # ThermometerLayer flattens images itself
    if len(parts) < 2:
        raise TypeError(
            f"model must be {order}, or have a method logic_parts() that returns these, not"
            f" {type(model).__name__} of another form"
        )
    encoder, *middle, head = parts
    wanted = [
        (encoder, (ThermometerLayer,), "ThermometerLayer"),
        *(
            (layer, (CircuitLayer, nn.Flatten), "a layer with a circuit or Flatten")
            for layer in middle
        ),
        (head, (GroupSum,), "GroupSum"),
    ]
    for position, (layer, kinds, name) in enumerate(wanted):
        if not isinstance(layer, kinds):
            raise TypeError(
                f"model must be {order}; layer {position} is {type(layer).__name__}, not {name}"
            )
        if isinstance(layer, nn.Flatten) and not _is_whole(layer):
            raise TypeError(f"layer {position} must be nn.Flatten(), not {layer}")
    assert isinstance(encoder, ThermometerLayer)
    assert isinstance(head, GroupSum)
    return encoder, middle, head


def _flat_parts(module: nn.Module) -> Iterator[nn.Module]:
    """Yield the layers of nested Sequentials and of modules with the hook, in order."""
    hook = getattr(module, "logic_parts", None)
    if callable(hook):
        for part in hook():
            yield from _flat_parts(part)
    elif not isinstance(module, nn.Sequential):
        yield module
    elif type(module).forward is not nn.Sequential.forward:
        raise TypeError(
            f"{type(module).__name__} has a forward() of its own, so its order is not known; give"
            " it a method logic_parts() that returns its layers in the order of forward()"
        )
    else:
        for part in module:
            yield from _flat_parts(part)


def _is_whole(layer: nn.Flatten) -> bool:
    """Say whether nn.Flatten flattens everything but the batch."""
    return (layer.start_dim, layer.end_dim) == (1, -1)
