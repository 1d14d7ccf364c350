"""Write docs/benchmarks.md from the JSON files in docs/benchmarks/; run it after a benchmark."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "docs"
TITLE = """# Benchmarks

Every table is written by `python benchmarks/page.py` from the JSON file that its command wrote.
Seconds are wall time of one run, peak memory is that of the largest process.
"""


def main() -> None:
    sections = [TITLE]
    for name, section in SECTIONS.items():
        path = FOLDER / "benchmarks" / f"{name}.json"
        if path.exists():
            data = json.loads(path.read_text())
            sections.append(section(data) + _machine(data))
    (FOLDER / "benchmarks.md").write_text("\n".join(sections))


def netlist(data: dict[str, Any]) -> str:
    rows = [
        ("load the `.lgn` file", "load"),
        (f"evaluate {data['samples']:,} samples", "evaluate"),
        ("Verilog of the gates alone", "verilog_logic"),
        ("Verilog of the whole core (784 features, 10 classes)", "verilog_core"),
    ]
    lines = [
        f"## A random netlist of {data['nodes']:,} two-input nodes",
        "",
        f"Five layers, 3136 encoder bits; the `.lgn` file has {data['file_mb']} MB.",
        "",
        "| step | seconds | peak MB | Verilog MB |",
        "|---|---:|---:|---:|",
    ]
    for title, key in rows:
        step = data[key]
        text = step.get("text_mb", "")
        lines.append(f"| {title} | {step['seconds']} | {step['peak_mb']} | {text} |")
    return "\n".join(lines) + "\n"


def simulate(data: dict[str, Any]) -> str:
    lines = [
        "## Simulation of a classifier's core in cocotb",
        "",
        "Seconds to compile the Verilog and to compare the vectors, all stream cases included.",
        "",
        "| classifier | nodes | simulator | vectors | mismatches | seconds |",
        "|---|---:|---|---:|---:|---:|",
    ]
    for run in data["runs"]:
        lines.append(
            f"| {run['classifier']} | {run['nodes']:,} | {run['simulator']} | {run['vectors']:,} |"
            f" {run['mismatches']} | {run['seconds']} |"
        )
    return "\n".join(lines) + "\n"


def _machine(data: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in data["packages"].items())
    return (
        f"\n{data['processor']}, {data['cores']} cores, {data['memory_gb']} GB, {data['system']};"
        f" Python {data['python']}; {versions}.\nCommand: `{data['command']}`\n"
    )


SECTIONS = {"netlist": netlist, "simulate": simulate}


if __name__ == "__main__":
    main()
