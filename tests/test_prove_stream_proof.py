"""Proofs of streaming cores: they hold, and every small fault is found."""

import re
from dataclasses import replace

import numpy as np
import pytest
from conv_bench import conv_classifiers, random_conv
from hypothesis import HealthCheck, given, settings

from lgn_hw import UsageError
from lgn_hw.delivery.design_proof import prove_design
from lgn_hw.hdl.streaming import StreamingOptions
from lgn_hw.hdl.streaming.verilog import streaming_verilog
from lgn_hw.passes.optimize import optimize_classifier

STRAIGHT = random_conv(
    7, (2, 4, 6), 3, ({"kernels": 3, "padding": 1, "pool": 2}, {"kernels": 4, "padding": 1}),
    missing=0.2,
)  # fmt: skip
DENSE = random_conv(8, (1, 4, 5), 2, ({"kernels": 3, "stride": 2, "padding": 1},), (10, 6))


@pytest.mark.parametrize("classifier", [STRAIGHT, DENSE], ids=["straight", "dense"])
def test_a_core_is_proven(classifier):
    text = streaming_verilog(classifier, StreamingOptions(1, scores=True))
    proof = prove_design(classifier, text)
    assert proof.status == "equal", proof
    assert [claim.what.rpartition(", in a frame ")[2] for claim in proof.claims[2:11:3]] == [
        "after a reset", "at rest", "behind a frame",
    ]  # fmt: skip


@pytest.mark.slow
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(conv_classifiers(max_side=4))
def test_cores_of_random_networks_are_proven(classifier):
    assert prove_design(classifier, streaming_verilog(classifier)).status == "equal"


def test_the_form_of_an_optimised_classifier_is_proven():
    smaller, _ = optimize_classifier(DENSE)
    proof = prove_design(smaller, streaming_verilog(smaller))
    assert proof.status == "equal", proof
    assert "the convolutional form is the netlist" in [claim.what for claim in proof.claims]


def test_a_flipped_table_is_found():
    section = DENSE.convolution
    layer = section.layers[0]
    tables = layer.tables.copy()
    tables[-1] ^= np.uint64(1)
    faulty = replace(DENSE, convolution=replace(section, layers=(replace(layer, tables=tables),)))
    text = streaming_verilog(faulty).replace(faulty.digest, DENSE.digest)
    proof = prove_design(DENSE, text)
    assert proof.status == "different"
    assert proof.claims[1].status == "equal"  # the form of the right classifier


@pytest.mark.parametrize(
    ("fault", "right", "wrong"),
    [
        ("a threshold", r"> 4'h(\w)", r"< 4'h\1"),
        ("counting", r"\+ ", "- "),
    ],
)
def test_faults_in_the_text_are_found(fault, right, wrong):
    text = streaming_verilog(STRAIGHT)
    places = [m.start() for m in re.finditer(right, text)]
    assert places
    at = places[-1]
    damaged = text[:at] + re.sub(right, wrong, text[at:], count=1)
    assert prove_design(STRAIGHT, damaged).status != "equal"


def test_the_verilog_of_another_classifier_is_refused():
    with pytest.raises(UsageError, match=r"^The Verilog was emitted from classifier"):
        prove_design(STRAIGHT, streaming_verilog(DENSE))
