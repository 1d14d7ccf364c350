"""A classifier as one HTML page that computes it: no network, no library, the net in some bytes."""

import base64
import hashlib
import json
import re
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgn_hw.classifier import Classifier
from lgn_hw.counted import counted
from lgn_hw.errors import FileFormatError, UsageError
from lgn_hw.export.live_program import program_bytes, same_program, varints
from lgn_hw.export.seal import is_sealed, sealed
from lgn_hw.files.own_file import replace_file
from lgn_hw.image_shape import Shape
from lgn_hw.prove.equivalence import Claim, Proof
from lgn_hw.samples import Samples, spread
from lgn_hw.version import __version__

__all__ = ["live_page", "prove_live_page", "write_live_page"]

HERE = Path(__file__).parent / "live"
NET = ("net.js",)
VIEW = ("input.js", "gates.js", "page.js")
COMMENT = ("<!-- ", " -->")
WHOLE = "the page is as it was written"
PROGRAM = "the program in the page has the classifier's ranges, thresholds, gates and votes"
CODE = "the interpreter in the page is lgn's"
AGAIN = "export it again"
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
MARK = b' live page">'  # of a page that may be replaced
SHOWN = 16  # digits of a digest


def live_page(
    classifier: Classifier,
    title: str,
    *,
    shape: Shape | None = None,
    samples: Samples | None = None,
    examples: int = 20,
) -> bytes:
    """Return the page.

    shape: (channels, rows, columns) where the input is an image that is drawn; sliders otherwise.
    samples: of which so many examples, spread evenly, are put into the page with their labels.
    Raises UsageError where a range goes beyond 2^53.

    title: shown at the head, and escaped. The same arguments give the same bytes. The last line is
    a comment with the page's checksum.
    """
    program = program_bytes(classifier)
    data = _data(classifier, program, title, shape, samples, examples)
    # Everything is in the one file: style, script and net, so that it works from a mail attachment.
    page = _filled(
        (HERE / "page.html").read_text(encoding="utf-8"),
        version=__version__,
        title=escape(title),
        summary=_summary(classifier),
        digest=classifier.digest,
        short_digest=classifier.digest[:SHOWN],
        checksum=data["sha256"],
        short_checksum=data["sha256"][:SHOWN],
        size=f"{len(program):,}",
        style=(HERE / "page.css").read_text(encoding="utf-8"),
        data=_embedded(data),
        net=_script(NET),
        view=_script(VIEW),
    )
    return sealed(page.encode("utf-8"), *COMMENT)


def prove_live_page(classifier: Classifier, page: bytes) -> Proof:
    """Prove that the program in a page is the classifier: it is read back, and compared whole.

    What the interpreter makes of it is tested, in a browser and in Node. Raises FileFormatError
    where the file is no page that was written here.
    """
    whole = _claim(WHOLE, "SHA-256", is_sealed(page))
    if whole.status == "different":
        return Proof((whole,))
    text = page.decode("utf-8")
    found = DATA.search(text)
    if found is None:
        raise FileFormatError("The file is no live page that lgn export wrote")
    program = base64.b64decode(json.loads(found[1])["program"])
    same = same_program(classifier, program)
    # Whole files and not digests: a page of another version of the interpreter differs here.
    code = all(_script(names) in text for names in (NET, VIEW))
    claims = (_claim(PROGRAM, "comparison", same), _claim(CODE, "comparison", code))
    return Proof((whole, *claims))


def write_live_page(
    classifier: Classifier, path: Path, **options: Any
) -> tuple[Proof, Path | None]:
    """Write live_page() to a file once it is proven; options are its own.

    Returns the proof, and where a file that was there and is no live page is kept. Raises
    CheckFailed where the proof fails, and writes nothing.
    """
    page = live_page(classifier, path.stem, **options)
    proof = prove_live_page(classifier, page)
    proof.check()
    return proof, replace_file(path, page, lambda old: MARK in old)


def _data(
    classifier: Classifier,
    program: bytes,
    title: str,
    shape: Shape | None,
    samples: Samples | None,
    examples: int,
) -> dict[str, Any]:
    """Return what the page's script reads as JSON: the program and the examples in base64, the rest
    as it is. Examples are stored as code - low, so that small numbers take one byte each.
    """
    features = classifier.features
    rows, labels = _examples(samples, examples)
    return {
        "title": title,
        "digest": classifier.digest,
        "sha256": hashlib.sha256(program).hexdigest(),
        "program": base64.b64encode(program).decode(),
        "classes": list(classifier.classes),
        "features": list(features.names),
        "offset": _once(features.offset),
        "scale": _once(features.scale),
        "shape": shape,
        "samples": base64.b64encode(varints((rows - features.low).ravel().tolist())).decode()
        if len(rows)
        else "",
        "labels": labels,
    }


def _examples(samples: Samples | None, most: int) -> tuple[NDArray[np.int64], list[int]]:
    """Return codes and labels, -1 where there is none, of samples spread evenly."""
    if samples is None:
        return np.zeros((0, 0), np.int64), []
    if most < 1:
        raise UsageError(f"--examples must be at least 1, not {most}")
    chosen = spread(np.arange(len(samples)), most)
    labels = np.full(len(samples), -1) if samples.labels is None else samples.labels
    return samples.codes[chosen], labels[chosen].tolist()


def _once(values: NDArray[np.float64]) -> list[float]:
    """Return the values, or the one that all of them are."""
    found: list[float] = np.unique(values).tolist()
    return found if len(found) == 1 else values.tolist()


def _summary(classifier: Classifier) -> str:
    """Say in one line how large the net is."""
    netlist = classifier.netlist
    gates, levels = counted(netlist.num_nodes, "gate"), counted(netlist.depth, "level")
    return f"{gates} on {levels}, {classifier.num_classes:,} classes"


def _embedded(data: dict[str, Any]) -> str:
    """Return JSON that no name in it can end: `<` cannot stand in it."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    # These escapes are the same string for a JSON parser.
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _script(names: tuple[str, ...]) -> str:
    """Return files of the page's script, one after the other; they share one scope."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)


def _filled(template: str, **values: str) -> str:
    """Replace @name@ in a template whose braces are its own; what is put in is not looked at."""
    return re.sub(r"@(\w+)@", lambda match: values[match[1]], template)


def _claim(what: str, method: str, holds: bool) -> Claim:
    """Return a claim that holds or does not; where not, the remedy stands beside it."""
    return Claim(what, method, "equal" if holds else "different", "" if holds else AGAIN)
