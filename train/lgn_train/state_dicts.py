"""Trained nets of difflogic and torchlogix: the gates that their state dicts choose."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lgn_hw.counted import counted
from lgn_hw.errors import FileFormatError
from lgn_hw.imports.gate_layers import GateLayer

__all__ = ["PARAMETRIZATIONS", "read_state_dict"]

GATES = 16
# What the weights of a gate of n inputs are: raw, a logit for each of the 16 functions of two;
# walsh (torchlogix calls it warp), Walsh-Hadamard coefficients; light, a logit for each entry.
PARAMETRIZATIONS = ("raw", "walsh", "warp", "light")
WEIGHTS = re.compile(r"(?P<layer>(?P<part>.*?)(?P<number>\d{1,9}))\.(?:weights?|w)$")
INDICES = re.compile(r"(?P<layer>.*?\d{1,9})\.(?:connections\.)?indices$")
# Of an encoder's layer, which --encoder says, and nothing of the gates.
ENCODERS = re.compile(r"(?:.*\.)?(?:thresholds|raw_diffs)$")
SHOWN = 4  # names of tensors in a message


def read_state_dict(
    path: Path,
    connections: list[NDArray[Any]] | None = None,
    parametrization: str | None = None,
) -> list[GateLayer]:
    """Return the layers of a state dict, each gate as it is when training is over.

    The file is read with weights_only, which runs no code of it. Layers are the tensors
    `N.weights`, `N.weight` or `N.w` of [gates, weights], or [16, gates], in ascending order of N.
    The connections stand in it, as `connections` or as `N.connections.indices`, or are given; of
    learned ones each pin takes the candidate with the largest weight.

    parametrization: of PARAMETRIZATIONS; raw where not given, which has 16 weights for a gate of
    two inputs. Raises FileFormatError where the connections are nowhere, or the weights are of
    another kind, or the file is none or holds other layers as well.
    """
    state = _loaded(path)
    layers = _layers(path, state)
    chosen = {name: state.get(f"{name}.connections.weights") for name in layers}
    if connections is None:
        wires = _own_connections(path, state, list(layers))
    else:
        wires = [torch.from_numpy(np.asarray(given)) for given in connections]
    if not wires:
        raise FileFormatError(
            f"{path} has the gates of {counted(len(layers), 'layer')} and not their connections,"
            " which difflogic and torchlogix leave out of a state dict. Save them where the model"
            " is, numpy.savez('connections.npz', **{f'connections.{i}': torch.stack(tuple("
            "layer.indices)).cpu() for i, layer in enumerate(logic_layers)}) (of torchlogix"
            " layer.connections.indices), and give them with --connections connections.npz"
        )
    if len(wires) != len(layers):
        raise FileFormatError(
            f"{path} has the gates of {counted(len(layers), 'layer')}, and the connections are of"
            f" {len(wires)}"
        )
    kind = parametrization or "raw"
    return [
        _layer(f"{key} of {path}", state[key], _pins(f"{key} of {path}", pins, chosen[name]), kind)
        for (name, key), pins in zip(layers.items(), wires, strict=True)
    ]


def _layers(path: Path, state: dict[str, Any]) -> dict[str, str]:
    """Return the keys of the layers' weights by their names, in order.

    Raises FileFormatError where there are none, or other layers beside them, which the classifier
    would lack.
    """
    found = [match for key in state if (match := WEIGHTS.match(key))]
    if not found:
        raise FileFormatError(
            f"{path} has no layers: no tensor called like `0.weights` among {list(state)[:8]}"
        )
    parts = sorted({match["part"] for match in found})
    if len(parts) > 1:
        raise FileFormatError(
            f"{path} has layers of several parts, like {parts[0] + '0'!r} and {parts[1] + '0'!r},"
            " whose order it does not say; save the state dict of one torch.nn.Sequential"
        )
    layers = {m["layer"]: m[0] for m in sorted(found, key=lambda m: int(m["number"]))}
    known = {*layers.values(), *(f"{name}.connections.weights" for name in layers)}
    others = [
        key
        for key, value in state.items()
        if isinstance(value, torch.Tensor) and value.is_floating_point() and value.numel() > 1
        if key not in known and not INDICES.match(key) and not ENCODERS.match(key)
    ]
    if others:
        raise FileFormatError(
            f"{path} has more than dense layers of gates: {', '.join(others[:SHOWN])}; leave out of"
            " the state dict what is no part of the net, and bring a net with convolutions as"
            " Verilog"
        )
    return layers


def _loaded(path: Path) -> dict[str, Any]:
    """Return the state dict of a file; weights_only, so that no code of the file is run.

    Lightning and others put it below a key, as `state_dict`. Raises FileFormatError.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as problem:  # of many kinds: pickle's, zipfile's, torch's own
        # torch's words are left out: they say how to run whatever code the file has in it.
        raise FileFormatError(
            f"{path} is no state dict that can be read safely; write it where the model is, with"
            " torch.save(model.state_dict(), FILE)"
        ) from problem
    if not isinstance(state, dict):
        raise FileFormatError(f"{path} must hold a state dict, not a {type(state).__name__}")
    inner = [value for value in state.values() if isinstance(value, dict) and _names_layers(value)]
    if len(inner) == 1 and not _names_layers(state):
        state = inner[0]
    return {key: value for key, value in state.items() if isinstance(key, str)}


