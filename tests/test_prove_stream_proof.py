"""Proofs of streaming cores: they hold, and every small fault is found."""

import re
from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from conv_bench import conv_classifiers, random_conv
from hypothesis import HealthCheck, given, settings

from lgn_hw import CheckFailed, Classifier, UsageError
from lgn_hw.convolution import Convolution, Kernels
from lgn_hw.delivery.design_proof import prove_design
from lgn_hw.features import Features
from lgn_hw.hdl.block import Quiet
from lgn_hw.hdl.streaming import StreamingOptions, core
from lgn_hw.hdl.streaming.framer import Framer
from lgn_hw.hdl.streaming.verilog import streaming_verilog
from lgn_hw.passes.optimize import optimize_classifier
from lgn_hw.prove import stream_proof, symbolic_verilog
from lgn_hw.prove.cec import check_equal
from lgn_hw.prove.graph import Graph
from lgn_hw.prove.symbolic import SymbolicDesign
from lgn_hw.prove.symbolic_verilog import read_design

STRAIGHT = random_conv(
    7, (2, 4, 6), 3, ({"kernels": 3, "padding": 1, "pool": 2}, {"kernels": 4, "padding": 1}),
    missing=0.2,
)  # fmt: skip
DENSE = random_conv(8, (1, 4, 5), 2, ({"kernels": 3, "stride": 2, "padding": 1},), (10, 6))


ONE_AND = np.array([0b1000], np.uint64)


def straight(shape, thresholds, kernels):
    """Return a classifier of two classes for which one kernel votes for the first."""
    form = Convolution(shape, [0] * len(thresholds), thresholds, [], (kernels,), None, [0])
    pixels = shape[1] * shape[2]
    encoder = form.encoder(Features.integers([0] * pixels, [15] * pixels))
    return Classifier(encoder, form.expand(), form.vote_group, 1.0, ("a", "b"), {}, form)


@pytest.mark.parametrize("classifier", [STRAIGHT, DENSE], ids=["straight", "dense"])
def test_a_core_is_proven(classifier):
    text = streaming_verilog(classifier, StreamingOptions(1, scores=True))
    proof = prove_design(classifier, text)
    assert proof.status == "equal", proof
    assert [claim.what.rpartition(", in a frame ")[2] for claim in proof.claims[2:11:3]] == [
        "after a reset", "at rest", "behind a frame",
    ]  # fmt: skip


def test_a_function_is_decided_once(monkeypatch):
    asked = []

    def counted(pairs, **options):
        asked.extend(str([x.tolist() for f in pair for x in (f.ands, f.outputs)]) for pair in pairs)
        return check_equal(pairs, **options)

    monkeypatch.setattr(stream_proof, "check_equal", counted)
    monkeypatch.setattr(symbolic_verilog, "RIPPLES", "")  # yosys' adders are not the counters'
    many = random_conv(9, (1, 3, 3), 2, ({"kernels": 40, "padding": 1},))  # sums of 20 votes
    assert prove_design(many, streaming_verilog(many)).status == "equal"
    assert len(asked) == len(set(asked)) > 0


class FaultyFramer(Quiet):
    """A framer with a bit that is wrong at times; where `first`, of the first pixel of a frame that
    comes right behind another, else of the last pixel of a frame that another one comes behind.
    """

    def __init__(self, first, section, features, depth):
        self.inner, self.first = Framer(section, features, depth), first
        self.pixels, self.depth = self.inner.pixels, depth
        super().__init__(dict(self.inner.signature.members))

    def elaborate(self, platform):
        m = Module()
        m.submodules.inner = inner = self.inner
        wiring.connect(m, wiring.flipped(self.i_pixel), inner.i_pixel)
        wiring.connect(m, inner.o_frame, wiring.flipped(self.o_frame))
        taken, ended, wrong = Signal(), Signal(), Signal()
        m.d.comb += taken.eq(self.i_pixel.valid & self.i_pixel.ready)
        m.d.sync += [
            ended.eq(taken & self.i_pixel.payload.last),
            wrong.eq(taken & ended),
        ]
        m.d.comb += [
            self.o_planes.valid.eq(inner.o_planes.valid),
            inner.o_planes.ready.eq(self.o_planes.ready),
            self.o_planes.payload.eq(
                inner.o_planes.payload ^ (wrong if self.first else ended & self.i_pixel.valid)
            ),
        ]
        return m


