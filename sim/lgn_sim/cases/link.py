"""A device on its pins: what a host sends, noise included, and what comes back."""

import json
import os
from itertools import groupby
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge, Timer

__all__ = ["LINK_VARIABLE", "HostUart", "device_answers"]

# Names a JSON file: clock_ps, the device's clock; bit_ps, one bit of the host's UART; steps, what
# happens (see HostUart.step); results, the file that receives what came back after each step.
LINK_VARIABLE = "LGN_SIM_LINK"


class HostUart:
    """The host's side of a UART, which has its own clock: i_rx is where it sends, o_tx listens."""

    def __init__(self, dut: Any, bit_ps: int) -> None:
        self.dut, self.bit = dut, bit_ps
        self.received = bytearray()
        dut.i_rx.value = 1

    async def step(self, step: dict[str, Any]) -> None:
        """Do what a step says, in this order.

        levels: pairs of a level on the line and for how many ps. bytes: hexadecimal, back to back.
        press_ps: how long the button is down. settle: how many bits of silence end the step; 0
        where the next one follows at once.
        """
        for level, duration in step.get("levels", []):
            self.dut.i_rx.value = level
            await Timer(duration, unit="ps")
        self.dut.i_rx.value = 1
        await self.send(bytes.fromhex(step.get("bytes", "")))
        if "press_ps" in step:
            self.dut.i_button.value = 1
            await Timer(step["press_ps"], unit="ps")
            self.dut.i_button.value = 0
        if step["settle"]:
            await self.settle(step["settle"])

    async def send(self, data: bytes) -> None:
        """Send bytes back to back; the line is written where its level changes."""
        bits = [b for byte in data for b in (0, *(byte >> bit & 1 for bit in range(8)), 1)]
        for level, run in groupby(bits):
            self.dut.i_rx.value = level
            await Timer(self.bit * len(list(run)), unit="ps")

    async def listen(self) -> None:
        """Receive bytes for ever; an X, or a missing stop bit, fails the test."""
        while True:
            await FallingEdge(self.dut.o_tx)
            await Timer(self.bit // 2, unit="ps")
            assert int(self.dut.o_tx.value) == 0
            byte = 0
            for bit in range(8):
                await Timer(self.bit, unit="ps")
                byte |= int(self.dut.o_tx.value) << bit
            await Timer(self.bit, unit="ps")
            assert int(self.dut.o_tx.value) == 1
            self.received.append(byte)

    async def settle(self, bits: int) -> None:
        """Wait until nothing has been received for so many bits."""
        count = -1
        while count < len(self.received):
            count = len(self.received)
            await Timer(bits * self.bit, unit="ps")


async def count_edges(signal: Any, edges: list[int]) -> None:
    """Count in edges[0] how often a signal rises."""
    while True:
        await RisingEdge(signal)
        edges[0] += 1


@cocotb.test()
async def device_answers(dut: Any) -> None:
    """Do the steps of the job; write what came back after each, and how often o_passed rose."""
    job = json.loads(Path(os.environ[LINK_VARIABLE]).read_text(encoding="utf-8"))
    uart, passes = HostUart(dut, job["bit_ps"]), [0]
    dut.i_button.value = 0
    # Pins have a level before the first edge: a board whose reset is short would keep an X of them.
    await Timer(job["clock_ps"], unit="ps")
    cocotb.start_soon(Clock(dut.clk, job["clock_ps"], unit="ps").start())
    await RisingEdge(dut.o_passed)
    cocotb.start_soon(uart.listen())
    cocotb.start_soon(count_edges(dut.o_passed, passes))
    steps = []
    for step in job["steps"]:
        uart.received.clear()
        passes[0] = 0
        await uart.step(step)
        steps.append({"received": uart.received.hex(), "passes": passes[0]})
    Path(job["results"]).write_text(json.dumps(steps), encoding="utf-8")
