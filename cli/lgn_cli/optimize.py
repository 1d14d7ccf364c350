"""`lgn optimize`: make a classifier smaller without changing a score."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from lgn_cli.console import (
    JsonOption,
    check_classifier_path,
    finite,
    print_json,
    save_classifier,
    show,
    status,
)
from lgn_hw.errors import UsageError

__all__ = ["optimize"]


def optimize(
    classifier: Annotated[Path, typer.Argument(help="The classifier, a .lgn file.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The smaller classifier, a .lgn file.")
    ],
    lut: Annotated[
        str | None,
        typer.Option(
            help="Then fill the LUTs of a target, with proofs: 4 or 6 inputs, or a family as ice40,"
            " ecp5, gowin, xilinx."
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=1, callback=finite, help="Seconds for that proof.")
    ] = 300,
    json: JsonOption = False,
) -> None:
    """Fold constants, share equal gates, drop what nothing reads; every score stays the same.

    Thresholds of the encoder that no gate reads are dropped too. With --lut, votes that read few
    nets are added up in LUTs of their own, and ABC restructures the gates into LUTs; each is used
    only where it is proven to be the same and makes the whole circuit smaller, and its line says
    which it was.

    Examples:

        lgn optimize build/digits/digits.lgn -o build/digits/small.lgn

        lgn optimize build/digits/digits.lgn -o build/digits/small.lgn --lut 6 --json
    """
    from lgn_hw.classifier import Classifier
    from lgn_hw.passes.optimize import optimize_classifier
    from lgn_hw.synth.mapping import shrink_classifier
    from lgn_hw.synth.targets import options_for

    check_classifier_path(output)
    start = time.perf_counter()
    options = options_for(lut)
    # Gates are mapped by the library of cells, of which nothing is known here.
    if options.head == "gates":
        raise UsageError(
            f"--lut {lut} leaves restructuring to `lgn synth --liberty`; optimise without --lut"
        )
    loaded = Classifier.load(classifier)
    # The simple passes come first in any case: what they remove, ABC need not restructure nor
    # prove.
    result, steps = optimize_classifier(loaded)
    proof = None
    if lut is not None:
        with status("mapping to LUTs"):
            result, more, proof = shrink_classifier(result, options, of=loaded, timeout_s=timeout)
        steps += more
    save_classifier(output, result)
    data = {
        "path": str(output),
        "digest": result.digest,
        "optimized_from": loaded.digest,
        "encoder_bits_before": loaded.encoder.num_bits,
        "encoder_bits": result.encoder.num_bits,
        "proof": proof,
        "steps": [asdict(step) for step in steps],
        "seconds": round(time.perf_counter() - start, 2),
    }
    if json:
        print_json(data)
    else:
        show(_table(data))


def _table(data: dict[str, Any]) -> Table:
    """Lay out what each pass saved."""
    bits = f"encoder bits {data['encoder_bits_before']:,} before, {data['encoder_bits']:,} after"
    table = Table(title=data["path"], caption=bits)
    table.add_column("pass")
    for column in ("nodes before", "nodes", "levels before", "levels"):
        table.add_column(column, justify="right")
    for step in data["steps"]:
        keys = ("nodes_before", "nodes", "levels_before", "levels")
        table.add_row(step["name"], *(f"{step[key]:,}" for key in keys))
    return table
