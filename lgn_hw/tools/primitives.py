"""What a core that yosys mapped holds besides LUTs and registers, as Verilog."""

__all__ = ["PRIMITIVES"]

# Four bits of a Xilinx part's carry chain; its LUTs are before S.
PRIMITIVES = """
module CARRY4(output [3:0] CO, O, input CI, CYINIT, input [3:0] DI, S);
  wire [3:0] carry = {CO[2:0], CI | CYINIT};
  assign O = S ^ carry;
  assign CO = (S & carry) | (~S & DI);
endmodule
"""
