"""Random small networks: flat evaluation, Amaranth, Verilog in cocotb and the proof agree."""

import shutil
import tempfile

import numpy as np
import pytest
from amaranth_bench import codes_of
from conv_bench import conv_classifiers, random_conv
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from streaming_bench import frame_results, pixels_of, words_of

pytest.importorskip("cocotb", reason="cocotb is not installed")

from lgn_hw.delivery.design_proof import prove_design
from lgn_hw.hdl.streaming import StreamingCore, StreamingOptions
from lgn_hw.hdl.streaming.verilog import streaming_verilog
from lgn_sim.job import FRAME_CASES
from lgn_sim.simulate_frames import simulate_frames

pytestmark = pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")

# Odd sizes, three channels, a stride, and two kinds of head.
STRIDE = random_conv(3, (3, 5, 7), 4, ({"kernels": 3, "stride": 2, "padding": 1},), (9, 6), 3)
POOL = random_conv(
    4, (1, 6, 3), 1,
    ({"kernels": 2, "padding": 1, "pool": 3}, {"kernels": 3, "size": 2, "padding": 1}),
    low=-8, high=4, missing=0.3,
)  # fmt: skip


def agree_four_ways(classifier, registers, seed):
    """Check that the scores of frames are those of the netlist, wherever they come from."""
    codes = codes_of(classifier, 4, np.random.default_rng(seed))
    scores = classifier.scores(codes)  # of the flat netlist
    options = StreamingOptions(registers, scores=True)
    core = StreamingCore(classifier, options)
    _, found = frame_results(
        core, pixels_of(classifier, codes), seed=seed, idle=0.3, backpressure=0.3
    )
    assert [word for _, word in found] == words_of(core, scores)
    text = streaming_verilog(classifier, options)
    with tempfile.TemporaryDirectory() as folder:
        result = simulate_frames(
            classifier, output_dir=folder, samples=codes, verilog=text, vectors=8, seed=seed,
            negative_control=False,
        )  # fmt: skip
    result.check()
    assert [case.name for case in result.cases] == list(FRAME_CASES)
    proof = prove_design(classifier, text)
    assert proof.status == "equal", proof


@pytest.mark.parametrize("classifier", [STRIDE, POOL], ids=["stride", "pool"])
def test_a_network_is_the_same_four_ways(classifier):
    agree_four_ways(classifier, 1, 0)


@pytest.mark.slow
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(conv_classifiers(max_side=4), st.integers(0, 2), st.integers(0, 99))
@example(STRIDE, 0, 1)
def test_random_networks_are_the_same_four_ways(classifier, registers, seed):
    agree_four_ways(classifier, registers, seed)
