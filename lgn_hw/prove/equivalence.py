"""Prove that a classifier and what was made of it are the same, claim by claim.

A user is told what was shown and how, claim by claim, because a proof that says only "equal" cannot
be doubted where it should be: which claims rest on SAT, which on trying all inputs of each counter,
and which on the structure of the registers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lgn_hw.circuit.circuit import Circuit, connected
from lgn_hw.circuit.header import CoreHeader
from lgn_hw.circuit.heads.head import Head
from lgn_hw.classifier import Classifier
from lgn_hw.errors import CheckFailed, ToolTimeout, UsageError
from lgn_hw.features import Features
from lgn_hw.netlist import FIRST_INPUT, Netlist
from lgn_hw.netlist.aig import Aig
from lgn_hw.prove.carry_circuit import carry_circuit
from lgn_hw.prove.cec import DEFAULT_TIMEOUT_S, Status, Verdict, check_equal
from lgn_hw.prove.counting import counting_fault, counting_samples
from lgn_hw.prove.cut_parts import CutPart, as_pair, cut_parts
from lgn_hw.prove.pipeline import combinational
from lgn_hw.prove.reference import encoder_reference
from lgn_hw.prove.sat_sweep import equal_by_sweeping
from lgn_hw.prove.source_check import check_source
from lgn_hw.prove.tournament import Tournament
from lgn_hw.prove.vote_sum_proof import added_up, blocks_between
from lgn_hw.prove.watch import Watch

__all__ = ["Claim", "Proof", "prove_circuit", "prove_classifiers", "prove_verilog"]


Outcome = Status | Literal["refused"]


@dataclass(frozen=True)
class Claim:
    """One thing that was to be shown, how, and what came of it.

    sample: int64[features], the codes of a sample that shows a difference, where there is one.
    """

    what: str
    method: str
    status: Outcome
    detail: str = ""
    sample: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Proof:
    """All claims of a proof; it holds where each of them does."""

    claims: tuple[Claim, ...]

    @property
    def status(self) -> Outcome:
        """The worst of the claims'; refused where a text is no subject of a proof."""
        statuses = {claim.status for claim in self.claims}
        order: tuple[Outcome, ...] = ("refused", "different", "undecided", "equal")
        return next(s for s in order if s in statuses or s == "equal")

    def check(self) -> None:
        """Raise CheckFailed unless every claim was shown."""
        for claim in self.claims:
            if claim.status == "refused":
                raise CheckFailed(f"Refused: not shown that {claim.what}: {claim.detail}")
            if claim.status == "different":
                raise CheckFailed(f"Not the same: {claim.what}: {claim.detail}")
            if claim.status == "undecided":
                raise CheckFailed(f"Not proven: {claim.what}: {claim.detail}")


def prove_classifiers(
    a: Classifier,
    b: Classifier,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    watch: Watch | None = None,
) -> Proof:
    """Prove that two classifiers have the same scores for every pattern of a sample's bits.

    They vote alike, vote by vote; or, where one says that votes of the other were added up (see
    passes.vote_sums), block by block: that the blocks hold every vote is checked. Raises UsageError
    where they have other features or other votes: then no vote has a partner.
    """
    _check_features(a, b)
    pair = tuple(connected([encoder_reference(c.encoder), c.netlist]) for c in (a, b))
    blocks = blocks_between(a, b)
    if blocks is None:
        _check_votes(a, b)
        what, output = "every vote of every sample", "vote"
    else:
        pair = tuple(added_up(netlist, blocks, side) for side, netlist in enumerate(pair))
        what, output = "every block of votes of every sample adds up alike", "bit"
    [verdict] = check_equal([(pair[0], pair[1])], timeout_s=timeout_s, watch=watch)
    return Proof((_sat_claim(what, verdict, output, a.features),))


