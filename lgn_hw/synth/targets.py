"""How many inputs the LUTs of a target have."""

from lgn_hw.errors import UsageError

__all__ = ["TARGETS", "lut_inputs"]

# A family's name, as yosys' synth_... commands have it, or the number itself.
TARGETS = {"4": 4, "6": 6, "ecp5": 4, "gowin": 4, "ice40": 4, "nexus": 4, "xilinx": 6}


def lut_inputs(target: str) -> int:
    """Return the inputs of a target's LUTs; raises UsageError with the legal names."""
    found = TARGETS.get(target.lower())
    if found is None:
        raise UsageError(f"--lut must be one of {', '.join(TARGETS)}, not {target!r}")
    return found
