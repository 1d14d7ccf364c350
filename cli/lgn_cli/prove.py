"""`lgn prove`: show that two files are the same classifier, or where they differ.

Which proof it is follows from the second file: another classifier, a core's Verilog, or what `lgn
export` wrote.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from lgn_cli.console import (
    JsonOption,
    finite,
    notice,
    print_json,
    print_notices,
    show,
    write_json,
)
from lgn_cli.watching import watched
from lgn_hw.errors import UsageError

if TYPE_CHECKING:
    from lgn_hw.classifier import Classifier
    from lgn_hw.prove.equivalence import Proof
    from lgn_hw.prove.watch import Watch

__all__ = ["prove"]

SHOWN: dict[str, str | Text] = {
    "equal": "proven",
    "different": Text("DIFFERENT", style="red"),
    "undecided": "undecided",
    "refused": Text("REFUSED", style="red"),
}


def prove(
    classifier: Annotated[Path, typer.Argument(help="The classifier, a .lgn file.")],
    other: Annotated[
        Path,
        typer.Argument(
            help="Another .lgn, a core's Verilog, a .v file or a folder of `lgn verilog`, or a .c,"
            " .html, .aig, .blif, .v or folder of `lgn export`."
        ),
    ],
    timeout: Annotated[
        float,
        typer.Option(min=1, callback=finite, help="Seconds for each claim; then it is undecided."),
    ] = 300,
    limit: Annotated[
        float,
        typer.Option(
            min=1, callback=finite, help="Seconds for the whole proof; what is left is undecided."
        ),
    ] = 900,
    json: JsonOption = False,
) -> None:
    """Prove two classifiers equal, or a classifier and its Verilog: by SAT, not by samples.

    The Verilog is that of `lgn verilog`, or lut4.v and lut6.v that `lgn synth` makes of it. A file
    that a simulator may read otherwise than synthesis is refused, with its lines. Verilog of
    another classifier, as an optimised one, is proven by way of its .lgn, if that lies beside it.

    Exits with 1 where they differ, and where a claim is not decided. A difference comes with a
    sample that shows it. Of Verilog, CLASSIFIER.prove/prove.json keeps the outcome for
    `lgn report`.

    Examples:

        lgn prove build/digits/digits.lgn build/digits/small.lgn

        lgn prove build/digits/digits.lgn build/digits/digits.v

        lgn prove build/digits/digits.lgn build/digits/digits.lgn.synth/lut6.v --timeout 600

        lgn prove build/digits/digits.lgn delivery/   # core and wrapper
    """
    from lgn_hw.classifier import Classifier
    from lgn_hw.export.project_proof import is_project
    from lgn_hw.files.owned_folder import own_folder
    from lgn_hw.files.writers import default_folder

    start = time.perf_counter()
    with watched(limit) as watch:
        proof = _proof(classifier, other, timeout, watch)
    # The digest is of the first file; reports believe a proof only of the classifier that they
    # show.
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
    # Only a core's proof is kept: the report is about the circuit that was emitted.
    core = other.suffix == ".v" and _combinational_kind(other) is None
    if core or (other.is_dir() and not is_project(other)):
        with (
            own_folder(default_folder(classifier, "prove"), "prove") as owned,
            owned.work() as work,
        ):
            write_json(work / "prove.json", data)
        print_notices(owned.notices())
    if json:
        print_json(data)
    else:
        show(_table(data))
    proof.check()


def _proof(classifier: Path, other: Path, timeout: float, watch: "Watch") -> "Proof":
    """Prove two classifiers equal, or a classifier and its Verilog."""
    from lgn_hw.classifier import Classifier
    from lgn_hw.delivery.design_proof import prove_design
    from lgn_hw.export.c_code import prove_c
    from lgn_hw.export.combinational import prove_combinational
    from lgn_hw.export.live_page import prove_live_page
    from lgn_hw.export.project_proof import is_project, prove_project
    from lgn_hw.files.source_text import read_source
    from lgn_hw.prove.equivalence import prove_classifiers

    loaded = Classifier.load(classifier)
    if other.suffix == ".lgn":
        return prove_classifiers(loaded, Classifier.load(other), timeout_s=timeout, watch=watch)
    if other.suffix == ".c":
        beside = other.with_suffix(".h")
        header = beside.read_bytes() if beside.is_file() else None
        return prove_c(loaded, other.read_bytes(), header, timeout_s=timeout, watch=watch)
    if other.suffix == ".html":
        return prove_live_page(loaded, other.read_bytes())
    if kind := _combinational_kind(other):
        return prove_combinational(loaded, other.read_bytes(), kind, timeout_s=timeout, watch=watch)
    if is_project(other):
        return prove_project(loaded, other, timeout_s=timeout, watch=watch)
    if other.is_dir():
        text = _delivered(other)
    elif other.suffix == ".v":
        text = read_source(other)
    else:
        raise UsageError(
            f"A proof needs a .lgn, .v, .c, .html, .aig or .blif file, or a folder, not"
            f" {other.name}"
        )
    middle = _emitted_from(loaded, classifier, other, text)
    if middle is None:
        return prove_design(loaded, text, timeout_s=timeout, watch=watch)
    watch.report(f"proving {classifier.name} = {middle.name} = {other.name}")
    # A chain of two equalities; where the first does not hold the second says nothing.
    first = prove_classifiers(loaded, Classifier.load(middle), timeout_s=timeout, watch=watch)
    if first.status != "equal":
        return first
    return type(first)((*first.claims, *_proof(middle, other, timeout, watch).claims))


def _delivered(folder: Path) -> str:
    """Return the sources of a folder that `lgn verilog` wrote, the wrapper before the core."""
    from lgn_hw.files.source_text import read_source

    listed = folder / "filelist.f"
    if not listed.is_file():
        raise UsageError(
            f"{folder} is no folder of `lgn verilog`: it has no filelist.f; name a file in it"
        )
    sources = [folder / name for name in read_source(listed).split()]
    return "\n".join(read_source(source) for source in reversed(sources))


def _emitted_from(loaded: "Classifier", classifier: Path, other: Path, text: str) -> "Path | None":
    """Return the .lgn that Verilog of another classifier was emitted from, if it lies near by.

    With it a proof has two short steps instead of a long one. Says so where it is not there.
    """
    from lgn_hw.circuit.header import read_core_header
    from lgn_hw.hdl.streaming.header import read_stream_header

    digest = (read_stream_header(text) or read_core_header(text)).digest
    if digest == loaded.digest:
        return None
    for path in sorted({*classifier.parent.glob("*.lgn"), *other.parent.glob("*.lgn")}):
        # The last 32 bytes of a .lgn are its SHA-256: no need to read the classifier.
        if path.read_bytes()[-32:].hex() == digest:
            return path
    notice(
        f"{other} was emitted from another classifier, {digest[:12]}..., whose .lgn is not beside"
        " it. To prove it against this one directly can take long. Two steps are quick: prove the"
        " two .lgn files equal, then the Verilog against its own."
    )
    return None


def _combinational_kind(file: Path) -> str | None:
    """Return which of combinational.FORMATS a file is, if any; a core's Verilog is none."""
    kind = {".aig": "aiger", ".blif": "blif"}.get(file.suffix)
    if file.suffix == ".v" and file.is_file() and file.read_bytes().startswith(b"// lgn-hw: "):
        return "verilog-comb"
    return kind


def _table(data: dict[str, Any]) -> Table:
    """Lay out the claims, how each was shown, and what came of it."""
    table = Table(title=f"{data['a']} = {data['b']}: {data['status']}")
    for column in ("claim", "method", "verdict"):
        table.add_column(column)
    for claim in data["claims"]:
        table.add_row(claim["what"], claim["method"], SHOWN[claim["status"]])
    return table
