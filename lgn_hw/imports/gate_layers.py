"""Layers of gates as others save them: numbers or tables, and connections, .npz or .json."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgn_hw.data.arrays import load_arrays
from lgn_hw.errors import CheckFailed, FileFormatError
from lgn_hw.netlist import FIRST_INPUT, MAX_FANIN, Netlist
from lgn_hw.netlist.evaluate import evaluate

__all__ = ["GateLayer", "check_layers", "layers_netlist", "read_connections", "read_layers"]

GATES = 16
SAMPLES = 4096  # of the check


@dataclass(frozen=True)
class GateLayer:
    """Hold a layer: gate i reads outputs pins[:, i] of the layer below.

    values: bool[gates, 2**pins]; column e is what a gate gives where the bits of e, the highest
    first, are its pins in order. pins: int64[pins, gates].
    """

    values: NDArray[np.bool_]
    pins: NDArray[np.int64]

    @classmethod
    def of(cls, name: str, gates: ArrayLike, a: ArrayLike, b: ArrayLike) -> "GateLayer":
        """Return a layer of gates of two inputs by their numbers, 0 to 15, in difflogic's order.

        That is 2210.08277, table 1: bit 3 of a number is the gate's value for a = 0, b = 0, bit 2
        that for 0, 1, bit 1 for 1, 0 and bit 0 for 1, 1. Raises FileFormatError naming the layer.
        """
        found = [np.asarray(values) for values in (gates, a, b)]
        if any(x.ndim != 1 or len(x) != len(found[0]) for x in found):
            shapes = ", ".join(str(x.shape) for x in found)
            raise FileFormatError(f"{name} must have a gate, an a and a b each, not {shapes}")
        if any(x.dtype.kind not in "iu" for x in found):
            raise FileFormatError(f"{name} must hold integers, not {found[0].dtype}")
        number = found[0].astype(np.int64)
        if len(number) and not 0 <= number.min() <= number.max() < GATES:
            raise FileFormatError(
                f"{name} must hold gate numbers 0 to 15, not {number.min()} to {number.max()}"
            )
        return cls.of_tables(name, number[:, None] >> [3, 2, 1, 0] & 1 == 1, found[1:])

    @classmethod
    def of_tables(
        cls, name: str, values: NDArray[np.bool_], pins: Sequence[ArrayLike]
    ) -> "GateLayer":
        """Return a layer of gates of 1 to 6 inputs by their values; see the class.

        Raises FileFormatError naming the layer.
        """
        found = np.array([np.asarray(pin) for pin in pins])
        count = len(found)
        if not 1 <= count <= MAX_FANIN or found.ndim != 2 or found.dtype.kind not in "iu":
            raise FileFormatError(
                f"{name} must have connections [inputs, gates], integers, with 1 to {MAX_FANIN}"
                f" inputs, not {list(found.shape)} of {found.dtype}"
            )
        if values.shape != (found.shape[1], 1 << count):
            raise FileFormatError(
                f"{name} must have {1 << count} values for each of {found.shape[1]} gates of"
                f" {count} inputs, not {list(values.shape)}"
            )
        return cls(values, found.astype(np.int64))

    def evaluated(self, below: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return bool[samples, gates], each looked up by the values that its gate reads."""
        entry = np.zeros((len(below), self.pins.shape[1]), np.int64)
        for pin in self.pins:
            entry = 2 * entry + below[:, pin]
        return self.values[np.arange(len(self.values)), entry]

    @property
    def tables(self) -> NDArray[np.uint64]:
        """The gates' truth tables as a netlist has them: pin 0 is bit 0 of an entry."""
        count = len(self.pins)
        entry = np.arange(1 << count)
        theirs = sum((entry >> pin & 1) << (count - 1 - pin) for pin in range(count))
        bits = self.values[:, theirs].astype(np.uint64)
        found: NDArray[np.uint64] = (bits << entry.astype(np.uint64)).sum(axis=1, dtype=np.uint64)
        return found


def read_layers(path: Path) -> list[GateLayer]:
    """Return the layers of an .npz or a .json.

    An .npz holds gate_types[layers, gates], connections.A and connections.B of the same shape; or
    for each layer N gates.N[gates] and connections.N[2, gates]. A .json holds a list `layers` of
    objects with lists `gates`, `a` and `b`. Raises FileFormatError where it does not.
    """
    if path.suffix == ".json":
        return _from_json(path)
    found = load_arrays(path)
    gates = list(found.get("gate_types", ())) or _numbered(found, "gates")
    if not gates:
        raise FileFormatError(
            f"{path} must hold gate_types or gates.0, gates.1, ..., not only {sorted(found)}"
        )
    return _joined(path, gates, _connections(found))


def read_connections(path: Path) -> list[NDArray[Any]]:
    """Return for each layer connections[2, gates] of an .npz; see read_layers."""
    found = _connections(load_arrays(path))
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
        inputs = 1 + int(first.pins.max(initial=0))
    below = np.arange(FIRST_INPUT, FIRST_INPUT + inputs)
    net, fanin, tables = FIRST_INPUT + inputs, [], []
    for number, layer in enumerate(layers):
        wrong = (layer.pins < 0) | (layer.pins >= len(below))
        if wrong.any():
            raise FileFormatError(
                f"Layer {number} reads {layer.pins[wrong][0]}, and there are {len(below)} values"
                " below it"
            )
        rows = np.zeros((len(layer.values), MAX_FANIN), np.int32)
        rows[:, : len(layer.pins)] = below[layer.pins].T
        fanin.append(rows)
        tables.append(layer.tables)
        below = np.arange(net, net + len(rows))
        net += len(rows)
    return Netlist(inputs, np.concatenate(fanin), np.concatenate(tables), below.astype(np.int32))


def check_layers(layers: Sequence[GateLayer], netlist: Netlist) -> int:
    """Evaluate the layers' own definition beside the netlist; return on how many random samples.

    Each value is looked up by the values that the gate reads, nothing of the netlist is used.
    Raises CheckFailed where they differ.
    """
    bits = np.random.default_rng(0).random((SAMPLES, netlist.num_inputs)) < 0.5
    values = bits
    for layer in layers:
        values = layer.evaluated(values)
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
