"""Combinational equivalence, decided by ABC (inside yosys): never by vectors alone.

The verdict is read from files that ABC writes; that one is missing, or says nothing, counts as
undecided. A difference comes with inputs that show it, which are simulated again here.

Combinational equivalence checking asks whether the XOR of two outputs can be 1. ABC's &cec
simulates, merges what is proven equal on the way (SAT sweeping), and leaves the rest to a solver.
"""

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lgn_hw.errors import NetlistError, ToolError, ToolTimeout
from lgn_hw.formats import aiger
from lgn_hw.netlist import Netlist
from lgn_hw.netlist.aig import Aig, to_aig, to_netlist
from lgn_hw.netlist.evaluate import evaluate
from lgn_hw.prove.watch import Watch
from lgn_hw.tools.yosys import run_yosys

__all__ = ["DEFAULT_TIMEOUT_S", "Status", "Verdict", "check_equal"]

DEFAULT_TIMEOUT_S = 300
GRACE_S = 60  # ABC looks at its own limit now and then only
CONFLICTS = 100_000_000  # of one SAT call: time is the limit, not this

Status = Literal["equal", "different", "undecided"]

# `abc` needs something to map. What it then maps must be what it was given, hence the backup.
DESIGN = "module given(input a, b, output y); assign y = a & b; endmodule\n"
SCRIPT = "read_verilog given.v\nproc\ntechmap\nabc -script check.abc\n"
# A check that is known to fail first: a status that an earlier one left behind would show.
CONTROL = Netlist(1, [[2, 0, 0, 0, 0, 0]], np.array([1], np.uint64), [3])  # type: ignore[arg-type]
CONTROL_OTHER = Netlist(1, np.zeros((0, 6), np.int32), np.zeros(0, np.uint64), [2])  # type: ignore[arg-type]


@dataclass(frozen=True)
class Verdict:
    """Say whether two circuits are equal, and for which inputs they are not.

    counterexample: bool[inputs], which was simulated and does differ; None unless different.
    outputs: the outputs that differ there.
    """

    status: Status
    counterexample: NDArray[np.bool_] | None = None
    outputs: tuple[int, ...] = ()


def check_equal(
    pairs: Sequence[tuple[Aig | Netlist, Aig | Netlist]],
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    watch: Watch | None = None,
) -> list[Verdict]:
    """Decide for each pair whether its two circuits have equal outputs for every input.

    The circuits of a pair have inputs and outputs in the same order. timeout_s: for each pair; a
    pair that takes longer is undecided. watch: of the whole proof; pairs that its time does not
    reach are undecided too. Raises NetlistError where the circuits of a pair differ in
    the number of inputs or outputs, ToolNotFound or ToolError where yosys is missing or fails.
    """
    graphs = [(_graph(a), _graph(b)) for a, b in pairs]
    for a, b in graphs:
        _check_ports(a, b)
    folder = Path(tempfile.mkdtemp(prefix="lgn-prove-"))
    decided = _run(graphs, folder, timeout_s, watch or Watch())
    verdicts = [
        _with_counterexample(status, pair, folder)
        for status, pair in zip(decided, graphs, strict=True)
    ]
    # Only here: where something raises, its message names the folder and the logs are needed.
    shutil.rmtree(folder)
    return verdicts


def _graph(circuit: Aig | Netlist) -> Aig:
    """Return a circuit as an AIG."""
    return to_aig(circuit) if isinstance(circuit, Netlist) else circuit


def _check_ports(a: Aig, b: Aig) -> None:
    """Raise NetlistError where circuits cannot be compared.

    Without this, ABC would pair what there is, and a verdict on half of the outputs would be taken
    for one on all.
    """
    for kind, left, right in (
        ("inputs", a.num_inputs, b.num_inputs),
        ("outputs", len(a.outputs), len(b.outputs)),
    ):
        if left != right:
            raise NetlistError(
                f"Only circuits with equally many {kind} can be equal, not {left} and {right}"
            )


def _run(
    graphs: Sequence[tuple[Aig, Aig]], folder: Path, timeout_s: float, watch: Watch
) -> list[Status]:
    """Decide all pairs in one run; one that holds it up for too long is left out of the next.

    One process for all pairs: starting yosys takes longer than most of the proofs.
    """
    (folder / "given.v").write_text(DESIGN, encoding="utf-8")
    for name, control in (("control", CONTROL), ("other", CONTROL_OTHER)):
        (folder / f"{name}.aig").write_bytes(aiger.dumps(to_aig(control)))
    for i, (a, b) in enumerate(graphs):
        (folder / f"a{i}.aig").write_bytes(aiger.dumps(_provable(a)))
        (folder / f"b{i}.aig").write_bytes(aiger.dumps(_provable(b)))
    waiting = list(range(len(graphs)))
    answers = [folder / f"status{i}.txt" for i in waiting]
    while waiting:
        (folder / "check.abc").write_text(_questions(waiting, timeout_s), encoding="utf-8")
        whole = watch.allowed(len(waiting) * timeout_s + GRACE_S)
        if not whole:
            break
        try:
            with watch.counting("SAT claims", answers):
                run_yosys(SCRIPT, folder=folder, log=folder / "yosys.log", timeout_s=whole)
        except ToolTimeout:
            # The first pair without an answer is the one that ABC was stuck in: it stays undecided,
            # and the ones behind it get a run of their own.
            waiting = [i for i in waiting if not (folder / f"status{i}.txt").exists()][1:]
        else:
            break
    return [_status(folder, i) for i in range(len(graphs))]


