"""From a recipe to a network, and the parts of a network."""

from torch import nn

from lgn_hw.encoder import Thermometer as ThermometerSpec
from lgn_hw.errors import UsageError
from lgn_train import noise
from lgn_train.layers import GroupSum, LogicDense, LogicLayer, Thermometer
from lgn_train.noise import Stream
from lgn_train.recipe import Model, Recipe
from lgn_train.wiring import Geometry

__all__ = ["build_model", "logic_layers", "parts_of"]


def build_model(
    recipe: Recipe,
    encoder: ThermometerSpec,
    classes: int,
    image_shape: tuple[int, int, int] | None = None,
) -> nn.Sequential:
    """Return Thermometer, LogicDense ..., GroupSum; the recipe's seed decides all of it.

    image_shape: (channels, rows, columns) where the samples are images. Raises UsageError where
    the last layer cannot be divided among the classes, or a recipe for images has none.
    """
    options = recipe.model
    if options.layers[-1] % classes:
        raise UsageError(
            f"model.layers must end in a multiple of the {classes} classes,"
            f" not {options.layers[-1]}"
        )
    layers = _dense_layers(recipe, encoder.num_bits, _geometry(options, encoder, image_shape))
    return nn.Sequential(Thermometer(encoder), *layers, GroupSum(classes, options.tau))


def logic_layers(model: nn.Module) -> list[LogicLayer]:
    """Return every layer of nodes of a model, in order."""
    return [layer for layer in model.modules() if isinstance(layer, LogicLayer)]


def parts_of(model: nn.Module) -> tuple[Thermometer, list[LogicDense], GroupSum]:
    """Return the parts of Thermometer, LogicDense ..., GroupSum.

    Raises TypeError naming the layer that breaks this order: nothing else has a circuit.
    """
    order = "nn.Sequential(Thermometer, LogicDense ..., GroupSum)"
    if not isinstance(model, nn.Sequential) or len(model) < 2:
        raise TypeError(f"model must be {order}, not {type(model).__name__} of another form")
    encoder, *middle, head = model
    wanted = [(encoder, Thermometer), *((m, LogicDense) for m in middle), (head, GroupSum)]
    for position, (layer, kind) in enumerate(wanted):
        if not isinstance(layer, kind):
            raise TypeError(
                f"model must be {order}; layer {position} is {type(layer).__name__},"
                f" not {kind.__name__}"
            )
    assert isinstance(encoder, Thermometer)
    assert isinstance(head, GroupSum)
    return encoder, [layer for layer in middle if isinstance(layer, LogicDense)], head


def _geometry(
    options: Model, encoder: ThermometerSpec, image_shape: tuple[int, int, int] | None
) -> Geometry | None:
    if options.wiring != "structured":
        return None
    if image_shape is None:
        raise UsageError(
            "model.wiring 'structured' needs images; the data set has none: set it to 'random'"
        )
    return Geometry.of_encoder(encoder, image_shape)


def _dense_layers(recipe: Recipe, inputs: int, geometry: Geometry | None) -> list[LogicDense]:
    options = recipe.model
    layers: list[LogicDense] = []
    for number, (outputs, seed) in enumerate(
        zip(options.layers, _layer_seeds(recipe.seed, len(options.layers)), strict=True)
    ):
        layer = LogicDense(
            inputs,
            outputs,
            fan_in=options.fan_in,
            parametrization=options.parametrization,
            estimator=options.estimator,
            temperature=options.temperature,
            wiring=options.wiring,
            init=options.init,
            input_gradient=options.input_gradient,
            seed=seed,
            geometry=geometry,
            radius=_radius(options, number, geometry),
            candidates=options.candidates,
        )
        layers.append(layer)
        inputs, geometry = outputs, layer.output_geometry
    return layers


def _radius(options: Model, number: int, geometry: Geometry | None) -> float:
    """Grow by equal factors from the first layer's radius to the image's extent at the last."""
    last = len(options.layers) - 1
    if geometry is None or not last:
        return options.radius
    return float(options.radius * (geometry.extent / options.radius) ** (number / last))


def _layer_seeds(seed: int, layers: int) -> list[int]:
    """Draw an unrelated 62-bit seed for each layer."""
    pairs = noise.words(seed, 0, Stream.SEEDS, 2 * layers).view(layers, 2)
    drawn: list[int] = (((pairs[:, 0] << 30) ^ pairs[:, 1]) & ((1 << 62) - 1)).tolist()
    return drawn
