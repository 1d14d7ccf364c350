// Sends every frame twice, first without pauses, then with random pauses at both ends, and compares
// each result with tb/expected.hex. Then come a frame that is too long and one that is too short,
// which must be told as errors, and a right one. Run it from the folder above; see README.md.
`timescale 1ns / 1ps

module testbench;
  `include "parameters.vh"
  localparam TOTAL = 2 * SAMPLES + 3;
  localparam LONG = TOTAL - 3;
  localparam SHORT = TOTAL - 2;
  localparam PATIENCE = 20 * (TOTAL + 4) * (INTERVAL + PIXELS) + 20 * LATENCY + 1000;
  localparam QUIET = 2 * INTERVAL + LATENCY + 20;

  // Each word has a 1 above its highest bit, so that a word that is missing is noticed.
  reg [PIXEL_BITS:0] pixels [0:SAMPLES*PIXELS-1];
  reg [RESULT_BITS:0] expected [0:SAMPLES-1];

  reg clk = 0;
  reg rst = 1;
  reg valid = 0;
  wire ready;
  reg [PIXEL_BITS-1:0] pixel = 0;
  reg frame_begins = 0;
  reg line_ends = 0;
  reg frame_ends = 0;
  wire result_valid;
  reg result_ready = 0;
  wire result_ends;  // 1 with the last beat of a result
  wire [BEAT_BITS-1:0] beat;
  reg [RESULT_BEATS*BEAT_BITS-1:0] result = 0;
  reg [31:0] random = 32'h1;
  integer cycle = 0;
  integer next = 0;  // the frame to send, and the pixel in it
  integer place = 0;
  integer received = 0;
  integer result_beat = 0;
  integer mismatches = 0;
  integer problems = 0;
  integer idle = 0;
  integer began = 0;  // when the frame before the present one began
  integer last_taken = -1;  // when the last pixel of the first frame was taken
  reg right;

`ifdef VIDEO
  wire [BEAT_BITS/8-1:0] keep;
  // Bits above the codes may be anything.
  wire [8*PIXEL_BYTES-1:0] tdata = {(8 * PIXEL_BYTES){1'b1}} << PIXEL_BITS | pixel;
  `TOP dut (
    .aclk(clk), .aresetn(!rst),
    .s_axis_tdata(tdata), .s_axis_tuser(frame_begins), .s_axis_tlast(line_ends),
    .s_axis_tvalid(valid), .s_axis_tready(ready),
    .m_axis_tdata(beat), .m_axis_tkeep(keep), .m_axis_tlast(result_ends),
    .m_axis_tvalid(result_valid), .m_axis_tready(result_ready)
  );
`else
  assign result_ends = 1;
  `TOP dut (
    .clk(clk), .rst(rst),
    .i_pixel__valid(valid), .i_pixel__ready(ready), .i_pixel__payload({frame_ends, pixel}),
    .o_result__valid(result_valid), .o_result__ready(result_ready), .o_result__payload(beat)
  );
`endif

  always #5 clk = !clk;

  initial begin
    $readmemh("tb/samples.hex", pixels);
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

  // A frame of one pixel cannot be too short.
  wire [31:0] length = PIXELS + (next == LONG) - (next == SHORT && PIXELS > 1);
  wire at_end = place == length - 1;
  wire [31:0] word = (next % SAMPLES) * PIXELS + (place % PIXELS);

  // The first frame comes when the zeros behind a reset are through, so that its time is known.
  always @(posedge clk) if (!rst && cycle > QUIET) begin
    if (valid && ready) begin
      if (frame_begins) began <= cycle;
      if (frame_begins && next == SAMPLES - 1 && SAMPLES > 12 && cycle - began != INTERVAL) begin
        problems <= problems + 1;
        $display("a frame began %0d cycles behind another, not %0d", cycle - began, INTERVAL);
      end
      if (frame_ends && last_taken < 0) last_taken <= cycle;
    end
    if (!valid || ready) begin
      if (next < TOTAL && !(next >= SAMPLES && random[0])) begin
        if (pixels[word][PIXEL_BITS] !== 1'b1) finish_with("tb/samples.hex is short");
        valid <= 1;
        pixel <= pixels[word][PIXEL_BITS-1:0];
        frame_begins <= place == 0;
        line_ends <= at_end || (place % COLUMNS == COLUMNS - 1 && place != PIXELS - 1);
        frame_ends <= at_end;
        place <= at_end ? 0 : place + 1;
        if (at_end) next <= next + 1;
      end else valid <= 0;
    end
  end

  always @(posedge clk) if (!rst) begin
    result_ready <= !(received >= SAMPLES && random[1]);
    if (result_valid === 1'bx) finish_with("the result's valid is undefined");
    if (result_valid && result_ready) begin
      if (received == 0 && result_beat == 0 && cycle - last_taken != LATENCY) begin
        problems <= problems + 1;
        $display("the first result took %0d cycles, not %0d", cycle - last_taken, LATENCY);
      end
      if (result_ends !== (result_beat == RESULT_BEATS - 1) || received >= TOTAL)
        problems <= problems + 1;
      result = result | {{(RESULT_BEATS * BEAT_BITS){1'b0}}, beat} << (result_beat * BEAT_BITS);
      if (result_ends) begin
        check(received % SAMPLES);
        received <= received + 1;
        result = 0;
      end
      result_beat <= result_ends ? 0 : result_beat + 1;
      idle <= 0;
    end else if (received >= TOTAL) idle <= idle + 1;
    if (idle > QUIET) finish_with("");
  end

  // The highest bit is the error. Of a frame that was too short nothing else is expected.
  task check(input integer index);
    begin
      right = {1'b1, result[RESULT_BITS-1:0]} ===
        (expected[index] | ((received == LONG) << (RESULT_BITS - 1)));
      if (received == SHORT && PIXELS > 1) right = result[RESULT_BITS-1] === 1'b1;
      if (!right) begin
        mismatches <= mismatches + 1;
        if (mismatches < 5)
          $display("frame %0d must give %h, not %h", received, expected[index][RESULT_BITS-1:0],
                   result[RESULT_BITS-1:0]);
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
