"""Write docs/benchmarks.md from the JSON files in docs/benchmarks/; run it after a benchmark."""

import json
from pathlib import Path
from typing import Any

import gpu_estimate
from page_area import ablation, area, asic, head, pareto, shrink
from page_speed import importing, inference, netlist, scale, simulate
from page_training import beside, train_conv, train_step

FOLDER = Path(__file__).parent.parent / "docs"
TITLE = """# Benchmarks

Every table is written by `python benchmarks/page.py` from the JSON file that its command wrote.
Seconds are CPU time of one run, peak memory is that of the largest process.
"""

SECTIONS = {
    "inference": inference,
    "importing": importing,
    "asic": asic,
    "pareto": pareto,
    "shrink": shrink,
    "ablation": ablation,
    "netlist": netlist,
    "scale": scale,
    "simulate": simulate,
    "head": head,
    "area": area,
    "train_step": train_step,
    "train_conv": train_conv,
    "beside": beside,
    "gpu_estimate": gpu_estimate.section,
}


def main() -> None:
    sections = [TITLE]
    for name, section in SECTIONS.items():
        path = FOLDER / "benchmarks" / f"{name}.json"
        if path.exists():
            data = json.loads(path.read_text(encoding="utf-8"))
            sections.append(section(data) + _machine(data))
    (FOLDER / "benchmarks.md").write_text("\n".join(sections), encoding="utf-8")


def _machine(data: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in data["packages"].items())
    return (
        f"\n{data['processor']}, {data['cores']} cores, {data['memory_gb']} GB, {data['system']};"
        f" Python {data['python']}; {versions}.\nCommand: `{data['command']}`\n"
    )


if __name__ == "__main__":
    main()
