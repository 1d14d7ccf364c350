"""Find the setting that meets a clock with the fewest registers, closing the loop with nextpnr.

A run of nextpnr takes seconds to minutes, and its result is what counts, so few are made: a search
by bisection on the list of placements, guided by the delay model after it was scaled to the last
result.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lgn_hw.circuit.header import read_core_header
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.classifier import Classifier
from lgn_hw.hdl.verilog import to_verilog
from lgn_hw.link import SampleFormat
from lgn_hw.timing.levels import datapath_levels
from lgn_hw.timing.parts import Part
from lgn_hw.timing.place import place
from lgn_hw.timing.placed import Placed, none_meets
from lgn_hw.timing.plan import Placement, placements

__all__ = ["PlacedCore", "place_core", "search", "search_placements"]

Trial = Callable[[Placement], float]


@dataclass(frozen=True, kw_only=True)
class PlacedCore(Placed):
    """A core after place and route on a part (see placed.Placed).

    options: what the core was built like. latency_ns: latency_cycles at fmax_mhz.
    samples_per_second: at fmax_mhz.
    """

    options: CoreOptions
    latency_cycles: int

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON values; the critical path is that between two registers."""
        return self.figures() | {
            "levels_per_stage": self.options.registers,
            "scores": self.options.scores,
            "lut_size": self.options.lut_size,
            "latency_cycles": self.latency_cycles,
            "latency_ns": round(1000 * self.latency_cycles / self.fmax_mhz, 2),
            "samples_per_second": round(1e6 * self.fmax_mhz),
        }


def place_core(
    classifier: Classifier,
    part: Part,
    options: CoreOptions,
    folder: Path,
    *,
    clock_mhz: float | None = None,
    setting: str = "",
) -> PlacedCore:
    """Place and route one setting; clock_mhz is what nextpnr aims at, 100 where not given.

    Raises what hdl.verilog.to_verilog and place.place raise.
    """
    text = to_verilog(classifier, options)
    # The harness feeds what the link would carry, as only these bits reach a gate.
    fed = SampleFormat.of(classifier).bits_of(classifier.features)
    report = place(text, part, clock_mhz or 100.0, folder, fed=fed)
    return PlacedCore(
        digest=classifier.digest,
        part=part.name,
        setting=setting or f"levels per stage: {options.registers}",
        options=options,
        latency_cycles=read_core_header(text).latency,
        clock_mhz=clock_mhz,
        report=report,
    )


def search(
    classifier: Classifier,
    part: Part,
    clock_mhz: float,
    options: CoreOptions,
    folder: Path,
    *,
    most: int = 6,
) -> PlacedCore:
    """Return the placed core that meets a clock with the fewest registers (see search_placements).

    options: all but the registers. most: how many settings are placed at most. Raises CheckFailed
    with both frequencies where none of them meets the clock, or with both numbers where the core
    does not fit the part.
    """
    placed: dict[str, PlacedCore] = {}

    def trial(placement: Placement) -> float:
        name = str(placement)
        placed[name] = place_core(
            classifier,
            part,
            replace(options, registers=placement.registers),
            folder / f"try{len(placed) + 1}",
            clock_mhz=clock_mhz,
            setting=name,
        )
        return placed[name].fmax_mhz

    levels = datapath_levels(classifier, options)
    candidates = placements(levels, part.delays)
    best = search_placements(candidates, clock_mhz, trial, most)
    trials = tuple((name, round(core.fmax_mhz, 2)) for name, core in placed.items())
    if best is None:
        raise none_meets(clock_mhz, placed.values())
    return replace(placed[str(best)], trials=trials)


def search_placements(
    candidates: Sequence[Placement], clock_mhz: float, trial: Trial, most: int
) -> Placement | None:
    """Return the first candidate that meets a clock, trying `most` of them at most.

    candidates: each faster by the model than the one before. trial: returns the frequency that a
    candidate reaches. After each trial the model is scaled to what was reached, and the next one
    is the first candidate that meets the clock by it, between the slowest that met it and the
    fastest that did not. None where none met it.
    """
    below, above = -1, len(candidates)  # the last that missed the clock, the first that met it
    scale = 1.0
    for _ in range(most):
        if above - below <= 1:
            break
        needed = (i for i, c in enumerate(candidates) if 1000 / c.period * scale >= clock_mhz)
        chosen = min(max(next(needed, len(candidates)), below + 1), above - 1)
        reached = trial(candidates[chosen])
        # How much faster nextpnr is than the model, by the last trial; wires differ from net to
        # net, so the last one tells most.
        scale = reached * candidates[chosen].period / 1000
        below, above = (below, chosen) if reached >= clock_mhz else (chosen, above)
    return candidates[above] if above < len(candidates) else None
