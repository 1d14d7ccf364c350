"""Prove that a classifier and what was made of it are the same, claim by claim."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgn_hw.aig import Aig
from lgn_hw.blocks.builder import ZERO
from lgn_hw.blocks.circuit import Circuit, connected
from lgn_hw.blocks.popcount import Compressor, Tally
from lgn_hw.classifier import Classifier
from lgn_hw.errors import CheckFailed, UsageError
from lgn_hw.features import Features
from lgn_hw.netlist import FIRST_INPUT, Netlist
from lgn_hw.synth.adders import carry_circuit
from lgn_hw.synth.cec import DEFAULT_TIMEOUT_S, Status, Verdict, check_equal
from lgn_hw.synth.matching import are_matched
from lgn_hw.synth.pipeline import combinational
from lgn_hw.synth.reference import encoder_reference
from lgn_hw.synth.sections import Section, as_pair, sections
from lgn_hw.synth.tournament import Tournament
from lgn_hw.synth.vote_blocks import added_up, blocks_between

__all__ = ["Claim", "Proof", "prove_circuit", "prove_classifiers", "prove_verilog"]


@dataclass(frozen=True)
class Claim:
    """One thing that was to be shown, how, and what came of it.

    sample: int64[features], the codes of a sample that shows a difference, where there is one.
    """

    what: str
    method: str
    status: Status
    detail: str = ""
    sample: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Proof:
    """All claims of a proof; it holds where each of them does."""

    claims: tuple[Claim, ...]

    @property
    def status(self) -> Status:
        statuses = {claim.status for claim in self.claims}
        return next(s for s in ("different", "undecided", "equal") if s in statuses or s == "equal")

    def check(self) -> None:
        """Raise CheckFailed unless every claim was shown."""
        for claim in self.claims:
            if claim.status == "different":
                raise CheckFailed(f"Not the same: {claim.what}: {claim.detail}")
            if claim.status == "undecided":
                raise CheckFailed(f"Not proven: {claim.what}: {claim.detail}")


def prove_classifiers(
    a: Classifier, b: Classifier, *, timeout_s: float = DEFAULT_TIMEOUT_S
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
    [verdict] = check_equal([(pair[0], pair[1])], timeout_s=timeout_s)
    return Proof((_sat_claim(what, verdict, output, a.features),))


def prove_circuit(
    classifier: Classifier,
    circuit: Circuit,
    built: Mapping[str, Aig | Netlist | Section] | None = None,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> Proof:
    """Prove that a circuit is the classifier, part by part, and that what was built is the circuit.

    built: each of circuit.parts, or the whole circuit by the name WHOLE. How outputs become votes
    (blocks.votes) is arithmetic on whole numbers, and is tested, not proven here.
    """
    raw, decoded = circuit.parities.tally, circuit.parities.decoded()
    encoder, bits = classifier.encoder, np.array(circuit.bits, np.int32)
    read = replace(encoder, feature=encoder.feature[bits], threshold=encoder.threshold[bits])
    gates = replace(classifier.netlist, outputs=circuit.votes.net)
    selection = _selection(classifier.netlist.num_inputs, FIRST_INPUT + bits)
    logic = connected([selection, circuit.parts["logic"], decoded])
    tournament = Tournament(circuit.votes.highest.tolist(), circuit.score_bits)
    argmax = circuit.parts["argmax"]
    argmax = replace(argmax, outputs=argmax.outputs[: circuit.class_bits])
    popcount = circuit.parts["popcount"], connected([decoded, raw.netlist()])
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
    claims = [_counted(raw), _ranked(tournament)]
    if are_matched(*popcount, _counting_samples(raw, circuit.parities.terms)):
        del pairs[COUNTERS_TREE]
        claims.append(Claim(COUNTERS_TREE, "truth tables, node by node", "equal", ""))
    verdicts = check_equal(list(pairs.values()), timeout_s=timeout_s)
    claims += [
        _sat_claim(what, verdict, "output", classifier.features if WHOLE in what else None)
        for what, verdict in zip(pairs, verdicts, strict=True)
    ]
    return Proof(tuple(claims))


def prove_verilog(
    classifier: Classifier, verilog: str, header: Any, *, timeout_s: float = DEFAULT_TIMEOUT_S
) -> Proof:
    """Prove that a core's Verilog, emitted or synthesised, is the classifier.

    header: its hdl.header.CoreHeader. See synth.pipeline for what is shown of its registers.
    """
    try:
        pipeline = combinational(verilog, header.top)
    except CheckFailed as problem:
        return Proof((Claim(PIPELINE, "structure", "different", str(problem)),))
    same = pipeline.latency == header.latency
    detail = f"{pipeline.latency} cycles, and the header says {header.latency}"
    claim = Claim(PIPELINE, "structure", "equal" if same else "different", detail)
    if header.lut_size is None:
        circuit = carry_circuit(classifier, scores=header.scores)
    else:
        circuit = Circuit.of(classifier, lut_size=header.lut_size, scores=header.scores)

    def prove(built: Mapping[str, Aig | Section]) -> Proof:
        return prove_circuit(classifier, circuit, built, timeout_s=timeout_s)

    whole, parts = {WHOLE: pipeline.function}, sections(pipeline, circuit)
    proof = prove(parts or whole)
    if proof.status == "different" and parts:
        # Parts may differ for values that they never get. And which sample shows a difference is a
        # question to the whole core.
        proof = prove(whole)
    return Proof((claim, *proof.claims))


WHOLE = "whole core"
COUNTERS_TREE = "the popcount is its tree of counters"
PIPELINE = "the registers only delay, all alike, and keep the stream's rules"


def _check_features(a: Classifier, b: Classifier) -> None:
    if not np.array_equal(a.features.width, b.features.width) or not np.array_equal(
        a.features.signed, b.features.signed
    ):
        raise UsageError("Only classifiers of the same features can be proven equal")


def _check_votes(a: Classifier, b: Classifier) -> None:
    if a.num_classes != b.num_classes or not np.array_equal(a.group, b.group):
        raise UsageError(
            "Only classifiers with the same votes, in the same order, can be proven equal;"
            f" these have {len(a.group)} and {len(b.group)}"
        )


def _selection(num_inputs: int, nets: NDArray[np.int32]) -> Netlist:
    return Netlist(num_inputs, np.zeros((0, 6), np.int32), np.zeros(0, np.uint64), nets)


def _sat_claim(what: str, verdict: Verdict, output: str, features: Features | None) -> Claim:
    detail, sample = "", None
    if verdict.status == "undecided":
        detail = "ABC came to no decision in time; allow more with --timeout"
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
    """Name the values that are not 0, which are the fewest to read."""
    values = [f"{n}={c}" for n, c in zip(features.names, codes.tolist(), strict=True) if c]
    return f"({', '.join(values)})" + ("" if len(values) == len(codes) else ", all others 0")


def _counted(tally: Tally) -> Claim:
    """Follow the bits of every class through its counters: their weighted sum stays the score.

    Each counter is tried with all values of its inputs, with the tables that the netlist has. A
    bit that a counter leaves out has a weight above the highest score, so that the sum stays the
    same modulo the next power of two, and the score is below that.
    """
    what, method = "counters keep every class's sum", "all inputs of each counter"
    for number, counters in enumerate(tally.counters):
        bits = Counter(tally.initial[number])
        modulus = 1 << int(tally.votes.highest[number]).bit_length()
        for counter in counters:
            bits.subtract(counter.taken)
            if min(bits[bit] for bit in counter.taken) < 0:
                return Claim(what, method, "different", f"class {number} counts a bit twice")
            bits.update(counter.given)
            if not _keeps_sum(tally, counter, modulus):
                return Claim(what, method, "different", f"a counter of class {number}")
        score = tally.outputs[number * tally.width : (number + 1) * tally.width]
        if +bits != Counter((i, literal) for i, literal in enumerate(score) if literal != ZERO):
            return Claim(what, method, "different", f"class {number} leaves bits uncounted")
    return Claim(what, method, "equal")


def _counting_samples(tally: Tally, terms: Mapping[int, Sequence[int]]) -> NDArray[np.bool_]:
    """Return bool[samples, votes], as they are given, with which a class has few or many votes.

    Only so do the highest bits of its score change. terms: as in blocks.parity.Parities.
    """
    rng = np.random.default_rng(0)
    density = (1 - np.cos(np.pi * rng.random((2048, 1)))) / 2
    density[:8] = [[0], [1]] * 4
    votes = rng.random((len(density), len(tally.votes.net))) < density
    for bits in tally.initial:
        inverse = {
            literal >> 1 for _, literal in bits if literal & 1 and literal >> 1 >= FIRST_INPUT
        }
        votes[:, [net - FIRST_INPUT for net in sorted(inverse)]] ^= True
    for vote, others in terms.items():
        votes[:, vote] ^= votes[:, list(others)].sum(axis=1) % 2 == 1
    return votes


def _ranked(tournament: Tournament) -> Claim:
    """Follow the candidates through their matches (see Tournament.fault)."""
    what, method = "every match keeps the first of the highest scores", "all nodes of each match"
    fault = tournament.fault()
    return Claim(what, method, "different" if fault else "equal", fault)


def _keeps_sum(tally: Tally, counter: Compressor, modulus: int) -> bool:
    weight: Counter[int] = Counter()  # of a net that is taken twice the sum of both
    for power, literal in counter.taken:
        weight[literal] += 1 << power
    pin = {literal: i for i, literal in enumerate(weight)}
    try:
        given = tuple((power, _formula(tally, literal, pin)) for power, literal in counter.given)
    except LookupError:  # it reads what is no pin of its own
        return False
    return _adds_up(tuple(weight.values()), given, modulus)


# A pin's number, or a table and the formulas that it reads.
Formula = int | tuple[int, tuple["Formula", ...]]


def _formula(tally: Tally, literal: int, pin: Mapping[int, int]) -> Formula:
    """Follow a literal down to the pins of its counter."""
    if literal in pin:
        return pin[literal]
    table, read = tally.builder.definition(literal)
    return table, tuple(_formula(tally, source, pin) for source in read)


def _value(formula: Formula, entry: int) -> int:
    if isinstance(formula, int):
        return entry >> formula & 1
    table, read = formula
    return table >> sum(_value(source, entry) << i for i, source in enumerate(read)) & 1


@cache
def _adds_up(
    weights: tuple[int, ...], given: tuple[tuple[int, Formula], ...], modulus: int
) -> bool:
    return all(
        sum(w for pin, w in enumerate(weights) if entry >> pin & 1) % modulus
        == sum(_value(formula, entry) << power for power, formula in given) % modulus
        for entry in range(1 << len(weights))
    )
