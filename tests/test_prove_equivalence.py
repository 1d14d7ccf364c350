"""Proofs hold for what is emitted and synthesised, and fail at the smallest fault."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from messages import telling
from strategies import MADE_FOR, classifiers, random_classifier

from lgn_hw import CheckFailed, UsageError
from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.header import read_core_header
from lgn_hw.circuit.heads import HEADS
from lgn_hw.circuit.heads.counters import CompressorTree
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.hdl.verilog import to_verilog
from lgn_hw.passes.optimize import optimize_classifier
from lgn_hw.prove import equivalence
from lgn_hw.prove.cec import Verdict
from lgn_hw.prove.cut_parts import cut_parts
from lgn_hw.prove.equivalence import Claim, Proof, prove_circuit, prove_classifiers, prove_verilog
from lgn_hw.synth.estimate import estimate_area


@pytest.fixture(scope="module")
def classifier():
    return random_classifier(1, features=3, bits=10, layers=(20, 16), classes=3)


def faulty(classifier):
    """Return the classifier with the first flipped bit that changes a vote of some sample."""
    codes = np.random.default_rng(0).integers(0, 16, (500, 3))
    for node in range(classifier.netlist.num_nodes):
        mutant = replace(classifier, netlist=classifier.netlist.with_flipped_bit(node, 0))
        if not np.array_equal(mutant.scores(codes), classifier.scores(codes)):
            return mutant
    raise AssertionError("every fault is redundant")


def test_proof_of_an_optimised_classifier_holds(classifier):
    assert prove_classifiers(classifier, optimize_classifier(classifier)[0]).status == "equal"


def test_proof_of_classifiers_shows_a_sample_that_differs(classifier):
    mutant = faulty(classifier)
    proof = prove_classifiers(classifier, mutant)
    [claim] = proof.claims
    assert proof.status == "different"
    sample = claim.sample[None]
    votes = [c.scores(sample) for c in (classifier, mutant)]
    assert not np.array_equal(*votes)
    with pytest.raises(CheckFailed, match=r"^Not the same: every vote of every sample: vote \d+ "):
        proof.check()


def proof_of_core(classifier, **options):
    text = to_verilog(classifier, CoreOptions(**options))
    return prove_verilog(classifier, text, read_core_header(text))


@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize(("registers", "made_for"), list(enumerate(MADE_FOR)))
def test_proof_of_emitted_verilog_holds(classifier, registers, made_for, scores):
    proof = proof_of_core(classifier, registers=registers, scores=scores, **made_for)
    assert [claim.status for claim in proof.claims] == ["equal"] * 12
    proof.check()


@pytest.mark.parametrize("made_for", MADE_FOR)
def test_trees_of_counters_need_no_solver(classifier, made_for):
    proof = proof_of_core(classifier, **made_for)
    [claim] = [it for it in proof.claims if it.what == "the popcount is its tree of counters"]
    assert (claim.method, claim.status) == ("truth tables, node by node", "equal")


@pytest.mark.parametrize("made_for", MADE_FOR)
def test_proof_holds_where_parts_share_wires(made_for):
    # Equal thresholds are one register, so that two bits of the encoder are one net.
    classifier = random_classifier(1, features=8, bits=32, layers=(20, 16), classes=3)
    proof = proof_of_core(classifier, **made_for)
    assert [claim.status for claim in proof.claims] == ["equal"] * 12


CORES = (
    classifiers(),
    st.sampled_from(MADE_FOR),
    st.integers(0, 3),
    st.booleans(),
)


@settings(deadline=None, max_examples=6)
@given(*CORES)
def test_proof_of_any_core_holds(classifier, made_for, registers, scores):
    options = {**made_for, "registers": registers, "scores": scores}
    assert proof_of_core(classifier, **options).status == "equal"


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(*CORES)
def test_proof_of_many_cores_holds(classifier, made_for, registers, scores):
    options = {**made_for, "registers": registers, "scores": scores}
    assert proof_of_core(classifier, **options).status == "equal"


@pytest.mark.parametrize("made_for", MADE_FOR)
def test_proof_of_verilog_finds_a_flipped_bit(classifier, made_for):
    text = to_verilog(faulty(classifier), CoreOptions(scores=True, **made_for))
    proof = prove_verilog(classifier, text, read_core_header(text))
    wrong = [claim for claim in proof.claims if claim.status != "equal"]
    assert [claim.what for claim in wrong] == ["the whole core as built is its netlist"]
    assert wrong[0].sample is not None
    with pytest.raises(
        CheckFailed, match=r"^Not the same: the whole core as built is its netlist: output"
    ):
        proof.check()


def test_proof_of_verilog_finds_a_lost_carry(classifier):
    text = to_verilog(classifier, CoreOptions(lut_size=6, head="chains"))
    broken, count = re.subn(r" \+ [^ {]+\);", " + 1'h0);", text, count=1)
    assert count == 1
    assert prove_verilog(classifier, broken, read_core_header(text)).status == "different"


@pytest.mark.parametrize("made_for", [{}, {"lut_size": 6}, {"lut_size": 6, "head": "chains"}])
def test_proof_of_synthesised_verilog_holds(classifier, tmp_path, made_for):
    text = to_verilog(classifier, CoreOptions(**made_for))
    estimate_area(text, folder=tmp_path, carries="head" in made_for)
    for name in ("lut4.v", "lut6.v"):
        mapped = (tmp_path / name).read_text()
        assert prove_verilog(classifier, mapped, read_core_header(mapped)).status == "equal"


def test_proof_asks_the_whole_core_where_a_part_differs(classifier, monkeypatch):
    # A part may differ for values that it never gets; then the core is the classifier all the same.
    def inverted(*arguments):
        found = cut_parts(*arguments)
        logic = found["logic"]
        function = replace(logic.function, outputs=logic.function.outputs ^ 1)
        return found | {"logic": replace(logic, function=function)}

    monkeypatch.setattr(equivalence, "cut_parts", inverted)
    proof = proof_of_core(classifier, lut_size=6)
    assert proof.status == "equal"
    assert proof.claims[-1].what == "the whole core as built is its netlist"


def test_proof_of_a_latency_other_than_declared_fails(classifier):
    text = to_verilog(classifier, CoreOptions(lut_size=6))
    header = read_core_header(text)
    proof = prove_verilog(classifier, text, replace(header, latency=header.latency + 1))
    message = f"Not the same: the registers ...: {header.latency} cycles, ... {header.latency + 1}"
    with pytest.raises(CheckFailed, match=telling(message)):
        proof.check()


def test_proof_of_verilog_that_is_no_pipeline_says_why(classifier):
    text = to_verilog(classifier, CoreOptions(lut_size=6))
    broken, count = re.subn(r"assign i_sample__ready = .*;", "assign i_sample__ready = 1;", text)
    assert count == 1
    *_, claim = prove_verilog(classifier, broken, read_core_header(text)).claims
    assert claim.status == "different"
    assert "as its enable" in claim.detail


def test_proof_finds_counters_that_lose_a_bit(classifier, monkeypatch):
    class Careless(CompressorTree):
        def _count(self, bits, highest):
            return super()._count(list(bits)[1:], highest)

    monkeypatch.setitem(HEADS, "counters", Careless)
    circuit = Circuit.of(classifier, CoreOptions(lut_size=6, scores=True))
    claim = prove_circuit(classifier, circuit).claims[0]
    assert (claim.status, claim.detail) == ("different", "class 0 leaves bits uncounted")


def test_proof_takes_a_counter_that_reads_a_net_twice(classifier):
    # Three equal votes are one net of weight 3, of which a counter may take both bits.
    netlist = classifier.netlist
    votes = netlist.outputs[[0, 0, 0, 1, 1, 2, 3, 4]]
    group = np.array([0, 0, 0, 0, 0, 0, 0, 1], np.int32)
    thrice = replace(classifier, netlist=replace(netlist, outputs=votes), group=group)
    circuit = Circuit.of(thrice, CoreOptions(lut_size=6, scores=True))
    inputs = [[net for _, net in c.inputs] for c in circuit.head.counters[0]]
    assert any(len(set(nets)) < len(nets) for nets in inputs)
    assert prove_circuit(thrice, circuit).status == "equal"


def test_proof_that_is_undecided_is_no_success(classifier, monkeypatch):
    monkeypatch.setattr(equivalence, "check_equal", lambda *_, **__: [Verdict("undecided")])
    proof = prove_classifiers(classifier, classifier)
    message = (
        "Not proven: every vote of every sample: ...in time; allow more with --timeout and --limit"
    )
    assert proof.status == "undecided"
    with pytest.raises(CheckFailed, match=telling(message)):
        proof.check()


def test_proof_is_as_good_as_its_worst_claim():
    claims = [Claim("a", "SAT", status) for status in ("equal", "undecided", "different")]
    assert [Proof(tuple(claims[:n])).status for n in (1, 2, 3)] == [c.status for c in claims]


def test_proof_rejects_classifiers_without_the_same_votes(classifier):
    other = replace(classifier, group=classifier.group[::-1])
    message = "...same votes, ... 16 and 16"
    with pytest.raises(UsageError, match=telling(message)):
        prove_classifiers(classifier, other)


def test_proof_rejects_classifiers_of_other_features(classifier):
    with pytest.raises(UsageError, match=r"^Only classifiers of the same features can be proven"):
        prove_classifiers(classifier, random_classifier(1, features=4))
