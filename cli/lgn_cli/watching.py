"""What a long proof is at, as its user sees it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.text import Text

from lgn_cli.console import errors
from lgn_hw.prove.watch import Watch

__all__ = ["watched"]

LINE_S = 20  # between lines of progress, where there is no terminal


@contextmanager
def watched(limit: float | None, doing: str = "proving") -> Iterator[Watch]:
    """Show what a proof is at: on a terminal as it goes on, elsewhere in a line now and then.

    limit: seconds for the whole proof, if there is one.
    """
    start = said = time.monotonic()
    with errors.status(doing) as status:

        def report(what: str) -> None:
            nonlocal said
            now = time.monotonic()
            status.update(Text(f"{doing}: {what}, {now - start:.0f} s"))
            # In a log a line every 20 seconds shows that it lives; more would bury what matters.
            if not errors.is_terminal and now - said > LINE_S:
                said = now
                errors.print(f"{doing}: {what}, {now - start:.0f} s", soft_wrap=True)

        yield Watch(report, limit)
