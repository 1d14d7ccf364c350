"""Place a streaming core, and find the fewest registers in its stages that meet a clock."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lgn_hw.classifier import Classifier
from lgn_hw.hdl.streaming import StreamingOptions
from lgn_hw.hdl.streaming.header import StreamHeader, read_stream_header
from lgn_hw.hdl.streaming.verilog import streaming_verilog
from lgn_hw.timing.parts import Part
from lgn_hw.timing.place import place
from lgn_hw.timing.placed import Placed, none_meets

__all__ = ["LEVELS", "PlacedStream", "place_stream", "search_stream"]

# Levels between registers, the fewest registers first; 0 is at the ends of stages only.
LEVELS = (0, 8, 4, 3, 2, 1)


@dataclass(frozen=True, kw_only=True)
class PlacedStream(Placed):
    """A streaming core after place and route on a part (see placed.Placed).

    Latencies are from the first pixel of a frame to its result; samples_per_second counts frames,
    back to back.
    """

    header: StreamHeader

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON values, by the names that those of other cores have."""
        return self.figures() | {
            "levels_per_stage": self.header.registers,
            "scores": self.header.scores,
            "lut_size": 0,
            "latency_cycles": self.header.frame,
            "latency_ns": round(1000 * self.header.frame / self.fmax_mhz, 2),
            "interval_cycles": self.header.interval,
            "samples_per_second": round(1e6 * self.fmax_mhz / self.header.interval),
        }


def place_stream(
    classifier: Classifier,
    part: Part,
    options: StreamingOptions,
    folder: Path,
    *,
    clock_mhz: float | None = None,
) -> PlacedStream:
    """Place and route one setting; clock_mhz is what nextpnr aims at, 100 where not given.

    Raises what streaming_verilog and place.place raise.
    """
    text = streaming_verilog(classifier, options)
    header = read_stream_header(text)
    assert header is not None
    return PlacedStream(
        digest=classifier.digest,
        part=part.name,
        setting=f"streaming core, levels per stage: {options.registers}",
        clock_mhz=clock_mhz,
        report=place(text, part, clock_mhz or 100.0, folder),
        header=header,
    )


def search_stream(
    classifier: Classifier,
    part: Part,
    clock_mhz: float,
    options: StreamingOptions,
    folder: Path,
    *,
    most: int = 6,
) -> PlacedStream:
    """Return the placed core that meets a clock with the fewest registers of LEVELS.

    It is a bisection of `most` trials at most: more registers are taken for faster. Raises
    CheckFailed with both frequencies where none of them meets the clock.
    """
    placed: list[PlacedStream] = []
    # LEVELS run from few registers to many, and a clock that one of them meets is met by those
    # behind it, as far as placement is smooth; so the first that meets it is bisected.
    below, above = -1, len(LEVELS)  # the last that missed the clock, the first that met it
    best: PlacedStream | None = None
    while above - below > 1 and len(placed) < most:
        chosen = (below + above) // 2
        setting = replace(options, registers=LEVELS[chosen])
        trial = folder / f"try{len(placed) + 1}"
        placed.append(place_stream(classifier, part, setting, trial, clock_mhz=clock_mhz))
        if placed[-1].met:
            above, best = chosen, placed[-1]
        else:
            below = chosen
    if best is None:
        raise none_meets(clock_mhz, placed)
    trials = tuple((core.setting, round(core.fmax_mhz, 2)) for core in placed)
    return replace(best, trials=trials)
