// Sends every sample as a packet twice, first without pauses, then with random pauses at both ends,
// compares each result packet with tb/expected.hex, and reads the counters. Before all that comes a
// packet that is too long, which must be counted. Run it from the folder above; see README.md.
`timescale 1ns / 1ps

module testbench;
  `include "parameters.vh"
  localparam TOTAL = 2 * SAMPLES;
  localparam PATIENCE = 100 * TOTAL * (SAMPLE_BEATS + RESULT_BEATS) + 1000;
  localparam BYTES = DATA_BITS / 8;
  localparam SAMPLE_SPACE = SAMPLE_BEATS * DATA_BITS;
  localparam RESULT_SPACE = RESULT_BEATS * DATA_BITS;
  // TKEEP of the last beats: the bytes that hold bits.
  localparam [BYTES-1:0] ALL = {BYTES{1'b1}};
  localparam [BYTES-1:0] SAMPLE_KEEP = ALL >> (SAMPLE_SPACE - SAMPLE_BITS) / 8;
  localparam [BYTES-1:0] RESULT_KEEP = ALL >> (RESULT_SPACE - RESULT_BITS) / 8;

  // Each word has a 1 above its highest bit, so that a word that is missing is noticed.
  reg [SAMPLE_BITS:0] samples [0:SAMPLES-1];
  reg [RESULT_BITS:0] expected [0:SAMPLES-1];

  reg aclk = 0;
  reg aresetn = 0;
  reg [DATA_BITS-1:0] tdata = 0;
  reg [BYTES-1:0] tkeep = 0;
  reg tlast = 0;
  reg tvalid = 0;
  wire tready;
  wire [DATA_BITS-1:0] result_tdata;
  wire [BYTES-1:0] result_tkeep;
  wire result_tlast;
  wire result_tvalid;
  reg result_tready = 0;
  reg [7:0] araddr = 0;
  reg arvalid = 0;
  wire arready;
  wire [31:0] rdata;
  wire [1:0] rresp;
  wire rvalid;
  reg rready = 0;

  reg [31:0] random = 32'h1;
  reg [SAMPLE_SPACE-1:0] word;
  reg [RESULT_SPACE-1:0] result = 0;
  integer cycle = 0;
  integer next = -1;  // the packet to send; -1 is the one that is too long
  integer beat = 0;
  integer received = 0;
  integer result_beat = 0;
  integer mismatches = 0;
  integer problems = 0;

  `TOP dut (
    .aclk(aclk), .aresetn(aresetn),
    .s_axis_tdata(tdata), .s_axis_tkeep(tkeep), .s_axis_tlast(tlast), .s_axis_tvalid(tvalid),
    .s_axis_tready(tready),
    .m_axis_tdata(result_tdata), .m_axis_tkeep(result_tkeep), .m_axis_tlast(result_tlast),
    .m_axis_tvalid(result_tvalid), .m_axis_tready(result_tready),
    .s_axi_awaddr(8'h0), .s_axi_awvalid(1'b0), .s_axi_awready(),
    .s_axi_wdata(32'h0), .s_axi_wstrb(4'h0), .s_axi_wvalid(1'b0), .s_axi_wready(),
    .s_axi_bresp(), .s_axi_bvalid(), .s_axi_bready(1'b1),
    .s_axi_araddr(araddr), .s_axi_arvalid(arvalid), .s_axi_arready(arready),
    .s_axi_rdata(rdata), .s_axi_rresp(rresp), .s_axi_rvalid(rvalid), .s_axi_rready(rready)
  );

  always #5 aclk = !aclk;

  // An xorshift generator: the same pauses in every simulator.
  function [31:0] shuffled(input [31:0] value);
    reg [31:0] x;
    begin
      x = value ^ (value << 13);
      x = x ^ (x >> 17);
      shuffled = x ^ (x << 5);
    end
  endfunction

  always @(posedge aclk) begin
    cycle <= cycle + 1;
    random <= shuffled(random);
    if (cycle > PATIENCE) fail("the circuit stopped");
  end

  // The packet that is too long has one beat more than a sample.
  wire at_last = beat == (next < 0 ? SAMPLE_BEATS : SAMPLE_BEATS - 1);

  always @(posedge aclk) if (aresetn && (!tvalid || tready)) begin
    if (next < TOTAL && !(next >= SAMPLES && random[0])) begin
      word = next < 0 ? 0 : samples[next % SAMPLES][SAMPLE_BITS-1:0];
      if (next >= 0 && samples[next % SAMPLES][SAMPLE_BITS] !== 1'b1) fail("tb/samples.hex is short");
      tvalid <= 1;
      tdata <= word >> (beat * DATA_BITS);
      tkeep <= at_last ? SAMPLE_KEEP : ALL;
      tlast <= at_last;
      beat <= at_last ? 0 : beat + 1;
      if (at_last) next <= next + 1;
    end else tvalid <= 0;
  end

  always @(posedge aclk) if (aresetn) begin
    result_tready <= !(received >= SAMPLES && random[1]);
    if (result_tvalid === 1'bx) fail("m_axis_tvalid is undefined");
    if (result_tvalid && result_tready) begin
      if (result_tlast !== (result_beat == RESULT_BEATS - 1) ||
          result_tkeep !== (result_tlast ? RESULT_KEEP : ALL) || received >= TOTAL)
        problems <= problems + 1;
      result = result | {{(RESULT_SPACE){1'b0}}, result_tdata} << (result_beat * DATA_BITS);
      if (result_tlast) begin
        if ({1'b1, result[RESULT_BITS-1:0]} !== expected[received % SAMPLES]) begin
          mismatches <= mismatches + 1;
          if (mismatches < 5)
            $display("vector %0d must give %h, not %h", received % SAMPLES,
                     expected[received % SAMPLES][RESULT_BITS-1:0], result[RESULT_BITS-1:0]);
        end
        received <= received + 1;
        result = 0;
      end
      result_beat <= result_tlast ? 0 : result_beat + 1;
    end
  end

  initial begin
    $readmemh("tb/samples.hex", samples);
    $readmemh("tb/expected.hex", expected);
    repeat (4) @(posedge aclk);
    aresetn <= 1;
    wait (received >= TOTAL);
    repeat (4 * LATENCY + 20) @(posedge aclk);
    expect_register(ID_ADDRESS, ID);
    expect_register(SAMPLES_ADDRESS, TOTAL);
    expect_register(RESULTS_ADDRESS, TOTAL);
    expect_register(MALFORMED_ADDRESS, 1);
    if (mismatches == 0 && problems == 0 && received == TOTAL) begin
      $display("PASS: %0d results, 0 mismatches, 1 malformed packet counted", received);
      $finish;
    end else fail("");
  end

  // Driven and read at the falling edge, when all has settled in every simulator.
  task expect_register(input [7:0] address, input [31:0] value);
    begin
      @(negedge aclk);
      araddr = address;
      arvalid = 1;
      rready = 1;
      while (!arready) @(negedge aclk);
      @(negedge aclk);
      arvalid = 0;
      while (!rvalid) @(negedge aclk);
      if (rdata !== value || rresp !== 2'b00) begin
        $display("register %h must be %0d, not %0d", address, value, rdata);
        problems = problems + 1;
      end
    end
  endtask

  task fail(input [8*40-1:0] problem);
    begin
      $display("FAIL: %0d results, %0d mismatches, %0d other problems %0s",
               received, mismatches, problems, problem);
      $fatal(1);
    end
  endtask
endmodule
