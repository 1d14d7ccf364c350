"""Messages about recipes: which key of which file, what was found, and what is legal.

pydantic's own messages name types and internals; users get the key as they wrote it and what is
legal there.
"""

import difflib
import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

__all__ = ["described"]


def described(problem: ValidationError, model: type[BaseModel], place: str) -> str:
    """Return the problems as sentences, one per line, each naming the place and the key."""
    return "\n".join(f"{place}: {_sentence(error, model)}" for error in problem.errors())


def _sentence(error: Any, model: type[BaseModel]) -> str:
    """Return one error as a sentence: the key, what is legal there, and what was given.

    error: an entry of ValidationError.errors(). Kinds without words of their own keep pydantic's.
    """
    key = ".".join(str(part) for part in error["loc"])
    value, context = error["input"], error.get("ctx", {})
    # pydantic's kinds of errors; those that a recipe can meet have words of their own.
    match error["type"]:
        case "extra_forbidden":
            return f"{key} is not a key; {_suggestion(key, list(_keys(model)))}"
        case "missing":
            return f"{key} is missing"
        case "literal_error":
            return (
                f"{key} must be one of {context['expected'].replace(' or ', ', ')}, not {value!r}"
            )
        case "value_error":
            return f"{key}: {context['error']}" if key else str(context["error"])
        case "greater_than_equal":
            return f"{key} must be {context['ge']:g} or more, not {value!r}"
        case "less_than_equal":
            return f"{key} must be {context['le']:g} or less, not {value!r}"
        case "less_than":
            return f"{key} must be below {context['lt']:g}, not {value!r}"
        case "greater_than":
            return f"{key} must be above {context['gt']:g}, not {value!r}"
        case "string_pattern_mismatch":
            return f"{key} must be letters, digits and . _ -, not {value!r}"
        case "too_short":
            return f"{key} must have {context['min_length']} value or more, not {value!r}"
        case "model_type" | "model_attributes_type":
            return f"{key} must be a section, like [{key}], not {value!r}"
    # pydantic's own words: "Input should be a valid integer".
    return f"{key} {error['msg'].replace('Input should be', 'must be')}, not {value!r}"


def _keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield all keys of a model and of the sections in it, dotted: `train.epochs`."""
    for name, field in model.model_fields.items():
        yield prefix + name
        # A section, or a list of them, whose annotation is tuple[Section, ...].
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from _keys(kind, f"{prefix}{name}.")


def _suggestion(key: str, legal: list[str]) -> str:
    """Suggest the same word in another section, else the nearest of the same section."""
    section, _, leaf = key.rpartition(".")
    keys_of = re.sub(r"\.\d+", "", section)  # a section of a list has the keys of all of them
    # First the same word in another section: most unknown keys are known ones in the wrong place.
    elsewhere = [other for other in legal if other.rpartition(".")[2] == leaf]
    if elsewhere:
        return f"did you mean {elsewhere[0]}?"
    siblings = [other.rpartition(".")[2] for other in legal if other.rpartition(".")[0] == keys_of]
    near = [other for other in siblings if _initials(other) == leaf]  # "lr" is "learning_rate"
    near = near or difflib.get_close_matches(leaf, siblings, 1, cutoff=0.2)
    if near:
        return f"did you mean {f'{section}.{near[0]}' if section else near[0]}?"
    return f"the keys there are {', '.join(siblings)}"


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split("_"))