def prove_circuit(
    classifier: Classifier,
    circuit: Circuit,
    built: Mapping[str, Aig | Netlist | CutPart] | None = None,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    watch: Watch | None = None,
) -> Proof:
    """Prove that a circuit is the classifier, part by part, and that what was built is the circuit.

    built: each of circuit.parts, or the whole circuit by the name WHOLE. How outputs become votes
    (circuit.votes) is arithmetic on whole numbers, and is tested, not proven here.

    timeout_s: for each claim that goes to the solver. Claims are small on purpose: the encoder
    against comparisons, the gates against the netlist, the popcount against its counters, the
    argmax against plain comparisons; together they say that the class is right for every sample.
    """
    head, decoded = circuit.head, circuit.head.decoded()
    encoder, bits = classifier.encoder, np.array(circuit.bits, np.int32)
    read = encoder.select(bits)
    gates = replace(classifier.netlist, outputs=circuit.votes.net)
    selection = _selection(classifier.netlist.num_inputs, FIRST_INPUT + bits)
    logic = connected([selection, circuit.parts["logic"], decoded])
    tournament = Tournament(circuit.votes.highest.tolist(), circuit.score_bits)
    argmax = circuit.parts["argmax"]
    # Scores pass the argmax unchanged; only the class is its result.
    argmax = replace(argmax, outputs=argmax.outputs[: circuit.class_bits])
    popcount = circuit.parts["popcount"], connected([decoded, head.netlist()])
    pairs: dict[str, tuple[Aig | Netlist, Aig | Netlist]] = {
        "the encoder compares": (
            circuit.parts["encoder"],
            encoder_reference(read),
        ),
        "the gates are the classifier's": (logic, gates),
        COUNTERS_TREE: popcount,
        "the argmax is a tournament of plain comparisons": (argmax, tournament.netlist()),
    }
    for name, function in (built or {}).items():
        part = circuit.whole if name == WHOLE else circuit.parts[name]
        pairs[f"the {name} as built is its netlist"] = as_pair(function, part)
    watch = watch or Watch()
    watch.report("matching the popcount with its counters")
    # The references themselves are right by inspection of their record: these two claims look.
    claims = [_counted(head), _ranked(tournament)]
    # Cheap where it works, and where it does not nothing is lost: the pair stays for the solver.
    if equal_by_sweeping(*popcount, counting_samples(head)):
        del pairs[COUNTERS_TREE]
        claims.append(Claim(COUNTERS_TREE, "truth tables, node by node", "equal", ""))
    verdicts = check_equal(list(pairs.values()), timeout_s=timeout_s, watch=watch)
    claims += [
        _sat_claim(what, verdict, "output", classifier.features if WHOLE in what else None)
        for what, verdict in zip(pairs, verdicts, strict=True)
    ]
    return Proof(tuple(claims))


def prove_verilog(
    classifier: Classifier,
    verilog: str,
    header: CoreHeader,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    watch: Watch | None = None,
) -> Proof:
    """Prove that a core's Verilog, emitted or synthesised, is the classifier.

    header: what its first lines say. See prove.source_check for what is refused before any proof,
    and prove.pipeline for what is shown of its registers.

    Returns claims instead of raising where the text is refused or different, so that a report can
    show what did hold. timeout_s as of prove_circuit(); watch limits the whole.
    """
    watch = watch or Watch()
    watch.report("reading the Verilog")
    try:
        check_source(verilog)
    except CheckFailed as problem:
        return Proof((Claim(SOURCE, "slang", "refused", str(problem)),))
    try:
        pipeline = combinational(
            verilog,
            header.top,
            carries=header.options.carries,
            timeout_s=watch.allowed(READING_S),
        )
    except CheckFailed as problem:
        return Proof((Claim(PIPELINE, "structure", "different", str(problem)),))
    except ToolTimeout:
        late = "yosys did not read the Verilog in time; allow more with --limit"
        return Proof((Claim(PIPELINE, "structure", "undecided", late),))
    widths = pipeline.function.num_inputs, len(pipeline.function.outputs)
    if widths != (header.sample_bits, header.result_bits):
        detail = f"samples and results must have {header.sample_bits} and {header.result_bits} bits"
        detail += f", not {widths[0]} and {widths[1]}"
        return Proof((Claim(PIPELINE, "structure", "different", detail),))
    # A wrong latency in the header would make a correct core useless to whoever trusts it.
    same = pipeline.latency == header.latency
    detail = f"{pipeline.latency} cycles, and the header says {header.latency}"
    claim = Claim(PIPELINE, "structure", "equal" if same else "different", detail)
    if header.options.lut_size is None:
        circuit = carry_circuit(classifier, scores=header.scores)
    else:
        circuit = Circuit.of(classifier, header.options)

    def prove(built: Mapping[str, Aig | CutPart]) -> Proof:
        return prove_circuit(classifier, circuit, built, timeout_s=timeout_s, watch=watch)

    whole, parts = {WHOLE: pipeline.function}, cut_parts(pipeline, circuit)
    proof = prove(parts or whole)
    if proof.status == "different" and parts:
        # Parts may differ for values that they never get. And which sample shows a difference is a
        # question to the whole core.
        proof = prove(whole)
    return Proof((Claim(SOURCE, "slang", "equal"), claim, *proof.claims))


