"""The folder of a run: what lies in it, and when it may be written."""

import io
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgn_hw.errors import UsageError
from lgn_hw.files.atomic import write_bytes, write_text

__all__ = ["RunDir"]

RECIPE, METRICS, TEST = "recipe.resolved.json", "metrics.jsonl", "test.npz"


@dataclass(frozen=True)
class RunDir:
    """The folder of one run."""

    path: Path

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def has_run(self) -> bool:
        return (self.path / RECIPE).exists()

    def open(self, *, resume: bool, force: bool) -> None:
        """Make the folder ready. Raises UsageError where a run would be lost or is missing."""
        if resume and force:
            raise UsageError("--resume goes on and --force starts over; give one of them")
        if resume:
            self.require_run()
        elif self.has_run and not force:
            raise UsageError(
                f"{self.path} already holds a run; go on with --resume, start over with --force,"
                " or choose another folder with --output"
            )
        if force:
            self._clear()
        self.path.mkdir(parents=True, exist_ok=True)

    def require_run(self) -> None:
        """Raise UsageError where the folder holds no run."""
        if not self.has_run:
            raise UsageError(f"{self.path} holds no run: it has no {RECIPE}")

    def write_json(self, name: str, data: Any) -> None:
        """Write one JSON value. Raises UsageError where the disk does not take it, as all do."""
        with _told(self.path / name):
            write_text(self.path / name, json.dumps(data, indent=2) + "\n")

    def append_metrics(self, line: dict[str, Any]) -> None:
        path = self.path / METRICS
        with _told(path), path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")

    def metrics(self) -> list[dict[str, Any]]:
        """Return the lines of metrics.jsonl; a last one cut short by a crash is left out."""
        path = self.path / METRICS
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def keep_metrics(self, epochs: int) -> None:
        """Drop the lines of epochs that are trained again."""
        kept = [line for line in self.metrics() if line["epoch"] <= epochs]
        with _told(self.path / METRICS):
            write_text(self.path / METRICS, "".join(json.dumps(line) + "\n" for line in kept))

    def write_test_samples(self, x: NDArray[np.integer], y: NDArray[np.integer]) -> None:
        """Write the test part, x codes and y class numbers: what a simulation reads.

        `codes` tells readers of data files that x is quantised already.
        """
        packed = io.BytesIO()
        np.savez_compressed(packed, x=x, y=y, codes=np.array(True))
        with _told(self.path / TEST):
            write_bytes(self.path / TEST, packed.getvalue())

    def test_samples(self) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        path = self.path / TEST
        if not path.exists():
            raise UsageError(f"{self.path} holds no {TEST}; train there again with --resume")
        with np.load(path, allow_pickle=False) as arrays:
            return arrays["x"], arrays["y"]

    def _clear(self) -> None:
        """Remove what a run writes and nothing else: the folder may hold the user's files."""
        shutil.rmtree(self.checkpoints, ignore_errors=True)
        for name in (RECIPE, METRICS, TEST, "train.json"):
            (self.path / name).unlink(missing_ok=True)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise UsageError(
            f"{path} cannot be written ({problem.strerror}); make room on the disk, then go on"
            " with --resume"
        ) from problem
