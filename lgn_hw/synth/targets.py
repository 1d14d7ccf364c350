"""What cores are built like for a family of FPGAs, or for an ASIC: what `--lut` names.

A family decides two things, how many inputs its LUTs have and whether carry chains are worth using
behind them; a new family is one entry here. What can be placed with nextpnr is in timing.parts.
"""

from dataclasses import replace

from lgn_hw.circuit.options import CoreOptions
from lgn_hw.circuit.registers import Registers
from lgn_hw.errors import UsageError

__all__ = ["TARGETS", "options_for"]

# A stage holds about as many gates as 2 levels of LUTs in a core without `--lut gates`.
GATE_LEVELS = 16
# A family's name, as yosys' synth_... commands have it, or the number of inputs alone.
TARGETS = {
    "4": CoreOptions(lut_size=4),
    "6": CoreOptions(lut_size=6),
    "ecp5": CoreOptions(lut_size=4),
    "gates": CoreOptions(registers=GATE_LEVELS, lut_size=2),
    "gowin": CoreOptions(lut_size=4),
    "ice40": CoreOptions(lut_size=4),
    "machxo2": CoreOptions(lut_size=4),
    "nexus": CoreOptions(lut_size=4),
    "xilinx": CoreOptions(lut_size=6, head="chains"),
}


def options_for(
    target: str | None,
    part: str | None = None,
    *,
    registers: Registers | None = None,
    scores: bool = False,
) -> CoreOptions:
    """Return the options for a target; the plain ones, without LUTs, where no target is named.

    part: what the core will be placed on. registers: the target's own where not given. Raises
    UsageError with the legal names, and where the part has no such carry chains or no such gates;
    those that can be placed here have LUTs of four inputs.
    """
    # Names are taken in any case, as people write ECP5 and Xilinx.
    found = CoreOptions() if target is None else TARGETS.get(target.lower())
    if found is None:
        raise UsageError(f"--lut must be one of {', '.join(TARGETS)}, not {target!r}")
    if part is not None and found.head == "gates":
        raise UsageError(f"--lut {target} is for an ASIC, not for {part}; give --lut 4, or none")
    if part is not None and found.carries:
        raise UsageError(
            f"--lut {target} is for carry chains behind LUTs of {found.lut_size} inputs, which"
            f" {part} does not have; give --lut 4, or none"
        )
    return replace(
        found, registers=found.registers if registers is None else registers, scores=scores
    )
