"""Labels and class names: one spelling for each class, a total order, and matching by name.

The same class is "1" in one file, "1.0" in another and 1 in an array. Spelled in one way and in one
order, labels give the same class numbers whichever file they came from.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from lgn_hw.errors import UsageError

__all__ = ["canonical", "check_class_names", "is_missing", "match_labels", "number_classes"]

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
MAX_DIGITS = 100  # of what is taken for a number
MISSING = frozenset(("", "nan", "na", "n/a", "#n/a", "<na>", "null", "nat", "?"))
UNKNOWN = -1
MAX_SHOWN = 5


def canonical(label: str) -> str:
    """Return the one spelling of a label: 1, 1.0 and +1.00 are "1", TRUE and true are "True".

    Other text is kept, without spaces around it and with composed accents (Unicode NFC).
    """
    text = unicodedata.normalize("NFC", label.strip())
    number = _number(text)
    if number is not None:
        return _spelled(number)
    return text.capitalize() if text.lower() in ("true", "false") else text


def is_missing(label: str) -> bool:
    """Return whether a label says that there is none: it is empty, nan, NA or ?."""
    return label.strip().lower() in MISSING


def number_classes(labels: Sequence[str]) -> tuple[NDArray[np.int64], list[str]]:
    """Return class numbers[samples] and class names of labels, none of them missing.

    The names are canonical(). Numbers stand in their order, anything else by Unicode; the order
    depends on nothing but the set of names.
    """
    known = {label: canonical(label) for label in set(labels)}
    numbers = {name: _number(name) for name in known.values()}
    if all(number is not None for number in numbers.values()):
        # As numbers, so that class "10" stands behind "9". Decimal, because floats would take long
        # numbers for equal ones.
        names = sorted(numbers, key=lambda name: numbers[name] or Decimal(0))
    else:
        names = sorted(numbers)
    index = {name: number for number, name in enumerate(names)}
    return np.array([index[known[label]] for label in labels], np.int64), names


def match_labels(
    labels: Sequence[str], classes: Sequence[str]
) -> tuple[NDArray[np.int64], dict[str, int]]:
    """Return the class number of each label, -1 where no class has its name, and how often each
    of those labels occurs.

    Labels match by name, in any spelling of canonical(). Where none does and the classes have no
    numbers for names, whole numbers 0 ... n-1 are class numbers; where the classes are 0 and 1,
    True and False are these.
    """
    counts = Counter(labels)
    # Names first: a label 7 of classes called 7, 8 and 9 is a name, not the eighth class.
    numbers = _by_name(counts, classes)
    if counts and all(number == UNKNOWN for number in numbers.values()):
        numbers = _by_number(counts, classes)
    unknown = {label: counts[label] for label in sorted(counts) if numbers[label] == UNKNOWN}
    return np.array([numbers[label] for label in labels], np.int64), unknown


def check_class_names(names: Sequence[str], place: str) -> list[str]:
    """Return class names as they are kept; raises UsageError on empty and repeated ones."""
    kept = [canonical(name) for name in names]
    for number, name in enumerate(kept):
        if not name:
            raise UsageError(f"{place}: class {number} must have a name, not {names[number]!r}")
        if name in kept[:number]:
            raise UsageError(
                f"{place}: class names must differ, and {kept.index(name)} and {number} are both"
                f" {name!r}; give each class a name of its own"
            )
    return kept


def _by_name(labels: Counter[str], classes: Sequence[str]) -> dict[str, int]:
    """Return the class of each label that is a class's name."""
    # As they are spelled first: canonical() makes 1 and 1.0 one, and two classes may be called so.
    exact = {name: number for number, name in enumerate(classes)}
    spelled: dict[str, int] = {}
    for number, name in enumerate(classes):
        spelled.setdefault(canonical(name), number)
    return {
        label: UNKNOWN
        if is_missing(label) and label not in exact
        else exact.get(label, spelled.get(canonical(label), UNKNOWN))
        for label in labels
    }


def _by_number(labels: Counter[str], classes: Sequence[str]) -> dict[str, int]:
    """Return the class of each label that is a class's number."""
    names = [canonical(name) for name in classes]
    if names == ["0", "1"]:
        legal = {"False": 0, "True": 1}
    elif any(_number(name) is not None for name in names):
        legal = {}
    else:
        legal = {str(number): number for number in range(len(classes))}
    return {label: legal.get(canonical(label), UNKNOWN) for label in labels}


def _number(text: str) -> Decimal | None:
    """Return the number that a label is, exactly; None for other text, and for very long digits."""
    if len(text) > MAX_DIGITS or not NUMBER.fullmatch(text):
        return None
    return Decimal(text)


def _spelled(number: Decimal) -> str:
    """Return the one spelling of a number: whole ones without a point, others without trailing
    zeros.
    """
    if number == number.to_integral_value() and abs(number) < Decimal(10) ** 30:
        return str(int(number))
    return str(number.normalize())
