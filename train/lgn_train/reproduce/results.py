"""From the records of all runs to the figures of the page: means, spreads, curves, speed-ups."""

import statistics
from collections.abc import Sequence
from typing import Any

from lgn_hw.errors import CheckFailed
from lgn_train.reproduce.curves import CLOCKS, Record, curves, entropies, layers
from lgn_train.reproduce.scale import DLGN, GUMBEL, Scale

__all__ = ["FORMAT", "check_equal_starts", "summarize"]

FORMAT = "lgn-reproduction 2"


def summarize(scale: Scale, records: Sequence[Record], command: str) -> dict[str, Any]:
    """Return what the page and its plots say, as JSON values.

    headline: the three numbers of the first data set: gaps in points and unused gates in percent,
    means over the seeds; speedup_wall, and _cpu and _steps, the Gumbel LGN's to the DLGN's best
    circuit, or null where not every seed reaches that; seeds, those that both have. Runs that are
    not at their end count only where their method has none that is. data: by data set
        methods: figures of the networks of experiment.depth, as {mean, spread, values} over seeds;
        spread is the sample standard deviation, null for one seed. curves: accuracies and gaps
        against steps and seconds of training. layers: unused gates and gradients by layer. depths:
        gaps against depth. entropy: histograms over all nodes.
    """
    found = {
        name: _of_data(scale, [r for r in records if r["data"] == name])
        for name in scale.data.sources
        if any(r["data"] == name and r["depth"] == scale.experiment.depth for r in records)
    }
    return {
        "format": FORMAT,
        "headline": _headline(next(iter(found.values()), None)),
        "scale": scale.to_dict(),
        "titles": scale.titles,
        "command": command,
        "device": records[0]["device"],
        "versions": records[0]["versions"],
        "unfinished": [_unfinished(r) for r in records if not r["finished"]],
        "hours": sum(r["points"][-1]["seconds"] for r in records) / 3600,
        "data": found,
    }


def _of_data(scale: Scale, records: Sequence[Record]) -> dict[str, Any]:
    """Return the figures of one data set; see summarize() for their names.

    records: of this data set, every depth and seed. Those of the sweep of depths go into `depths`
    only, and seeds beyond experiment.seeds, which an earlier and larger scale may have left in the
    folder, into nothing.
    """
    experiment = scale.experiment
    main = [r for r in records if r["depth"] == experiment.depth and r["seed"] < experiment.seeds]
    # Unfinished runs only stand in for a method that has nothing better.
    main = [record for name in experiment.methods for record in _counted(_of(main, name))]
    methods = [name for name in experiment.methods if _of(main, name)]
    goals = {r["seed"]: _best(r) for r in main if r["method"] == DLGN}
    # Sizes are those of the data set and the scale, and so of every run.
    first = main[0]
    facts = ("nodes", "encoder_bits", "train_samples", "test_samples")
    return {name: first[name] for name in facts} | {
        "measured": {name: first["measured"][name] for name in ("part", "samples")},
        "measuring": _measuring(main),
        "options": {name: _options(_of(main, name)[0]) for name in methods},
        "methods": {name: _figures(_of(main, name), goals) for name in methods},
        "curves": {name: curves(_of(main, name)) for name in methods},
        "layers": {name: layers(_of(main, name)) for name in methods},
        "depths": {name: _by_depth(_of(records, name), scale) for name in methods},
        "entropy": {name: entropies(_of(main, name)) for name in methods},
    }


def _headline(found: dict[str, Any] | None) -> dict[str, Any]:
    """Return the three numbers of the paper's abstract, from the first data set.

    Every value is None where one of the two methods was not run; a speed-up is None where not every
    seed of the Gumbel LGN reaches the DLGN's best circuit, because a mean over those that do would
    flatter it.
    """
    names = ("gap_dlgn", "gap_gumbel", "unused_dlgn", "unused_gumbel")
    speedups = {"speedup_wall": "seconds", "speedup_cpu": "cpu_seconds", "speedup_steps": "step"}
    if found is None or not {DLGN, GUMBEL} <= found["methods"].keys():
        return dict.fromkeys([*names, *speedups, "seeds"])
    dlgn, gumbel = (found["methods"][name] for name in (DLGN, GUMBEL))
    # Equal numbers of seeds too: a mean over other seeds is of other networks.
    all_reach = gumbel["seeds_reaching"] == gumbel["seeds"] == dlgn["seeds"]
    values = [100 * of[key]["mean"] for key in ("gap_train", "unused_end") for of in (dlgn, gumbel)]
    return (
        dict(zip(names, values, strict=True))
        | {
            name: gumbel["speedup"][clock]["mean"] if all_reach else None
            for name, clock in speedups.items()
        }
        | {"seeds": min(dlgn["seeds"], gumbel["seeds"])}
    )


