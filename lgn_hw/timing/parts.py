"""The parts that a core can be placed on, and how long their cells take.

Counts of LUTs are nextpnr's own, because its report is what they are compared with; vendors
may count otherwise.
"""

from dataclasses import dataclass

from lgn_hw.errors import UsageError

__all__ = ["LUTS", "DEVICES", "Delays", "Part", "find_part"]

GW1NR_9C = "GW1NR-LV9QN88PC6/I5"
GW2A_18 = "GW2A-LV18PG256C8/I7"

# LUTs of a part by its full name, as nextpnr counts them; those of the Xilinx parts have six
# inputs, those of GateMate are trees of gates with two inputs each, others have four.
LUTS = {
    "iCE40LP1K": 1280,
    "iCE40HX1K": 1280,
    "iCE40HX4K": 7680,
    "iCE40LP8K": 7680,
    "iCE40HX8K": 7680,
    "iCE40UP5K": 5280,
    "LFE5U-12F": 24288,
    "LFE5U-25F": 24288,
    "LFE5UM5G-25F": 24288,
    "LFE5U-45F": 43848,
    "LFE5UM-45F": 43848,
    "LFE5UM5G-45F": 43848,
    "LFE5U-85F": 83640,
    "LFE5UM-85F": 83640,
    "LFE5UM5G-85F": 83640,
    GW1NR_9C: 8640,
    GW2A_18: 20736,
    "LIFCL-40": 32256,
    "LCMXO2-1200HC": 1280,
    "LCMXO2-1200ZE": 1280,
    "LCMXO3LF-6900C": 6864,
    "CCGM1A1": 40960,
    "xc7a35ti": 20800,
    "xc7a100ti": 63400,
}


@dataclass(frozen=True)
class Delays:
    """Say how long a path takes, in ns, before anything is placed.

    A path of n LUTs and c carries takes register + n * lut + c * carry: register is from clock to
    output and the setup, lut is one LUT with the wire before it, carry one bit of a carry chain.
    docs/hardware.md compares the figures with what nextpnr reaches.
    """

    register: float
    lut: float
    carry: float

    def path(self, luts: float, carries: float) -> float:
        """Return the time in ns from one register through LUTs and carries to the next."""
        return self.register + luts * self.lut + carries * self.carry


# Fitted to nextpnr's critical paths of trained classifiers; a LUT includes the wire in front of it,
# which takes the longer time of both.
HX = Delays(register=2.2, lut=1.45, carry=0.13)
UP = Delays(register=6.0, lut=4.25, carry=0.28)
ECP5 = Delays(register=2.4, lut=1.1, carry=0.07)
GOWIN = Delays(register=2.2, lut=1.3, carry=0.08)
GW2A = Delays(register=1.6, lut=0.4, carry=0.1)
NEXUS = Delays(register=1.6, lut=0.45, carry=0.06)  # LUTs in place of carry chains
MACHXO = Delays(register=3.6, lut=1.65, carry=0.08)
GATEMATE = Delays(register=4.8, lut=3.2, carry=0.02)


@dataclass(frozen=True)
class Part:
    """A part: its name here, nextpnr's family and arguments, yosys' synthesis, its delays.

    synthesis: the command, with its options. cells: LUT4 that it has. cell: what nextpnr calls the
    cell that holds one. pins: name and text of a constraint file for those of the harness's three
    pins that nextpnr does not choose itself, or chooses so that it cannot route.
    """

    name: str
    family: str
    arguments: tuple[str, ...]
    synthesis: str
    cell: str
    cells: int
    delays: Delays
    pins: tuple[str, str] | None = None


def _ice40(name: str, device: str, package: str, delays: Delays) -> Part:
    """Return an iCE40 device."""
    arguments = (f"--{device}", "--package", package)
    cells = LUTS[f"iCE40{device.upper()}"]
    return Part(name, "ice40", arguments, "synth_ice40", "ICESTORM_LC", cells, delays)


