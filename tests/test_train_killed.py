"""Training that is killed at any time, also within a checkpoint, ends in the same bytes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "killed_runs.py"


def outcome(folder, runs, seed, estimator):
    command = [sys.executable, str(PROGRAM), str(folder), str(runs), str(seed), estimator]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("estimator", ["gumbel_st", pytest.param("soft", marks=pytest.mark.slow)])
@pytest.mark.parametrize("runs", [2, pytest.param(100, marks=pytest.mark.slow)])
def test_killed_runs_resume_to_the_same_bytes(tmp_path, runs, estimator):
    told = outcome(tmp_path, runs, seed=runs, estimator=estimator)
    print(f"{runs} runs of {estimator}: {told}")  # what the slow form reports
    assert told["kills"] >= max(1, runs // 4)
    assert (told["different"], told["leftovers"]) == (0, [])
