"""The rows of streaming designs, which programs read."""

import json
from pathlib import Path

DESIGNS = json.loads(
    (Path(__file__).parent.parent / "docs" / "benchmarks" / "convolutions.json").read_text()
)["designs"]
KEYS = (
    "name", "data", "accuracy", "seeds", "part", "luts", "block_rams", "fmax_mhz", "frames_per_s",
    "latency_us", "unrolled_luts", "proof",
)  # fmt: skip


def test_designs_have_the_figures_that_programs_read():
    for row in DESIGNS:
        assert not [key for key in KEYS if key not in row], row["name"]
        assert row["accuracy"] is None or 0 < row["accuracy"] < 1
        assert row["proof"] in ("equal", "undecided", None)
        assert row["fmax_mhz"] is None or row["fmax_mhz"] > row["clock_mhz"]
    assert len({row["name"] for row in DESIGNS}) == len(DESIGNS)


def test_stages_add_up():
    for row in DESIGNS:
        parts = row.get("stage_lut4")
        if parts:
            assert sum(parts.values()) == 2 * parts["total"], row["name"]