def _ecp5(name: str, device: str) -> Part:
    """Return an ECP5 device in the package that all of them have."""
    arguments = (
        f"--{device}",
        "--package",
        "CABGA381",
        "--speed",
        "6",
        "--lpf-allow-unconstrained",
    )
    # ECP5 calls a device 25F, nextpnr calls it 25k.
    cells = LUTS[f"LFE5U-{device.upper().replace('K', 'F')}"]
    return Part(name, "ecp5", arguments, "synth_ecp5", "TRELLIS_COMB", cells, ECP5)


def _gowin(name: str, device: str, family: str, pins: tuple[str, str, str], delays: Delays) -> Part:
    """Return a Gowin device; pins: where clk, i_bit and o_bit are."""
    arguments = ("--device", device, "--vopt", f"family={family}", "--vopt", "cst=pins.cst")
    ports = zip(("clk", "i_bit", "o_bit"), pins, strict=True)
    text = "".join(f'IO_LOC "{port}" {pin};\n' for port, pin in ports)
    cells = LUTS[device]
    return Part(name, "gowin", arguments, "synth_gowin", "LUT4", cells, delays, ("pins.cst", text))


def _machxo(name: str, device: str, grade: str, family: str, clock: str) -> Part:
    """Return a MachXO2 or MachXO3 device.

    grade: speed, package and temperature, as its full name ends. family: as yosys calls it. clock:
    the pin of clk.
    """
    full = ("--device", f"{device}-{grade}")
    arguments = (*full, "--lpf", "pins.lpf", "--lpf-allow-unconstrained")
    synthesis, pins = f"synth_lattice -family {family}", f'LOCATE COMP "clk" SITE "{clock}";\n'
    cells, pin_file = LUTS[device], ("pins.lpf", pins)
    return Part(name, "machxo2", arguments, synthesis, "TRELLIS_COMB", cells, MACHXO, pin_file)


DEVICES = {
    part.name: part
    for part in (
        _ice40("hx1k-tq144", "hx1k", "tq144", HX),
        _ice40("hx8k-ct256", "hx8k", "ct256", HX),
        _ice40("up5k-sg48", "up5k", "sg48", UP),
        _ecp5("ecp5-25k", "25k"),
        _ecp5("ecp5-45k", "45k"),
        _ecp5("ecp5-85k", "85k"),
        _gowin("gw1nr-9c", GW1NR_9C, "GW1N-9C", ("52", "3", "10"), GOWIN),
        _gowin("gw2a-18", GW2A_18, "GW2A-18", ("H11", "T10", "L14"), GW2A),
        Part(
            "lifcl-40",
            "nexus",
            # The other router finds no way from a pin to the clock's net in a design of this size.
            ("--device", "LIFCL-40-9BG400C", "--pdc", "pins.pdc", "--router", "router1"),
            # The first cell of each carry chain that yosys 0.70 writes is one that nextpnr refuses
            # (yosys issue 4081), and without chains these cores take fewer cells.
            "synth_nexus -noccu2",
            "OXIDE_COMB",
            LUTS["LIFCL-40"],
            NEXUS,
            (
                "pins.pdc",
                "".join(
                    f"ldc_set_location -site {{{site}}} [get_ports {port}]\n"
                    for port, site in (("clk", "L13"), ("i_bit", "E17"), ("o_bit", "F13"))
                ),
            ),
        ),
        # A pin for the clock, because the one that nextpnr chooses may have no way to its net.
        _machxo("lcmxo2-1200hc", "LCMXO2-1200HC", "6TG144C", "xo2", "128"),
        _machxo("lcmxo3lf-6900c", "LCMXO3LF-6900C", "6BG256C", "xo3", "C8"),
        Part(
            "ccgm1a1",
            "gatemate",
            ("--device", "CCGM1A1", "--vopt", "allow-unconstrained"),
            "synth_gatemate -luttree -nomx8",
            "CPE_LT",
            LUTS["CCGM1A1"],
            GATEMATE,
        ),
    )
}


def find_part(name: str) -> Part:
    """Return the part of a name, in any case; raises UsageError with the legal names."""
    part = DEVICES.get(name.lower())
    if part is None:
        raise UsageError(f"The part must be one of {', '.join(DEVICES)}, not {name!r}")
    return part
