"""`lgn import`: nets of difflogic, torchlogix and others as classifiers, checked before written.

The name has an underscore because `import` is a word of Python; the command has none.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lgn_cli.console import (
    JsonOption,
    check_classifier_path,
    check_file,
    finite,
    print_json,
    save_classifier,
    say,
)
from lgn_cli.given import refuse_others
from lgn_cli.train import require_lgn_train
from lgn_cli.watching import watched
from lgn_hw.counted import counted
from lgn_hw.errors import UsageError

if TYPE_CHECKING:
    from lgn_hw.encoder import Thermometer
    from lgn_hw.imports.gate_layers import GateLayer
    from lgn_hw.prove.watch import Watch

__all__ = ["import_"]

STATE_DICTS, LAYERS = (".pth", ".pt"), (".npz", ".json")
MAX_CLASSES = 1 << 16  # more are a slip of the finger, and their names alone would fill memory
# The options that each kind of file takes.
ALL_TAKE = ("output", "classes", "outputs", "encoder", "tau")
LAYERS_TAKE = (*ALL_TAKE, "inputs")
NETLISTS_TAKE = (*ALL_TAKE, "votes", "meaning", "timeout")
TAKES = {
    **dict.fromkeys(LAYERS, LAYERS_TAKE),
    **dict.fromkeys(STATE_DICTS, (*LAYERS_TAKE, "connections", "parametrization")),
    **dict.fromkeys((".blif", ".aig", ".aag"), NETLISTS_TAKE),
    **dict.fromkeys((".v", ".sv"), (*NETLISTS_TAKE, "top")),
}


def import_(
    context: typer.Context,
    source: Annotated[
        Path,
        typer.Argument(
            help="A state dict (.pth, .pt), gates and connections (.npz, .json), or a netlist"
            " (.v, .sv, .blif, .aig, .aag)."
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The .lgn file; SOURCE with .lgn.")
    ] = None,
    classes: Annotated[
        str, typer.Option(help="How many classes, or their names with commas between.")
    ] = "10",
    votes: Annotated[
        str | None,
        typer.Option(help="The port or inner wire with the votes; all outputs by default."),
    ] = None,
    outputs: Annotated[
        int | None, typer.Option(min=1, help="How many of the outputs vote, from the first.")
    ] = None,
    meaning: Annotated[
        str | None,
        typer.Option("--as", help="What the outputs are: votes, sums, number; else found."),
    ] = None,
    inputs: Annotated[
        int | None, typer.Option(min=1, help="How many bits the first layer of gates reads.")
    ] = None,
    connections: Annotated[
        Path | None, typer.Option(help="The connections of a state dict, an .npz.")
    ] = None,
    parametrization: Annotated[
        str | None,
        typer.Option(help="Of a state dict's weights: raw, walsh (also called warp), or light."),
    ] = None,
    encoder: Annotated[
        str,
        typer.Option(help="bits: each input is a feature of one bit. Or an .npz of thresholds."),
    ] = "bits",
    top: Annotated[str | None, typer.Option(help="The module of Verilog to read.")] = None,
    tau: Annotated[float, typer.Option(callback=finite, help="The temperature of GroupSum.")] = 1.0,
    timeout: Annotated[
        float, typer.Option(min=1, callback=finite, help="Seconds for the proof.")
    ] = 300,
    json: JsonOption = False,
) -> None:
    """Make a classifier of a net that was trained or written elsewhere.

    Outputs vote for the classes in equal shares, as GroupSum has it. Of a netlist they may also be
    the sums of the votes, a port for each class, which are taken apart where it is proven which
    votes they add up, or the number of a class. A netlist is proven equal to
    what was read, by SAT. Gates and connections are evaluated by their own definition beside the
    classifier's, on 4096 random samples. Where a check fails nothing is written. State dicts are
    read with weights_only. An encoder's .npz holds feature, threshold, low and high: bit i is
    `x[feature[i]] > threshold[i]`.

    Examples:

        lgn import net.pth --connections connections.npz --classes 10

        lgn import net.pth --parametrization walsh

        lgn import net.v --votes out --classes 10 -o net.lgn

        lgn import sums.blif --classes 10 --as sums
    """
    start = time.perf_counter()
    names = _class_names(classes)
    check_file(source)
    if source.suffix not in TAKES:
        known = ", ".join(TAKES)
        raise UsageError(f"A file to import must end in one of {known}, not {source.name}")
    refuse_others(context, f"A {source.suffix} file", TAKES[source.suffix])
    path = output or source.with_suffix(".lgn")
    check_classifier_path(path)
    with watched(None, f"reading {source.name}") as watch:
        if source.suffix in (*STATE_DICTS, *LAYERS):
            figures = _from_layers(
                *(source, path, names, outputs, inputs, connections, parametrization, encoder, tau)
            )
        else:
            figures = _from_netlist(
                source, path, names, votes, outputs, meaning, encoder, top, tau, timeout, watch
            )
    figures |= {"classifier": str(path), "seconds": round(time.perf_counter() - start, 2)}
    if json:
        print_json(figures)
    else:
        say(
            f"{path}: {counted(figures['nodes'], 'node')}, {figures['classes']} classes;"
            f" {figures['check']}"
        )


def _class_names(classes: str) -> list[str]:
    """Return the names of the classes: those that are listed, or numbers from 0."""
    # A number is a count; a list with one name would be one class, which is refused later.
    if classes.isdecimal():
        if not 1 < int(classes) <= MAX_CLASSES:
            raise UsageError(
                f"--classes must be 2 to {MAX_CLASSES:,}, or names with commas between, not"
                f" {classes}"
            )
        return [str(c) for c in range(int(classes))]
    return [name.strip() for name in classes.split(",")]


def _from_layers(
    source: Path,
    path: Path,
    names: list[str],
    outputs: int | None,
    inputs: int | None,
    connections: Path | None,
    parametrization: str | None,
    encoder: str,
    tau: float,
) -> dict[str, Any]:
    """Make a classifier of layers of gates, compared on samples; return its figures."""
    from dataclasses import replace

    from lgn_hw.imports.assemble import assemble
    from lgn_hw.imports.gate_layers import check_layers, layers_netlist

    layers = _layers(source, connections, parametrization)
    netlist = layers_netlist(layers, inputs)
    samples = check_layers(layers, netlist)
    if outputs is not None:
        # Some nets have outputs that no class counts: those behind the last vote are left out.
        _check_outputs(outputs, netlist.num_outputs)
        netlist = replace(netlist, outputs=netlist.outputs[:outputs])
    made = _encoder(encoder, [f"bit{i}" for i in range(netlist.num_inputs)])
    classifier = assemble(netlist, made, names, tau, source.name)
    save_classifier(path, classifier)
    return {
        "digest": classifier.digest,
        "nodes": netlist.num_nodes,
        "classes": len(names),
        "check": f"equal to the layers' own definition on {samples:,} random samples",
    }


def _layers(
    source: Path, connections: Path | None, parametrization: str | None
) -> "list[GateLayer]":
    """Read layers of gates from any of the files that hold them."""
    from lgn_hw.imports.gate_layers import read_connections, read_layers

    if source.suffix in LAYERS:
        return read_layers(source)
    require_lgn_train()
    from lgn_train.state_dicts import PARAMETRIZATIONS, read_state_dict

    if parametrization not in (None, *PARAMETRIZATIONS):
        raise UsageError(
            f"--parametrization must be one of {', '.join(PARAMETRIZATIONS)}, not {parametrization}"
        )
    given = None if connections is None else read_connections(connections)
    return read_state_dict(source, given, parametrization)


def _from_netlist(
    source: Path,
    path: Path,
    names: list[str],
    votes: str | None,
    outputs: int | None,
    meaning: str | None,
    encoder: str,
    top: str | None,
    tau: float,
    timeout: float,
    watch: "Watch",
) -> dict[str, Any]:
    """Make a classifier of a netlist, proven equal to it; return its figures."""
    from lgn_hw.imports.assemble import assemble, prove_import
    from lgn_hw.imports.meanings import votes_of
    from lgn_hw.imports.netlist_files import read_design
    from lgn_hw.netlist.aig import Aig, to_netlist
    from lgn_hw.passes.dead import remove_dead_nodes

    design = read_design(source, top, votes)
    given, widths = design.between(votes), design.widths(votes)
    if outputs is not None:
        _check_outputs(outputs, len(given.outputs))
        given = Aig(given.num_inputs, given.ands, given.outputs[:outputs])
        widths = [len(given.outputs)]
    # What the user names with --votes are votes, whatever they look like.
    taken = meaning or ("votes" if votes else None)
    found = votes_of(given, widths, len(names), taken, timeout_s=timeout, watch=watch)
    made = _encoder(encoder, design.input_names)
    netlist = remove_dead_nodes(to_netlist(found.graph))
    classifier = assemble(netlist, made, names, tau, source.name, found.group)
    # Proven against what was read, before any pass: what the file says is what is saved.
    prove_import(classifier, found.graph, timeout_s=timeout, watch=watch)
    save_classifier(path, classifier)
    return {
        "digest": classifier.digest,
        "nodes": classifier.netlist.num_nodes,
        "classes": len(names),
        "check": f"proven equal to what was read, by SAT; {found.meaning}",
    }


def _check_outputs(asked: int, there: int) -> None:
    """Raise UsageError where more outputs shall vote than there are."""
    if asked > there:
        raise UsageError(f"--outputs must be at most {there}, as many as the net has, not {asked}")


def _encoder(given: str, names: list[str]) -> "Thermometer":
    """Return the encoder: a feature of one bit per input, or thresholds from a file."""
    from lgn_hw.imports.assemble import bits_encoder, read_encoder

    return bits_encoder(names) if given == "bits" else read_encoder(Path(given))
