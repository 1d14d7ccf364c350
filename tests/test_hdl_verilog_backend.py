"""Words as Verilog: each operation as it is written, and names for what is read twice."""

import numpy as np
import pytest

from lgn_hw.circuit.heads.adders import AdderLayout
from lgn_hw.hdl.logic import Logic
from lgn_hw.hdl.popcount import Popcount
from lgn_hw.hdl.verilog_backend import VerilogBackend, VerilogExpr, block_module, identifier
from lgn_hw.netlist import Netlist

A, B = VerilogExpr("a", 4), VerilogExpr("b", 4)


def lines(build, enable=None):
    backend = VerilogBackend(enable)
    build(backend)
    return [line.strip() for line in backend.lines]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (lambda v: v.constant(10, 4), "4'ha"),
        (lambda v: v.slice(A, 2, 1), "a[2]"),
        (lambda v: v.slice(A, 1, 3), "a[3:1]"),
        (lambda v: v.slice(v.constant(0b1101, 4), 1, 3), "3'h6"),
        (lambda v: v.join([A, v.constant(0, 0), B]), "{b, a}"),
        (lambda v: v.join([A]), "a"),
        (lambda v: v.add(v.slice(A, 0, 2), B, 5), "({3'h0, a[1:0]} + {1'h0, b})"),
        (lambda v: v.add(A, B, 4), "(a + b)"),
        (lambda v: v.exceeds(A, B), "(a > b)"),
        (lambda v: v.exceeds_constant(A, 9, signed=False), "(a > 4'd9)"),
        (lambda v: v.exceeds_constant(A, -3, signed=True), "($signed(a) > 4'shd)"),
        (lambda v: v.choose(v.slice(A, 0, 1), A, B), "(a[0] ? a : b)"),
        (lambda v: A & ~B, "(a & ~b)"),
        (lambda v: (A | B) ^ A, "((a | b) ^ a)"),
    ],
)
def test_backend_write_each_operation(value, text):
    def build(backend):
        backend.wire("x", 5, value(backend))

    assert lines(build) == [f"wire [4:0] x = {text};"]


def test_backend_name_an_operation_that_is_read_twice():
    def build(backend):
        both = A & B
        backend.wire("x", 4, (both | A) ^ both)

    assert lines(build) == ["wire [3:0] x_0 = (a & b);", "wire [3:0] x = ((x_0 | a) ^ x_0);"]


@pytest.mark.parametrize(("enable", "condition"), [(None, ""), ("advance", "if (advance) ")])
def test_backend_move_registers_where_they_are_enabled(enable, condition):
    expected = ["reg [3:0] x;", f"always @(posedge clk) {condition}x <= (a ^ b);"]
    assert lines(lambda v: v.register("x", 4, A ^ B), enable) == expected


def test_backend_of_no_bits_are_not_written():
    assert lines(lambda v: (v.wire("x", 0, A), v.register("y", 0, v.join([])))) == []


def test_module_has_the_ports_that_have_bits():
    nothing = Netlist(0, np.zeros((0, 6), int), [], [1])
    assert block_module(Logic(nothing, ()), "one") == (
        "module one(\n  output [0:0] o_bits\n);\n  assign o_bits = 1'h1;\nendmodule\n"
    )


def test_module_of_a_popcount_is_readable():
    assert (
        block_module(Popcount(AdderLayout([2]), (1,)), "core.popcount", enable=True)
        == r"""
module \core.popcount (
  input clk,
  input advance,
  input [1:0] i_votes,
  output [1:0] o_scores
);
  wire [0:0] votes0 = i_votes[0];
  wire [0:0] votes1 = i_votes[1];
  wire [0:0] votes2 = 1'h0;
  wire [0:0] total = ((votes0 ^ votes1) ^ votes2);
  wire [0:0] carry = ((votes0 & votes1) | (votes2 & (votes0 | votes1)));
  reg [1:0] level1;
  always @(posedge clk) if (advance) level1 <= {carry[0], total[0]};
  assign o_scores = level1[1:0];
endmodule
""".lstrip()
    )


@pytest.mark.parametrize(
    ("name", "written"), [("core", "core"), ("core.logic", r"\core.logic "), ("logic", r"\logic ")]
)
def test_identifier_escapes_dots_and_keywords(name, written):
    assert identifier(name) == written
