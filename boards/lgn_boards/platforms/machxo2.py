"""The MachXO2 breakout board with its UART, and a clock that divides into bits."""

from typing import Any, ClassVar

from amaranth_boards.machxo2_breakout import MachXO2_1200ZE_BreakoutPlatform

__all__ = ["Breakout1200ZEPlatform"]


class Breakout1200ZEPlatform(MachXO2_1200ZE_BreakoutPlatform):
    """The older board, whose FPGA is an LCMXO2-1200ZE.

    No oscillator of the board reaches the FPGA. That of the chip is up to 5.5 % off (Lattice
    FPGA-DS-02056) and has 64 frequencies (TN1199). A receiver stands 3 % of a slow clock and
    5 % of a fast one, so that this one, 0.8 % above 22 MHz, leaves as much room on either side.
    """

    osch_frequency = 22.17
    resources: ClassVar[list[Any]] = [
        *MachXO2_1200ZE_BreakoutPlatform.resources,
        MachXO2_1200ZE_BreakoutPlatform.serial,
    ]
