"""What cores are built like for a family of FPGAs: what `--lut` names."""

from lgn_hw.circuit.options import CoreOptions
from lgn_hw.errors import UsageError

__all__ = ["TARGETS", "options_for"]

# A family's name, as yosys' synth_... commands have it, or the number of inputs alone.
TARGETS = {
    "4": CoreOptions(lut_size=4),
    "6": CoreOptions(lut_size=6),
    "ecp5": CoreOptions(lut_size=4),
    "gowin": CoreOptions(lut_size=4),
    "ice40": CoreOptions(lut_size=4),
    "nexus": CoreOptions(lut_size=4),
    "xilinx": CoreOptions(lut_size=6, head="chains"),
}


def options_for(target: str | None, part: str | None = None) -> CoreOptions:
    """Return the options for a target; the plain ones, without LUTs, where no target is named.

    part: what the core will be placed on. Raises UsageError with the legal names, and where the
    part has no such carry chains; those that can be placed here have LUTs of four inputs.
    """
    if target is None:
        return CoreOptions()
    found = TARGETS.get(target.lower())
    if found is None:
        raise UsageError(f"--lut must be one of {', '.join(TARGETS)}, not {target!r}")
    if found.carries and part is not None:
        raise UsageError(
            f"--lut {target} is for carry chains behind LUTs of {found.lut_size} inputs, which"
            f" {part} does not have; give --lut 4, or none"
        )
    return found
