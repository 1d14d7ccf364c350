"""What a search is asked for, as it is written beside its study."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lgn_hw.circuit.options import CoreOptions
from lgn_hw.errors import UsageError
from lgn_hw.synth.targets import TARGETS
from lgn_train.data.dataset import Dataset
from lgn_train.recipe import Data
from lgn_train.search.sizes import FEW, LARGE

__all__ = ["FILE", "Settings"]

FILE = "search.json"
FORMAT = 1  # of the file and of the space: a study goes on only where both are the same
# Optimiser steps of the longest trainings, on fewer samples than so many. With 400, what a search
# of 55 trials showed for scikit-learn's digits had 85 % in validation at most; the default recipe
# trains 2 000.
STEPS = ((FEW, 1000), (LARGE, 2000), (math.inf, 3000))

DIGEST = "data_sha256"
DECIDING = ("format", DIGEST, "luts", "lut", "steps")
CUTS = ("validation", "split_seed")


@dataclass(frozen=True)
class Settings:
    """One search.

    name: what the designs are called after. data: the recipe's section of the data; its validation
    part is the one that designs are compared on, 0 for one that is chosen. luts: the most LUTs of a
    whole circuit. target: the LUTs, a name of lgn_hw.synth.targets.TARGETS. steps: optimiser steps
    of the longest trainings; 0 chooses by the size of the data.

    Raises UsageError where luts or target is none.
    """

    name: str
    data: Data
    luts: int
    target: str = "6"
    steps: int = 0

    def __post_init__(self) -> None:
        if self.target not in TARGETS:
            raise UsageError(f"--lut must be one of {', '.join(TARGETS)}, not {self.target!r}")
        if self.luts < 1:
            raise UsageError(f"--luts must be 1 or more, not {self.luts}")
        if self.steps < 0:
            raise UsageError(f"--steps must be 1 or more, not {self.steps}")

    @property
    def options(self) -> CoreOptions:
        """What circuits are built like."""
        return TARGETS[self.target]

    def longest(self, rows: int) -> int:
        """Return the optimiser steps of the longest trainings on so many samples."""
        return self.steps or next(steps for least, steps in STEPS if rows < least)

    def to_dict(self, data: Dataset) -> dict[str, Any]:
        """Return what is written beside a study, and compared before it goes on."""
        return {
            "format": FORMAT,
            "name": self.name,
            "data": self.data.model_dump(mode="json", exclude_defaults=True),
            DIGEST: data.digest,
            "luts": self.luts,
            "lut": self.target,
            "steps": self.longest(len(data.x_train)),
        }

    def check_same(self, folder: Path, data: Dataset) -> None:
        """Raise UsageError naming what differs from a folder's search; the path may have moved."""
        stored = json.loads((folder / FILE).read_text(encoding="utf-8"))
        before, now = _deciding(stored), _deciding(self.to_dict(data))
        for key in now:
            if before[key] == now[key]:
                continue
            if key == DIGEST:
                raise UsageError(
                    f"{folder} is a search on other samples than those of {self.name}; give the"
                    " data that it was started with, or choose another folder with --output"
                )
            raise UsageError(
                f"{folder} is a search with {key} = {before[key]!r}, and cannot go on with"
                f" {now[key]!r}; set it back, or choose another folder with --output"
            )


def _deciding(document: dict[str, Any]) -> dict[str, Any]:
    """Return by name what decides whether trials can be compared: the samples go by their digest,
    and what cuts the training part into validation parts counts, too.
    """
    fields = Data.model_fields
    cuts = {f"data.{key}": document["data"].get(key, fields[key].default) for key in CUTS}
    return cuts | {key: document.get(key) for key in DECIDING}
