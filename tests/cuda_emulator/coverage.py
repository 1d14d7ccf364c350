"""Which lines of the CUDA source were never executed, by gcov."""

import ctypes
import json
import subprocess
from pathlib import Path

__all__ = ["lines_not_executed"]


def lines_not_executed(path: Path, library: ctypes.CDLL) -> list[str]:
    """Return `file:line: text` of what no call so far has reached, in flavour `coverage`.

    path: of the library, as build() returns it.
    """
    path.with_suffix(".gcda").unlink(missing_ok=True)  # of another process
    library.emu_dump_coverage()
    done = subprocess.run(
        ["gcov", "--json-format", "--stdout", f"{path.stem}.o"],
        cwd=path.parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    counts: dict[tuple[Path, int], int] = {}
    for file in json.loads(done.stdout)["files"]:
        source = Path(file["file"])
        if source.suffix in {".cu", ".cuh"}:
            for line in file["lines"]:
                place = source, line["line_number"]
                counts[place] = counts.get(place, 0) + line["count"]
    assert counts, "gcov knows no line of the CUDA source"
    missed = [(of, n, of.read_text().splitlines()[n - 1]) for (of, n), c in counts.items() if not c]
    # The end of a function is what gcov calls the way out of it by an exception.
    return [f"{of.name}:{n}: {line}" for of, n, line in sorted(missed) if line.strip() != "}"]
