"""`lgn export --to html`: a classifier as a page that computes it."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgn_cli.console import notice, print_notices
from lgn_hw.errors import UsageError

if TYPE_CHECKING:
    from lgn_hw.classifier import Classifier
    from lgn_hw.prove.equivalence import Proof

__all__ = ["export_page", "written_figures"]


def export_page(
    source: Path,
    output: Path | None,
    data: Path | None,
    label: str | None,
    examples: int,
    image: str | None,
) -> dict[str, Any]:
    """Write a classifier's live page, and return the figures of `lgn export`."""
    from lgn_hw.classifier import Classifier
    from lgn_hw.export.live_page import write_live_page
    from lgn_hw.image_shape import find_image_shape, parse_image_shape
    from lgn_hw.samples import read_samples

    start = time.perf_counter()
    path = output or source.with_suffix(".html")
    if path.suffix.lower() not in (".html", ".htm") or path.is_dir():
        raise UsageError(f"A live page is a file that ends in .html, not {path}")
    loaded = Classifier.load(source)
    samples = None if data is None else read_samples(loaded, data, label)
    if samples is not None:
        print_notices(samples.notices)
    if image is None:
        shape = find_image_shape(loaded.features)
    else:
        shape = parse_image_shape(image, loaded.features)
    proof, kept = write_live_page(loaded, path, shape=shape, samples=samples, examples=examples)
    if kept is not None:
        notice(f"{path} was no live page; it is kept as {kept}")
    return written_figures(loaded, [path], proof, start)


def written_figures(
    classifier: "Classifier", files: list[Path], proof: "Proof", start: float
) -> dict[str, Any]:
    """Return what was written and proven, and how long it took since start."""
    return {
        "files": [str(path) for path in files],
        "digest": classifier.digest,
        "bytes": sum(path.stat().st_size for path in files),
        "claims": len(proof.claims),
        "seconds": round(time.perf_counter() - start, 2),
    }
