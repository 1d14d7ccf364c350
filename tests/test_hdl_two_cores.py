"""Two classifiers in one design: each under its own name, whatever stands around it."""

import shutil
import subprocess

import numpy as np
import pytest
from mutations import tiny_classifier
from strategies import MADE_FOR

from lgn_hw.circuit.options import CoreOptions
from lgn_hw.delivery.design import make_design

BENCH = """
module bench;
  reg clk = 0;
  reg [8:0] x = 0;
  wire [1:0] y, z;
  one_parallel a(.clk(clk), .i_sample(x), .o_class(y));
  two_parallel b(.clk(clk), .i_sample(x), .o_class(z));
  always #5 clk = ~clk;
  initial begin
    repeat ({cycles}) begin
      @(posedge clk);
      $display("%0d %0d", y, z);
      x <= x + 1;
    end
    $finish;
  end
endmodule
"""


@pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")
@pytest.mark.parametrize("options", [{}, MADE_FOR[-1]])
def test_two_classifiers_live_in_one_design(options, tmp_path):
    both = {"one": tiny_classifier(1), "two": tiny_classifier(3)}
    made = {
        name: make_design(own, CoreOptions(**options), wrapper="parallel", data_bits=32,
                          clock_mhz=100, name=name)
        for name, own in both.items()
    }  # fmt: skip
    for name, design in made.items():
        (tmp_path / f"{name}.v").write_text(design.text)
    (tmp_path / "bench.v").write_text(BENCH.format(cycles=600))
    command = ["iverilog", "-g2001", "-Wall", "-o", "x.vvp", "bench.v", "one.v", "two.v"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    ran = subprocess.run(
        ["vvp", "-n", "x.vvp"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    seen = [line.split() for line in ran.stdout.splitlines() if line[0].isdigit() or "x" in line]
    for column, (name, own) in enumerate(both.items()):
        words = np.arange(512)
        codes = np.stack([words >> 3 * f & 7 for f in range(3)], axis=1)
        codes = np.where((own.features.low < 0) & (codes > 3), codes - 8, codes)
        start = made[name].latency
        found = [int(row[column]) for row in seen[start : start + 512]]
        assert found == own.predict(codes).tolist()
