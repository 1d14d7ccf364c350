"""What a program said last: the lines of a log that an error message shows."""

__all__ = ["last_errors"]

SHOWN_LINES = 5


def last_errors(log: str) -> str:
    """Return the last lines with ERROR, each once, and what follows them; else the last lines."""
    lines = [line for line in log.splitlines() if line.strip()]
    wrong = [i for i, line in enumerate(lines) if "ERROR" in line]
    if not wrong:
        return _indented(lines[-SHOWN_LINES:])
    # yosys repeats an error at the end, in other words: the first ones often say more.
    earlier = list(dict.fromkeys(lines[i] for i in wrong if lines[i] != lines[wrong[-1]]))
    followed = lines[wrong[-1] :][:SHOWN_LINES]
    left = SHOWN_LINES - len(followed)
    return _indented([*earlier[len(earlier) - left if left < len(earlier) else 0 :], *followed])


def _indented(lines: list[str]) -> str:
    """Indent lines below the sentence that introduces them."""
    return "\n".join(f"  {line}" for line in lines)
