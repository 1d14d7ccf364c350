"""A board in simulation: the terminal that is built, its pins at one end of a pseudo-terminal."""

import os
import select
import threading
import tty
from typing import Any

from amaranth.sim import Simulator

from lgn_hw.classifier import Classifier
from lgn_hw.link import BaudRate, LinkPlan
from lgn_hw.link.gateware.uart_classifier import UartClassifier

__all__ = ["PATIENCE", "SimulatedBoard"]

PATIENCE = 60.0  # seconds for an answer; a simulated clock cycle takes about 0.1 ms
POLL_SECONDS = 0.02
REST_CYCLES = 8000  # without a byte in either direction, after which the simulation rests


class SimulatedBoard:
    """Simulate a UartClassifier in a thread; `port` names the serial port that a host may open.

    clocks_per_bit: the device is sized as for a clock of so many cycles per bit. plan: instead of
    it, a plan as it is built.
    """

    def __init__(
        self, classifier: Classifier, *, clocks_per_bit: int = 4, plan: LinkPlan | None = None
    ) -> None:
        rate = BaudRate(clocks_per_bit * 1_000_000, 1_000_000)
        self.plan = plan or LinkPlan(classifier, rate)
        self.terminal = UartClassifier(self.plan)
        # The host opens the slave by its name, as it would a serial port; raw, so that no byte is
        # interpreted.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._ended = threading.Event()
        self._quiet = 0  # clock cycles since a byte went in either direction
        self._thread = threading.Thread(target=self._simulate, daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """Close the pseudo-terminal, as if the cable was drawn."""
        self._ended.set()
        self._thread.join()

    def close(self) -> None:
        """End the simulation."""
        self.unplug()

    def _simulate(self) -> None:
        """Run the circuit until the board is unplugged."""
        simulator = Simulator(self.terminal)
        simulator.add_clock(1e-6)
        simulator.add_testbench(self._send)
        simulator.add_testbench(self._receive)
        try:
            simulator.run()
        finally:
            os.close(self._master)
            os.close(self._slave)

    async def _send(self, ctx: Any) -> None:
        """Put the bytes from the host on the pin; rest while nothing moves."""
        clocks = self.plan.rate.clocks_per_bit
        await ctx.tick().until(self.terminal.o_passed)
        while not self._ended.is_set():
            # A simulation that nobody talks to would keep a core busy for ever.
            resting = self._quiet > REST_CYCLES
            ready, _, _ = select.select([self._master], [], [], POLL_SECONDS if resting else 0)
            if not ready and resting:
                continue
            for byte in os.read(self._master, 64) if ready else b"":
                for level in (0, *(byte >> i & 1 for i in range(8)), 1):
                    ctx.set(self.terminal.i_rx, level)
                    await ctx.tick().repeat(clocks)
                self._quiet = 0
            await ctx.tick().repeat(clocks)
            self._quiet += clocks

    async def _receive(self, ctx: Any) -> None:
        """Give the bytes on the other pin to the host."""
        clocks = self.plan.rate.clocks_per_bit
        while not self._ended.is_set():
            await ctx.tick()
            if ctx.get(self.terminal.o_tx):
                continue
            await ctx.tick().repeat(clocks // 2)
            byte = 0
            for bit in range(8):
                await ctx.tick().repeat(clocks)
                byte |= ctx.get(self.terminal.o_tx) << bit
            await ctx.tick().repeat(clocks)
            os.write(self._master, bytes([byte]))
            self._quiet = 0
