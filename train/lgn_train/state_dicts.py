"""Trained nets of difflogic and torchlogix: the gates that their state dicts choose."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lgn_hw.errors import FileFormatError
from lgn_hw.imports.gate_layers import GateLayer

__all__ = ["read_state_dict"]

GATES = 16
WEIGHTS = re.compile(r"(.*?)(\d+)\.(?:weights?|w)$")


def read_state_dict(path: Path, connections: list[NDArray[Any]] | None = None) -> list[GateLayer]:
    """Return the layers of a state dict, each gate the one with the largest weight.

    The file is read with weights_only, which runs no code of it. Layers are the tensors
    `N.weights`, `N.weight` or `N.w` of [gates, 16] or [16, gates], in ascending order of N. The
    connections stand in it, as `connections` or as `N.connections.indices`, or are given. Raises
    FileFormatError where they are nowhere, or the file is another.
    """
    state = _loaded(path)
    named = sorted(
        ((int(found[2]), key) for key in state if (found := WEIGHTS.match(key))), key=lambda x: x[0]
    )
    if not named:
        raise FileFormatError(
            f"{path} has no layers: no tensor called like `0.weights` among {list(state)[:8]}"
        )
    gates = [_gates(f"{key} of {path}", state[key]) for _, key in named]
    wires = connections or _own_connections(state, [number for number, _ in named])
    if not wires:
        raise FileFormatError(
            f"{path} has the gates of {len(gates)} layers and not their connections, which"
            " difflogic and torchlogix leave out of a state dict. Save them where the model is,"
            " numpy.savez('connections.npz', **{f'connections.{i}': torch.stack(tuple("
            "layer.indices)).cpu() for i, layer in enumerate(logic_layers)}) (of torchlogix"
            " layer.connections.indices), and give them with --connections connections.npz"
        )
    if len(wires) != len(gates):
        raise FileFormatError(
            f"{path} has the gates of {len(gates)} layers, and the connections are of {len(wires)}"
        )
    return [
        GateLayer.of(f"Layer {i} of {path}", row, *(np.asarray(pins) for pins in pair))
        for i, (row, pair) in enumerate(zip(gates, wires, strict=True))
    ]


def _loaded(path: Path) -> dict[str, Any]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:  # of many kinds: pickle's, zipfile's, torch's own
        reason = str(problem).splitlines()[0]
        raise FileFormatError(
            f"{path} is no state dict that can be read safely: {reason}"
        ) from None
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict):
        raise FileFormatError(f"{path} must hold a state dict, not a {type(state).__name__}")
    return state


def _gates(name: str, weights: Any) -> NDArray[np.int64]:
    shape = tuple(getattr(weights, "shape", ()))
    if len(shape) != 2 or GATES not in shape:
        raise FileFormatError(
            f"{name} must be weights of 16 gates, [gates, 16], not {list(shape)}; layers of other"
            " parametrisations can be given as gate numbers, in an .npz"
        )
    chosen: NDArray[np.int64] = weights.float().argmax(dim=1 if shape[1] == GATES else 0).numpy()
    return chosen


def _own_connections(state: dict[str, Any], numbers: list[int]) -> list[Any]:
    given = state.get("connections")
    if isinstance(given, list | tuple) and len(given) == 2:
        return [list(pair) for pair in zip(*given, strict=True)]
    found = {}
    for key, value in state.items():
        if match := re.match(r"(?:.*?)(\d+)\.(?:connections\.)?indices$", key):
            found[int(match[1])] = value
    return [list(found[number]) for number in numbers] if set(numbers) <= set(found) else []
