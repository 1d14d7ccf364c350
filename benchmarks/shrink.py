"""Make trained classifiers smaller with `lgn shrink`, and measure what is lost.

python benchmarks/shrink.py build/digits/digits.lgn build/mnist-small/mnist-small.lgn ...

Each is one run of `lgn shrink X.lgn --max-loss P` on the data of its recipe, or with `--luts N`,
and with training again unless `--rounds 0`. LUTs are those of the whole circuit as `lgn optimize`
maps it with `--lut`, before and after. The result is chosen on the validation part; the test part
is measured once. Adds to docs/benchmarks/shrink.json.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from machine import describe_machine

FILE = Path(__file__).parent.parent / "docs" / "benchmarks" / "shrink.json"


def measure(
    path: Path, max_loss: float | None, budget: int | None, lut: str, rounds: int | None
) -> dict[str, Any]:
    """Return what `lgn shrink --json` printed of a classifier."""
    given = {"--max-loss": max_loss, "--luts": budget, "--rounds": rounds, "--lut": lut}
    options = [text for key, v in given.items() if v is not None for text in (key, str(v))]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["lgn", "shrink", str(path), "-o", f"{folder}/small.lgn", *options, "--json"],
            check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    del found["path"]
    return {"name": path.stem, "max_loss": max_loss, "budget": budget} | found


def _key(row: dict[str, Any]) -> tuple[str, ...]:
    asked = (row["max_loss"], row.get("budget"), bool(row.get("tuned")))
    return row["name"], row["lut"], *map(str, asked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("classifiers", type=Path, nargs="+")
    parser.add_argument("--max-loss", type=float, help="percentage points; 0.2 without --luts")
    parser.add_argument("--luts", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--lut", default="6")
    arguments = parser.parse_args()
    before = json.loads(FILE.read_text(encoding="utf-8"))["rows"] if FILE.exists() else []
    rows = {_key(row): row for row in before}
    asked = (arguments.max_loss, arguments.luts, arguments.lut, arguments.rounds)
    if arguments.max_loss is None and arguments.luts is None:
        asked = (0.2, *asked[1:])
    for path in arguments.classifiers:
        found = measure(path, *asked)
        rows[_key(found)] = found
        print(json.dumps(found), flush=True)
        result = describe_machine() | {"rows": [rows[key] for key in sorted(rows)]}
        FILE.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
