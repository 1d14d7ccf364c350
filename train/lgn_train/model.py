"""From a recipe to a network, and the parts of a network.

A recipe says what and how large; here it becomes modules. What the recipe does not say (which
inputs a node reads, its first logits) follows from the seed.
"""

import math
from collections.abc import Sequence
from typing import Any

from torch import nn

from lgn_hw.encoder import Thermometer
from lgn_hw.errors import UsageError
from lgn_train import rng
from lgn_train.layers import (
    BitPlanes,
    GroupSum,
    LogicConv2d,
    LogicDense,
    OrPool2d,
    ThermometerLayer,
)
from lgn_train.recipe import Model, Recipe
from lgn_train.rng import Stream
from lgn_train.wiring import Geometry

__all__ = ["build_model"]

Shape = tuple[int, int, int]  # channels, rows, columns


def build_model(
    recipe: Recipe,
    encoder: Thermometer,
    classes: int,
    image_shape: Shape | None = None,
) -> nn.Sequential:
    """Return nn.Sequential(ThermometerLayer, convolutions, LogicDense ..., GroupSum).

    image_shape: (channels, rows, columns) where the samples are images. Wiring and first logits
    follow from the recipe's seed alone. Raises UsageError where the last layer cannot be divided
    among the classes, a recipe for images has none, or a convolution does not fit its image.
    """
    options = recipe.model
    _check_head(options, classes)
    _check_images(options, image_shape)
    dense_seeds, conv_seeds = _layer_seeds(recipe)
    # geometry: where the values that the next layer reads lie in the image; None where they lie
    # nowhere.
    inputs, geometry = encoder.num_bits, None
    convolutions: list[nn.Module] = []
    if options.conv and image_shape is not None:
        convolutions, shape = _convolutions(options, encoder, image_shape, conv_seeds)
        inputs, geometry = math.prod(shape), Geometry.of_image(*shape)
    elif image_shape is not None:
        geometry = Geometry.of_encoder(encoder, image_shape)
    dense = _dense_layers(options, inputs, geometry, dense_seeds)
    assert options.start is None, "starting.model_from builds what starts from a classifier"
    return nn.Sequential(
        ThermometerLayer(encoder), *convolutions, *dense, GroupSum(classes, options.tau)
    )


def _check_head(options: Model, classes: int) -> None:
    """Refuse what the head cannot divide: nodes, or kernels where it follows a convolution."""
    if options.layers:
        voters, place = options.layers[-1], "model.layers must end in"
    else:
        voters = options.conv[-1].kernels
        place = f"model.conv.{len(options.conv) - 1}.kernels, which vote, must be"
    # GroupSum needs groups of one size: a class with more votes would win by their number.
    if voters % classes:
        raise UsageError(f"{place} a multiple of the {classes} classes, not {voters}")


def _check_images(options: Model, image_shape: Shape | None) -> None:
    """Raise UsageError where a recipe needs images and the data have none."""
    if image_shape is not None:
        return
    if options.conv:
        raise UsageError("model.conv needs images; the data set has none: leave it out")
    if options.wiring == "structured":
        raise UsageError(
            "model.wiring 'structured' needs images; the data set has none: set it to 'random'"
        )


def _convolutions(
    options: Model, encoder: Thermometer, image_shape: Shape, seeds: Sequence[int]
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
                groups=block.groups,
                fan_in=block.fan_in,
                candidates=block.candidates,
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
    """Return LogicDense layers, each of which reads the one before.

    inputs: of the first. geometry: where its inputs lie, None where they have no places; each layer
    says where its own outputs lie. seeds: one for each layer.
    """
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
        # Where a layer's outputs lie follows from where its inputs lie: near wiring goes on from
        # layer to layer.
        inputs, geometry = outputs, layer.output_geometry
    return layers


def _node_options(options: Model) -> dict[str, Any]:
    """Return the options that convolutions and dense layers have in common."""
    names = ("parametrization", "estimator", "temperature", "init", "input_gradient")
    return {name: getattr(options, name) for name in names}


def _radius(options: Model, number: int, geometry: Geometry | None) -> float:
    """Grow by equal factors from the first layer's radius to the image's extent at the last."""
    last = len(options.layers) - 1
    if geometry is None or not last:
        return options.radius
    # A geometric series: near pixels are combined first, and the last layer sees the whole image.
    return float(options.radius * (geometry.extent / options.radius) ** (number / last))


def _layer_seeds(recipe: Recipe) -> tuple[list[int], list[int]]:
    """Draw an unrelated 62-bit seed for each dense layer and for each convolution."""
    dense, layers = len(recipe.model.layers), len(recipe.model.layers) + len(recipe.model.conv)
    pairs = rng.words(recipe.seed, 0, Stream.SEEDS, 2 * layers).view(layers, 2)
    # Seeds of 62 bits out of two words of 32, so that they stay positive in int64.
    drawn: list[int] = (((pairs[:, 0] << 30) ^ pairs[:, 1]) & ((1 << 62) - 1)).tolist()
    return drawn[:dense], drawn[dense:]
