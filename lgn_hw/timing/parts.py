"""The parts that a core can be placed on, and how long their cells take.

Counts of LUTs are nextpnr's own, because its report is what they are compared with; vendors
may count otherwise.
"""

from dataclasses import dataclass

from lgn_hw.errors import UsageError

__all__ = ["LUTS", "DEVICES", "Delays", "Part", "find_part"]

GW1NR_9C = "GW1NR-LV9QN88PC6/I5"

# LUTs of a part by its full name, as nextpnr counts them; those of the Xilinx parts have six
# inputs, others four.
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


@dataclass(frozen=True)
class Part:
    """A part: its name here, nextpnr's family and arguments, yosys' synthesis, its delays.

    cells: LUT4 that it has. cell: what nextpnr calls the cell that holds one. pins: a constraint
    file for the harness's three pins, pins.cst, where nextpnr does not choose them itself.
    """

    name: str
    family: str
    arguments: tuple[str, ...]
    synthesis: str
    cell: str
    cells: int
    delays: Delays
    pins: str = ""


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


DEVICES = {
    part.name: part
    for part in (
        _ice40("hx1k-tq144", "hx1k", "tq144", HX),
        _ice40("hx8k-ct256", "hx8k", "ct256", HX),
        _ice40("up5k-sg48", "up5k", "sg48", UP),
        _ecp5("ecp5-25k", "25k"),
        _ecp5("ecp5-45k", "45k"),
        _ecp5("ecp5-85k", "85k"),
        Part(
            "gw1nr-9c",
            "gowin",
            (
                *("--device", GW1NR_9C),
                *("--vopt", "family=GW1N-9C", "--vopt", "cst=pins.cst"),
            ),
            "synth_gowin",
            "LUT4",
            LUTS[GW1NR_9C],
            GOWIN,
            'IO_LOC "clk" 52;\nIO_LOC "i_bit" 3;\nIO_LOC "o_bit" 10;\n',
        ),
    )
}


def find_part(name: str) -> Part:
    """Return the part of a name, in any case; raises UsageError with the legal names."""
    part = DEVICES.get(name.lower())
    if part is None:
        raise UsageError(f"The part must be one of {', '.join(DEVICES)}, not {name!r}")
    return part
