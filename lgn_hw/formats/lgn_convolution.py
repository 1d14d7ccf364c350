"""The optional section of a `.lgn` file: the convolutional form, in the header and in arrays.

A file without the section is byte for byte what it was before there was one, so that digests stay.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgn_hw.convolution import Convolution, Kernels
from lgn_hw.netlist import MAX_FANIN, Netlist

__all__ = ["arrays_of", "convolution_of", "dtypes_of", "header_of"]

FIELDS = ("fan_in", "kernel_size", "padding", "pool", "stride")
# Little-endian and of fixed width, so that a file has the same bytes on every machine.
TAIL = {"tail_fanin": "<i4", "tail_table": "<u8", "tail_outputs": "<i4"}
PLANES = {"channel": "<i4", "plane_threshold": "<i8", "missing": "<i8", "vote_group": "<i4"}


def header_of(convolution: Convolution) -> dict[str, Any]:
    """Return the scalars of the section, as the header holds them."""
    tail = convolution.tail
    return {
        "layers": [{name: int(getattr(of, name)) for name in FIELDS} for of in convolution.layers],
        "shape": list(convolution.shape),
        "tail_inputs": None if tail is None else tail.num_inputs,
    }


def arrays_of(convolution: Convolution) -> dict[str, NDArray[Any]]:
    """Return the section's arrays, in the order in which a file holds them."""
    arrays: dict[str, NDArray[Any]] = {
        "channel": convolution.channel,
        "plane_threshold": convolution.threshold,
        "missing": convolution.missing,
        "vote_group": convolution.group,
    }
    for number, layer in enumerate(convolution.layers):
        arrays |= {f"leaves{number}": layer.leaves, f"tables{number}": layer.tables}
    if (tail := convolution.tail) is not None:
        # As narrow as the widest node: most tails have two inputs of the six that a netlist holds.
        columns = int(tail.arity.max(initial=1))
        arrays |= {
            "tail_fanin": tail.fanin[:, :columns],
            "tail_table": tail.table,
            "tail_outputs": tail.outputs,
        }
    return arrays


def dtypes_of(header: Any) -> dict[str, str]:
    """Return the dtype of each array of a section with such a header, in their order.

    Raises ValueError where the header is none.
    """
    if not isinstance(header, dict) or header.keys() != {"layers", "shape", "tail_inputs"}:
        raise ValueError("convolution must be an object with layers, shape and tail_inputs")
    layers, shape, inputs = header["layers"], header["shape"], header["tail_inputs"]
    if not isinstance(layers, list) or not isinstance(shape, list):
        raise ValueError("layers and shape of convolution must be lists")
    # In Python True is an integer, and JSON has true.
    if inputs is not None and (not isinstance(inputs, int) or isinstance(inputs, bool)):
        raise ValueError(f"tail_inputs must be an integer or null, not {inputs!r:.40}")
    for layer in layers:
        if not isinstance(layer, dict) or layer.keys() != set(FIELDS):
            raise ValueError(f"each layer of convolution must have {', '.join(FIELDS)}")
    dtypes = dict(PLANES)
    for number in range(len(layers)):
        dtypes |= {f"leaves{number}": "<i4", f"tables{number}": "<u8"}
    return dtypes if inputs is None else dtypes | TAIL


def convolution_of(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Convolution:
    """Build the section of a file; its constructors check every rule."""
    layers = [
        Kernels(leaves=arrays[f"leaves{number}"], tables=arrays[f"tables{number}"], **fields)
        for number, fields in enumerate(header["layers"])
    ]
    tail = None
    if header["tail_inputs"] is not None:
        narrow = arrays["tail_fanin"]
        fanin = np.zeros((len(narrow), MAX_FANIN), np.int32)
        fanin[:, : narrow.shape[1]] = narrow
        tail = Netlist(header["tail_inputs"], fanin, arrays["tail_table"], arrays["tail_outputs"])
    return Convolution(
        tuple(header["shape"]),
        arrays["channel"],
        arrays["plane_threshold"],
        arrays["missing"],
        tuple(layers),
        tail,
        arrays["vote_group"],
    )
