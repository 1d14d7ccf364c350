"""`lgn verilog`: emit a classifier's core as Verilog."""

import time
from pathlib import Path
from typing import Annotated

import typer

from lgn_hw.cli.console import JsonOption, errors, out, print_json

__all__ = ["verilog"]


def verilog(
    classifier: Annotated[Path, typer.Argument(help="The classifier, a .lgn file.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The Verilog file; CLASSIFIER with .v if not given."),
    ] = None,
    levels_per_stage: Annotated[
        int, typer.Option(min=0, help="Levels between registers; 0: only after each block.")
    ] = 2,
    scores: Annotated[bool, typer.Option(help="Bring the votes for each class out too.")] = False,
    json: JsonOption = False,
) -> None:
    """Write one self-contained Verilog-2001 file: encoder, logic, popcount, argmax.

    The core takes a stream of samples and gives a stream of classes, one every clock cycle. The
    comment at the head of the file describes its ports. The same classifier and options give the
    same bytes.

    Examples:

        lgn verilog build/digits/digits.lgn

        lgn verilog build/digits/digits.lgn -o core.v --levels-per-stage 0 --scores
    """
    from lgn_hw.classifier import Classifier
    from lgn_hw.formats.atomic import write_text
    from lgn_hw.hdl.verilog import read_core_header, to_verilog

    loaded = Classifier.load(classifier)
    start = time.perf_counter()
    with errors.status("emitting Verilog"):
        text = to_verilog(loaded, levels_per_stage=levels_per_stage, scores=scores)
    path = output or classifier.with_suffix(".v")
    write_text(path, text)
    data = {
        "path": str(path),
        "digest": loaded.digest,
        "latency_cycles": read_core_header(text).latency,
        "levels_per_stage": levels_per_stage,
        "scores": scores,
        "bytes": len(text.encode()),
        "seconds": round(time.perf_counter() - start, 2),
    }
    if json:
        print_json(data)
    else:
        out.print(f"{path}: {data['bytes']:,} bytes, latency {data['latency_cycles']} cycles")
