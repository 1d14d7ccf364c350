"""Registers that only delay become wires; whatever breaks a rule of the stream is refused."""

import re

import numpy as np
import pytest
from netlist_bench import every_sample

from lgn_hw import CheckFailed, evaluate
from lgn_hw.netlist.aig import to_netlist
from lgn_hw.prove.pipeline import combinational

CORE = """
module core(clk, rst, i_sample__payload, i_sample__valid, i_sample__ready,
            o_result__payload, o_result__valid, o_result__ready);
  input clk, rst, i_sample__valid, o_result__ready;
  input [1:0] i_sample__payload;
  output i_sample__ready, o_result__valid;
  output [0:0] o_result__payload;
  reg [1:0] valid = 0;
  wire advance = ~valid[1] | o_result__ready;
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


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        # yosys makes of each of these a register that is reset by data, at a high or a low level.
        ("if (advance) second <= first[1] ? 1'b0 : first[0];", [False, True, False, False]),
        ("if (advance) second <= first[1] ? first[0] : 1'b1;", [True, True, False, True]),
    ],
)
def test_pipeline_takes_registers_that_data_resets(new, expected):
    pipeline = combinational(
        CORE.replace("if (advance) second <= first[0] & ~first[1];", new), "core"
    )
    found = evaluate(to_netlist(pipeline.function), every_sample(2))
    assert found[:, 0].tolist() == expected


def test_pipeline_takes_a_result_that_is_constant():
    constant = re.sub(r"assign o_result__payload = .*;", "assign o_result__payload = 1;", CORE)
    pipeline = combinational(constant, "core")
    assert evaluate(to_netlist(pipeline.function), every_sample(2)).all()


def test_pipeline_adds_as_verilog_does():
    wide = CORE.replace("output [0:0] o_result", "output [2:0] o_result")
    wide = wide.replace("reg second", "reg [2:0] second")
    core = wide.replace("second <= first[0] & ~first[1]", "second <= first + 2'd3")
    found = evaluate(to_netlist(combinational(core, "core").function), every_sample(2))
    assert (found @ [1, 2, 4]).tolist() == [3, 4, 5, 6]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("first[2:0] > first[5:3]", lambda low, high: low > high),
        ("first[2:0] <= first[4:3]", lambda low, high: low <= high % 4),
        ("$signed(first[2:0]) > $signed(first[5:3])", lambda low, high: (low ^ 4) > (high ^ 4)),
        ("$signed(first[2:0]) > -3'sd2", lambda low, high: (low ^ 4) > 2),
    ],
)
def test_pipeline_compares_as_verilog_does(expression, expected):
    wide = CORE.replace("input [1:0] i_sample", "input [5:0] i_sample")
    core = wide.replace("reg [1:0] first", "reg [5:0] first")
    core = core.replace("first[0] & ~first[1]", expression)
    bits = every_sample(6)
    found = evaluate(to_netlist(combinational(core, "core").function), bits)[:, 0]
    low, high = bits[:, :3] @ [1, 2, 4], bits[:, 3:] @ [1, 2, 4]
    assert np.array_equal(found, expected(low, high))


PART = """
module part(clk, enable, i_bits, o_bits);
  input clk, enable;
  input [1:0] i_bits;
  output [2:0] o_bits;
  reg [1:0] held;
  always @(posedge clk) if (enable) held <= i_bits;
  assign o_bits = {held[0] ^ held[1], held[1], ~held[0]};
endmodule
"""


def test_pipeline_knows_where_parts_end():
    core = CORE.replace("reg [1:0] first", "wire [2:0] first")
    core = core.replace("if (advance) first <= i_sample__payload;", "")
    instance = "part encoder(clk, advance, i_sample__payload, first);\nendmodule"
    pipeline = combinational(PART + core.replace("endmodule", instance), "core")
    # Bit 0 of the sample inverted, bit 1, and what the result does not need.
    assert {name: cut.tolist() for name, cut in pipeline.cut_points.items()} == {
        "encoder": [3, 4, -1]
    }


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
        (
            "o_result__payload", "o_result__data",
            "A core must have the ports clk, rst, i_sample__valid, i_sample__ready,"
            " i_sample__payload, o_result__valid, o_result__ready, o_result__payload;"
            " o_result__payload is missing",
        ),
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
