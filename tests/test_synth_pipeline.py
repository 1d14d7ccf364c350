"""Registers that only delay become wires; whatever breaks a rule of the stream is refused."""

import re

import numpy as np
import pytest

from lgn_hw import CheckFailed, evaluate
from lgn_hw.aig import to_netlist
from lgn_hw.synth.pipeline import combinational

CORE = """
module core(clk, rst, i_sample__payload, i_sample__valid, i_sample__ready,
            o_result__payload, o_result__valid, o_result__ready);
  input clk, rst, i_sample__valid, o_result__ready;
  input [1:0] i_sample__payload;
  output i_sample__ready, o_result__valid;
  output [0:0] o_result__payload;
  wire advance = ~valid[1] | o_result__ready;
  reg [1:0] valid = 0;
  reg [1:0] first;
  reg second;
  always @(posedge clk) begin
    if (advance) valid <= {valid[0], i_sample__valid};
    if (rst) valid <= 0;
    if (advance) first <= i_sample__payload;
    if (advance) second <= first[0] & ~first[1];
  end
  assign i_sample__ready = advance;
  assign o_result__valid = valid[1];
  assign o_result__payload = second;
endmodule
"""


def test_pipeline_is_its_function_and_latency():
    pipeline = combinational(CORE, "core")
    bits = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], bool)
    found = evaluate(to_netlist(pipeline.function), bits)
    assert (found[:, 0].tolist(), pipeline.latency) == ([False, True, False, False], 2)


ENABLE = r"Register \S+ \(\$dffe?\) must have clk as its clock and i_sample__ready as its enable"
CHAIN = r"The registers that rst clears must be a chain from i_sample__valid to o_result__valid"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("if (advance) second", "second", ENABLE),
        ("if (advance) second", "if (i_sample__valid) second", ENABLE),
        (
            "first[0] & ~first[1]", "first[0] & ~i_sample__payload[1]",
            r"A gate must join bits of one sample, not of 1 cycles apart",
        ),
        (
            "o_result__payload = second", "o_result__payload = first[0]",
            r"Every bit of a result must come 2 cycles after its sample, as valid does, not 1",
        ),
        (
            "first[0] & ~first[1]", "first[0] ^ second",
            r"A result must not depend on itself; the core has a loop",
        ),
        (
            "first[0] & ~first[1]", "first[0] & valid[0]",
            r"A result must depend on nothing but the bits of its own sample",
        ),
        ("o_result__valid = valid[1]", "o_result__valid = valid[0]", CHAIN),
        (
            "wire advance = ~valid[1] | o_result__ready", "wire advance = o_result__ready",
            r"i_sample__ready must be high unless o_result__valid is and o_result__ready is not",
        ),
        (
            "~valid[1] | o_result__ready", "~valid[1] | o_result__ready | i_sample__valid",
            r"i_sample__ready must depend on nothing but o_result__valid and o_result__ready",
        ),
        ("valid <= 0", "valid[0] <= 0", r"Register .*|" + CHAIN),
    ],
)  # fmt: skip
def test_pipeline_rejects_what_breaks_a_rule(old, new, message):
    broken = CORE.replace(old, new)
    assert broken != CORE
    with pytest.raises(CheckFailed, match=f"^({message})$"):
        combinational(broken, "core")


def test_pipeline_rejects_another_clock_edge():
    broken = re.sub("posedge clk", "negedge clk", CORE)
    with pytest.raises(
        CheckFailed, match=r"^Register \S+ \(\$s?dffe\) must act on high levels and rising edges$"
    ):
        combinational(broken, "core")
