"""Layers of two-input gates as others save them: numbers and connections, .npz or .json."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgn_hw.errors import CheckFailed, FileFormatError
from lgn_hw.netlist import FIRST_INPUT, MAX_FANIN, Netlist
from lgn_hw.netlist.evaluate import evaluate

__all__ = ["GateLayer", "check_layers", "layers_netlist", "read_connections", "read_layers"]

GATES = 16
SAMPLES = 4096  # of the check


@dataclass(frozen=True)
class GateLayer:
    """Hold a layer: gate i reads outputs a[i] and b[i] of the layer below.

    gates: numbers 0 to 15 in difflogic's order (2210.08277, table 1): bit 3 of a number is the
    gate's value for a = 0, b = 0, bit 2 that for 0, 1, bit 1 for 1, 0 and bit 0 for 1, 1.
    """

    gates: NDArray[np.int64]
    a: NDArray[np.int64]
    b: NDArray[np.int64]

    @classmethod
    def of(cls, name: str, gates: ArrayLike, a: ArrayLike, b: ArrayLike) -> "GateLayer":
        """Check and return a layer. Raises FileFormatError naming the layer."""
        found = [np.asarray(values) for values in (gates, a, b)]
        if any(x.ndim != 1 or len(x) != len(found[0]) for x in found):
            shapes = ", ".join(str(x.shape) for x in found)
            raise FileFormatError(f"{name} must have a gate, an a and a b each, not {shapes}")
        if any(x.dtype.kind not in "iu" for x in found):
            raise FileFormatError(f"{name} must hold integers, not {found[0].dtype}")
        layer = cls(*(x.astype(np.int64) for x in found))
        if len(layer.gates) and not 0 <= layer.gates.min() <= layer.gates.max() < GATES:
            raise FileFormatError(
                f"{name} must hold gate numbers 0 to 15, not {layer.gates.min()} to"
                f" {layer.gates.max()}"
            )
        return layer


def read_layers(path: Path) -> list[GateLayer]:
    """Return the layers of an .npz or a .json.

    An .npz holds gate_types[layers, gates], connections.A and connections.B of the same shape; or
    for each layer N gates.N[gates] and connections.N[2, gates]. A .json holds a list `layers` of
    objects with lists `gates`, `a` and `b`. Raises FileFormatError where it does not.
    """
    if path.suffix == ".json":
        return _from_json(path)
    with np.load(path, allow_pickle=False) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    gates = list(found.get("gate_types", ())) or _numbered(found, "gates")
    if not gates:
        raise FileFormatError(
            f"{path} must hold gate_types or gates.0, gates.1, ..., not only {sorted(found)}"
        )
    return _joined(path, gates, _connections(found))


def read_connections(path: Path) -> list[NDArray[Any]]:
    """Return for each layer connections[2, gates] of an .npz; see read_layers."""
    with np.load(path, allow_pickle=False) as arrays:
        found = _connections({name: arrays[name] for name in arrays.files})
    if not found:
        raise FileFormatError(f"{path} must hold connections.0, connections.1, ...")
    return found


def layers_netlist(layers: Sequence[GateLayer], inputs: int | None = None) -> Netlist:
    """Return the netlist of layers one after another; its outputs are the last layer.

    inputs: how many bits the first layer reads; one more than the highest by default. Raises
    FileFormatError where a layer reads what the one below does not have.
    """
    first = layers[0]
    if inputs is None:
        inputs = 1 + int(max(first.a.max(initial=0), first.b.max(initial=0)))
    below = np.arange(FIRST_INPUT, FIRST_INPUT + inputs)
    net, fanin, tables = FIRST_INPUT + inputs, [], []
    for number, layer in enumerate(layers):
        for pins in (layer.a, layer.b):
            wrong = (pins < 0) | (pins >= len(below))
            if wrong.any():
                raise FileFormatError(
                    f"Layer {number} reads {pins[wrong][0]}, and there are {len(below)} values"
                    " below it"
                )
        rows = np.zeros((len(layer.gates), MAX_FANIN), np.int32)
        rows[:, 0], rows[:, 1] = below[layer.a], below[layer.b]
        fanin.append(rows)
        # Our entry 0 is a = 0, b = 0, and theirs the highest bit.
        swapped = (layer.gates >> 3 & 1) | (layer.gates & 1) << 3 | (layer.gates & 0b0110)
        tables.append(swapped.astype(np.uint64))
        below = np.arange(net, net + len(rows))
        net += len(rows)
    return Netlist(inputs, np.concatenate(fanin), np.concatenate(tables), below.astype(np.int32))


def check_layers(layers: Sequence[GateLayer], netlist: Netlist) -> int:
    """Evaluate the layers' own definition beside the netlist; return on how many random samples.

    Each value is looked up by the pair of values that the gate reads, nothing of the netlist is
    used. Raises CheckFailed where they differ.
    """
    bits = np.random.default_rng(0).random((SAMPLES, netlist.num_inputs)) < 0.5
    values = bits
    for layer in layers:
        pair = 2 * values[:, layer.a] + values[:, layer.b]
        values = (layer.gates >> (3 - pair)) & 1 == 1
    if not np.array_equal(evaluate(netlist, bits), values):
        raise CheckFailed("The netlist differs from the layers' own definition")
    return SAMPLES


def _from_json(path: Path) -> list[GateLayer]:
    try:
        layers = json.loads(path.read_text(encoding="utf-8"))["layers"]
        rows = [(layer["gates"], layer["a"], layer["b"]) for layer in layers]
    except (ValueError, KeyError, TypeError):
        raise FileFormatError(
            f"{path} must be JSON with a list 'layers' of objects with 'gates', 'a' and 'b'"
        ) from None
    return [GateLayer.of(f"Layer {i} of {path}", *row) for i, row in enumerate(rows)]


def _numbered(found: dict[str, NDArray[Any]], name: str) -> list[NDArray[Any]]:
    values: list[NDArray[Any]] = []
    while f"{name}.{len(values)}" in found:
        values.append(found[f"{name}.{len(values)}"])
    return values


def _connections(found: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    if "connections.A" in found and "connections.B" in found:
        return list(np.stack([found["connections.A"], found["connections.B"]], axis=1))
    return _numbered(found, "connections")


def _joined(
    path: Path, gates: list[NDArray[Any]], connections: list[NDArray[Any]]
) -> list[GateLayer]:
    if len(gates) != len(connections):
        raise FileFormatError(
            f"{path} has gates of {len(gates)} layers and connections of {len(connections)}"
        )
    layers = []
    for i, (row, pair) in enumerate(zip(gates, connections, strict=True)):
        if pair.ndim != 2 or len(pair) != 2:
            raise FileFormatError(f"Connections {i} of {path} must be [2, gates], not {pair.shape}")
        layers.append(GateLayer.of(f"Layer {i} of {path}", row, pair[0], pair[1]))
    return layers
