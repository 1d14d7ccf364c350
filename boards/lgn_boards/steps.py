"""Numbered steps with times; what a step has found is kept, so that a build can be resumed."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lgn_hw.files.atomic import write_text

__all__ = ["Step", "Steps"]


@dataclass(frozen=True)
class Step:
    """One step of a build: its number, how long it took, and whether that was in an earlier run."""

    number: int
    name: str
    seconds: float
    kept: bool

    def to_json(self) -> dict[str, Any]:
        """Return the step as JSON values."""
        return {"name": self.name, "seconds": self.seconds, "kept": self.kept}


class Steps:
    """Run steps in their order.

    folder: receives NUMBER-NAME.json when a step is over; a step whose file is there is not run
    again. count: of all steps, for what is said. say: receives a line before and after each step.
    """

    def __init__(self, folder: Path, count: int, say: Callable[[str], None]) -> None:
        self.folder, self.count, self.say = folder, count, say
        self.done: list[Step] = []

    def run(self, name: str, action: Callable[[], Any]) -> Any:
        """Return what the action returns, JSON values, or what it returned in an earlier run."""
        number = len(self.done) + 1
        file = self.folder / f"{number}-{name.replace(' ', '-')}.json"
        head = f"[{number}/{self.count}] {name}"
        # The folder is named after the digest of all inputs, so that a file there is of this very
        # step.
        if file.exists():
            kept = json.loads(file.read_text(encoding="utf-8"))
            self.done.append(Step(number, name, kept["seconds"], True))
            self.say(f"{head}: done before, in {kept['seconds']} s")
            return kept["found"]
        self.say(f"{head} ...")
        start = time.perf_counter()
        found = action()
        seconds = round(time.perf_counter() - start, 2)
        write_text(file, json.dumps({"seconds": seconds, "found": found}, indent=2) + "\n")
        self.done.append(Step(number, name, seconds, False))
        self.say(f"{head}: {seconds} s")
        return found
