"""The `.lgn` file: a classifier in one file, without pickle, versioned and checksummed.

Layout, little-endian (specified in docs/netlist.md):

    8 bytes   magic, which also shows damage by text-mode transfers
    u32       format version: 1, or 2 where there is a convolutional form
    u32       length of the JSON text, n
    u64       length of the whole file
    n bytes   JSON: scalars, names, provenance, and name, dtype and shape of each array
    ...       the arrays, each padded to 8 bytes
    32 bytes  SHA-256 of everything before it
"""

import hashlib
import json
import math
import struct
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgn_hw.classifier import Classifier
from lgn_hw.encoder import Thermometer
from lgn_hw.errors import FileFormatError, LgnError
from lgn_hw.features import Features
from lgn_hw.files.atomic import write_bytes
from lgn_hw.formats.lgn_convolution import arrays_of, convolution_of, dtypes_of, header_of
from lgn_hw.netlist import MAX_FANIN, Netlist

__all__ = ["FORMAT_VERSION", "MAGIC", "dumps", "load", "loads", "save"]

MAGIC = b"\x89LGN\r\n\x1a\n"
FORMAT_VERSION = 2
PLAIN_VERSION = 1  # of files without a convolutional form, which older lgn-hw read too
PREFIX = struct.Struct("<8sIIQ")
DIGEST_SIZE = 32
# The header's fields, and the arrays in their order.
KINDS: dict[str, type] = {
    "arrays": list,
    "classes": list,
    "features": list,
    "num_inputs": int,
    "provenance": dict,
    "tau": float,
}
DTYPES = {
    "fanin": "<i4",
    "table": "<u8",
    "outputs": "<i4",
    "group": "<i4",
    "feature": "<i4",
    "threshold": "<i8",
    "low": "<i8",
    "high": "<i8",
    "offset": "<f8",
    "scale": "<f8",
}
MATRICES = ("fanin", "leaves", "tail_fanin")


def save(classifier: Classifier, path: str | PathLike[str]) -> None:
    """Write a classifier to a file; an interrupted write leaves the old file as it was.

    Raises FileFormatError as dumps() does, and OSError.
    """
    write_bytes(path, dumps(classifier))


def load(path: str | PathLike[str]) -> Classifier:
    """Read a classifier from a file. Raises FileFormatError, or OSError where it is not there."""
    with open(path, "rb") as stream:
        data = stream.read(PREFIX.size)
        if data.startswith(MAGIC):  # else there may be no end, as in /dev/zero
            data += stream.read()
    return loads(data, str(path))


def dumps(classifier: Classifier) -> bytes:
    """Return the bytes of a classifier's file; equal classifiers give equal bytes.

    Raises FileFormatError where the provenance is not JSON.
    """
    arrays = {name: _portable(array) for name, array in _arrays(classifier).items()}
    header = {
        "arrays": [[n, a.dtype.str, list(a.shape)] for n, a in arrays.items()],
        "classes": classifier.classes,
        "features": classifier.features.names,
        "num_inputs": classifier.netlist.num_inputs,
        "provenance": dict(classifier.provenance),
        "tau": classifier.tau,
    }
    version = PLAIN_VERSION
    if classifier.convolution is not None:
        version, header["convolution"] = FORMAT_VERSION, header_of(classifier.convolution)
    try:
        text = json.dumps(header, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError) as problem:
        raise FileFormatError(f"provenance must hold JSON values only: {problem}") from problem
    # Spaces behind the JSON, so that the arrays begin at a multiple of 8 bytes and can be mapped.
    text += b" " * (-(PREFIX.size + len(text)) % 8)
    body = b"".join(_padded(array.tobytes()) for array in arrays.values())
    length = PREFIX.size + len(text) + len(body) + DIGEST_SIZE
    data = PREFIX.pack(MAGIC, version, len(text), length) + text + body
    return data + hashlib.sha256(data).digest()