@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_a_fault_of_frames_back_to_back_is_found(first, monkeypatch):
    classifier = straight((1, 3, 4), [7], Kernels(3, 1, 0, [[0, 8]], 2, ONE_AND))
    monkeypatch.setattr(core, "Framer", partial(FaultyFramer, first))
    proof = prove_design(classifier, streaming_verilog(classifier))
    assert proof.status == "different"
    wrong = [claim.what for claim in proof.claims if claim.status == "different"]
    if first:  # neither the frame after a reset nor the one at rest shows it
        assert {what.rpartition(", in a frame ")[2] for what in wrong} == {"behind a frame"}


def test_frames_of_which_several_are_under_way_are_proven():
    classifier = random_conv(12, (1, 1, 2), 2, ({"kernels": 3, "size": 1},), (9, 6))
    proof = prove_design(classifier, streaming_verilog(classifier, StreamingOptions(1)))
    assert proof.status == "equal", proof
    assert any(claim.what.endswith("in a frame from state 3") for claim in proof.claims)


def test_what_is_known_at_rest_by_chance_is_forgotten():
    # A register may be constant in every state of rest that was seen, and not stay so.
    classifier = random_conv(7, (1, 6, 6), 2, ({"kernels": 4, "padding": 1, "pool": 2},))
    assert prove_design(classifier, streaming_verilog(classifier)).status == "equal"


def test_a_plane_that_no_kernel_reads_is_no_hindrance():
    classifier = straight((1, 1, 1), [3, 5, 7], Kernels(1, 1, 0, [[1, 1]], 2, ONE_AND))
    assert prove_design(classifier, streaming_verilog(classifier)).status == "equal"


def test_a_kernel_that_is_constant_at_the_border_is_the_netlists_there():
    """The core's kernel folds to a constant where the padding is read, the netlist's does not.

    What reads it next is to find the literal of the netlist all the same.
    """
    leaves, tables = [2, 0, 2, 1, 3, 0, 0, 1, 2], np.array([18, 236, 181, 121], np.uint64)
    classifier = straight((1, 2, 2), [7], Kernels(2, 1, 1, [leaves], 3, tables))
    proof = prove_design(classifier, streaming_verilog(classifier))
    votes = [claim for claim in proof.claims if claim.what.startswith("every vote")]
    assert {(claim.method, claim.status) for claim in votes} == {("structure", "equal")}


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


LOOPS = """module top (input clk, output [1:0] o);
  wire a, b, c;
  assign a = ~b, b = ~c, c = ~a;
  assign o = {a & clk, b & clk};
endmodule
"""


@pytest.mark.parametrize(
    ("gate", "why"),
    [
        ("~c", "reads a net that nothing drives"),  # yosys made a wire of the three inverters
        ("c & clk", "has a loop without a register"),
    ],
)
def test_a_loop_is_refused(gate, why):
    module = read_design(LOOPS.replace("~c", gate), "top")
    with pytest.raises(CheckFailed, match=f"^the design {why}$"):
        SymbolicDesign(module, Graph())


def test_inverters_are_gone_through():
    text = """module top (input clk, input a, b, c, output x, y, output reg q);
      wire named = ~a;
      always @(posedge clk) q <= ~(a & b);
      assign x = ~(~(a & ~b) & ~(~~c & named)), y = ~c;
    endmodule
    """
    design = SymbolicDesign(read_design(text, "top"), Graph())
    for a, b, c in product((0, 1), repeat=3):
        design.settle(a=a, b=b, c=c)
        design.clock()
        found = [design.read(name) for name in ("x", "y", "named", "q")]
        assert found == [[a & ~b | c & ~a], [1 - c], [1 - a], [1 - (a & b)]]
