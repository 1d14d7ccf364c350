"""`lgn export`: rebuild a run's classifier from its newest checkpoint."""

from pathlib import Path
from typing import Annotated

import typer

from lgn_cli.console import JsonOption, out, print_json
from lgn_cli.train import require_lgn_train

__all__ = ["export"]


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="A folder that lgn train made.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; RUN_DIR/NAME.lgn by default.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Export the classifier of a run, also of one that was stopped early.

    It is checked against the network on the run's test samples before it is written.

    Examples:

        lgn export build/digits

        lgn export build/digits -o digits.lgn --json
    """
    classifier = require_lgn_train().export_run(run)
    path = output or run / f"{classifier.provenance['recipe']['name']}.lgn"
    classifier.save(path)
    figures = {
        "classifier": str(path),
        "digest": classifier.digest,
        "accuracy": classifier.provenance["accuracy"],
        "epochs": classifier.provenance["epochs"],
        "nodes": classifier.netlist.num_nodes,
    }
    if json:
        print_json(figures)
        return
    out.print(f"{path}: accuracy {100 * figures['accuracy']:.2f} %, {figures['nodes']} nodes")
