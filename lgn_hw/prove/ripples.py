"""Sums and comparisons from bit to bit: what yosys takes instead is for speed, and larger.

Netlists that a circuit is compared with have them so, too, and what is built alike needs no SAT.
"""

__all__ = ["RIPPLES"]

# For yosys' techmap.
RIPPLES = r"""
(* techmap_celltype = "$add" *)
module ripple_carry(A, B, Y);
  parameter A_SIGNED = 0; parameter B_SIGNED = 0;
  parameter A_WIDTH = 1; parameter B_WIDTH = 1; parameter Y_WIDTH = 1;
  input [A_WIDTH-1:0] A; input [B_WIDTH-1:0] B; output [Y_WIDTH-1:0] Y;
  wire _TECHMAP_FAIL_ = A_SIGNED || B_SIGNED;
  wire [Y_WIDTH-1:0] a = A, b = B;
  wire [Y_WIDTH:0] carry = {(a & b) | (carry[Y_WIDTH-1:0] & (a | b)), 1'b0};
  assign Y = a ^ b ^ carry[Y_WIDTH-1:0];
endmodule
(* techmap_celltype = "$alu" *)
module ripple_carry_in(A, B, CI, BI, X, Y, CO);
  parameter A_SIGNED = 0; parameter B_SIGNED = 0;
  parameter A_WIDTH = 1; parameter B_WIDTH = 1; parameter Y_WIDTH = 1;
  input [A_WIDTH-1:0] A; input [B_WIDTH-1:0] B; input CI, BI;
  output [Y_WIDTH-1:0] X, Y, CO;
  wire _TECHMAP_FAIL_ = A_SIGNED || B_SIGNED;
  wire [Y_WIDTH-1:0] a = A, wide = B, b = wide ^ {Y_WIDTH{BI}};
  wire [Y_WIDTH:0] carry = {(a & b) | (carry[Y_WIDTH-1:0] & (a | b)), CI};
  assign X = a ^ b;
  assign Y = X ^ carry[Y_WIDTH-1:0];
  assign CO = carry[Y_WIDTH:1];
endmodule
(* techmap_celltype = "$gt" *)
module ripple_greater(A, B, Y);
  parameter A_SIGNED = 0; parameter B_SIGNED = 0;
  parameter A_WIDTH = 1; parameter B_WIDTH = 1; parameter Y_WIDTH = 1;
  localparam WIDTH = A_WIDTH > B_WIDTH ? A_WIDTH : B_WIDTH;
  localparam [WIDTH-1:0] SIGN = A_SIGNED << (WIDTH - 1);
  input [A_WIDTH-1:0] A; input [B_WIDTH-1:0] B; output [Y_WIDTH-1:0] Y;
  wire _TECHMAP_FAIL_ = A_SIGNED != B_SIGNED;
  wire [WIDTH-1:0] wide_a, wide_b, a = wide_a ^ SIGN, b = wide_b ^ SIGN;
  \$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(WIDTH)) left(.A(A), .Y(wide_a));
  \$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(WIDTH)) right(.A(B), .Y(wide_b));
  wire [WIDTH:0] more = {(more[WIDTH-1:0] & a) | ((more[WIDTH-1:0] | a) & ~b), 1'b0};
  assign Y = more[WIDTH];
endmodule
"""
