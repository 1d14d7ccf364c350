"""What a board is: the platform that has its pins, and how it is flashed."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from lgn_hw.errors import ToolNotFound, UsageError
from lgn_hw.timing.parts import LUTS

__all__ = ["STATES", "Board", "part_of"]

STATES = ("files only", "built", "seen on hardware")


@dataclass(frozen=True)
class Board:
    """Describe a board.

    name: what --board takes. platform: an Amaranth platform that has a `uart` and a default clock:
    its class, or `module:class`, which is imported when it is needed. baud: the rate of the link.
    flash: the programmer's command, in which {bitstream} stands for the file. led: name and number
    of the LED that the self-test lights; None where there is none to spare. button: name and number
    of the button that starts the self-test; None where there is none. pll_pad: the clock comes in
    on the pin of an iCE40's PLL, which takes it whole. levels_per_stage: as in
    logic.Logic; 0 where the clock is slow enough for all levels at once. state: how far it was
    tried: one of STATES.
    """

    name: str
    title: str
    platform: str | type
    baud: int = 1_000_000
    flash: tuple[str, ...] = ()
    led: tuple[str, int] | None = ("led", 0)
    button: tuple[str, int] | None = None
    pll_pad: bool = False
    levels_per_stage: int = 0
    state: str = "built"

    def open_platform(self) -> Any:
        """Return a new Amaranth platform.

        Raises ToolNotFound where amaranth-boards is missing, UsageError where it has no such
        platform, or one without a `uart` or a default clock.
        """
        platform = self._platform_class()()
        # Amaranth's default for MachXO2 is Lattice's own program, which is not free to install.
        if getattr(platform, "toolchain", None) == "Diamond":
            platform.toolchain = "Trellis"
        self._check(platform)
        return platform

    def clock_hz(self, platform: Any) -> int:
        """Return the frequency of the platform's default clock."""
        return int(platform.default_clk_frequency)

    def _platform_class(self) -> Any:
        """Return the platform's class; a name is imported when it is needed."""
        if not isinstance(self.platform, str):
            return self.platform
        module, _, name = self.platform.partition(":")
        try:
            return getattr(import_module(module), name)
        except ModuleNotFoundError as problem:
            if problem.name == "amaranth_boards":
                raise ToolNotFound(
                    "amaranth-boards is missing; install it with: pip install 'lgn-hw[boards]'"
                ) from None
            raise UsageError(f"There is no module {module} with a platform") from None
        except AttributeError:
            raise UsageError(
                f"There is no platform {name!r} in {module}; name it as module:class"
            ) from None

    def _check(self, platform: Any) -> None:
        """Raise UsageError where the platform lacks what the design needs."""
        if ("uart", 0) not in platform.resources:
            raise UsageError(
                f"Board {self.name} has no resource `uart`; the link needs one. Add it to a"
                " subclass of its platform (see docs/boards.md)"
            )
        if platform.default_clk is None:
            raise UsageError(
                f"Board {self.name} has no default clock; set default_clk in a subclass of its"
                " platform (see docs/boards.md)"
            )


def part_of(platform: Any) -> tuple[str, int | None]:
    """Return the name of a platform's FPGA, and how many LUTs it has; None where not known.

    platform: of Amaranth; its attribute `part` or `device` has the name.
    """
    for attribute in ("part", "device"):
        name = getattr(platform, attribute, None)
        if isinstance(name, str):
            return name, LUTS.get(name)
    return "unknown", None
