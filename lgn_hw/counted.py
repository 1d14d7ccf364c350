"""How a number and its noun are written for a reader: 1 beat, 2 beats, 1,200 classes."""

import re

__all__ = ["counted"]


def counted(number: int, noun: str, form: str = ",") -> str:
    """Return a number before its noun, which is plural unless the number is 1.

    noun: in the singular, one that forms its plural by rule. form: of the number, as for format();
    commas between thousands if not given.
    """
    if number != 1:
        noun = re.sub(r"(s|x|sh|[^o]ch)$", r"\1e", noun) + "s"
        noun = re.sub(r"([^aeiou])ys$", r"\1ies", noun)
    return f"{number:{form}} {noun}"
