"""Documents of sections: read from TOML, strict, and changed by `--set`."""

import copy
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lgn_hw.errors import UsageError
from lgn_train.recipe_errors import described

__all__ = ["Count", "Document", "Positive", "Section"]

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Section(BaseModel):
    """Values that are checked strictly and never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Document(Section):
    """What is read from a TOML file, and changed by `--set`."""

    @classmethod
    def load(cls, path: Path, changes: Sequence[str] = ()) -> Self:
        """Read a document and apply changes like `train.epochs=3`.

        Raises UsageError naming the file and the key, with the nearest legal key or the legal
        values.
        """
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            raise UsageError(f"There is no {cls.__name__.lower()} {path}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
            raise UsageError(f"{path} is not TOML: {problem}") from problem
        return cls.of(data, str(path), changes)

    @classmethod
    def of(cls, data: Mapping[str, Any], place: str, changes: Sequence[str] = ()) -> Self:
        """Check a document's values; `place` starts each message. Raises UsageError."""
        try:
            return cls.model_validate(_changed(data, changes))
        except ValidationError as problem:
            raise UsageError(described(problem, cls, place)) from None

    def to_dict(self) -> dict[str, Any]:
        """Return the document as JSON values, defaults included."""
        return self.model_dump(mode="json")


def _changed(data: Mapping[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """Return a copy of a document with changes like `train.epochs=3`, later ones over earlier ones.

    Raises UsageError for a text without KEY=VALUE, or a key that goes on below a value.
    """
    result: dict[str, Any] = copy.deepcopy(dict(data))
    for change in changes:
        key, equals, text = (part.strip() for part in change.partition("="))
        if not (key and equals):
            raise UsageError(f"--set must be KEY=VALUE, like train.epochs=3, not {change!r}")
        *sections, leaf = key.split(".")
        target = result
        for number, section in enumerate(sections, start=1):
            target = target.setdefault(section, {})
            if not isinstance(target, dict):
                place = ".".join(sections[:number])
                raise UsageError(f"--set {key}: {place} is a value, not a section")
        # Unknown keys are not found here but by the model, which names those that are near.
        target[leaf] = _toml_value(text)
    return result


def _toml_value(text: str) -> Any:
    """Read a TOML value; what is none is a string, so that quotes are not needed in a shell."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
