"""What the steps of a run have left beside its classifier: a JSON file in a folder for each."""

import glob
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lgn_hw.files.writers import default_folder

__all__ = ["MISSING", "placed_beside", "read_step"]

MISSING = "not run"


def read_step(path: Path, digest: str) -> tuple[dict[str, Any] | None, str]:
    """Return a step's figures, or None and the reason why there are none.

    path: of the JSON that the step wrote. A file of another classifier is told from a missing one,
    so that the page can say which of the two it is.
    """
    if not path.exists():
        return None, MISSING
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if data["digest"] != digest:
        return None, f"run on another classifier, {data['digest'][:12]}"
    return data, ""


def placed_beside(file: Path, digest: str) -> Iterator[Mapping[str, Any]]:
    """Give the cores that were placed on parts, then the bitstreams of boards.

    Figures of another classifier, and builds without a clock, are passed over.
    """
    for path in sorted(default_folder(file, "fmax").glob("*/fmax.json")):
        data, _ = read_step(path, digest)
        if data is not None:
            yield data
    # A build's folder is called after the classifier and the board.
    for path in sorted(file.parent.glob(f"{glob.escape(file.name)}.*/build.json")):
        data, _ = read_step(path, digest)
        if data is not None and data["fmax_mhz"] is not None:
            yield _board(data)


def _board(build: Mapping[str, Any]) -> dict[str, Any]:
    """Return a board's figures in the shape of `lgn fmax`; a link has no latency of a core."""
    return {
        "part": build["board"],
        "stage": "pnr",
        "tool": build["tools"]["nextpnr"],
        "setting": "bitstream with link and self-test",
        "clock_mhz": build["clock_mhz"],
        "met": build["fmax_mhz"] >= build["clock_mhz"],
        "fmax_mhz": build["fmax_mhz"],
        "latency_cycles": None,
        "latency_ns": None,
        "samples_per_second": None,
        "utilization": build.get("utilization") or build["utilisation"],  # as builds of 0.1 have it
    }
