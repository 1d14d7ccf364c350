"""What the README of a delivered core says of its ports, and of a sample bit by bit."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lgn_hw.classifier import Classifier
from lgn_hw.counted import counted
from lgn_hw.ports import Field, example_of, fields_of

if TYPE_CHECKING:
    from lgn_hw.delivery.design import CoreDesign

__all__ = ["RULE", "beats_in_words", "class_table", "core_interface"]

MAX_ROWS = 64  # of features; the manifest has all
RULE = """\
The code of a raw value is (value - offset) / scale, rounded to the nearest integer and no further
than the range of codes; with offset 0 and scale 1 it is the value."""

PORTS = {
    "stream": """\
Samples enter on the stream `i_sample`, results leave on the stream `o_result`: a transfer happens
at a rising edge of `clk` where `valid` and `ready` are both 1. `rst` is synchronous and active
high. The comment at the head of `rtl/core.v` lists every field of a sample and of a result.
""",
    "axi": """\
Samples enter on `s_axis`, one packet per sample: {sample_beats} of {data_bits} bits, the
lowest bits first, TLAST on the last, TKEEP for every byte that holds bits. Results leave on
`m_axis` in the same way and in order, {result_beats} each. The comment at the head of
`rtl/core.v` lists every field of a sample and of a result. A packet that is too short, too long or
lacks bytes gives no result and is counted; the beat after its TLAST begins the next one. `aresetn`
is synchronous and active low.

`s_axi` is AXI4-Lite, 32 bits wide:

| address | register | |
|---|---|---|
| 0x00 | id | "LGN1" |
| 0x04 | version | of lgn-hw, a byte each for minor and patch |
| 0x08 | latency | of the core, in clock cycles |
| 0x0C | control | write 1 to bit 0: drop samples under way, set the counters to 0 |
| 0x10 | sample_bits | |
| 0x14 | result_bits | |
| 0x18 | classes | |
| 0x1C | data_bits | |
| 0x20 to 0x3C | digest | of the classifier, the lowest word first |
| 0x40 | samples | accepted by the core |
| 0x44 | results | sent |
| 0x48 | malformed | packets |
| 0x4C | stalls | clock cycles in which `s_axis` waited |

Anything else answers SLVERR.
""",
    "parallel": """\
At each rising edge of `clk` the circuit takes the sample on `i_sample`, and {latency}
later its class stands on `o_class`{scores}. There is no handshake and no reset. The comment at the
head of `rtl/core.v` lists every field of a sample.
""",
}


def core_interface(classifier: Classifier, design: "CoreDesign") -> str:
    """Return the ports of a design as Markdown, and the tables of features and classes."""
    scores = " and its scores on `o_scores`" if design.scores else ""
    told = design.shape | beats_in_words(design.shape)
    told |= {"latency": counted(design.latency, "clock cycle"), "scores": scores}
    ports = PORTS[design.wrapper].format_map(told)
    return f"{ports}\n{_sample(classifier)}"


def beats_in_words(shape: Mapping[str, Any]) -> dict[str, str]:
    """Return the counts of beats in a design's shape with their noun."""
    return {key: counted(shape[key], "beat") for key in shape if key.endswith("_beats")}


def _sample(classifier: Classifier) -> str:
    """Return the tables of features and classes, and the worked example.

    Features beyond MAX_ROWS are in the manifest only: a table of 3 072 rows is not read. The
    example is one sample worked out by hand, so that a reader can check the order of the bits.
    """
    fields, example = fields_of(classifier), example_of(classifier)
    rows = [_row(field) for field in fields[:MAX_ROWS]]
    more = (
        f"\n{len(fields) - MAX_ROWS:,} more are in `manifest.json`.\n" if fields[MAX_ROWS:] else ""
    )
    hexadecimal = "\n".join(
        f"    {example.port[i : i + 64]}" for i in range(0, len(example.port), 64)
    )
    return f"""\
## A sample and its class

{RULE} The last two columns are one
example.

| bits | feature | codes | offset | scale | raw value | code |
|---|---|---|---|---|---|---|
{chr(10).join(rows)}
{more}
The example's codes side by side, the highest bits first, are the port's
{counted(example.bits, "bit")}, in hexadecimal:

{hexadecimal}

Their class is {example.number}, {_cell(example.name)}.

{class_table(classifier)}"""


def class_table(classifier: Classifier) -> str:
    """Return the table of classes."""
    classes = [f"| {number} | {_cell(name)} |" for number, name in enumerate(classifier.classes)]
    return f"""\
| number | class |
|---|---|
{chr(10).join(classes)}
"""


def _row(field: Field) -> str:
    """Return a feature as a row of the table.

    Offset and scale are written with repr, which gives back the same double.
    """
    kind = "signed" if field.signed else "unsigned"
    cells = (
        f"{field.last}:{field.first}",
        _cell(field.name),
        f"{field.low} to {field.high}, {kind}",
        f"{field.offset!r}",
        f"{field.scale!r}",
        field.raw,
        str(field.code),
    )
    return f"| {' | '.join(cells)} |"


def _cell(name: str) -> str:
    """Return a name as the code of a cell of a Markdown table.

    A pipe would end the cell and a backtick the code; white space is folded, as a line break would
    end the row.
    """
    # Markdown knows no escape of a backtick within code.
    return f"`{' '.join(name.split())}`".replace("|", "\\|") if "`" not in name else repr(name)
