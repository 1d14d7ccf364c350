"""The parts of the page about circuit, inputs and answers: pictures, and rows of its tables."""

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from lgn_hw.counted import counted
from lgn_hw.image_shape import Shape
from lgn_hw.ports import raw_text
from lgn_hw.report.circuit import FAMILIES
from lgn_hw.report.circuit_picture import circuit_picture, nodes_per_cell
from lgn_hw.report.sample_charts import (
    image_picture,
    matrix_picture,
    pixel_map,
    ranked_bars,
    vote_bars,
)

__all__ = ["answers_parts"]

MOST_CLASSES = 16  # of a matrix whose counts are written
MOST_RANKED = 20
MOST_FEATURES = 8  # of a wrong sample of a table
MOST_NAME = 3  # characters of class names that stand above columns
MOST_COLOURED = 12  # images in colours: each has many shapes


def answers_parts(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what answers.html.jinja shows beside the report, and its pictures by name.

    report: what gather.gather returned. Only what the page shows is made: a matrix of more than
    MOST_CLASSES classes becomes a picture, a sample of a table shows its MOST_FEATURES features
    that matter most. Charts are Markup, which the template does not escape; all text in them is
    escaped when it is drawn.
    """
    answers, inputs, classes = report["answers"], report["inputs"], report["classifier"]["classes"]
    charts = {"circuit": circuit_picture(report["circuit"], classes)} | _input_charts(report)
    parts: dict[str, Any] = {
        "least_width": _least_width(charts["circuit"]),
        "answers": answers,
        "per": nodes_per_cell(report["circuit"]),
        "kinds_drawn": _kinds(report["circuit"]),
        "most_bits": _most(inputs["bits_read"], inputs["image_shape"]),
        "most_turned": max(answers["turned"], default=0) if answers else 0,
        "reading": _reading(inputs["bits_read"], _word(inputs["image_shape"])),
        "ranked_rest": max(0, sum(map(bool, inputs["bits_read"])) - MOST_RANKED),
        "most_classes": MOST_CLASSES,
        "short_names": max(map(len, classes)) <= MOST_NAME,
    }
    if answers and answers["confusion"] is not None:
        parts |= _confusions(answers["confusion"], classes)
        fields = report["ports"]["inputs"]
        shown = _ranking(report)[:MOST_FEATURES]
        parts["shown_features"] = [fields[feature]["name"] for feature in shown]
        parts["wrong"] = _wrong(report, shown)
        if len(classes) > MOST_CLASSES:
            charts["matrix"] = matrix_picture(answers["confusion"], classes)
    return parts | {"charts": {name: Markup(chart) for name, chart in charts.items()}}


def _least_width(picture: str) -> int:
    """Return a width below which the names in the picture could not be read.

    In CSS pixels: four fifths of the natural size, below which the page scrolls sideways instead.
    """
    found = re.search(r'viewBox="0 0 ([0-9.]+)', picture)
    return round(0.8 * float(found[1])) if found else 0


def _kinds(circuit: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """Return style, name and nodes of each kind of gate on the map."""
    if circuit["kind"] == "gates":
        return []
    counts = {
        kind: sum(block["families"].get(kind, 0) for block in circuit["blocks"])
        for kind in FAMILIES
    }
    return [(kind, FAMILIES[kind], count) for kind, count in counts.items() if count]


def _most(bits: list[int], shape: Shape | None) -> int:
    """Return the most encoder bits that one feature has, or one pixel over its colours."""
    if shape is None:
        return max(bits)
    size = shape[1] * shape[2]
    return max(sum(bits[pixel::size]) for pixel in range(size))


def _word(shape: Shape | None) -> str:
    """Return what the page calls the features: of a colour image, a pixel has several."""
    if shape is None:
        return "features"
    return "pixels" if shape[0] == 1 else "values of pixels, one of each colour"


def _reading(bits: list[int], what: str) -> str:
    """Say how many of the features the net reads; the others need no pins, and no sensor."""
    read = sum(map(bool, bits))
    return f"The net reads {read:,} of {len(bits):,} {what}, by {sum(bits):,} encoder bits."


def _ranking(report: Mapping[str, Any]) -> list[int]:
    """Return the features that are read, those that matter most first.

    First by the share of answers that a feature turns, where there are samples; then by its encoder
    bits, and by its number, so that the order is always the same.
    """
    bits, answers = report["inputs"]["bits_read"], report["answers"]
    turned = answers["turned"] if answers else [0] * len(bits)
    read = [feature for feature, count in enumerate(bits) if count]
    return sorted(read, key=lambda feature: (-turned[feature], -bits[feature], feature))


def _input_charts(report: Mapping[str, Any]) -> dict[str, str]:
    """Draw which inputs are read and which matter: maps of an image's pixels, bars of a table."""
    inputs, answers = report["inputs"], report["answers"]
    bits, shape = inputs["bits_read"], inputs["image_shape"]
    if shape is not None:
        charts = {"read_map": pixel_map(bits, shape, "Encoder bits read of each pixel")}
        if answers:
            describe = "Share of answers that each pixel turns"
            charts["turned_map"] = pixel_map(answers["turned"], shape, describe)
        return charts
    rows, fields = [], report["ports"]["inputs"]
    for feature in _ranking(report)[:MOST_RANKED]:
        count = counted(bits[feature], "bit")
        share = answers["turned"][feature] if answers else bits[feature]
        text = f"{100 * share:.1f} %, {count}" if answers else count
        rows.append((fields[feature]["name"], share, text))
    return {"ranked": ranked_bars(rows, "Features by how much they matter")}


def _confusions(confusion: list[list[int]], classes: list[str]) -> dict[str, Any]:
    """Return counts and shares of the matrix; None where there is nothing to share.

    confusion[label][answer]: counts. recall of a class is its samples that are answered rightly, of
    those that have its label; precision, of those that are answered with it.
    """
    right = [row[label] for label, row in enumerate(confusion)]
    answered = [sum(row[answer] for row in confusion) for answer in range(len(classes))]
    recall = [
        (classes[label], right[label] / sum(row), sum(row))
        for label, row in enumerate(confusion)
        if sum(row)
    ]
    confused = [
        (classes[label], classes[answer], count)
        for label, row in enumerate(confusion)
        for answer, count in enumerate(row)
        if count and label != answer
    ]
    return {
        "right": sum(right),
        "precision": [hit / of if of else None for hit, of in zip(right, answered, strict=True)],
        "worst": sorted(recall, key=lambda found: found[1])[:12],
        "confused": sorted(confused, key=lambda found: -found[2])[:12],
    }


def _wrong(report: Mapping[str, Any], shown: list[int]) -> list[dict[str, Any]]:
    """Return the rows of the samples with wrong answers, with their pictures."""
    inputs, classes, fields = (
        report["inputs"],
        report["classifier"]["classes"],
        report["ports"]["inputs"],
    )
    shape, ends = inputs["image_shape"], [(field["low"], field["high"]) for field in fields]
    # A colour image has a shape for each run of pixels of one colour, so a page of them grows fast.
    most = MOST_COLOURED if shape is not None and shape[0] > 1 else None
    return [
        {
            "sample": sample["sample"],
            "label": classes[sample["label"]],
            "answer": classes[sample["answer"]],
            "own": sample["votes"][sample["label"]],
            "most": sample["votes"][sample["answer"]],
            "bars": Markup(vote_bars(sample["votes"], sample["label"], sample["answer"], classes)),
            "image": Markup(image_picture(sample["codes"], ends, shape)) if shape else "",
            "shown": [_shown(sample["codes"][feature], fields[feature]) for feature in shown],
        }
        for sample in report["answers"]["wrong"][:most]
    ]


def _shown(code: int, field: Mapping[str, Any]) -> str:
    """Write a feature's value in the units of the data, with as few digits as mean its code."""
    of = (field[name] for name in ("low", "high", "offset", "scale"))
    return raw_text(code, *of)[0]
