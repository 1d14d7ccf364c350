"""Where `lgn verilog` writes: one file, or a folder to hand over."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgn_cli.console import check_file, print_notices
from lgn_hw.errors import UsageError

if TYPE_CHECKING:
    from lgn_hw.classifier import Classifier
    from lgn_hw.delivery.design import Design

__all__ = ["is_file", "target_of", "write_design"]

SUFFIXES = (".v", ".sv")
# Random and real samples of a folder's testbench; a frame takes hundreds of cycles.
VECTORS, FRAMES = (200, 200), (11, 9)


def target_of(output: str | None, classifier: Path) -> Path | None:
    """Return the file or folder to write, or None for standard output."""
    if output in ("-", "/dev/stdout"):
        return None
    check_file(classifier)
    path = classifier.with_suffix(".v") if output is None else Path(output)
    if path.exists() and classifier.exists() and path.samefile(classifier):
        raise UsageError(f"{path} is the classifier itself; name another file with --output")
    if (output is not None and output.endswith(os.sep)) or path.is_dir() or is_file(path):
        return path
    if re.fullmatch(r"\.[A-Za-z]\w*", path.suffix):
        raise UsageError(
            f"Verilog is written to a file that ends in .v or .sv, or to a folder, not to {path};"
            f" for a folder of this name, write {path}{os.sep}"
        )
    return path


def is_file(path: Path) -> bool:
    """Say whether a path means one file rather than a folder."""
    device = path.exists() and not path.is_file()
    return not path.is_dir() and (path.suffix.lower() in SUFFIXES or device)


def _save(path: Path, text: str) -> int:
    """Write one file, and return its bytes; one that lgn did not write so is kept aside."""
    from lgn_hw.files.own_file import is_sealed, kept_notice, replace_file, sealed

    data = sealed(text).encode()
    print_notices(kept_notice(path, replace_file(path, data, is_sealed)))
    return len(data)


def write_design(
    loaded: "Classifier", design: "Design", path: Path, source: Path, projects: list[str]
) -> dict[str, Any]:
    """Write one file or a folder; a folder's vectors include real samples where there are some.

    source: the classifier's file. projects: whose texts a folder has.
    """
    from lgn_hw.delivery.folder import deliver
    from lgn_hw.samples import samples_beside, spread, vectors_for

    if is_file(path):
        return {"bytes": _save(path, design.text)}
    random, most = FRAMES if design.vector_name == "frame" else VECTORS
    # Real samples reach what random ones do not: most patterns of bits never occur in data.
    real = samples_beside(loaded, source)
    samples = None if real is None else spread(real.codes, most)
    codes = vectors_for(loaded.features, random, 0, samples)
    manifest = deliver(loaded, design, codes, path, print_notices, projects=projects)
    return {"files": len(manifest["sha256"]) + 1, "vectors": len(codes)}
