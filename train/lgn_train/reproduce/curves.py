"""What the page's plots follow over training: accuracies, gaps, unused gates, gradients, entropies.

Each takes the records of one method's runs, a run for each seed, and returns JSON values.
"""

import statistics
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["CLOCKS", "MODES", "Record", "curves", "entropies", "layers"]

Record = dict[str, Any]
# Names of a measurement's accuracies, and of the clocks that a run is followed on: steps compare
# methods, wall time compares implementations, and CPU time is the fairer one where a machine is
# shared.
MODES = ("train_mode", "soft", "discrete")
CLOCKS = ("step", "seconds", "cpu_seconds")


def curves(records: Sequence[Record]) -> dict[str, Any]:
    """Return the clocks, means over the seeds, and accuracies and gaps with their range, by
    measurement.

    Cut to the shortest run: an unfinished one counts where its method has no other.
    """
    length = min(len(record["points"]) for record in records)

    rows = [[_with_gaps(r["points"][i]) for r in records] for i in range(length)]

    def column(name: str, reduce: Callable[[list[float]], float]) -> list[float]:
        return [reduce([point[name] for point in row]) for row in rows]

    return {clock: column(clock, statistics.mean) for clock in CLOCKS} | {
        name: {
            "mean": column(name, statistics.mean),
            "low": column(name, min),
            "high": column(name, max),
        }
        for name in (*MODES, "gap_train", "gap_soft")
    }


def layers(records: Sequence[Record]) -> dict[str, Any]:
    """Return means over the seeds, [measurement][layer], of unused gates and of gradients: of
    these the geometric mean, as they differ by powers of ten.
    """
    length = min(len(record["points"]) for record in records)

    def table(name: str, reduce: Callable[[Sequence[float]], float]) -> list[list[float]]:
        return [
            [
                reduce(values)
                for values in zip(*(r["points"][i][name] for r in records), strict=True)
            ]
            for i in range(length)
        ]

    return {
        "steps": [records[0]["points"][i]["step"] for i in range(length)],
        "unused": table("unused", statistics.mean),
        "gradient": table("gradient", _geometric_mean),
    }


def entropies(records: Sequence[Record]) -> dict[str, Any]:
    """Pool the histograms of all seeds, as shares of all nodes."""
    nodes = sum(record["nodes"] for record in records)

    def shares(when: str) -> list[float]:
        rows = zip(*(record["entropy"][when] for record in records), strict=True)
        return [sum(row) / nodes for row in rows]

    axis = records[0]["entropy"]
    return {
        "largest": axis["largest"],
        "threshold": axis["threshold"],
        "start": shares("start"),
        "end": shares("end"),
    }


def _with_gaps(point: Record) -> Record:
    """Add both gaps to a measurement, as fractions; a gap of means is not a mean of gaps once runs
    differ in length, so it is taken point by point.
    """
    gaps = {"gap_train": "train_mode", "gap_soft": "soft"}
    return point | {gap: point[mode] - point["discrete"] for gap, mode in gaps.items()}


def _geometric_mean(values: Sequence[float]) -> float:
    """Return the geometric mean, and 0 where a value is 0: a dead layer shall be seen, not averaged
    away.
    """
    return statistics.geometric_mean(values) if min(values) > 0 else 0.0
