"""Deep optimisation: ABC restructures a netlist and maps it to LUTs; used only where proven.

The scripts are ABC's: dc2 and dch restructure and collect choices, `if -a` maps for area, and mfs2
simplifies nodes with don't-cares. ABC is large and was not written for proofs, so nothing that it
returns is used without one.
"""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.heads import HEADS
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.formats import aiger, blif
from lgn_hw.netlist import Netlist
from lgn_hw.netlist.aig import to_aig
from lgn_hw.passes.dead import read_inputs_only, remove_dead_nodes
from lgn_hw.passes.optimize import Step
from lgn_hw.passes.simplify import simplify
from lgn_hw.passes.vote_sums import sum_votes
from lgn_hw.prove.cec import DEFAULT_TIMEOUT_S, DESIGN, SCRIPT, Status, Verdict, check_equal
from lgn_hw.prove.equivalence import prove_classifiers
from lgn_hw.tools.yosys import run_yosys

__all__ = ["LUT_SIZES", "map_classifier", "map_to_luts", "shrink_classifier"]

LUT_SIZES = (4, 6)
# Restructure, map for area, then free don't-cares twice; `restore` is what yosys takes back.
ABC = """backup
read_aiger before.aig
strash
ifraig
dc2
dch
if -K {size} -a
mfs2
strash
dch
if -K {size} -a
mfs2
write_blif after.blif
restore
"""


def shrink_classifier(
    classifier: Classifier,
    options: CoreOptions,
    *,
    of: Classifier | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> tuple[Classifier, list[Step], Status]:
    """Return the classifier whose whole circuit takes the fewest LUTs.

    The gates are mapped as they are, and with votes added up (see passes.vote_sums); what has the
    smaller circuit is used, and only where every step is proven. options: the
    LUTs and the head. of: what a user will prove the result against; it has the same outputs.
    Raises as map_to_luts does.

    Returns the steps for the user to read, and the status of the proof of the one that was used.
    Both ways are mapped before they are compared: what is smaller before mapping is often larger
    after it.
    """
    if options.lut_size is None:
        raise UsageError(f"LUTs have {list(LUT_SIZES)} inputs here, not None")
    lut_size, bit_cost = options.lut_size, HEADS[options.head].bit_cost
    plain, step, status = map_classifier(classifier, lut_size, timeout_s=timeout_s)
    digest = None if of is None else of.digest
    summed = sum_votes(classifier, lut_size, bit_cost=bit_cost, of=digest)
    # Adding votes up is our own pass, and is proven like ABC's work.
    proof = prove_classifiers(of or classifier, summed, timeout_s=timeout_s).status
    mapped, step_mapped, status_mapped = map_classifier(summed, lut_size, timeout_s=timeout_s)
    sizes = [_circuit_size(found, options) for found in (plain, mapped)]
    used = proof == "equal" and sizes[1] < sizes[0]
    name = f"add up votes ({'not used: ' * (not used)}{_why(proof, *sizes)})"
    netlists = (classifier.netlist, summed.netlist if used else classifier.netlist)
    sums = Step(
        name,
        *(netlists[0].num_nodes, netlists[1].num_nodes),
        *(netlists[0].depth, netlists[1].depth),
    )
    if used:
        return mapped, [sums, step_mapped], status_mapped
    return plain, [sums, step], status


def _why(proof: str, without: int, with_sums: int) -> str:
    """Say why votes were added up or not, for the step's name."""
    if proof != "equal":
        return PROVEN[proof]
    return f"proven, {with_sums:,} nodes in the whole circuit instead of {without:,}"


def _circuit_size(classifier: Classifier, options: CoreOptions) -> int:
    """Count the LUTs of the whole circuit, which decides what is smaller."""
    return sum(Circuit.of(classifier, replace(options, scores=False)).luts.values())


def map_classifier(
    classifier: Classifier, lut_size: int, *, timeout_s: float = DEFAULT_TIMEOUT_S
) -> tuple[Classifier, Step, Status]:
    """Return a classifier with its gates mapped (see map_to_luts), what that did, and its proof.

    Bits that the mapped gates no longer read leave the encoder. The step's name says whether the
    result was proven, or why it was not used.
    """
    before = classifier.netlist
    after, verdict = map_to_luts(before, lut_size, timeout_s=timeout_s)
    kept = after is before
    name = f"map to LUT{lut_size} ({'not used: ' * kept}{PROVEN[verdict.status]})"
    step = Step(name, before.num_nodes, after.num_nodes, before.depth, after.depth)
    if kept:
        return classifier, step, verdict.status
    after, bits = read_inputs_only(after)
    read = classifier.encoder.select(bits)
    return replace(classifier, encoder=read, netlist=after), step, verdict.status


PROVEN = {"equal": "proven", "different": "WRONG", "undecided": "undecided"}


def map_to_luts(
    netlist: Netlist, lut_size: int, *, timeout_s: float = DEFAULT_TIMEOUT_S
) -> tuple[Netlist, Verdict]:
    """Return the same function as nodes of up to lut_size inputs, and the verdict of its proof.

    Where the verdict is not "equal", or there are not fewer nodes, the netlist itself is returned:
    what is not proven is not used. Raises UsageError on another lut_size than 4 or 6, ToolError
    where yosys fails.
    """
    if lut_size not in LUT_SIZES:
        raise UsageError(f"LUTs have {list(LUT_SIZES)} inputs here, not {lut_size}")
    folder = Path(tempfile.mkdtemp(prefix="lgn-map-"))
    (folder / "given.v").write_text(DESIGN, encoding="utf-8")
    (folder / "check.abc").write_text(ABC.format(size=lut_size), encoding="utf-8")
    (folder / "before.aig").write_bytes(aiger.dumps(to_aig(netlist)))
    mapped = folder / "after.blif"
    run_yosys(SCRIPT, folder=folder, log=folder / "yosys.log", outputs=[mapped.name])
    after = remove_dead_nodes(
        simplify(blif.loads(mapped.read_text(encoding="utf-8"), "ABC's BLIF"))
    )
    # Kept where yosys fails, whose error names it.
    shutil.rmtree(folder)
    [verdict] = check_equal([(netlist, after)], timeout_s=timeout_s)
    fits = int(netlist.arity.max(initial=0)) <= lut_size
    # Where a node reads more than a LUT does, even more nodes are better than what cannot be built.
    better = after.num_nodes < netlist.num_nodes or not fits
    return (after if verdict.status == "equal" and better else netlist), verdict
