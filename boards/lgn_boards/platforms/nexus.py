"""Lattice Nexus with tools from pip, and the CrossLink-NX evaluation board.

The pins are those of LiteX-Boards, which names the sections of Lattice's guide to the board; that
the LEDs are inverted is from an example of prjoxide.
"""

from typing import Any, ClassVar

from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth.vendor import LatticePlatform
from amaranth_boards.resources import ButtonResources, LEDResources, UARTResource

from lgn_boards.platforms.domain import clock_domain

__all__ = ["CrossLinkNXPlatform", "NexusPlatform"]

LVCMOS33 = Attrs(IO_TYPE="LVCMOS33")


class NexusPlatform(LatticePlatform):
    """Any Nexus; a board adds device, package, speed, default_clk, resources and connectors."""

    def create_missing_domain(self, name: str) -> Any:
        """Return the domain `sync` on the default clock, in reset for its first cycles.

        Amaranth's own counts on the cell GSR, which yosys removes, as it has no outputs, and
        nextpnr-nexus does not know.
        """
        return clock_domain(self) if name == "sync" else super().create_missing_domain(name)

    def toolchain_prepare(self, fragment: Any, name: str, **overrides: Any) -> Any:
        """Prepare files and commands; see lgn_hw.timing.parts for the reason of these options."""
        options = {"synth_opts": "-noccu2", "nextpnr_opts": "--router router1"}
        return super().toolchain_prepare(fragment, name, **options, **overrides)


class CrossLinkNXPlatform(NexusPlatform):
    """The board LIFCL-40-EVN with the clock of its USB chip, for which JP2 must be set."""

    device, package, speed = "LIFCL-40", "BG400", "9"
    default_clk = "clk12"
    resources: ClassVar[list[Any]] = [
        Resource("clk12", 0, Pins("L13", dir="i"), Clock(12e6), LVCMOS33),
        UARTResource(0, rx="F16", tx="F18", attrs=LVCMOS33),
        *LEDResources(
            pins="E17 F13 G13 F14 L16 L15 L20 L19 R17 R18 U20 T20 W20 V20",
            invert=True,
            attrs=LVCMOS33,
        ),
        *ButtonResources(pins="G14 G15", invert=True, attrs=LVCMOS33),
    ]
    connectors: ClassVar[list[Any]] = []