READING_S = 86_400  # by yosys, where no limit is given
SOURCE = "simulators and synthesis read the text alike"
WHOLE = "whole core"
COUNTERS_TREE = "the popcount is its tree of counters"
PIPELINE = "the registers only delay, all alike, and keep the stream's rules"


def _check_features(a: Classifier, b: Classifier) -> None:
    """Raise UsageError where classifiers take other samples."""
    if not np.array_equal(a.features.width, b.features.width) or not np.array_equal(
        a.features.signed, b.features.signed
    ):
        raise UsageError("Only classifiers of the same features can be proven equal")


def _check_votes(a: Classifier, b: Classifier) -> None:
    """Raise UsageError where votes have no partner."""
    if a.num_classes != b.num_classes or not np.array_equal(a.group, b.group):
        raise UsageError(
            "Only classifiers with the same votes, in the same order, can be proven equal;"
            f" these have {len(a.group)} and {len(b.group)}"
        )


def _selection(num_inputs: int, nets: NDArray[np.int32]) -> Netlist:
    """Return a netlist without nodes, whose outputs are some nets."""
    return Netlist(num_inputs, np.zeros((0, 6), np.int32), np.zeros(0, np.uint64), nets)


def _sat_claim(what: str, verdict: Verdict, output: str, features: Features | None) -> Claim:
    """Return a verdict as a claim, a difference with the sample that shows it.

    output: what one output is called in the message. features: given where the circuit's inputs are
    a sample's bits, so that a difference can be shown as feature values.
    """
    detail, sample = "", None
    if verdict.status == "undecided":
        detail = "ABC came to no decision in time; allow more with --timeout and --limit"
    if verdict.counterexample is not None:
        detail = f"{output} {verdict.outputs[0]} differs"
        if features is not None:
            sample = _codes(features, verdict.counterexample)
            detail += f" for the sample {_shown(features, sample)}"
    return Claim(what, "SAT", verdict.status, detail, sample)


def _codes(features: Features, bits: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the sample that is on the port; the inverse of Features.pack."""
    codes, start = [], 0
    for width, signed in zip(features.width.tolist(), features.signed, strict=True):
        field = bits[start : start + width]
        code = sum(1 << i for i in range(width) if field[i])
        codes.append(code - (1 << width) if signed and field[-1] else code)
        start += width
    return np.array(codes, np.int64)


def _shown(features: Features, codes: NDArray[np.int64]) -> str:
    """Name the values that are not 0, which are the fewest to read.

    codes: int64[features].
    """
    values = [f"{n}={c}" for n, c in zip(features.names, codes.tolist(), strict=True) if c]
    return f"({', '.join(values)})" + ("" if len(values) == len(codes) else ", all others 0")


def _counted(head: Head) -> Claim:
    """Return the claim that no counter loses or invents a vote."""
    fault = counting_fault(head)
    status: Status = "different" if fault else "equal"
    return Claim("counters keep every class's sum", "all inputs of each counter", status, fault)


def _ranked(tournament: Tournament) -> Claim:
    """Follow the candidates through their matches (see Tournament.fault)."""
    what, method = "every match keeps the first of the highest scores", "all nodes of each match"
    fault = tournament.fault()
    return Claim(what, method, "different" if fault else "equal", fault)
