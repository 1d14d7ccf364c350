"""From the records of all runs to the figures of the page: means, spreads, curves, speed-ups."""

import statistics
from collections.abc import Callable, Sequence
from typing import Any

from lgn_hw.errors import CheckFailed
from lgn_train.reproduce.scale import DLGN, Scale

__all__ = ["check_equal_starts", "summarize"]

Record = dict[str, Any]
MODES = ("train_mode", "soft", "discrete")
CLOCKS = ("step", "seconds", "cpu_seconds")


def summarize(scale: Scale, records: Sequence[Record], command: str) -> dict[str, Any]:
    """Return what the page and its plots say, as JSON values.

    methods: figures of the networks of experiment.depth, as {mean, spread, values} over seeds;
    spread is the sample standard deviation, null for one seed. curves: accuracies against steps
    and seconds of training. depths: gaps against depth. entropy: histograms over all nodes.
    """
    experiment = scale.experiment
    main = [r for r in records if r["depth"] == experiment.depth and r["seed"] < experiment.seeds]
    methods = [name for name in experiment.methods if _of(main, name)]
    goals = {r["seed"]: _best(r) for r in main if r["method"] == DLGN}
    return {
        "scale": scale.to_dict(),
        "command": command,
        "device": records[0]["device"],
        "versions": records[0]["versions"],
        "nodes": main[0]["nodes"],
        "encoder_bits": main[0]["encoder_bits"],
        "test_samples": main[0]["test_samples"],
        "unfinished": [_unfinished(r) for r in records if not r["finished"]],
        "hours": sum(r["points"][-1]["seconds"] for r in records) / 3600,
        "methods": {name: _figures(_of(main, name), goals) for name in methods},
        "curves": {name: _curves(_of(main, name)) for name in methods},
        "depths": {name: _by_depth(_of(records, name), scale) for name in methods},
        "entropy": {name: _entropy(_of(main, name)) for name in methods},
    }


def check_equal_starts(records: Sequence[Record]) -> None:
    """Raise CheckFailed where runs of one seed and depth do not start from the same network."""
    first: dict[tuple[int, int], Record] = {}
    for record in records:
        other = first.setdefault((record["seed"], record["depth"]), record)
        if other["initial_sha256"] != record["initial_sha256"]:
            raise CheckFailed(
                f"The runs of seed {record['seed']} and depth {record['depth']} must start from"
                f" the same logits and wiring, and {other['method']} and {record['method']} do not"
            )


def _of(records: Sequence[Record], method: str) -> list[Record]:
    return [record for record in records if record["method"] == method]


def _best(record: Record) -> Any:
    """Return the first measurement with the best discrete accuracy of the run."""
    return max(_trained(record), key=lambda point: point["discrete"])


def _trained(record: Record) -> list[Any]:
    """Return the measurements after the first steps; the first point is the untrained network."""
    points: list[Any] = record["points"][1:] or record["points"]
    return points


def _figures(records: Sequence[Record], goals: dict[int, Any]) -> dict[str, Any]:
    # A run that was stopped has no figures of the whole test part; its last measurement stands in.
    ends = [record.get("test") or record["points"][-1] for record in records]
    pairs = [(goals[r["seed"]], _reaching(r, goals[r["seed"]])) for r in records if goals]
    pairs = [(goal, point) for goal, point in pairs if point]
    return {
        "seeds": len(records),
        "path": records[0]["path"],
        "discrete": _spread([end["discrete"] for end in ends]),
        "best": _spread([_best(record)["discrete"] for record in records]),
        "gap_train": _spread([end["train_mode"] - end["discrete"] for end in ends]),
        "gap_soft": _spread([end["soft"] - end["discrete"] for end in ends]),
        "unused_start": _spread([record["unused_gates"]["start"] for record in records]),
        "unused_end": _spread([record["unused_gates"]["end"] for record in records]),
        "seconds_a_step": _spread([_pace(record) for record in records]),
        "seeds_reaching": len(pairs),
        "reached": {clock: _spread([point[clock] for _, point in pairs]) for clock in CLOCKS},
        "speedup": {
            clock: _spread([goal[clock] / point[clock] for goal, point in pairs])
            for clock in CLOCKS
        },
    }


def _reaching(record: Record, goal: Any) -> Any:
    """Return the first measurement as good as the goal, the DLGN's best of that seed, or None."""
    return next((p for p in _trained(record) if p["discrete"] >= goal["discrete"]), None)


def _pace(record: Record) -> float:
    last = record["points"][-1]
    return float(last["seconds"] / max(1, last["step"]))


def _curves(records: Sequence[Record]) -> dict[str, Any]:
    length = min(len(record["points"]) for record in records)

    def column(name: str, reduce: Callable[[list[float]], float]) -> list[float]:
        return [reduce([r["points"][i][name] for r in records]) for i in range(length)]

    return {clock: column(clock, statistics.mean) for clock in CLOCKS} | {
        mode: {
            "mean": column(mode, statistics.mean),
            "low": column(mode, min),
            "high": column(mode, max),
        }
        for mode in MODES
    }


def _by_depth(records: Sequence[Record], scale: Scale) -> list[dict[str, Any]]:
    found = []
    for depth in sorted(scale.experiment.depths):
        some = [
            record
            for record in records
            if record["depth"] == depth and record["seed"] < scale.experiment.depth_seeds
        ]
        if some:
            found.append({"depth": depth} | _figures(some, {}))
    return found


def _entropy(records: Sequence[Record]) -> dict[str, Any]:
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


def _spread(values: Sequence[float]) -> dict[str, Any]:
    return {
        "mean": statistics.mean(values) if values else None,
        "spread": statistics.stdev(values) if len(values) > 1 else None,
        "values": list(values),
    }


def _unfinished(record: Record) -> str:
    steps = record["points"][-1]["step"]
    return (
        f"{record['method']}, depth {record['depth']}, seed {record['seed']}: step {steps:,} of"
        f" {record['options']['steps']:,}"
    )