def loads(data: bytes, name: str = "the file") -> Classifier:
    """Return the classifier of a file's bytes; `name` appears in errors.

    A file is only taken where dumps would write the same bytes: so that its checksum is the digest
    by which every command knows the classifier. Raises FileFormatError: foreign, newer, truncated,
    corrupted, or well-formed but ill-made.

    name: of the file, for messages. Nothing in a file is executed, and nothing is allocated by a
    number that the file alone says: sizes are compared with its length first.
    """
    text, body = _opened(data, name)
    try:
        header = _read_header(text)
        classifier = _classifier(header, _read_arrays(header, body))
        written = dumps(classifier)
    except (LgnError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as problem:
        raise FileFormatError(
            f"{name} has a right checksum but describes no classifier: {problem}"
        ) from problem
    # One classifier, one sequence of bytes: a file with other spaces, or an array that nobody
    # reads, would have another digest and yet be the same.
    if written != data:
        raise FileFormatError(
            f"{name} has a right checksum but is not as lgn-hw writes a classifier; export it again"
        )
    return classifier


def _opened(data: bytes, name: str) -> tuple[bytes, bytes]:
    """Return the JSON text and the arrays' bytes of a file that is whole.

    Raises FileFormatError: foreign, of a newer version, cut short, or with another checksum; in
    this order, because a newer version may have another checksum.
    """
    known = min(len(data), len(MAGIC))
    if data[:known] != MAGIC[:known] or not data:
        raise FileFormatError(
            f"{name} is not a .lgn classifier: it starts with {data[:8]!r}, not {MAGIC!r}"
        )
    if len(data) < PREFIX.size:
        raise FileFormatError(
            f"{name} is truncated: {len(data)} bytes, and the header alone has {PREFIX.size};"
            " copy or export it again"
        )
    _, version, text_length, length = PREFIX.unpack_from(data)
    if version > FORMAT_VERSION:
        raise FileFormatError(
            f"{name} has format version {version}, and this lgn-hw reads up to {FORMAT_VERSION};"
            " upgrade lgn-hw"
        )
    if len(data) < length:
        raise FileFormatError(
            f"{name} is truncated: {len(data)} of {length} bytes; copy or export it again"
        )
    if hashlib.sha256(data[:-DIGEST_SIZE]).digest() != data[-DIGEST_SIZE:]:
        raise FileFormatError(
            f"{name} is corrupted: its SHA-256 does not match; copy or export it again"
        )
    start = PREFIX.size + text_length
    return data[PREFIX.size : start], data[start:-DIGEST_SIZE]


def _arrays(classifier: Classifier) -> dict[str, NDArray[Any]]:
    """Return the arrays that a file holds, in the order in which it holds them."""
    netlist, encoder, features = classifier.netlist, classifier.encoder, classifier.features
    # Padding to six columns would triple the array for networks of two-input gates.
    columns = int(netlist.arity.max(initial=1))  # a net of two-input gates stores two columns
    section = {} if classifier.convolution is None else arrays_of(classifier.convolution)
    return {
        "fanin": netlist.fanin[:, :columns],
        "table": netlist.table,
        "outputs": netlist.outputs,
        "group": classifier.group,
        "feature": encoder.feature,
        "threshold": encoder.threshold,
        "low": features.low,
        "high": features.high,
        "offset": features.offset,
        "scale": features.scale,
        **section,
    }


def _portable(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array as its bytes are stored: contiguous, little-endian."""
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))


def _padded(data: bytes) -> bytes:
    """Fill up to a multiple of 8 bytes."""
    return data + bytes(-len(data) % 8)


def _read_header(text: bytes) -> dict[str, Any]:
    """Return the JSON object, with every value of the kind that it must be."""
    header = json.loads(text)
    if not isinstance(header, dict) or header.keys() - {"convolution"} != KINDS.keys():
        raise ValueError(f"its header must be an object with {', '.join(KINDS)}")
    for field, kind in KINDS.items():
        if not isinstance(header[field], kind) or isinstance(header[field], bool):
            raise ValueError(f"{field} must be of type {kind.__name__}, not {header[field]!r:.40}")
    for field in ("classes", "features"):
        for entry in header[field]:
            if not isinstance(entry, str):
                raise ValueError(f"{field} must be texts, not {entry!r:.40}")
    return header


def _read_arrays(header: dict[str, Any], body: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays; what is described must be those that there are, in size too.

    Raises ValueError. The arrays' names and dtypes must be those of this version, in their order.
    """
    described, dtypes = header["arrays"], dict(DTYPES)
    if "convolution" in header:
        dtypes |= dtypes_of(header["convolution"])
    if [entry[:2] for entry in described] != [[name, dtype] for name, dtype in dtypes.items()]:
        raise ValueError(f"its arrays must be {', '.join(dtypes)}, each of its own dtype")
    arrays, start = {}, 0
    for name, dtype, shape in described:
        known = all(isinstance(length, int) and 0 <= length <= len(body) for length in shape)
        if not known or len(shape) != (2 if name.startswith(MATRICES) else 1):
            raise ValueError(f"{name} cannot have the shape {shape!r:.40}")
        count = math.prod(shape)
        if start + count * np.dtype(dtype).itemsize > len(body):
            raise ValueError(f"{name} is larger than the file")
        array = np.frombuffer(body, np.dtype(dtype), count, start).reshape(shape)
        arrays[name] = array.astype(array.dtype.newbyteorder("="), copy=False)
        start += array.nbytes + (-array.nbytes) % 8
    return arrays


def _classifier(header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Classifier:
    """Build the classifier of a file's header and arrays; its constructors check every rule."""
    ranges = (arrays[field] for field in ("low", "high", "offset", "scale"))
    features = Features(tuple(header["features"]), *ranges)
    fanin = np.zeros((len(arrays["fanin"]), MAX_FANIN), np.int32)
    fanin[:, : arrays["fanin"].shape[1]] = arrays["fanin"]
    return Classifier(
        Thermometer(features, arrays["feature"], arrays["threshold"]),
        Netlist(header["num_inputs"], fanin, arrays["table"], arrays["outputs"]),
        arrays["group"],
        header["tau"],
        tuple(header["classes"]),
        header["provenance"],
        convolution_of(header["convolution"], arrays) if "convolution" in header else None,
    )
