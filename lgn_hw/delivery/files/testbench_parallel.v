// Puts a sample on the port at each clock edge and compares the result LATENCY cycles later with
// tb/expected.hex. Run it from the folder above; see README.md.
`timescale 1ns / 1ps

module testbench;
  `include "parameters.vh"

  // Each word has a 1 above its highest bit, so that a word that is missing is noticed.
  reg [SAMPLE_BITS:0] samples [0:SAMPLES-1];
  reg [RESULT_BITS:0] expected [0:SAMPLES-1];

  reg clk = 0;
  reg [SAMPLE_BITS-1:0] sample = 0;
  wire [RESULT_BITS-1:0] result;
  integer edges = 0;  // of the clock; the circuit takes sample i at edge i + 1
  integer mismatches = 0;
  integer index;

  `TOP dut (
    .clk(clk),
    .i_sample(sample),
`ifdef SCORES
    .o_scores(result[RESULT_BITS-1:CLASS_BITS]),
`endif
    .o_class(result[CLASS_BITS-1:0])
  );

  always #5 clk = !clk;

  initial begin
    $readmemh("tb/samples.hex", samples);
    $readmemh("tb/expected.hex", expected);
  end

  always @(posedge clk) begin
    edges <= edges + 1;
    if (edges < SAMPLES) begin
      if (samples[edges][SAMPLE_BITS] !== 1'b1) begin
        $display("FAIL: tb/samples.hex is short");
        $fatal(1);
      end
      sample <= samples[edges][SAMPLE_BITS-1:0];
    end
    index = edges - 1 - LATENCY;
    if (index >= 0 && index < SAMPLES && {1'b1, result} !== expected[index]) begin
      mismatches <= mismatches + 1;
      if (mismatches < 5)
        $display("vector %0d must give %h, not %h", index, expected[index][RESULT_BITS-1:0], result);
    end
    if (index == SAMPLES) begin
      if (mismatches == 0) begin
        $display("PASS: %0d results, 0 mismatches, latency %0d cycles", SAMPLES, LATENCY);
        $finish;
      end else begin
        $display("FAIL: %0d results, %0d mismatches", SAMPLES, mismatches);
        $fatal(1);
      end
    end
  end
endmodule
