"""Layers of gates as others save them: numbers or tables, and connections, .npz or .json."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgn_hw.counted import counted
from lgn_hw.data.arrays import load_arrays
from lgn_hw.errors import CheckFailed, FileFormatError, UsageError
from lgn_hw.netlist import FIRST_INPUT, MAX_FANIN, Netlist
from lgn_hw.netlist.evaluate import evaluate

__all__ = ["GateLayer", "check_layers", "layers_netlist", "read_connections", "read_layers"]

GATES = 16
SAMPLES = 4096  # of the check
WORD = 64  # samples that are evaluated together
VALUES = 1 << 25  # of a layer that are held at a time
MOST_INPUTS = 1 << 21  # more are a slip, and would fill memory


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
        found = [_array(name, values) for values in (gates, a, b)]
        if any(x.ndim != 1 or len(x) != len(found[0]) for x in found):
            shapes = ", ".join(str(x.shape) for x in found)
            raise FileFormatError(f"{name} must have a gate, an a and a b each, not {shapes}")
        number = _integers(name, found[0])
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
        found = _array(name, [_array(name, pin) for pin in pins])
        count = len(found)
        if not 1 <= count <= MAX_FANIN or found.ndim != 2:
            raise FileFormatError(
                f"{name} must have connections [inputs, gates], with 1 to {MAX_FANIN} inputs, not"
                f" {list(found.shape)}"
            )
        found = _integers(name, found)
        if values.shape != (found.shape[1], 1 << count):
            raise FileFormatError(
                f"{name} must have {1 << count} values for each of {found.shape[1]} gates of"
                f" {count} inputs, not {list(values.shape)}"
            )
        return cls(values, found)

    def evaluated(self, below: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return bool[samples, gates], each looked up by the values that its gate reads."""
        # A gate's values lie side by side: whole rows are copied then, which is faster.
        rows = np.ascontiguousarray(below.T)
        entry = np.zeros((len(self.values), len(below)), np.uint8)
        for pin in self.pins:
            entry = 2 * entry + rows[pin]
        first = np.arange(len(self.values))[:, None] * self.values.shape[1]
        found: NDArray[np.bool_] = self.values.ravel().take(first + entry)
        return found.T

    @property
    def tables(self) -> NDArray[np.uint64]:
        """The gates' truth tables as a netlist has them: pin 0 is bit 0 of an entry."""
        count = len(self.pins)
        entry = np.arange(1 << count)
        theirs = sum((entry >> pin & 1) << (count - 1 - pin) for pin in range(count))
        bits = self.values[:, theirs].astype(np.uint64)
        found: NDArray[np.uint64] = (bits << entry.astype(np.uint64)).sum(axis=1, dtype=np.uint64)
        return found


def _array(name: str, values: ArrayLike) -> NDArray[Any]:
    """Return values as an array; raises FileFormatError where rows are of different lengths."""
    try:
        return np.asarray(values)
    except (TypeError, ValueError):
        raise FileFormatError(f"{name} must hold lists of numbers, each of one shape") from None


def _integers(name: str, values: NDArray[Any]) -> NDArray[np.int64]:
    """Return numbers of gates or pins; raises FileFormatError where they are none, or too large."""
    if values.dtype.kind not in "iu" and values.size:
        raise FileFormatError(f"{name} must hold integers, not {values.dtype}")
    if values.size and not -1 < values.max() < MOST_INPUTS:
        raise FileFormatError(f"{name} must hold numbers below {MOST_INPUTS:,}, not {values.max()}")
    return values.astype(np.int64)


def read_layers(path: Path) -> list[GateLayer]:
    """Return the layers of an .npz or a .json.

    An .npz holds gate_types[layers, gates], connections.A and connections.B of the same shape; or
    for each layer N gates.N[gates] and connections.N[2, gates]. A .json holds a list `layers` of
    objects with lists `gates`, `a` and `b`. Raises FileFormatError where it does not.
    """
    if path.suffix == ".json":
        return _from_json(path)
    found = load_arrays(path)
    gates = _numbered(path, found, "gates")
    if "gate_types" in found:
        gates = list(np.atleast_1d(found["gate_types"]))
    if not gates:
        raise FileFormatError(
            f"{path} must hold gate_types or gates.0, gates.1, ..., not only {sorted(found)}"
        )
    return _joined(path, gates, _connections(path, found))


