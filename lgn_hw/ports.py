"""What an integrator must know of a classifier's ports: each feature's field, and one sample.

One description feeds the comment in the Verilog, `lgn info`, the README of a delivery and the
report, with one worked example, so that they cannot contradict each other.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lgn_hw.classifier import Classifier

__all__ = ["Example", "Field", "describe_ports", "example_of", "fields_of", "raw_text"]

STEPS = 11  # of a range: neighbouring features of the example differ


@dataclass(frozen=True)
class Field:
    """A feature on the port: bits [last:first], two's complement where signed, low to high.

    A raw value v has the code rint((v - offset) / scale), no further than low and high; with
    offset 0 and scale 1 it is the code. raw, code: the feature in the worked example.
    """

    name: str
    first: int
    last: int
    signed: bool
    low: int
    high: int
    offset: float
    scale: float
    raw: str
    code: int

    @property
    def text(self) -> str:
        """The field as a sentence of the Verilog's comment."""
        kind = "signed" if self.signed else "unsigned"
        start = f"[{self.last}:{self.first}] feature {json.dumps(self.name)}, {kind}"
        if (self.offset, self.scale) == (0, 1):
            return f"{start}, {self.low} to {self.high}; example {self.raw}"
        return (
            f"{start}, {self.low} to {self.high}, offset {self.offset!r}, scale {self.scale!r};"
            f" example {self.raw} is {self.code}"
        )


@dataclass(frozen=True)
class Example:
    """One sample from its raw values, those of the fields, to the bits of the port in hexadecimal,
    highest first, and to its class.
    """

    bits: int
    port: str
    number: int
    name: str


def fields_of(classifier: Classifier) -> list[Field]:
    """Return the features in their order, feature 0 in the lowest bits."""
    features, found, first = classifier.features, [], 0
    for index, name in enumerate(features.names):
        width = int(features.width[index])
        low, high = int(features.low[index]), int(features.high[index])
        offset, scale = float(features.offset[index]), float(features.scale[index])
        # Places that jump about the range: an example in which neighbours were equal would not show
        # an exchanged order.
        wanted = low + (high - low) * ((7 * index + 4) % STEPS) // (STEPS - 1)
        raw, code = raw_text(wanted, low, high, offset, scale)
        found.append(
            Field(name, first, first + width - 1, low < 0, low, high, offset, scale, raw, code)
        )
        first += width
    return found


def example_of(classifier: Classifier) -> Example:
    """Return the sample whose raw values and codes the fields have."""
    codes = np.array([[field.code for field in fields_of(classifier)]], np.int64)
    bits = classifier.features.sample_width
    port = classifier.features.pack(codes)[0]
    number = int(classifier.predict(codes)[0])
    return Example(bits, f"{port:0{-(-bits // 4)}x}", number, classifier.classes[number])


def describe_ports(classifier: Classifier) -> dict[str, Any]:
    """Return fields, classes and example as JSON values."""
    return {
        "inputs": [asdict(field) for field in fields_of(classifier)],
        "class_names": list(classifier.classes),
        "example": asdict(example_of(classifier)),
    }


def raw_text(wanted: int, low: int, high: int, offset: float, scale: float) -> tuple[str, int]:
    """Return a raw value with as few digits as have the wanted code, and its code."""
    if (offset, scale) == (0, 1):
        return str(wanted), wanted
    text, code = "0", low
    for digits in range(3, 18):
        text = f"{offset + scale * wanted:.{digits}g}"
        code = int(min(max(round((float(text) - offset) / scale), low), high))
        if code == wanted:
            break
    return text, code
