"""What the finals of a search have found, as files of its folder."""

import json
from pathlib import Path
from typing import Any

from lgn_train.search.designs import Design

__all__ = ["FOLDER", "Final", "place_of", "result_of", "trained_of"]

FOLDER = "finals"

Final = tuple[Design, int]  # a design and a seed, from 1; that of the search is 0


def result_of(folder: Path, final: Final) -> dict[str, Any] | None:
    """Return the figures of a final, or None while there are none."""
    try:
        text = place_of(folder, final, "json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    found: dict[str, Any] = json.loads(text)
    return found


def trained_of(folder: Path, final: Final) -> tuple[bytes, bytes]:
    """Return the files of the proven classifier and of that which was trained."""
    small, trained = (place_of(folder, final, suffix) for suffix in ("lgn", "trained"))
    return small.read_bytes(), trained.read_bytes()


def place_of(folder: Path, final: Final, suffix: str) -> Path:
    """Return where a final's file of one kind is."""
    design, seed = final
    return folder / FOLDER / f"{design.key}-seed{seed}.{suffix}"
