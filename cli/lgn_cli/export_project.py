"""`lgn export --to tinytapeout`: a classifier as a project for a shared chip."""

import time
from pathlib import Path
from typing import Any

from lgn_cli.console import print_notices
from lgn_cli.watching import watched

__all__ = ["export_project", "identifier"]

VECTORS = 40  # of a project's test, half of them real samples where there are some


def export_project(
    source: Path,
    output: Path | None,
    name: str | None,
    tiles: str | None,
    clock_mhz: float,
    timeout: float,
    limit: float,
) -> dict[str, Any]:
    """Write a project for Tiny Tapeout, and return the figures of `lgn export`."""
    from lgn_hw.classifier import Classifier
    from lgn_hw.export.tiny_tapeout import tiny_tapeout, write_tiny_tapeout
    from lgn_hw.samples import samples_beside, spread, vectors_for

    start = time.perf_counter()
    loaded = Classifier.load(source)
    real = samples_beside(loaded, source)
    samples = None if real is None else spread(real.codes, VECTORS // 2)
    codes = vectors_for(loaded.features, VECTORS // 2, 0, samples)
    called = name or identifier(source.stem)
    project = tiny_tapeout(loaded, codes, name=called, tiles=tiles, clock_mhz=clock_mhz)
    with watched(limit, "proving the circuit") as watch:
        files, proof, notices = write_tiny_tapeout(
            loaded,
            output or source.with_name(f"tt_um_{called}"),
            project,
            timeout_s=timeout,
            watch=watch,
        )
    print_notices(notices)
    return {
        "files": [str(path) for path in files],
        "digest": loaded.digest,
        "bits": project.bits,
        "gates": project.gates,
        "tiles": project.tiles,
        "claims": len(proof.claims),
        "seconds": round(time.perf_counter() - start, 2),
    }


def identifier(stem: str) -> str:
    """Return a file's name as an identifier: what is none becomes an underscore."""
    found = "".join(c if c.isalnum() and c.isascii() else "_" for c in stem)
    return found if found[:1].isalpha() else f"lgn_{found}"
