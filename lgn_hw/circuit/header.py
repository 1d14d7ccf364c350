"""The comment at the head of emitted Verilog: what the core is, for people and for programs.

The last line is JSON: `lgn sim`, `synth`, `prove` and `fmax` learn from it what the file is, so
that no option has to be repeated, and a file without it is refused. Its field names are older than
the names of today's options, and stay.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgn_hw.circuit.options import CoreOptions
from lgn_hw.classifier import Classifier
from lgn_hw.counted import counted
from lgn_hw.errors import UsageError
from lgn_hw.ports import example_of, fields_of
from lgn_hw.version import __version__

__all__ = ["CoreHeader", "header_text", "options_to_json", "pack_results", "read_core_header"]

MARK = "// lgn-core: "
HEX_ROW = 64  # digits


@dataclass(frozen=True)
class CoreHeader:
    """Say what a core is and how its ports are laid out; one line of JSON in its Verilog.

    digest: of the classifier. latency: in clock cycles. options: what it was built like.
    sample_bits, class_bits, score_bits: the widths of a sample, of a class number and of one score.
    top: the name of the top module.
    """

    digest: str
    latency: int
    options: CoreOptions
    classes: int
    sample_bits: int
    class_bits: int
    score_bits: int
    top: str

    @property
    def scores(self) -> bool:
        """Whether results carry the scores."""
        return self.options.scores

    @property
    def result_bits(self) -> int:
        """The width of a result: the class number, and the scores above it where it has them."""
        return self.class_bits + (self.classes * self.score_bits if self.scores else 0)

    def to_json(self) -> dict[str, Any]:
        """Return the values of the line; its names are a file format and stay."""
        return {
            "digest": self.digest,
            "latency": self.latency,
            **options_to_json(self.options),
            "classes": self.classes,
            "sample_bits": self.sample_bits,
            "class_bits": self.class_bits,
            "score_bits": self.score_bits,
            "top": self.top,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "CoreHeader":
        """Read what to_json gives; raises KeyError where a value is missing."""
        # Files that name no head are of the first three: chains are said, and the other two follow
        # from lut_size, which CoreOptions does for the empty name.
        head = values["head"] if "head" in values else "chains" if values["chains"] else ""
        return cls(
            digest=values["digest"],
            latency=values["latency"],
            options=CoreOptions(
                values["levels_per_stage"], values["scores"], values["lut_size"], head
            ),
            classes=values["classes"],
            sample_bits=values["sample_bits"],
            class_bits=values["class_bits"],
            score_bits=values["score_bits"],
            top=values["top"],
        )


def options_to_json(options: CoreOptions) -> dict[str, Any]:
    """Return options by the names that headers and results have had from the first version on.

    `chains` says which of the first three heads it is; only others are named.
    """
    named = {} if options.head in ("adders", "counters", "chains") else {"head": options.head}
    return {
        "levels_per_stage": options.registers,
        "lut_size": options.lut_size,
        "chains": options.head == "chains",
        "scores": options.scores,
        **named,
    }


def pack_results(header: CoreHeader, scores: NDArray[np.int32]) -> list[int]:
    """Return each sample's result as the integer on the core's port.

    scores: int32[samples, classes]. The class is in the lowest bits; above it are the scores, class
    0 lowest, where the core has them.
    """
    words: list[int] = scores.argmax(axis=1).tolist()
    if header.scores:
        for c, column in enumerate(scores.T.tolist()):
            # Python integers and not numpy ones: ten classes of eight bits are beyond 64 bits.
            shift = header.class_bits + c * header.score_bits
            words = [word | score << shift for word, score in zip(words, column, strict=True)]
    return words


def header_text(header: CoreHeader, classifier: Classifier) -> str:
    """Write the comment; its last line is what read_core_header reads."""
    lines = [
        f"{header.top}: a logic gate network classifier, written by lgn-hw {__version__}.",
        f"Classifier {header.digest}",
        "",
        f"Latency {header.latency} clock cycles, one sample per clock cycle.",
        "A transfer happens at a rising edge of clk where valid and ready are both 1.",
        "",
        "clk                input   clock, rising edge",
        "rst                input   synchronous reset, active high; forgets samples under way",
        *_stream("i_sample", header.sample_bits, "input ", "output"),
        *(f"  {field.text}" for field in fields_of(classifier)),
        *_stream("o_result", header.result_bits, "output", "input "),
        *_result(header, classifier),
        "",
        *_example(classifier),
    ]
    comments = "".join(f"// {line}".rstrip() + "\n" for line in lines)
    return f"{comments}{MARK}{json.dumps(header.to_json())}\n"


def read_core_header(text: str) -> CoreHeader:
    """Read the header of emitted Verilog; raises UsageError where it has none."""
    # Searched for and not taken from a fixed line: an example and its fields vary in length.
    found = re.search(rf"^{MARK}(.*)$", text, re.MULTILINE)
    if found is None:
        raise UsageError(
            f"The Verilog has no line that begins with {MARK.strip()!r}; emit it with `lgn verilog`"
        )
    try:
        return CoreHeader.from_json(json.loads(found[1]))
    except (ValueError, TypeError, KeyError) as problem:
        raise UsageError(
            f"The Verilog's lgn-core line cannot be read ({problem}); emit it with `lgn verilog`"
        ) from None


def _stream(name: str, bits: int, forward: str, backward: str) -> list[str]:
    """Describe the three ports of a stream; its fields follow."""
    return [
        f"{name}__valid    {forward}  1 bit",
        f"{name}__ready    {backward}  1 bit",
        f"{name}__payload  {forward}  {counted(bits, 'bit', 'd')}:",
    ]


def _result(header: CoreHeader, classifier: Classifier) -> list[str]:
    """Describe the fields of a result: the class's number, and the scores."""
    lines, start = [f"  [{header.class_bits - 1}:0] number of the class:"], header.class_bits
    lines += [f"    {index} {json.dumps(name)}" for index, name in enumerate(classifier.classes)]
    for index, name in enumerate(classifier.classes if header.scores else ()):
        stop = start + header.score_bits
        lines.append(f"  [{stop - 1}:{start}] score of class {index}, {json.dumps(name)}")
        start = stop
    return lines


def _example(classifier: Classifier) -> list[str]:
    """Say how values become bits, with the example of the fields, highest bits first."""
    features, example = classifier.features, example_of(classifier)
    rule = ["Take values beyond a range for its end."]
    if not features.is_integer.all():
        rule = [
            "The code of a feature with offset and scale is (value - offset) / scale, rounded to",
            "the nearest integer. Take values beyond a range for its end.",
        ]
    rows = [example.port[i : i + HEX_ROW] for i in range(0, len(example.port), HEX_ROW)]
    return [
        *rule,
        f"Example: the values above are i_sample__payload = {example.bits}'h",
        *(f"  {row}" for row in rows),
        f"and their class is {example.number}, {json.dumps(example.name)}.",
    ]
