"""Which lines of the CUDA source were never executed, by gcov."""

import json
import subprocess
from pathlib import Path

from cuda_emulator.source import CudaSource

__all__ = ["lines_not_executed"]


def lines_not_executed(source: CudaSource) -> list[str]:
    """Return `file:line: text` of what no call so far has reached, in flavour `coverage`."""
    (source.path.parent / "kernels.gcda").unlink(missing_ok=True)  # of another process
    source.library.emu_dump_coverage()
    done = subprocess.run(
        ["gcov", "--json-format", "--stdout", "kernels.o"],
        cwd=source.path.parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    counts: dict[tuple[Path, int], int] = {}
    for file in json.loads(done.stdout)["files"]:
        path = Path(file["file"])
        if path.suffix in {".cu", ".cuh"}:
            for line in file["lines"]:
                place = path, line["line_number"]
                counts[place] = counts.get(place, 0) + line["count"]
    assert counts, "gcov knows no line of the CUDA source"
    missed = sorted(place for place, count in counts.items() if not count)
    return [f"{path.name}:{n}: {path.read_text().splitlines()[n - 1]}" for path, n in missed]
