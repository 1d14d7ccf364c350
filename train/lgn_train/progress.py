"""Live progress on standard error: a bar on a terminal, else one line per epoch.

Standard error, because standard output belongs to the figures (`--json`). On a terminal there is a
bar; in a log file a line per epoch with the time that is left.
"""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, final

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

__all__ = ["StepProgress", "print_notice", "show_epoch"]


def print_notice(sentence: str, console: Console | None = None) -> None:
    """Print what the user should know, on standard error where no console is given."""
    (console or Console(stderr=True)).print(
        f"note: {sentence}", markup=False, highlight=False, soft_wrap=True
    )


class _Rate(ProgressColumn):
    """Show samples per second, of the steps of the last half minute."""

    def __init__(self, batch_size: int) -> None:
        super().__init__()
        self._batch_size = batch_size

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed * self._batch_size:,.0f} samples/s")


@final
class StepProgress:
    """Show optimiser steps as they pass; a context manager. Texts are printed above the bar.

    steps: of the whole run; done: those before a resume. batch_size: samples per step, for the
    rate. quiet: print nothing.
    """

    def __init__(self, steps: int, batch_size: int, done: int = 0, quiet: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, quiet=quiet)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            _Rate(batch_size),
            TimeRemainingColumn(),
            console=self._console,
            # In a log file the bar would leave a line for every refresh.
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=steps, completed=done)
        self._steps, self._done, self._started = steps, done, time.monotonic()
        # The pace is of this process alone: steps before a resume took none of its time.
        self._first = done

    def __enter__(self) -> "StepProgress":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    @property
    def live(self) -> bool:
        return self._console.is_terminal

    def notice(self, sentence: str) -> None:
        print_notice(sentence, self._console)

    def line(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)

    def describe(self, text: str) -> None:
        self._bar.update(self._task, description=text)

    def advance(self, steps: int = 1) -> None:
        self._done += steps
        self._bar.update(self._task, advance=steps)

    def left(self) -> str:
        """Return the time that the rest takes at the pace so far, like `1:05:20 left`."""
        pace = (time.monotonic() - self._started) / max(1, self._done - self._first)
        minutes, seconds = divmod(round(pace * (self._steps - self._done)), 60)
        hours, minutes = divmod(minutes, 60)
        return (
            f"{hours}:{minutes:02}:{seconds:02} left" if hours else f"{minutes}:{seconds:02} left"
        )


def show_epoch(bar: StepProgress, line: Mapping[str, Any], epochs: int, samples: int) -> None:
    """Show the figures of one epoch, a line of metrics.jsonl, and how fast it was.

    samples: of the training part, from which the rate is computed where there is no bar.
    """
    text = f"epoch {line['epoch']}/{epochs}  {_figures(line)}"
    bar.describe(text)
    if not bar.live:
        text += f"  {samples / max(line['seconds'], 1e-3):,.0f} samples/s"
        bar.line(text + (f"  {bar.left()}" if line["epoch"] < epochs else ""))


def _figures(line: Mapping[str, Any]) -> str:
    """Return the figures of a line of metrics.jsonl that it has, `best` behind those of a new
    best.
    """
    names = {
        "loss": "loss",
        "train_mode_accuracy": "train-mode",
        "soft_accuracy": "soft",
        "discrete_accuracy": "discrete",
    }
    found = [f"{name} {line[key]:.4f}" for key, name in names.items() if key in line]
    if line.get("part") == "validation":
        found[1] = f"validation: {found[1]}"
    return "  ".join([*found, "best"] if line.get("best") else found)
