"""What place and route said of a core on a part; figures of stage `pnr`."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from lgn_hw.errors import CheckFailed
from lgn_hw.tools.nextpnr import PnrReport

__all__ = ["Placed", "none_meets"]


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A core after place and route.

    setting: where registers stand, in words. clock_mhz: what was asked for, None where nothing
    was. trials: (setting, fmax_mhz) of all that was placed.
    """

    digest: str
    part: str
    setting: str
    clock_mhz: float | None
    report: PnrReport
    trials: tuple[tuple[str, float], ...] = ()

    @property
    def fmax_mhz(self) -> float:
        """The highest frequency that nextpnr found, in MHz."""
        fmax = self.report.fmax_mhz
        assert fmax is not None, "the harness has a clock"
        return fmax

    @property
    def met(self) -> bool | None:
        """Whether it meets the clock that was asked for; None where none was."""
        return None if self.clock_mhz is None else self.fmax_mhz >= self.clock_mhz

    def figures(self) -> dict[str, Any]:
        """Return as JSON values what there is to say of any core that was placed."""
        report = self.report
        slowest = max(
            (path for path in report.critical_paths if path.start == path.end),
            key=lambda path: path.delay_ns,
            default=None,
        )
        return {
            "digest": self.digest,
            "part": self.part,
            "stage": report.stage,
            "tool": report.tool,
            "setting": self.setting,
            "clock_mhz": self.clock_mhz,
            "met": self.met,
            "fmax_mhz": round(self.fmax_mhz, 2),
            "utilization": {kind: asdict(used) for kind, used in report.utilization.items()},
            "critical_path": None if slowest is None else asdict(slowest),
            "trials": [{"setting": setting, "fmax_mhz": fmax} for setting, fmax in self.trials],
            "seconds": report.seconds,
        }


def none_meets(clock_mhz: float, placed: Collection[Placed]) -> CheckFailed:
    """Return the error where none of what was placed meets a clock, with both frequencies."""
    fastest = max(placed, key=lambda core: core.fmax_mhz)
    return CheckFailed(
        f"No setting reaches {clock_mhz:g} MHz on {fastest.part}: of {len(placed)} placed the"
        f" fastest reaches {fastest.fmax_mhz:.1f} MHz, with {fastest.setting}"
    )
