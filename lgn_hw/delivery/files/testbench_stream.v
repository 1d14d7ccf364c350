// Sends every sample through the core twice, first without pauses, then with random pauses at both
// ends, and compares each result with tb/expected.hex. Run it from the folder above; see README.md.
`timescale 1ns / 1ps

module testbench;
  `include "parameters.vh"
  localparam TOTAL = 2 * SAMPLES;
  localparam PATIENCE = 100 * TOTAL + 1000;

  // Each word has a 1 above its highest bit, so that a word that is missing is noticed.
  reg [SAMPLE_BITS:0] samples [0:SAMPLES-1];
  reg [RESULT_BITS:0] expected [0:SAMPLES-1];
  integer accepted_in [0:SAMPLES-1];

  reg clk = 0;
  reg rst = 1;
  reg valid = 0;
  wire ready;
  reg [SAMPLE_BITS-1:0] sample = 0;
  wire result_valid;
  reg result_ready = 0;
  wire [RESULT_BITS-1:0] result;
  reg [31:0] random = 32'h1;
  integer cycle = 0;
  integer next = 0;
  integer accepted = 0;
  integer received = 0;
  integer mismatches = 0;
  integer problems = 0;
  integer idle = 0;

  `TOP dut (
    .clk(clk), .rst(rst),
    .i_sample__valid(valid), .i_sample__ready(ready), .i_sample__payload(sample),
    .o_result__valid(result_valid), .o_result__ready(result_ready), .o_result__payload(result)
  );

  always #5 clk = !clk;

  initial begin
    $readmemh("tb/samples.hex", samples);
    $readmemh("tb/expected.hex", expected);
    repeat (4) @(posedge clk);
    rst <= 0;
  end

  // An xorshift generator: the same pauses in every simulator.
  function [31:0] shuffled(input [31:0] value);
    reg [31:0] x;
    begin
      x = value ^ (value << 13);
      x = x ^ (x >> 17);
      shuffled = x ^ (x << 5);
    end
  endfunction

  always @(posedge clk) begin
    cycle <= cycle + 1;
    random <= shuffled(random);
    if (cycle > PATIENCE) finish_with("the core stopped");
  end

  always @(posedge clk) if (!rst) begin
    if (valid && ready) begin
      if (accepted < SAMPLES) accepted_in[accepted] <= cycle;
      accepted <= accepted + 1;
    end
    if (!valid || ready) begin
      if (next < TOTAL && !(next >= SAMPLES && random[0])) begin
        if (samples[next % SAMPLES][SAMPLE_BITS] !== 1'b1) finish_with("tb/samples.hex is short");
        valid <= 1;
        sample <= samples[next % SAMPLES][SAMPLE_BITS-1:0];
        next <= next + 1;
      end else valid <= 0;
    end
  end

  always @(posedge clk) if (!rst) begin
    result_ready <= !(received >= SAMPLES && random[1]);
    if (result_valid === 1'bx) finish_with("o_result__valid is undefined");
    if (result_valid && result_ready) begin
      if (received >= TOTAL) problems <= problems + 1;
      else check(received % SAMPLES);
      received <= received + 1;
      idle <= 0;
    end else if (received >= TOTAL) idle <= idle + 1;
    if (idle > 2 * LATENCY + 4) finish_with("");
  end

  task check(input integer index);
    begin
      if ({1'b1, result} !== expected[index]) begin
        mismatches <= mismatches + 1;
        if (mismatches < 5)
          $display("vector %0d must give %h, not %h", index, expected[index][RESULT_BITS-1:0], result);
      end
      if (received < SAMPLES && cycle - accepted_in[index] != LATENCY) begin
        problems <= problems + 1;
        if (problems < 5)
          $display("vector %0d took %0d cycles, not %0d", index, cycle - accepted_in[index], LATENCY);
      end
    end
  endtask

  task finish_with(input [8*40-1:0] problem);
    begin
      if (problem == 0 && mismatches == 0 && problems == 0 && received == TOTAL) begin
        $display("PASS: %0d results, 0 mismatches, latency %0d cycles", received, LATENCY);
        $finish;
      end else begin
        $display("FAIL: %0d results, %0d mismatches, %0d other problems %0s",
                 received, mismatches, problems, problem);
        $fatal(1);
      end
    end
  endtask
endmodule
