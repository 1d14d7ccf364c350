"""Look at something now and then while other work is done."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["polling"]

POLL_S = 0.5


@contextmanager
def polling(look: Callable[[], None]) -> Iterator[None]:
    """Call a function from another thread, at once and then twice a second, in a block."""
    over = threading.Event()

    def go_on() -> None:
        while not over.is_set():
            look()
            over.wait(POLL_S)

    # A daemon: a process that is interrupted need not wait for it.
    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
