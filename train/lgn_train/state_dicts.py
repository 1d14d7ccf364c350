"""Trained nets of difflogic and torchlogix: the gates that their state dicts choose."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lgn_hw.errors import FileFormatError
from lgn_hw.imports.gate_layers import GateLayer

__all__ = ["PARAMETRIZATIONS", "read_state_dict"]

GATES = 16
# What the weights of a gate of n inputs are: raw, a logit for each of the 16 functions of two;
# walsh (torchlogix calls it warp), Walsh-Hadamard coefficients; light, a logit for each entry.
PARAMETRIZATIONS = ("raw", "walsh", "warp", "light")
WEIGHTS = re.compile(r"(.*?)(\d+)\.(?:weights?|w)$")


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
    another kind, or the file is none.
    """
    state = _loaded(path)
    named = sorted(
        ((int(found[2]), key) for key in state if (found := WEIGHTS.match(key))), key=lambda x: x[0]
    )
    if not named:
        raise FileFormatError(
            f"{path} has no layers: no tensor called like `0.weights` among {list(state)[:8]}"
        )
    wires = connections or _own_connections(state, [number for number, _ in named])
    if not wires:
        raise FileFormatError(
            f"{path} has the gates of {len(named)} layers and not their connections, which"
            " difflogic and torchlogix leave out of a state dict. Save them where the model is,"
            " numpy.savez('connections.npz', **{f'connections.{i}': torch.stack(tuple("
            "layer.indices)).cpu() for i, layer in enumerate(logic_layers)}) (of torchlogix"
            " layer.connections.indices), and give them with --connections connections.npz"
        )
    if len(wires) != len(named):
        raise FileFormatError(
            f"{path} has the gates of {len(named)} layers, and the connections are of {len(wires)}"
        )
    kind = parametrization or "raw"
    return [
        _layer(f"{key} of {path}", state[key], pins, kind)
        for (_, key), pins in zip(named, wires, strict=True)
    ]


def _loaded(path: Path) -> dict[str, Any]:
    """Return the state dict of a file; weights_only, so that no code of the file is run.

    Lightning and others put it below the key `state_dict`. Raises FileFormatError.
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
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict):
        raise FileFormatError(f"{path} must hold a state dict, not a {type(state).__name__}")
    return state


def _layer(name: str, weights: Any, pins: Any, kind: str) -> GateLayer:
    """Return one layer of gates; raises FileFormatError where shape and kind do not go together.

    name: for messages. pins: for each input, which net every gate reads. kind: the parametrization.
    Raw weights may have the 16 gates in either dimension.
    """
    rows = [np.asarray(pin) for pin in pins]
    shape = tuple(getattr(weights, "shape", ()))
    if kind != "raw":
        return GateLayer.of_tables(name, _values(name, weights, len(rows), kind), rows)
    if len(shape) != 2 or GATES not in shape or len(rows) != 2:
        raise FileFormatError(
            f"{name} must be weights of 16 gates of two inputs, [gates, 16], not {list(shape)} with"
            f" {len(rows)} inputs; say --parametrization walsh or light where it is one of these"
        )
    chosen = weights.float().argmax(dim=1 if shape[1] == GATES else 0).numpy()
    return GateLayer.of(name, chosen, *rows)


def _values(name: str, weights: Any, inputs: int, kind: str) -> NDArray[np.bool_]:
    """Return bool[gates, 2**inputs], the first input the highest bit of an entry.

    walsh: a gate is 1 where the sum of weight k times the product of 1 - 2x over the inputs in k
    is below 0. light: where an entry's own weight is above 0. Both as torchlogix evaluates them.
    """
    entries = 1 << inputs
    shape = tuple(getattr(weights, "shape", ()))
    if len(shape) != 2 or shape[1] != entries:
        raise FileFormatError(
            f"{name} must be {kind} weights of gates of {inputs} inputs, [gates, {entries}], not"
            f" {list(shape)}"
        )
    given = weights.double().numpy()
    if kind == "light":
        return np.asarray(given > 0)
    both = np.arange(entries)[:, None] & np.arange(entries)
    sign = 1 - 2 * (sum(both >> bit & 1 for bit in range(inputs)) % 2)
    return np.asarray(given @ sign < 0)


def _own_connections(state: dict[str, Any], numbers: list[int]) -> list[Any]:
    """Return the wiring of each layer that the state dict brings along; nothing where one lacks.

    numbers: of the layers, as they stand in the keys.
    """
    given = state.get("connections")
    if isinstance(given, list | tuple) and len(given) == 2:
        return [list(pair) for pair in zip(*given, strict=True)]
    found = {}
    for key, value in state.items():
        if match := re.match(r"(?:.*?)(\d+)\.(?:connections\.)?indices$", key):
            found[int(match[1])] = _chosen(value, state.get(key.replace("indices", "weights")))
    return [list(found[number]) for number in numbers] if set(numbers) <= set(found) else []


def _chosen(indices: Any, weights: Any) -> Any:
    """Return connections [inputs, gates]; of learned ones, [candidates, ...], the heaviest."""
    if getattr(indices, "ndim", 0) != 3 or weights is None:
        return indices
    return indices.gather(0, weights.argmax(dim=0, keepdim=True))[0]