def _names_layers(state: dict[Any, Any]) -> bool:
    return any(isinstance(key, str) and WEIGHTS.match(key) for key in state)


def _layer(name: str, weights: Any, pins: NDArray[Any], kind: str) -> GateLayer:
    """Return one layer of gates; raises FileFormatError where shape and kind do not go together.

    name: for messages. pins: [inputs, gates], which net every gate reads. kind: the
    parametrization. Raw weights may have the 16 gates in either dimension.
    """
    given = _numbers(name, weights)
    if kind != "raw":
        return GateLayer.of_tables(name, _values(name, given, len(pins), kind), list(pins))
    gates = pins.shape[1:]
    # The dimension of the 16 functions; where both are 16 the last one, as difflogic has it.
    places = [dim for dim in (1, 0) if given.ndim == 2 and given.shape[dim] == GATES]
    if not places or len(pins) != 2:
        raise FileFormatError(
            f"{name} must be weights of 16 gates of two inputs, [gates, 16], not"
            f" {list(given.shape)} with {counted(len(pins), 'input')}; say --parametrization walsh"
            " or light where it is one of these"
        )
    chosen = given.argmax(axis=places[0])
    if chosen.shape != gates:
        raise FileFormatError(
            f"{name} has {counted(len(chosen), 'gate')}, and its connections are of {gates[0]}"
        )
    return GateLayer.of(name, chosen, *pins)


def _numbers(name: str, weights: Any) -> NDArray[np.float64]:
    """Return weights as numbers; raises FileFormatError where a decision cannot be made of them."""
    if isinstance(weights, torch.Tensor) and weights.is_complex():
        raise FileFormatError(f"{name} must hold real numbers, and has complex ones")
    try:
        given = np.asarray(weights.detach().double())
    except Exception as problem:  # of many kinds: no tensor, quantized, sparse, without data
        raise FileFormatError(
            f"{name} must be a dense tensor of numbers, not {_described(weights)}"
        ) from problem
    if np.isnan(given).any():
        raise FileFormatError(f"{name} must hold numbers, and has NaN, as of a diverged training")
    return given


def _described(value: Any) -> str:
    """Name what was found in a tensor's place."""
    if not isinstance(value, torch.Tensor):
        return f"a {type(value).__name__}"
    return f"one of {value.dtype}, {value.layout}, on {value.device}"


def _values(name: str, given: NDArray[Any], inputs: int, kind: str) -> NDArray[np.bool_]:
    """Return bool[gates, 2**inputs], the first input the highest bit of an entry.

    walsh: a gate is 1 where the sum of weight k times the product of 1 - 2x over the inputs in k
    is below 0. light: where an entry's own weight is above 0. Both as torchlogix evaluates them.
    """
    entries = 1 << inputs
    if given.ndim != 2 or given.shape[1] != entries:
        raise FileFormatError(
            f"{name} must be {kind} weights of gates of {counted(inputs, 'input')}, [gates,"
            f" {entries}], not {list(given.shape)}"
        )
    if kind == "light":
        return np.asarray(given > 0)
    both = np.arange(entries)[:, None] & np.arange(entries)
    sign = 1 - 2 * (sum(both >> bit & 1 for bit in range(inputs)) % 2)
    return np.asarray(given @ sign < 0)


def _own_connections(path: Path, state: dict[str, Any], layers: list[str]) -> list[Any]:
    """Return the wiring of each layer that the state dict brings along; nothing where it has none.

    layers: their names. Raises FileFormatError where some have connections and others have not.
    """
    given = state.get("connections")
    if isinstance(given, list | tuple) and len(given) == 2:
        try:
            return [list(pair) for pair in zip(*given, strict=True)]
        except (TypeError, ValueError):
            raise FileFormatError(
                f"{path}: connections must be two lists, the first and the second input of each"
                " layer's gates"
            ) from None
    found = {match["layer"]: state[key] for key in state if (match := INDICES.match(key))}
    missing = [name for name in layers if name not in found]
    if missing and len(missing) < len(layers):
        raise FileFormatError(
            f"{path} has connections of some layers, and none of {', '.join(missing[:SHOWN])}"
        )
    return [] if missing else [found[name] for name in layers]


def _pins(name: str, indices: Any, weights: Any) -> NDArray[Any]:
    """Return connections [inputs, gates]; of learned ones, [candidates, ...], the heaviest."""
    try:
        if isinstance(indices, list | tuple):
            indices = torch.stack([torch.as_tensor(pin) for pin in indices])
        if indices.ndim == 3 and weights is not None:
            indices = indices.gather(0, weights.argmax(dim=0, keepdim=True))[0]
        found = np.asarray(indices.detach())
    except Exception as problem:  # of many kinds: no tensor, shapes that do not go together
        raise FileFormatError(
            f"{name} must have connections that are tensors, not {_described(indices)}"
        ) from problem
    if found.ndim != 2 or found.dtype.kind not in "iu":
        raise FileFormatError(
            f"{name} must have connections [inputs, gates], integers, not {list(found.shape)} of"
            f" {found.dtype}"
        )
    return found
