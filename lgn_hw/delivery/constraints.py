"""Constraints as text: the clock for each tool, and where pins would be named.

Only the clock is constrained. Pins belong to the design around the core.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lgn_hw.delivery.design import Design

__all__ = ["files"]


def files(design: "Design") -> dict[str, str]:
    """Return the constraint files by path.

    A sample has more bits than a chip has pins: what surrounds the circuit in the chip feeds it,
    and only the clock and what the user adds is bound to pins.

    Vivado and Quartus read Tcl, nextpnr its own formats: PCF for iCE40, LPF for ECP5, in which a
    clock is a frequency in MHz and not a period in ns.
    """
    return {
        "constraints/vivado.xdc": _xdc(design),
        "constraints/quartus.sdc": _sdc(design),
        "constraints/ice40.pcf": _pcf(design),
        "constraints/ecp5.lpf": _lpf(design),
    }


def _period(design: "Design") -> str:
    """Return the period in ns, as constraint files write it."""
    return f"{1000 / design.clock_mhz:.3f}"


def _xdc(design: "Design") -> str:
    """Return the constraints for Vivado."""
    return f"""\
# {design.top} for Vivado, {design.clock_mhz:g} MHz.
create_clock -name {design.clock} -period {_period(design)} [get_ports {design.clock}]
# Where the circuit is the top of the chip, name the pins:
# set_property -dict {{PACKAGE_PIN E3 IOSTANDARD LVCMOS33}} [get_ports {design.clock}]
"""


def _sdc(design: "Design") -> str:
    """Return the constraints for Quartus."""
    return f"""\
# {design.top} for Quartus, {design.clock_mhz:g} MHz.
create_clock -name {design.clock} -period {_period(design)} [get_ports {design.clock}]
derive_clock_uncertainty
# Paths to and from virtual pins carry no timing of their own.
set_false_path -from [remove_from_collection [all_inputs] [get_ports {design.clock}]]
set_false_path -to [all_outputs]
"""


def _pcf(design: "Design") -> str:
    """Return the constraints for nextpnr-ice40."""
    return f"""\
# {design.top} for nextpnr-ice40, {design.clock_mhz:g} MHz.
set_frequency {design.clock} {design.clock_mhz:g}
# Name the pins of your top, one line per bit:
# set_io {design.clock} 35
"""


def _lpf(design: "Design") -> str:
    """Return the constraints for nextpnr-ecp5."""
    return f"""\
# {design.top} for nextpnr-ecp5, {design.clock_mhz:g} MHz.
FREQUENCY PORT "{design.clock}" {design.clock_mhz:g} MHZ;
# Name the pins of your top, one line per bit:
# LOCATE COMP "{design.clock}" SITE "G2";
# IOBUF PORT "{design.clock}" IO_TYPE=LVCMOS33;
"""
