"""A classifier on a board: the terminal, its pins, LED and button, as files for the tools."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from amaranth.hdl import ClockDomain, Elaboratable, Module
from amaranth.lib.io import Buffer

from lgn_boards.board import Board, part_of
from lgn_boards.clock import PllClock
from lgn_boards.pll import find_pll
from lgn_hw.hdl.streaming.line import LINE_ABOVE
from lgn_hw.link import LinkPlan
from lgn_hw.link.gateware.uart_classifier import UartClassifier
from lgn_hw.timing.room import MAPS, ROUTER, lacks_wires, map_file
from lgn_hw.tools.yosys import find_yosys

__all__ = ["DesignFiles", "Shell", "design_files"]

# What lines of pixels held before a reset reaches no result, which is proven for any content. So
# the registers behind them need no value at power-up, for which a block RAM of an iCE40, that has
# none, would get a LUT for each of its bits.
UNDEFINED_LINES = f"setattr -unset init */w:{LINE_ABOVE}*"


class Shell(Elaboratable):
    """Connect a UartClassifier to the pins of a board.

    Its clock is the board's own, or made of that by a PLL where the plan has another frequency.
    """

    def __init__(self, board: Board, plan: LinkPlan) -> None:
        self.board, self.plan = board, plan

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        pll = find_pll(self.board, platform, self.plan.rate.clock_hz / 1e6)
        if pll is not None:
            m.domains += ClockDomain("sync")
            m.submodules.clock = PllClock(pll)
        m.submodules.terminal = terminal = UartClassifier(self.plan)
        uart = platform.request("uart", 0, dir="-")
        m.submodules.rx = rx = Buffer("i", uart.rx)
        m.submodules.tx = tx = Buffer("o", uart.tx)
        m.d.comb += [terminal.i_rx.eq(rx.i), tx.o.eq(terminal.o_tx)]
        if self.board.led is not None:
            m.submodules.led = led = Buffer("o", platform.request(*self.board.led, dir="-"))
            m.d.comb += led.o.eq(terminal.o_passed)
        if self.board.button is not None:
            m.submodules.button = down = Buffer("i", platform.request(*self.board.button, dir="-"))
            m.d.comb += terminal.i_button.eq(down.i)
        return m


@dataclass(frozen=True)
class DesignFiles:
    """What the tools read: files by name, and the commands in their order, as Amaranth has them."""

    files: Mapping[str, bytes]
    commands: tuple[tuple[str, ...], ...]


def design_files(board: Board, plan: LinkPlan) -> DesignFiles:
    """Describe a classifier on a board; the same arguments give the same bytes."""
    # Amaranth looks for a program called yosys; ours may be the WebAssembly build of pip.
    streaming, platform = plan.in_time is not None, board.open_platform()
    script = {"script_after_read": UNDEFINED_LINES} if streaming else {}
    crowded = lacks_wires(part_of(platform)[0], streaming)
    if crowded:
        script["nextpnr_opts"] = " ".join(ROUTER)
    with _yosys_for_amaranth():
        prepared = platform.prepare(Shell(board, plan), "top", emit_src=False, **script)
    files = {name: _bytes(content) for name, content in prepared.files.items()}
    if crowded:
        files |= {map_file(places): text.encode() for places, text in MAPS.items()}
    script = json.loads(files.pop("build_top.json")) if "build_top.json" in files else {}
    commands = tuple(tuple(command) for command in script.get("commands", []))
    return DesignFiles(files, commands)


def _bytes(content: str | bytes) -> bytes:
    """Return the content of a file as bytes."""
    return content.encode() if isinstance(content, str) else content


@contextmanager
def _yosys_for_amaranth() -> Iterator[None]:
    """Name our yosys to Amaranth, which turns the design into Verilog for Vivado by itself."""
    kept = os.environ.get("YOSYS")
    os.environ["YOSYS"] = find_yosys()[0]
    try:
        yield
    finally:
        del os.environ["YOSYS"]
        if kept is not None:
            os.environ["YOSYS"] = kept
