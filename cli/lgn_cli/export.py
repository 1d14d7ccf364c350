"""`lgn export`: a run's classifier from its checkpoint, or a classifier in another language.

One command for both, because to a user both give away a classifier: from a run as a .lgn, or from a
.lgn in a language that others read.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lgn_cli.console import (
    JsonOption,
    LabelOption,
    check_classifier_path,
    finite,
    print_json,
    print_notices,
    save_classifier,
    say,
)
from lgn_cli.export_page import export_page, written_figures
from lgn_cli.export_project import export_project, identifier
from lgn_cli.given import refuse_others
from lgn_cli.train import require_lgn_train
from lgn_cli.watching import watched
from lgn_hw.counted import counted
from lgn_hw.errors import UsageError

if TYPE_CHECKING:
    from lgn_hw.classifier import Classifier
    from lgn_hw.prove.equivalence import Proof
    from lgn_hw.prove.watch import Watch

__all__ = ["export"]

PROOF = ("timeout", "limit")
CIRCUIT = ("to", "output", "name", "lut", *PROOF)
# The options that each language takes.
LANGUAGES = {
    "c": ("to", "output", "name", "samples", "layout", *PROOF),
    "html": ("to", "output", "data", "label", "examples", "image"),
    "aiger": CIRCUIT,
    "blif": CIRCUIT,
    "verilog-comb": CIRCUIT,
    "tinytapeout": ("to", "output", "name", "tiles", "clock_mhz", *PROOF),
}


def export(
    context: typer.Context,
    source: Annotated[
        Path, typer.Argument(metavar="RUN_DIR|CLASSIFIER", help="A run's folder, or a .lgn file.")
    ],
    to: Annotated[
        str | None, typer.Option("--to", help=f"Of a .lgn file: {', '.join(LANGUAGES)}.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The file; beside what is exported by default. A folder for --layout arduino.",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="What functions or modules are called; that of the file by default."),
    ] = None,
    samples: Annotated[
        int, typer.Option(help="With --to c: how many the block form takes, 32 or 64.")
    ] = 32,
    layout: Annotated[
        str,
        typer.Option(
            help="With --to c: plain, or arduino for a library's folder (PlatformIO too)."
        ),
    ] = "plain",
    lut: Annotated[
        str,
        typer.Option(help="What a circuit is made for: LUTs of 4 or 6 inputs, or gates (an ASIC)."),
    ] = "6",
    tiles: Annotated[
        str | None, typer.Option(help="With --to tinytapeout: 1x1 to 8x2; estimated if not given.")
    ] = None,
    clock_mhz: Annotated[
        float, typer.Option(min=0.001, callback=finite, help="With --to tinytapeout: its clock.")
    ] = 10,
    data: Annotated[
        Path | None,
        typer.Option(help="With --to html: samples, .npz or .csv, to have examples from."),
    ] = None,
    label: LabelOption = None,
    examples: Annotated[int, typer.Option(help="With --data: how many examples.")] = 20,
    image: Annotated[
        str | None,
        typer.Option(
            help="With --to html: the pixels' shape, 28x28 or 3x32x32, or none for sliders; by the"
            " features' names if not given."
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=1, callback=finite, help="Seconds for each claim of a proof.")
    ] = 300,
    limit: Annotated[
        float, typer.Option(min=1, callback=finite, help="Seconds for the whole proof.")
    ] = 900,
    json: JsonOption = False,
) -> None:
    """Export the classifier of a run, also of one that was stopped early; or a classifier.

    A run's classifier is checked against the network on the run's test samples before it is
    written. With --to a classifier becomes C99 for microcontrollers, or one combinational circuit
    from a sample's bits to the class: AIGER, BLIF or Verilog, or a project for Tiny Tapeout with
    that circuit behind a byte-wide port. Each of these is read back and proven to be the classifier
    before it is written; `lgn prove` does so again. With --to html it becomes a page in which the
    net runs: draw a digit or move sliders, and see gates, votes and class.

    Examples:

        lgn export build/digits

        lgn export build/digits/digits.lgn --to c -o firmware/digits.c

        lgn export build/digits/digits.lgn --to c --layout arduino -o digits/

        lgn export build/digits/digits.lgn --to html --data build/digits/test.npz

        lgn export build/digits/digits.lgn --to verilog-comb --lut gates --json

        lgn export build/digits/digits.lgn --to tinytapeout -o tt_digits/
    """
    _check_given(context, source, to)
    if to is None:
        figures = _rebuilt(source, output)
    elif to == "tinytapeout":
        figures = export_project(source, output, name, tiles, clock_mhz, timeout, limit)
    elif to == "html":
        figures = export_page(source, output, data, label, examples, image)
    else:
        figures = _translated(source, to, output, name, samples, layout, lut, timeout, limit)
    if json:
        print_json(figures)
    elif to is None:
        accuracy, nodes = figures["accuracy"], figures["nodes"]
        say(f"{figures['classifier']}: accuracy {100 * accuracy:.2f} %, {counted(nodes, 'node')}")
    else:
        claims = f"{figures['claims']} claims proven in {figures['seconds']} s"
        say(f"{', '.join(figures['files'])}: {claims}")


def _check_given(context: typer.Context, source: Path, to: str | None) -> None:
    """Raise UsageError where source, --to and the other options do not go together."""
    if source.suffix != ".lgn" and to is not None:
        raise UsageError(f"--to takes a .lgn file, not {source}; export that from the run first")
    if source.suffix != ".lgn":
        refuse_others(context, "The export of a run", ("output",))
    elif to is None:
        raise UsageError(f"{source} is a .lgn already; say with --to what it shall become")
    elif to not in LANGUAGES:
        raise UsageError(f"--to must be one of {', '.join(LANGUAGES)}, not {to}")
    else:
        refuse_others(context, f"--to {to}", LANGUAGES[to])


def _rebuilt(run: Path, output: Path | None) -> dict[str, Any]:
    """Write the classifier of a run; return its figures."""
    if output is not None:
        check_classifier_path(output)
    lgn_train = require_lgn_train()
    classifier = lgn_train.export_run(run)
    if output is None:
        # In the run folder the classifier replaces that of an earlier epoch, as `lgn train` would.
        path, kept = lgn_train.keep_classifier(run, classifier)
        print_notices(kept)
    else:
        path = output
        save_classifier(path, classifier)
    return {
        "classifier": str(path),
        "digest": classifier.digest,
        "accuracy": classifier.provenance["accuracy"],
        "epochs": classifier.provenance["epochs"],
        "nodes": classifier.netlist.num_nodes,
    }


def _translated(
    source: Path,
    to: str,
    output: Path | None,
    name: str | None,
    samples: int,
    layout: str,
    lut: str,
    timeout: float,
    limit: float,
) -> dict[str, Any]:
    """Write a classifier in another language, proven; return its figures."""
    from lgn_hw.classifier import Classifier
    from lgn_hw.export.combinational import FORMATS, write_combinational

    start = time.perf_counter()
    loaded = Classifier.load(source)
    with watched(limit, f"writing {to}, and proving it") as watch:
        if to == "c":
            files, proof = _as_c(loaded, source, output, name, samples, layout, timeout, watch)
        else:
            path = output or source.with_name(f"{source.stem}{FORMATS[to].suffix}")
            # By its ending `lgn prove` knows what a file is; and no classifier is written over.
            ending = f".{FORMATS[to].suffix.rpartition('.')[2]}"
            if path.suffix != ending or path.is_dir():
                raise UsageError(f"--output must be a file that ends in {ending}, not {path}")
            # A file may have a name that is none of Verilog or C; a module may not.
            module = name or identifier(path.stem)
            proof = write_combinational(
                loaded,
                path,
                to,
                lut_size=_lut_size(lut),
                name=module,
                timeout_s=timeout,
                watch=watch,
                tell=print_notices,
            )
            files = [path]
    return written_figures(loaded, files, proof, start)


def _lut_size(lut: str) -> int:
    """Return the inputs of what a circuit is made of."""
    from lgn_hw.synth.targets import options_for

    options = options_for(lut)
    if options.lut_size is None or options.carries:
        raise UsageError(f"A combinational circuit is made for --lut 4, 6 or gates, not {lut}")
    return options.lut_size


def _as_c(
    classifier: "Classifier",
    source: Path,
    output: Path | None,
    name: str | None,
    samples: int,
    layout: str,
    timeout: float,
    watch: "Watch",
) -> "tuple[list[Path], Proof]":
    """Write C; return its files and the proof."""
    from lgn_hw.export.c_code import write_c

    if layout == "plain":
        path = output or source.with_name(f"{name or identifier(source.stem)}.c")
        # The header is found by the source's name, so that file and functions are called alike.
        if path.suffix != ".c" or name not in (None, path.stem):
            raise UsageError(f"--output must be {name or 'a file that ends in '}.c, not {path}")
        folder, called = path.parent, path.stem
    else:
        folder = output or source.with_name(identifier(source.stem))
        called = name or identifier(folder.name)
    return write_c(
        classifier,
        folder,
        called,
        samples=samples,
        layout=layout,
        timeout_s=timeout,
        watch=watch,
        tell=print_notices,
    )
