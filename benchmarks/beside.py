"""Measure training beside other work on the same cores, against the share that is due to it.

    python benchmarks/beside.py [--json FILE]

Steps of packed and of soft layers run for some seconds with two kernel threads, alone and beside
processes that only compute. A machine that shares its cores fairly gives `threads` of them

    share = min(threads, cores * threads / (threads + others))

cores; a run that waits for threads which have no core gets less done than that. `of_share` is the
time of a step beside the others over the time that its share allows: 1.0 is fair.
"""

import argparse
import json
import multiprocessing
import os
import time
from pathlib import Path
from typing import Any

import torch
from machine import describe_machine
from train_step import SHAPE, in_process, step_of

from lgn_train.packed.threads import with_kernel_threads

THREADS = 2
OTHERS = 3  # processes that keep a core busy, the load of a machine that several people use
SECONDS = 8.0
ROUNDS = 3  # in turn alone and beside others, since a machine's speed drifts
SHAPES: dict[str, dict[str, Any]] = {"packed": SHAPE, "kernels": SHAPE | {"estimator": "soft"}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", default="docs/benchmarks/beside.json", metavar="FILE")
    arguments = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    share = min(THREADS, cores * THREADS / (THREADS + OTHERS))
    rows = [_row(name, share, min(THREADS, cores)) for name in SHAPES]
    result = describe_machine() | {"threads": THREADS, "others": OTHERS, "share": share}
    text = json.dumps(result | {"rows": rows}, indent=2)
    Path(arguments.json).write_text(text + "\n", encoding="utf-8")


def _row(name: str, share: float, whole: int) -> dict[str, Any]:
    """Return the milliseconds of a step alone and beside others, medians over the rounds."""
    alone, beside = [], []
    for _ in range(ROUNDS):
        alone.append(in_process(measure, name, SECONDS))
        with _Others(OTHERS):
            beside.append(in_process(measure, name, SECONDS))
    fast, slow = (sorted(times)[ROUNDS // 2] for times in (alone, beside))
    row = {
        "step": name,
        "alone_ms": round(fast, 2),
        "beside_ms": round(slow, 2),
        "of_share": round(slow / (fast * whole / share), 2),
    }
    print(row, flush=True)
    return row


def measure(name: str, seconds: float) -> float:
    """Return the wall milliseconds of a step, the mean over so many seconds of them."""
    torch.set_num_threads(1)  # as `lgn train` has it: only the kernels use more
    with with_kernel_threads(THREADS):
        step = step_of(name, SHAPES[name])
        for _ in range(3):
            step()
        steps, start = 0, time.monotonic()
        while (taken := time.monotonic() - start) < seconds:
            step()
            steps += 1
    return 1e3 * taken / steps


class _Others:
    """Processes that compute until the block ends."""

    def __init__(self, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._processes = [context.Process(target=_compute, daemon=True) for _ in range(count)]

    def __enter__(self) -> None:
        for process in self._processes:
            process.start()
        time.sleep(1.0)  # until they have started

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join()


def _compute() -> None:
    while True:
        sum(range(10_000))


if __name__ == "__main__":
    main()
