// Behavioural models of PLLs, for simulation only: nothing here is ever built into a bitstream.
//
// They make the frequency that their parameters stand for, measured against the clock that they
// are given, and say so some cycles later. They know no jitter, no phase and no limits: whether a
// setting is within those is lgn_boards.pll's business.

`timescale 1ps/1ps

module pll_model #(parameter MULTIPLY = 1, parameter DIVIDE = 1)
                  (input wire reference, output reg clock, output reg lock);
  realtime last, half;
  integer edges;
  initial begin
    clock = 0;
    lock = 0;
    edges = 0;
    last = 0;
    half = 0;
    wait (edges == 3);
    forever begin
      #(half) clock = 1;
      #(half) clock = 0;
    end
  end
  always @(posedge reference) begin
    half = ($realtime - last) * DIVIDE / MULTIPLY / 2;
    last = $realtime;
    edges = edges + 1;
    if (edges == 20) lock <= 1;
  end
endmodule

module SB_PLL40_CORE #(parameter FEEDBACK_PATH = "SIMPLE",
                       parameter [3:0] DIVR = 0, parameter [6:0] DIVF = 0,
                       parameter [2:0] DIVQ = 0, parameter [2:0] FILTER_RANGE = 0)
                      (input wire REFERENCECLK, input wire RESETB, input wire BYPASS,
                       output wire PLLOUTGLOBAL, output wire LOCK);
  pll_model #(.MULTIPLY(DIVF + 1), .DIVIDE((DIVR + 1) << DIVQ))
    model(.reference(REFERENCECLK), .clock(PLLOUTGLOBAL), .lock(LOCK));
endmodule

module SB_PLL40_PAD #(parameter FEEDBACK_PATH = "SIMPLE",
                      parameter [3:0] DIVR = 0, parameter [6:0] DIVF = 0,
                      parameter [2:0] DIVQ = 0, parameter [2:0] FILTER_RANGE = 0)
                     (input wire PACKAGEPIN, input wire RESETB, input wire BYPASS,
                      output wire PLLOUTGLOBAL, output wire LOCK);
  pll_model #(.MULTIPLY(DIVF + 1), .DIVIDE((DIVR + 1) << DIVQ))
    model(.reference(PACKAGEPIN), .clock(PLLOUTGLOBAL), .lock(LOCK));
endmodule

module EHXPLLL #(parameter FEEDBK_PATH = "CLKOP", parameter CLKI_DIV = 1,
                 parameter CLKFB_DIV = 1, parameter CLKOP_DIV = 8, parameter CLKOP_CPHASE = 0)
                (input wire CLKI, input wire CLKFB, input wire RST, input wire STDBY,
                 input wire PHASESEL0, input wire PHASESEL1, input wire PHASEDIR,
                 input wire PHASESTEP, input wire PHASELOADREG,
                 output wire CLKOP, output wire LOCK);
  pll_model #(.MULTIPLY(CLKFB_DIV), .DIVIDE(CLKI_DIV))
    model(.reference(CLKI), .clock(CLKOP), .lock(LOCK));
endmodule
