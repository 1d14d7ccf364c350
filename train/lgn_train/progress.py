"""Live progress on standard error: a bar on a terminal, else one line an epoch."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["EpochProgress", "print_notice"]


def print_notice(sentence: str, console: Console | None = None) -> None:
    """Print what the user should know, on standard error where no console is given."""
    (console or Console(stderr=True)).print(
        f"note: {sentence}", markup=False, highlight=False, soft_wrap=True
    )


@final
class EpochProgress:
    """Show epochs as they end; a context manager. `notice` prints a sentence beside them."""

    def __init__(self, epochs: int, done: int = 0, quiet: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, quiet=quiet)
        columns = ("epoch", BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
        self._bar = Progress(
            *columns,
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=epochs, completed=done)
        self._epochs = epochs

    def __enter__(self) -> "EpochProgress":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def notice(self, sentence: str) -> None:
        print_notice(sentence, self._console)

    def epoch(self, line: Mapping[str, Any]) -> None:
        """Show the figures of one epoch, as in metrics.jsonl."""
        shown = (
            f"loss {line['loss']:.4f}  train-mode {line['train_mode_accuracy']:.4f}"
            f"  soft {line['soft_accuracy']:.4f}  discrete {line['discrete_accuracy']:.4f}"
        )
        self._bar.update(self._task, advance=1, description=shown)
        if not self._console.is_terminal:
            self._console.print(f"epoch {line['epoch']}/{self._epochs}  {shown}", soft_wrap=True)
