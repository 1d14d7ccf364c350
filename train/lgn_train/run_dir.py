"""The folder of a run: what lies in it, and when it may be written."""

import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgn_hw.errors import FileFormatError, UsageError
from lgn_hw.files.owned_folder import OwnedFolder, adopt_folder, own_folder, read_manifest
from lgn_train.checkpoint import load_newest, remove_checkpoints

__all__ = ["RunDir"]

COMMAND = "train"
RECIPE, METRICS, TEST, FIGURES = "recipe.resolved.json", "metrics.jsonl", "test.npz", "train.json"


@dataclass
class RunDir:
    """The folder of one run. It is read at any time, and written while it is held."""

    path: Path
    _held: OwnedFolder | None = field(default=None, init=False, repr=False)

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def has_run(self) -> bool:
        return (self.path / RECIPE).exists()

    @contextmanager
    def held(self, *, resume: bool = False, force: bool = False) -> Iterator[None]:
        """Hold the folder to write a run there: a new one, or one that goes on or starts over.

        Raises UsageError where a run would be lost or is missing, where the folder holds files of
        others, or while another process holds it.
        """
        if resume and force:
            raise UsageError("--resume goes on and --force starts over; give one of them")
        if resume:
            self.require_run()
            self._adopt()
        with own_folder(self.path, COMMAND) as owned:
            if self.has_run and not (resume or force):
                raise UsageError(
                    f"{self.path} already holds a run; go on with --resume, start over with"
                    " --force, or choose another folder with --output"
                )
            self._held = owned
            self._note_metrics()
            # After the folder is held: another process that trains there must not lose its files.
            if force:
                remove_checkpoints(self.checkpoints)
                owned.clear()
            try:
                yield
            finally:
                self._note_metrics()
                self._held = None

    @property
    def kept(self) -> list[str]:
        """Say which files of others had the names of this run's, and how they are called now."""
        return [] if self._held is None else self._held.notices()

    def require_run(self) -> None:
        """Raise UsageError where the folder holds no run."""
        if not self.has_run:
            raise UsageError(f"{self.path} holds no run: it has no {RECIPE}")

    def write_json(self, name: str, data: Any) -> None:
        """Write one JSON value, as write() does."""
        self.write(name, (json.dumps(data, indent=2) + "\n").encode())

    def write(self, name: str, data: bytes) -> None:
        """Write a file. Raises UsageError where the disk does not take it, as all do."""
        assert self._held is not None, "a run is written while its folder is held"
        with _told(self.path / name):
            self._held.write(name, data)

    def append_metrics(self, line: dict[str, Any]) -> None:
        path = self.path / METRICS
        with _told(path), path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")

    def metrics(self) -> list[dict[str, Any]]:
        """Return the lines of metrics.jsonl, without those of others or cut short by a crash."""
        path = self.path / METRICS
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        return [json.loads(line) for line in lines if line.endswith(b"\n") and _is_metrics(line)]

    def keep_metrics(self, epochs: int) -> None:
        """Drop the lines of epochs that are trained again."""
        kept = [line for line in self.metrics() if line["epoch"] <= epochs]
        self.write(METRICS, "".join(json.dumps(line) + "\n" for line in kept).encode())

    def write_test_samples(self, x: NDArray[np.integer], y: NDArray[np.integer]) -> None:
        """Write the test part, x codes and y class numbers: what a simulation reads.

        `codes` tells readers of data files that x is quantised already.
        """
        packed = io.BytesIO()
        np.savez_compressed(packed, x=x, y=y, codes=np.array(True))
        self.write(TEST, packed.getvalue())

    def test_samples(self) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        path = self.path / TEST
        if not path.exists():
            raise UsageError(f"{self.path} holds no {TEST}; train there again with --resume")
        with np.load(path, allow_pickle=False) as arrays:
            # Both are read here, because the file is closed on leaving.
            return arrays["x"], arrays["y"]

    def _note_metrics(self) -> None:
        """Note the lines that were added to metrics.jsonl since it was noted, where all are ours.

        They are not noted one by one, as each would cost a write of the manifest.
        """
        assert self._held is not None
        path, known = self.path / METRICS, self._held.digests.get(METRICS)
        if known is None or not path.is_file():
            return
        lines = path.read_bytes().splitlines(keepends=True)
        # The noted digest is of some first lines: hash on from the start until it is met, and from
        # there every line has to be one of ours.
        found, begun = hashlib.sha256(), known == hashlib.sha256().hexdigest()
        for line in lines:
            found.update(line)
            if begun and not _is_metrics(line):
                return
            begun = begun or found.hexdigest() == known
        if begun:
            self._held.note(METRICS, found.hexdigest())

    def _adopt(self) -> None:
        """Mark a folder without a mark whose checkpoint is whole: it is a run of ours."""
        if read_manifest(self.path) is not None:
            return
        try:
            checkpoint = load_newest(self.checkpoints)[0]
            recipe = json.loads((self.path / RECIPE).read_text(encoding="utf-8"))
        except (FileFormatError, ValueError):
            return
        if checkpoint is not None and checkpoint.state.get("recipe") == recipe:
            adopt_folder(self.path, COMMAND, (RECIPE, METRICS, TEST, FIGURES))


def _is_metrics(line: bytes) -> bool:
    """Say whether a line is one of ours, or the start of one that a crash has cut short."""
    if not line.endswith(b"\n"):
        # A crash leaves a start of a line; json.dumps writes the keys in their order, epoch first.
        return b'{"epoch": '.startswith(line[:10]) or line.startswith(b'{"epoch": ')
    try:
        values = json.loads(line)
        return isinstance(values, dict) and {"epoch", "loss"} <= values.keys()
    except ValueError:
        return False


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise UsageError(
            f"{path} cannot be written ({problem.strerror}); make room on the disk, then go on"
            " with --resume"
        ) from problem
