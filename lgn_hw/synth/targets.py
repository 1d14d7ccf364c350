"""What a target's LUTs are like."""

from typing import NamedTuple

from lgn_hw.errors import UsageError

__all__ = ["TARGETS", "Luts", "find_luts"]


class Luts(NamedTuple):
    """Say for which LUTs a core is made.

    inputs: of a LUT. chains: votes are added up in carry chains with LUTs before them.
    """

    inputs: int
    chains: bool = False


# A family's name, as yosys' synth_... commands have it, or the number of inputs alone.
TARGETS = {
    "4": Luts(4),
    "6": Luts(6),
    "ecp5": Luts(4),
    "gowin": Luts(4),
    "ice40": Luts(4),
    "nexus": Luts(4),
    "xilinx": Luts(6, chains=True),
}


def find_luts(target: str | None, part: str | None = None) -> Luts | None:
    """Return what a target's LUTs are like; None where no target is named.

    part: what the core will be placed on. Raises UsageError with the legal names, and where the
    part has no such carry chains; those that can be placed here have LUTs of four inputs.
    """
    if target is None:
        return None
    found = TARGETS.get(target.lower())
    if found is None:
        raise UsageError(f"--lut must be one of {', '.join(TARGETS)}, not {target!r}")
    if found.chains and part is not None:
        raise UsageError(
            f"--lut {target} is for carry chains behind LUTs of {found.inputs} inputs, which {part}"
            " does not have; give --lut 4, or none"
        )
    return found
