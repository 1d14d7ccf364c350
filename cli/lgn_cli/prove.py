"""`lgn prove`: show that two files are the same classifier, or where they differ."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from lgn_cli.console import JsonOption, errors, out, print_json, write_json
from lgn_hw.errors import UsageError

if TYPE_CHECKING:
    from lgn_hw.prove.equivalence import Proof

__all__ = ["prove"]


def prove(
    classifier: Annotated[Path, typer.Argument(help="The classifier, a .lgn file.")],
    other: Annotated[
        Path,
        typer.Argument(
            help="Another .lgn, a core's Verilog, a .v file, or a .c, .aig, .blif or .v of"
            " `lgn export`."
        ),
    ],
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds for each claim; then it is undecided.")
    ] = 300,
    json: JsonOption = False,
) -> None:
    """Prove two classifiers equal, or a classifier and its Verilog: by SAT, not by samples.

    The Verilog is that of `lgn verilog`, or lut4.v and lut6.v that `lgn synth` makes of it.

    Exits with 1 where they differ, and where a claim is not decided. A difference comes with a
    sample that shows it. Of Verilog, prove/prove.json beside the classifier keeps the outcome for
    `lgn report`.

    Examples:

        lgn prove build/digits/digits.lgn build/digits/small.lgn

        lgn prove build/digits/digits.lgn build/digits/digits.v

        lgn prove build/digits/digits.lgn build/digits/synth/lut6.v --timeout 600
    """
    from lgn_hw.classifier import Classifier

    start = time.perf_counter()
    with errors.status("proving"):
        proof = _proof(classifier, other, timeout)
    data = {
        "digest": Classifier.load(classifier).digest,
        "a": str(classifier),
        "b": str(other),
        "status": proof.status,
        "claims": [
            {
                "what": claim.what,
                "method": claim.method,
                "status": claim.status,
                "detail": claim.detail,
                "sample": None if claim.sample is None else claim.sample.tolist(),
            }
            for claim in proof.claims
        ],
        "seconds": round(time.perf_counter() - start, 2),
    }
    if other.suffix == ".v" and _combinational_kind(other) is None:
        write_json(classifier.parent / "prove" / "prove.json", data)
    if json:
        print_json(data)
    else:
        out.print(_table(data))
    proof.check()


def _proof(classifier: Path, other: Path, timeout: float) -> "Proof":
    from lgn_hw.circuit.header import read_core_header
    from lgn_hw.classifier import Classifier
    from lgn_hw.export.c_code import prove_c
    from lgn_hw.export.combinational import prove_combinational
    from lgn_hw.prove.equivalence import prove_classifiers, prove_verilog

    loaded = Classifier.load(classifier)
    if other.suffix == ".lgn":
        return prove_classifiers(loaded, Classifier.load(other), timeout_s=timeout)
    if other.suffix == ".c":
        return prove_c(loaded, other.read_bytes(), timeout_s=timeout)
    if kind := _combinational_kind(other):
        return prove_combinational(loaded, other.read_bytes(), kind, timeout_s=timeout)
    if other.suffix == ".v":
        text = other.read_text()
        return prove_verilog(loaded, text, read_core_header(text), timeout_s=timeout)
    raise UsageError(f"A proof needs a .lgn, .v, .c, .aig or .blif file, not {other.name}")


def _combinational_kind(file: Path) -> str | None:
    """Return which of combinational.FORMATS a file is, if any; a core's Verilog is none."""
    kind = {".aig": "aiger", ".blif": "blif"}.get(file.suffix)
    if file.suffix == ".v" and file.read_text().startswith("// lgn-hw: "):
        return "verilog-comb"
    return kind


def _table(data: dict[str, Any]) -> Table:
    table = Table(title=f"{data['a']} = {data['b']}: {data['status']}")
    for column in ("claim", "method", "verdict"):
        table.add_column(column)
    for claim in data["claims"]:
        shown = {"equal": "proven", "different": "[red]DIFFERENT[/]", "undecided": "undecided"}
        table.add_row(claim["what"], claim["method"], shown[claim["status"]])
    return table
