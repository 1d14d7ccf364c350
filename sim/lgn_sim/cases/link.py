"""A terminal on its pins: requests in, answers out, as a UART of a host would see them."""

import json
import os
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge

__all__ = ["LINK_VARIABLE", "HostUart", "terminal_answers"]

LINK_VARIABLE = "LGN_SIM_LINK"  # names a JSON file: clocks_per_bit, requests, results


class HostUart:
    """The host's side of a UART: i_rx is where it sends, o_tx where it listens."""

    def __init__(self, dut: Any, clocks_per_bit: int) -> None:
        self.dut, self.clocks = dut, clocks_per_bit
        self.received = bytearray()
        dut.i_rx.value = 1

    async def send(self, data: bytes) -> None:
        """Send bytes back to back."""
        for byte in data:
            for level in (0, *(byte >> bit & 1 for bit in range(8)), 1):
                self.dut.i_rx.value = level
                await ClockCycles(self.dut.clk, self.clocks)

    async def listen(self) -> None:
        """Receive bytes for ever; an X, or a missing stop bit, fails the test."""
        while True:
            await FallingEdge(self.dut.o_tx)
            await ClockCycles(self.dut.clk, self.clocks // 2)
            assert int(self.dut.o_tx.value) == 0
            byte = 0
            for bit in range(8):
                await ClockCycles(self.dut.clk, self.clocks)
                byte |= int(self.dut.o_tx.value) << bit
            await ClockCycles(self.dut.clk, self.clocks)
            assert int(self.dut.o_tx.value) == 1
            self.received.append(byte)

    async def settle(self, quiet: int) -> None:
        """Wait until nothing has been received for so many clock cycles."""
        count = -1
        while count < len(self.received):
            count = len(self.received)
            await ClockCycles(self.dut.clk, quiet)


@cocotb.test()
async def terminal_answers(dut: Any) -> None:
    """Send the requests of the job one after the other; write what came back to each."""
    job = json.loads(Path(os.environ[LINK_VARIABLE]).read_text())
    clocks = job["clocks_per_bit"]
    cocotb.start_soon(Clock(dut.clk, 10, unit="ns").start())
    uart = HostUart(dut, clocks)
    dut.rst.value = 1
    await ClockCycles(dut.clk, 4)
    dut.rst.value = 0
    await RisingEdge(dut.o_passed)
    cocotb.start_soon(uart.listen())
    answers = []
    for request in job["requests"]:
        uart.received.clear()
        await uart.send(bytes.fromhex(request))
        await uart.settle(60 * clocks)
        answers.append(uart.received.hex())
    Path(job["results"]).write_text(json.dumps(answers))
