"""What a core is built like: the options that go from the command line down to its blocks."""

from dataclasses import dataclass

from lgn_hw.circuit.heads import HEADS
from lgn_hw.circuit.registers import Registers
from lgn_hw.errors import UsageError

__all__ = ["DEFAULT_REGISTERS", "CoreOptions"]

DEFAULT_REGISTERS = 2
PLAIN_HEADS = {None: "adders", 2: "gates"}


@dataclass(frozen=True)
class CoreOptions:
    """Say how a classifier's core is built; hdl.core.ClassifierCore builds it so.

    registers: after how many levels of each block's own levels registers stand, and at each block's
    end; 0 puts them at the ends only. Or a mapping from `encoder`, `logic`, `popcount` and `argmax`
    to the levels after which registers stand, and nowhere else (see circuit.registers).

    scores: results carry the votes for each class, too.

    lut_size: None describes encoder and argmax by comparisons. 4 or 6 builds them of nodes that
    fill such LUTs, 2 of gates for an ASIC (see circuit.circuit).

    head: how votes are counted, a name of circuit.heads.HEADS. Where it is not given, `adders`
    without lut_size, `gates` with 2 and `counters` with 4 or 6.

    Raises UsageError with the legal values where the head is unknown, or not for such LUTs.
    """

    registers: Registers = DEFAULT_REGISTERS
    scores: bool = False
    lut_size: int | None = None
    head: str = ""

    def __post_init__(self) -> None:
        if not self.head:
            # Frozen, and yet the default depends on another field.
            object.__setattr__(self, "head", PLAIN_HEADS.get(self.lut_size, "counters"))
        if self.head not in HEADS:
            raise UsageError(f"The head must be one of {', '.join(HEADS)}, not {self.head!r}")
        legal = HEADS[self.head].lut_sizes
        if self.lut_size not in legal:
            named = " or ".join("None" if size is None else str(size) for size in legal)
            raise UsageError(
                f"The head {self.head!r} is for LUTs of {named} inputs, not {self.lut_size}"
            )

    @property
    def carries(self) -> bool:
        """Whether the core keeps adders that LUTs of `lut_size` inputs stand in front of."""
        return self.lut_size is not None and HEADS[self.head].carries
