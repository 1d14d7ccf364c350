"""The Pareto table's rows, which programs read."""

import json
from pathlib import Path

ROWS = json.loads(
    (Path(__file__).parent.parent / "docs" / "benchmarks" / "pareto.json").read_text()
)["rows"]
COUNTS = ("xilinx_luts", "carry4", "lut6", "lut4", "ff", "gate_equivalents")


def test_rows_have_the_figures_that_programs_read():
    for row in ROWS:
        assert 0 < row["accuracy"] < 1
        assert (row["accuracy_sd"] is None) == (row["seeds"] == 1), row["name"]
        assert all(row[key] is None or row[key] > 0 for key in COUNTS), row["name"]
    assert len({row["name"] for row in ROWS}) == len(ROWS)


def test_totals_are_those_of_the_parts():
    for row in ROWS:
        for key, parts in row["parts"].items() if row["seeds"] == 1 else ():
            assert parts["total"] == row[key]
            assert sum(parts.values()) == 2 * parts["total"]