def _counted(records: Sequence[Record]) -> Sequence[Record]:
    """Leave out runs that are not at their end where others of the method are."""
    return [record for record in records if record["finished"]] or records


def _measuring(records: Sequence[Record]) -> float:
    """Return how long measuring took, as a fraction of the time of training."""
    spent = sum(r["measured"]["seconds"] for r in records)
    # A run that was stopped before its first step has taken no time.
    return float(spent / max(1e-9, sum(r["points"][-1]["seconds"] for r in records)))


def _options(record: Record) -> dict[str, Any]:
    """Return what the method's runs had, seeds and sizes apart: a scale may change some of it."""
    recipe = record["options"]["recipe"]
    return {key: recipe.get(key, {}) for key in ("encoder", "model", "train")}


def check_equal_starts(records: Sequence[Record]) -> None:
    """Raise CheckFailed where runs of one seed and depth do not start from the same network."""
    first: dict[tuple[str, int, int], Record] = {}
    for record in records:
        other = first.setdefault((record["data"], record["seed"], record["depth"]), record)
        if other["initial_sha256"] != record["initial_sha256"]:
            raise CheckFailed(
                f"The runs of seed {record['seed']} and depth {record['depth']} must start from"
                f" the same logits and wiring, and {other['method']} and {record['method']} do not"
            )


def _of(records: Sequence[Record], method: str) -> list[Record]:
    return [record for record in records if record["method"] == method]


def _best(record: Record) -> Any:
    """Return the first measurement with the best discrete accuracy of the run.

    The earliest one is the fair goal for a speed-up: a later measurement that is no better would
    make the DLGN look slower than it is.
    """
    # Of equals, max returns the first.
    return max(_trained(record), key=lambda point: point["discrete"])


def _largest_gap(record: Record) -> float:
    """Return the largest difference of train mode and discrete accuracy that was measured in a run,
    as a fraction.
    """
    return float(max(p["train_mode"] - p["discrete"] for p in _trained(record)))


def _trained(record: Record) -> list[Any]:
    """Return the measurements after the first steps; the first point is the untrained network."""
    points: list[Any] = record["points"][1:] or record["points"]
    return points


def _figures(records: Sequence[Record], goals: dict[int, Any]) -> dict[str, Any]:
    """Return the figures of one method over its seeds, each a _spread().

    records: one for each seed. goals: by seed, the measurement of the DLGN's best circuit; empty in
    a sweep of depths, which has no speed-ups. A speed-up divides the DLGN's time to that circuit by
    this method's time to one as good, seed by seed, because both start from the same network; seeds
    that never reach it are counted in seeds_reaching and left out.
    """
    # A run that was stopped has no figures of the whole test part; its last measurement stands in.
    ends = [record.get("test") or record["points"][-1] for record in records]
    both = [r for r in records if r["seed"] in goals]
    pairs = [(goals[r["seed"]], _reaching(r, goals[r["seed"]])) for r in both]
    pairs = [(goal, point) for goal, point in pairs if point]
    return {
        "seeds": len(records),
        "path": records[0]["path"],
        "discrete": _spread([end["discrete"] for end in ends]),
        "train_mode": _spread([end["train_mode"] for end in ends]),
        "best": _spread([_best(record)["discrete"] for record in records]),
        "gap_largest": _spread([_largest_gap(record) for record in records]),
        "gap_train": _spread([end["train_mode"] - end["discrete"] for end in ends]),
        "gap_soft": _spread([end["soft"] - end["discrete"] for end in ends]),
        "unused_start": _spread([record["unused_gates"]["start"] for record in records]),
        "unused_end": _spread([record["unused_gates"]["end"] for record in records]),
        "seconds_a_step": _spread([_pace(record, "seconds") for record in records]),
        "cpu_seconds_a_step": _spread([_pace(record, "cpu_seconds") for record in records]),
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


def _pace(record: Record, clock: str) -> float:
    """Return the mean seconds per optimiser step of a whole run, on one of CLOCKS."""
    last = record["points"][-1]
    return float(last[clock] / max(1, last["step"]))


def _by_depth(records: Sequence[Record], scale: Scale) -> list[dict[str, Any]]:
    """Return the figures for each depth of the sweep, the shallowest first; depths without a run
    are left out.
    """
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


def _spread(values: Sequence[float]) -> dict[str, Any]:
    """Return mean, sample standard deviation (n - 1 in the divisor) and the values themselves; mean
    is None of no values, and spread None of fewer than two.
    """
    return {
        "mean": statistics.mean(values) if values else None,
        "spread": statistics.stdev(values) if len(values) > 1 else None,
        "values": list(values),
    }


def _unfinished(record: Record) -> str:
    steps = record["points"][-1]["step"]
    return (
        f"{record['data']}, {record['method']}, depth {record['depth']}, seed {record['seed']}:"
        f" step {steps:,} of {record['options']['steps']:,}"
    )
