"""Train in processes that are killed, at a random time or at the n-th change of the disk.

A program for test_train_killed.py: it starts no thread itself, so that it may fork. Its arguments
are a folder, how many kills, a seed, and the estimator; it prints JSON.
"""

import json
import os
import random
import signal
import stat
import sys
import time
from pathlib import Path

from lgn_train import Recipe, train
from lgn_train.run_dir import RunDir

RECIPE = {
    "name": "trial",
    "data": {"source": "digits"},
    "model": {"layers": [60, 30], "tau": 2.0},
    "train": {"epochs": 5, "batch_size": 200, "learning_rate": 0.05, "checkpoint_minutes": 1e-5},
}
CALLS = ("fsync", "replace", "rename", "unlink", "mkdir", "rmdir", "open")
MOST_CALLS, MOST_SECONDS = 200, 4.0


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(number):
    """Kill this process at its n-th change of the disk; a file that is written is cut in half."""
    left = [number]

    def counted(name, call):
        def run(*arguments, **options):
            left[0] -= 1
            if not left[0]:
                about = os.fstat(arguments[0]) if name == "fsync" else None
                if about and stat.S_ISREG(about.st_mode):  # folders are synced too
                    os.truncate(arguments[0], about.st_size // 2)
                die()
            return call(*arguments, **options)

        return run

    for name in CALLS:
        setattr(os, name, counted(name, getattr(os, name)))


def attempt(folder, estimator, number=None, seconds=None):
    """Train in a process of its own, to the end or a kill; return whether it came to the end."""
    child = os.fork()
    if not child:
        resume = RunDir(folder).has_run
        if number is not None:
            die_at(number)
        recipe = RECIPE | {"model": RECIPE["model"] | {"estimator": estimator}}
        train(Recipe.of(recipe, "trial"), folder, resume=resume, quiet=True)
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, -signal.SIGKILL), f"training ended with {code}"
    return code == 0


def found(folder):
    """Return what must be the same after kills: the classifier's bytes and the metrics."""
    times = ("seconds", "measure_seconds")
    lines = [{k: v for k, v in line.items() if k not in times} for line in RunDir(folder).metrics()]
    return (folder / "trial.lgn").read_bytes().hex(), lines


def main(folder, kills, seed, estimator):
    chance, killed, different, leftovers = random.Random(seed), 0, 0, []
    assert attempt(folder / "reference", estimator)
    expected = found(folder / "reference")
    for run in range(kills):
        place = folder / f"run{run}"
        # Most runs are killed more than once; each comes to its end at last.
        while killed < 1000:
            if run % 2:
                ended = attempt(place, estimator, number=chance.randrange(1, MOST_CALLS))
            else:
                ended = attempt(place, estimator, seconds=chance.uniform(0.05, MOST_SECONDS))
            killed += not ended
            if ended or chance.random() < 0.4:
                break
        ended = ended or attempt(place, estimator)
        different += found(place) != expected
        leftovers += [p.name for p in place.rglob("*") if ".partial" in p.name or ".orig" in p.name]
    print(json.dumps({"kills": killed, "different": different, "leftovers": leftovers}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
