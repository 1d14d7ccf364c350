"""Several classifiers side by side: accuracy against LUTs, latency and clock."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.errors import UsageError
from lgn_hw.formats.lgn import load
from lgn_hw.report.gather import classifier_file, gather
from lgn_hw.samples import read_samples
from lgn_hw.version import __version__

__all__ = ["COMPARISON", "compare"]

COMPARISON = "lgn-comparison 1"


def compare(
    paths: Sequence[Path], data: Path | None = None, *, label: str | None = None
) -> dict[str, Any]:
    """Return a row for each run folder or .lgn file, as JSON values, in the order given.

    accuracy: a fraction; measured on data where it is given, else what training recorded on its
    test part, and data_sha256 says of which data. luts: LUT6 of the whole circuit as it is written
    for LUTs of 6 inputs, before mapping; lut6, lut4, ff: those of `lgn synth`, where it was run.
    fmax_mhz, latency_ns: of the fastest core that was placed. front: whether no other row is better
    in accuracy or luts, and worse in neither. Raises UsageError on a file that is
    given twice, and as gather does.
    """
    files = [classifier_file(path) for path in paths]
    twice = sorted({str(file) for file in files if files.count(file) > 1})
    if twice:
        raise UsageError(f"{twice[0]} is given twice; name each classifier once")
    rows = [_row(file, data, label) for file in files]
    for row, name in zip(rows, _names(files), strict=True):
        row["name"] = name
    _mark_front(rows)
    # Accuracies compare only where they are of the same samples.
    parts = {row["data_sha256"] for row in rows if row["accuracy"] is not None}
    return {
        "format": COMPARISON,
        "lgn_hw": __version__,
        "data": None if data is None else data.name,
        "same_data": data is not None or len(parts) == 1,
        "runs": rows,
    }


def _row(file: Path, data: Path | None, label: str | None) -> dict[str, Any]:
    """Return the figures of one classifier; what was not run is None.

    file: the .lgn file. data, label: as of compare(). LUTs are counted here and not read from a
    step, so that every row has them.
    """
    found, classifier = gather(file, without_answers=True), load(file)
    accuracy = found["accuracy"]
    share, samples = accuracy["accuracy"], accuracy["test_samples"]
    if data is not None:
        given = read_samples(classifier, data, label)
        share, samples = given.accuracy(classifier.predict(given.codes)), given.labelled
    luts = Circuit.of(classifier, CoreOptions(lut_size=6)).luts
    estimate, simulation = found["estimate"] or {}, found["simulation"] or {}
    placed = [core for core in found["placed"] if core["latency_ns"] is not None]
    # Of several settings the fastest; cores that were never placed have no clock to show.
    best: Mapping[str, Any] = max(placed, key=lambda core: core["fmax_mhz"], default={})
    return {
        "name": file.stem,
        "digest": found["digest"],
        "accuracy": share,
        "samples": samples,
        "gap": accuracy["gap"],
        "data_sha256": found["provenance"].get("data_sha256"),
        "nodes": found["classifier"]["nodes"],
        "levels": found["classifier"]["levels"],
        "classes": len(found["classifier"]["classes"]),
        "luts": sum(luts.values()),
        **{kind: _total(estimate, kind) for kind in ("lut6", "lut4", "ff")},
        "latency_cycles": best.get("latency_cycles", simulation.get("latency_cycles")),
        "latency_ns": best.get("latency_ns"),
        "fmax_mhz": best.get("fmax_mhz"),
        "part": best.get("part"),
        "proven": (found["proof"] or {}).get("status"),
    }


def _total(estimate: Mapping[str, Any], kind: str) -> int | None:
    """Return the cells of a kind in the whole circuit as `lgn synth` counted them; None where it
    was not run.
    """
    return estimate[kind]["total"] if estimate else None


def _names(files: Sequence[Path]) -> list[str]:
    """Return a name for each file: its stem, after as many folders as tell it from the others."""
    parts = [(*file.resolve().parts[1:-1], file.stem) for file in files]
    lengths = [1] * len(files)
    while True:
        names = ["/".join(part[-n:]) for part, n in zip(parts, lengths, strict=True)]
        alike = [
            i
            for i, part in enumerate(parts)
            if names.count(names[i]) > 1 and lengths[i] < len(part)
        ]
        if not alike:
            return names
        # One folder more for those that are still alike only, so that names stay short.
        for i in alike:
            lengths[i] += 1


def _mark_front(rows: Sequence[dict[str, Any]]) -> None:
    """Say of each row whether no other beats it: better in accuracy or LUTs, worse in neither.

    A row without an accuracy is never on the front. Of two rows that are equal in both figures,
    both are on it or neither is.
    """
    known = [row for row in rows if row["accuracy"] is not None]
    for row in rows:
        row["front"] = row in known and not any(
            other["accuracy"] >= row["accuracy"]
            and other["luts"] <= row["luts"]
            and (other["accuracy"], other["luts"]) != (row["accuracy"], row["luts"])
            for other in known
        )
