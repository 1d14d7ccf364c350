"""Names of columns: what a header must be, and how columns are found by name."""

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from lgn_hw.data.labels import NUMBER
from lgn_hw.errors import UsageError

__all__ = ["check_names", "find_columns", "label_column", "listed", "plain", "tidy"]

PANDAS_INDEX = re.compile(r"Unnamed: [0-9]+")
MAX_LISTED = 8


def tidy(name: str) -> str:
    """Return a name without spaces around it and with composed accents (Unicode NFC)."""
    return unicodedata.normalize("NFC", name.strip())


def listed(names: Iterable[str]) -> str:
    """Return names for a message, the first of many."""
    given = list(names)
    more = f" and {len(given) - MAX_LISTED} more" if len(given) > MAX_LISTED else ""
    return ", ".join(repr(name) for name in given[:MAX_LISTED]) + more


def plain(names: Iterable[str]) -> str:
    """Return names with commas between them; control characters, which a terminal would obey, are
    written as Python writes them.

    For names and texts of files in messages: a file must not be able to move the cursor or colour
    what is printed.
    """
    return "".join(
        character if character.isprintable() else repr(character)[1:-1]
        for character in ", ".join(names)
    )


def check_names(names: Sequence[str], place: str) -> None:
    """Raise UsageError where names are no header: numbers, missing ones, two alike."""
    # All but one, since the label's column often has a word in a first row of data.
    numbers = [name for name in names if NUMBER.fullmatch(name)]
    if numbers and len(numbers) >= len(names) - 1:
        raise UsageError(
            f"{place} has no header row: its first row holds numbers ({listed(numbers)}), not"
            " names; put a row with a name for each column above it"
        )
    for number, name in enumerate(names, 1):
        if not name or PANDAS_INDEX.fullmatch(name):
            raise UsageError(
                f"{place}: column {number} must have a name, not {name!r}; if it counts the rows,"
                " leave it out (pandas: to_csv(..., index=False))"
            )
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise UsageError(f"{place} has two columns named {listed(twice)}; rename one of them")


def label_column(names: Sequence[str], label: str, place: str) -> int:
    """Return where a named column stands; raises UsageError with the nearest name."""
    if label in names:
        return names.index(label)
    near = difflib.get_close_matches(label, names, 1)
    # difflib does not find a name that differs in its case alone, where it is short.
    near = near or [name for name in names if name.lower() == label.lower()]
    hint = f"; did you mean {near[0]!r}?" if near else f"; it has {plain(names)}"
    raise UsageError(f"{place} has no column {label!r}{hint}")


def find_columns(names: Sequence[str], wanted: Sequence[str], place: str) -> list[int]:
    """Return where the wanted columns stand, in their order.

    Raises UsageError naming the columns that are missing and those that nothing reads.
    """
    if len(set(wanted)) != len(wanted):
        raise UsageError(
            "The classifier has several features of one name, so columns cannot be found by name;"
            " give the samples as an .npz"
        )
    position = {name: index for index, name in enumerate(names)}
    found = [position.get(tidy(name), -1) for name in wanted]
    missing = [name for name, index in zip(wanted, found, strict=True) if index < 0]
    if missing:
        extra = [name for name in names if name not in set(map(tidy, wanted))]
        hint = f"; columns that it does not read: {listed(extra)}" if extra else ""
        near = difflib.get_close_matches(missing[0], extra, 1)
        hint += f"; is {missing[0]!r} named {near[0]!r} there?" if near else ""
        raise UsageError(
            f"{place} has no column {listed(missing)}, which the classifier reads{hint}"
        )
    return found
