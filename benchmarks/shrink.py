"""Make trained classifiers smaller with `lgn shrink`, and measure what is lost.

python benchmarks/shrink.py build/digits/digits.lgn build/mnist-small/mnist-small.lgn ...

Each is one run of `lgn shrink X.lgn --max-loss P` on the data of its recipe: LUTs are those of the
whole circuit as `lgn optimize --lut 6` maps it, before and after. The result is chosen on the
validation part; the test part is measured once. Adds to docs/benchmarks/shrink.json.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from machine import describe_machine

FILE = Path(__file__).parent.parent / "docs" / "benchmarks" / "shrink.json"


def measure(path: Path, max_loss: float, lut: str) -> dict[str, Any]:
    """Return what `lgn shrink --json` printed of a classifier."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["lgn", "shrink", str(path), "-o", f"{folder}/small.lgn", "--max-loss", str(max_loss),
             "--lut", lut, "--json"],
            check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    del found["path"]
    return {"name": path.stem, "max_loss": max_loss} | found


def _key(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["name"], row["lut"], str(row["max_loss"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("classifiers", type=Path, nargs="+")
    parser.add_argument("--max-loss", type=float, default=0.2, help="percentage points")
    parser.add_argument("--lut", default="6")
    arguments = parser.parse_args()
    before = json.loads(FILE.read_text(encoding="utf-8"))["rows"] if FILE.exists() else []
    rows = {_key(row): row for row in before}
    for path in arguments.classifiers:
        found = measure(path, arguments.max_loss, arguments.lut)
        rows[_key(found)] = found
        print(json.dumps(found), flush=True)
        result = describe_machine() | {"rows": [rows[key] for key in sorted(rows)]}
        FILE.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