def read_connections(path: Path) -> list[NDArray[Any]]:
    """Return for each layer connections[2, gates] of an .npz; see read_layers."""
    found = _connections(path, load_arrays(path))
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
    if inputs > MOST_INPUTS:
        raise UsageError(f"A net can read {MOST_INPUTS:,} bits at most, not {inputs:,}")
    below = np.arange(FIRST_INPUT, FIRST_INPUT + inputs)
    net, fanin, tables = FIRST_INPUT + inputs, [], []
    for number, layer in enumerate(layers):
        wrong = (layer.pins < 0) | (layer.pins >= len(below))
        if wrong.any():
            raise FileFormatError(
                f"Layer {number} reads {layer.pins[wrong][0]}, of"
                f" {counted(len(below), 'value')} below it, counted from 0"
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
    rng = np.random.default_rng(0)
    widest = max(netlist.num_inputs, *(len(layer.values) for layer in layers))
    step = max(WORD, min(SAMPLES, VALUES // max(1, widest)))
    for start in range(0, SAMPLES, step):
        bits = rng.integers(0, 2, (min(step, SAMPLES - start), netlist.num_inputs), bool)
        values = bits
        for layer in layers:
            values = layer.evaluated(values)
        if not np.array_equal(evaluate(netlist, bits), values):
            raise CheckFailed("The netlist differs from the layers' own definition")
    return SAMPLES


def _from_json(path: Path) -> list[GateLayer]:
    try:
        layers = json.loads(path.read_text(encoding="utf-8-sig"))["layers"]
        rows = [(layer["gates"], layer["a"], layer["b"]) for layer in layers]
    except (ValueError, KeyError, TypeError, RecursionError):
        rows = []
    if not rows:
        raise FileFormatError(
            f"{path} must be JSON with a list 'layers' of objects with 'gates', 'a' and 'b'"
        )
    return [GateLayer.of(f"Layer {i} of {path}", *row) for i, row in enumerate(rows)]


def _numbered(path: Path, found: dict[str, NDArray[Any]], name: str) -> list[NDArray[Any]]:
    """Return the arrays NAME.0, NAME.1, ...; raises FileFormatError where one is missing."""
    numbers = sorted(
        int(match[1]) for key in found if (match := re.fullmatch(rf"{name}\.(\d{{1,9}})", key))
    )
    for expected, number in enumerate(numbers):
        if number != expected:
            raise FileFormatError(f"{path} holds {name}.{number}, and {name}.{expected} is missing")
    return [found[f"{name}.{number}"] for number in numbers]


def _connections(path: Path, found: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    ends = [found[f"connections.{end}"] for end in "AB" if f"connections.{end}" in found]
    if len(ends) < 2:
        return _numbered(path, found, "connections")
    if ends[0].shape != ends[1].shape or not ends[0].ndim:
        raise FileFormatError(
            f"connections.A and connections.B of {path} must be of one shape, [layers, gates], not"
            f" {list(ends[0].shape)} and {list(ends[1].shape)}"
        )
    return list(np.stack(ends, axis=1))


def _joined(
    path: Path, gates: list[NDArray[Any]], connections: list[NDArray[Any]]
) -> list[GateLayer]:
    if len(gates) != len(connections):
        raise FileFormatError(
            f"{path} has gates of {counted(len(gates), 'layer')} and connections of"
            f" {len(connections)}"
        )
    layers = []
    for i, (row, pair) in enumerate(zip(gates, connections, strict=True)):
        if pair.ndim != 2 or len(pair) != 2:
            raise FileFormatError(f"Connections {i} of {path} must be [2, gates], not {pair.shape}")
        layers.append(GateLayer.of(f"Layer {i} of {path}", row, pair[0], pair[1]))
    return layers
