"""From a recipe to a network, and the parts of a network."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from torch import nn

from lgn_hw.encoder import Thermometer as ThermometerSpec
from lgn_hw.errors import UsageError
from lgn_train import noise
from lgn_train.layers import (
    BitPlanes,
    GroupSum,
    LogicConv2d,
    LogicDense,
    LogicLayer,
    OrPool2d,
    Thermometer,
)
from lgn_train.layers.circuit_layer import CircuitLayer
from lgn_train.noise import Stream
from lgn_train.recipe import Model, Recipe
from lgn_train.wiring import Geometry

__all__ = ["build_model", "logic_layers", "parts_of", "widest_stage"]

Shape = tuple[int, int, int]  # channels, rows, columns


def build_model(
    recipe: Recipe,
    encoder: ThermometerSpec,
    classes: int,
    image_shape: Shape | None = None,
) -> nn.Sequential:
    """Return Thermometer, convolutions, LogicDense ..., GroupSum; the recipe's seed decides it all.

    image_shape: (channels, rows, columns) where the samples are images. Raises UsageError where
    the last layer cannot be divided among the classes, a recipe for images has none, or a
    convolution does not fit its image.
    """
    options = recipe.model
    if options.layers[-1] % classes:
        raise UsageError(
            f"model.layers must end in a multiple of the {classes} classes,"
            f" not {options.layers[-1]}"
        )
    _check_images(options, image_shape)
    dense_seeds, conv_seeds = _layer_seeds(recipe)
    inputs, geometry = encoder.num_bits, None
    convolutions: list[nn.Module] = []
    if options.conv and image_shape is not None:
        convolutions, shape = _convolutions(options, encoder, image_shape, conv_seeds)
        inputs, geometry = math.prod(shape), Geometry.of_image(*shape)
    elif image_shape is not None:
        geometry = Geometry.of_encoder(encoder, image_shape)
    dense = _dense_layers(options, inputs, geometry, dense_seeds)
    return nn.Sequential(
        Thermometer(encoder), *convolutions, *dense, GroupSum(classes, options.tau)
    )


def logic_layers(model: nn.Module) -> list[LogicLayer]:
    """Return every layer of nodes of a model, in order."""
    return [layer for layer in model.modules() if isinstance(layer, LogicLayer)]


def parts_of(model: nn.Module) -> tuple[Thermometer, list[nn.Module], GroupSum]:
    """Return the parts of Thermometer, logic layers ..., GroupSum; the logic layers are those with
    a circuit (see layers.circuit_layer), and nn.Flatten.

    model: these in nn.Sequential, which may be nested and start with nn.Flatten; or a module with
    a method logic_parts(), which returns such modules in the order in which its forward() applies
    them. Raises TypeError naming the layer that breaks this order: nothing else has a circuit.
    """
    order = "nn.Sequential(Thermometer, logic layers ..., GroupSum)"
    parts = list(_flat_parts(model))
    while len(parts) > 1 and isinstance(parts[0], nn.Flatten) and _is_whole(parts[0]):
        parts = parts[1:]  # Thermometer flattens images itself
    if len(parts) < 2:
        raise TypeError(
            f"model must be {order}, or have a method logic_parts() that returns these, not"
            f" {type(model).__name__} of another form"
        )
    encoder, *middle, head = parts
    wanted = [
        (encoder, (Thermometer,), "Thermometer"),
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
    assert isinstance(encoder, Thermometer)
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
    return (layer.start_dim, layer.end_dim) == (1, -1)


def widest_stage(model: nn.Module) -> int:
    """Return the most values of one sample that a layer computes at once; 0 without layers.

    A convolution counts where BitPlanes before it says how large its image is.
    """
    widest, size = 0, (0, 0)
    for layer in model.modules():
        if isinstance(layer, CircuitLayer):
            values, size = layer.widest(size)
            widest = max(widest, values)
    return widest


def _check_images(options: Model, image_shape: Shape | None) -> None:
    if image_shape is not None:
        return
    if options.conv:
        raise UsageError("model.conv needs images; the data set has none: leave it out")
    if options.wiring == "structured":
        raise UsageError(
            "model.wiring 'structured' needs images; the data set has none: set it to 'random'"
        )


def _convolutions(
    options: Model, encoder: ThermometerSpec, image_shape: Shape, seeds: Sequence[int]
) -> tuple[list[nn.Module], Shape]:
    """Return BitPlanes, the convolutions with their pools, and nn.Flatten; and the last shape."""
    planes = BitPlanes(encoder, image_shape)
    layers: list[nn.Module] = [planes]
    channels, rows, columns = planes.shape
    for number, (block, seed) in enumerate(zip(options.conv, seeds, strict=True)):
        try:
            layer = LogicConv2d(
                channels,
                block.kernels,
                block.kernel_size,
                tree_depth=block.tree_depth,
                padding=block.padding,
                stride=block.stride,
                channels_per_kernel=block.channels_per_kernel,
                fan_in=block.fan_in,
                seed=seed,
                **_node_options(options),
            )
            channels, (rows, columns) = block.kernels, layer.output_size(rows, columns)
            layers.append(layer)
            if block.pool > 1:
                pool = OrPool2d(block.pool)
                rows, columns = pool.output_size(rows, columns)
                layers.append(pool)
        except ValueError as problem:
            raise UsageError(f"model.conv.{number}: {problem}") from problem
    return [*layers, nn.Flatten()], (channels, rows, columns)


def _dense_layers(
    options: Model, inputs: int, geometry: Geometry | None, seeds: Sequence[int]
) -> list[LogicDense]:
    layers: list[LogicDense] = []
    for number, (outputs, seed) in enumerate(zip(options.layers, seeds, strict=True)):
        layer = LogicDense(
            inputs,
            outputs,
            fan_in=options.fan_in,
            wiring=options.wiring,
            geometry=geometry,
            radius=_radius(options, number, geometry),
            candidates=options.candidates,
            seed=seed,
            **_node_options(options),
        )
        layers.append(layer)
        inputs, geometry = outputs, layer.output_geometry
    return layers


def _node_options(options: Model) -> dict[str, Any]:
    names = ("parametrization", "estimator", "temperature", "init", "input_gradient")
    return {name: getattr(options, name) for name in names}


def _radius(options: Model, number: int, geometry: Geometry | None) -> float:
    """Grow by equal factors from the first layer's radius to the image's extent at the last."""
    last = len(options.layers) - 1
    if geometry is None or not last:
        return options.radius
    return float(options.radius * (geometry.extent / options.radius) ** (number / last))


def _layer_seeds(recipe: Recipe) -> tuple[list[int], list[int]]:
    """Draw an unrelated 62-bit seed for each dense layer and for each convolution."""
    dense, layers = len(recipe.model.layers), len(recipe.model.layers) + len(recipe.model.conv)
    pairs = noise.words(recipe.seed, 0, Stream.SEEDS, 2 * layers).view(layers, 2)
    drawn: list[int] = (((pairs[:, 0] << 30) ^ pairs[:, 1]) & ((1 << 62) - 1)).tolist()
    return drawn[:dense], drawn[dense:]