def _questions(pairs: Sequence[int], timeout_s: float) -> str:
    """Return ABC's script: each pair, and the control before it.

    pairs: numbers of those that are still to be decided. timeout_s: for each, in whole seconds as
    ABC counts them.
    """
    limits = f"-T {max(1, round(timeout_s))} -C {CONFLICTS}"
    lines = ["backup"]
    for i in pairs:
        lines += ["&r control.aig", "&cec other.aig", f"write_status control{i}.txt"]
        lines += [f"&r a{i}.aig", f"&cec {limits} b{i}.aig", f"write_status status{i}.txt"]
    return "\n".join([*lines, "restore"]) + "\n"


def _provable(aig: Aig) -> Aig:
    """Add an input and an output that is one: ABC takes no circuit without them."""
    if aig.num_inputs and len(aig.outputs):
        return aig
    # The new input takes the number of the first AND, so the ANDs' literals move up by one
    # variable.
    added = 2 * aig.first_and
    ands, outputs = (x + 2 * (x >= added) for x in (aig.ands, aig.outputs))
    return Aig(aig.num_inputs + 1, ands, np.append(outputs, added))


def _status(folder: Path, index: int) -> Status:
    """Return the verdict on a pair; none without its control, whose answer is known."""
    control, status = (_word(folder / f"{name}{index}.txt") for name in ("control", "status"))
    # The names are ABC's: the miter of two circuits is satisfiable where they differ.
    if control != "snl_SAT":
        return "undecided"
    return {"snl_UNSAT": "equal", "snl_SAT": "different"}.get(status, "undecided")  # type: ignore[return-value]


def _word(file: Path) -> str:
    """Return the first word of a file."""
    return (file.read_text(encoding="utf-8").split() or [""])[0] if file.exists() else ""


def _with_counterexample(status: Status, pair: tuple[Aig, Aig], folder: Path) -> Verdict:
    """Return the verdict with an input that shows the difference, evaluated again."""
    if status != "different":
        return Verdict(status)
    inputs = _sampled(pair)
    if inputs is None:
        inputs = _solved(pair, folder)
    differing = _differing(pair, inputs)
    if not len(differing):
        raise ToolError(f"ABC finds two circuits different where their outputs are equal: {folder}")
    return Verdict(status, inputs, tuple(differing.tolist()))


def _sampled(pair: tuple[Aig, Aig]) -> NDArray[np.bool_] | None:
    """Look for a difference among random inputs, which is quick where many show it.

    4096 samples, evaluated by this project's own code: a difference found here does not depend on
    ABC. None where no sample shows one.
    """
    # A fixed seed: the same difference is shown whenever the same two circuits are compared.
    bits = np.random.default_rng(0).random((4096, pair[0].num_inputs)) < 0.5
    a, b = (evaluate(to_netlist(aig), bits) for aig in pair)
    found = np.flatnonzero((a != b).any(axis=1))
    return bits[found[0]] if len(found) else None


def _solved(pair: tuple[Aig, Aig], folder: Path) -> NDArray[np.bool_]:
    """Let ABC solve for inputs that make an output differ.

    Returns bool[inputs]. Inputs that the file does not name are 0: the solver does not care about
    them.
    """
    for name, aig in zip("ab", pair, strict=True):
        (folder / f"{name}.aig").write_bytes(aiger.dumps(_provable(aig)))
    script = "backup\nmiter a.aig b.aig\nstrash\nsat\nwrite_cex -n inputs.txt\nrestore\n"
    (folder / "check.abc").write_text(script, encoding="utf-8")
    run_yosys(SCRIPT, folder=folder, log=folder / "inputs.log")
    inputs = np.zeros(pair[0].num_inputs, bool)
    if (folder / "inputs.txt").exists():
        for index, value in re.findall(
            r"^pi(\d+)=([01])", (folder / "inputs.txt").read_text(encoding="utf-8"), re.M
        ):
            inputs[int(index)] = value == "1"
    return inputs


def _differing(pair: tuple[Aig, Aig], inputs: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the outputs that differ for an input.

    inputs: bool[inputs] of one sample.
    """
    a, b = (evaluate(to_netlist(aig), inputs[None]) for aig in pair)
    return np.flatnonzero((a != b)[0])
