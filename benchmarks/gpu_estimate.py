"""Estimate a training step on one H100 from instructions and bytes, where no GPU is at hand.

python benchmarks/gpu_estimate.py [--json FILE]

The instructions are those of the machine code that nvcc 13.0 makes for sm_90, on the way that a
warp takes with two readers for each input, hard input gradients and no rare case of a division. A
kernel takes the longer of its instructions and its bytes; the rates are assumptions.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from machine import describe_machine

BYTES_PER_MS = 4.3e9  # an H100's memory, 90 % of it
WARP_INSTRUCTIONS_PER_MS = 0.52e9  # 132 multiprocessors, 4 a cycle, 1.7 GHz, 58 % of it
NODES, LAYERS = 256_000, 12
# What a node costs, before and after: instructions of a warp, and bytes; per node and step.
BATCHES = {
    128: {
        "rows of gradients": {"before": (480, 1680), "after": (160, 1680), "layers": 11},
        "tables chosen": {"before": (65, 152 * 4), "after": (81, 152), "layers": 12},
        "gradients of tables": {"before": (5, 160 * 4), "after": (13, 160), "layers": 12},
        "AdamW": {"before": (0, 448), "after": (0, 448), "layers": 12},
        "forward": {"before": (10, 140), "after": (7, 140), "layers": 12},
    },
    512: {
        "rows of gradients": {"before": (1640, 5950), "after": (455, 5950), "layers": 11},
        "tables chosen": {"before": (65, 152 * 4), "after": (81, 152), "layers": 12},
        "gradients of tables": {"before": (5, 160 * 4), "after": (13, 160), "layers": 12},
        "AdamW": {"before": (0, 448), "after": (0, 448), "layers": 12},
        "forward": {"before": (40, 280), "after": (27, 280), "layers": 12},
    },
}
WAITS = {"before": 0.6, "after": 0.0}  # of the host for the device: 25 a step, and none


def milliseconds(instructions: float, size: float, layers: int) -> float:
    nodes = NODES * layers
    return max(nodes * instructions / WARP_INSTRUCTIONS_PER_MS, nodes * size / BYTES_PER_MS)


def estimated() -> dict[str, Any]:
    """Return for each batch the milliseconds of each part, before and after, and their sum."""
    found: dict[str, Any] = {}
    for batch, parts in BATCHES.items():
        rows = []
        for name, part in parts.items():
            row: dict[str, Any] = {"part": name}
            for when in ("before", "after"):
                instructions, size = part[when]
                row |= {
                    f"instructions_{when}": instructions,
                    f"bytes_{when}": size,
                    f"ms_{when}": round(milliseconds(instructions, size, part["layers"]), 2),
                }
            rows.append(row)
        total = {
            when: round(sum(row[f"ms_{when}"] for row in rows) + WAITS[when], 1) for when in WAITS
        }
        found[str(batch)] = {"rows": rows, "waits": WAITS, "total": total}
    return found


def section(data: dict[str, Any]) -> str:
    """Return the section of docs/benchmarks.md."""
    lines = [
        "## A training step on a GPU: an estimate",
        "",
        "No GPU was at hand: these figures are counted, not measured. 12 x 256,000 nodes of two",
        "inputs, Gumbel-ST, float32 gradients, on one H100: instructions of a warp and bytes per",
        "node and step, and milliseconds: the longer of both, at 0.52 instructions of a warp per",
        "nanosecond and 4.3 TB/s. *Before* are the kernels as they first were; their tables are",
        "taken to fetch four times the bytes that they used, 12 % of each sector at a time.",
    ]
    for batch, found in data["batches"].items():
        lines += [
            "",
            f"| batch {batch} | instructions | bytes | ms | before: instructions | bytes | ms |",
            "|---|---:|---:|---:|---:|---:|---:|",
        ]
        for row in found["rows"]:
            cells = " | ".join(
                f"{row[f'instructions_{w}']:,} | {row[f'bytes_{w}']:,} | {row[f'ms_{w}']:.2f}"
                for w in ("after", "before")
            )
            lines.append(f"| {row['part']} | {cells} |")
        lines.append(
            f"| waits of the host | | | {found['waits']['after']} |"
            f" | | {found['waits']['before']} |"
        )
        total = found["total"]
        lines.append(f"| **sum** | | | **{total['after']}** | | | **{total['before']}** |")
    lines += [
        "",
        "The gradients of tables and AdamW stay two kernels: one for both would save 0.09 ms, and",
        "take the gradient away from autograd, from sums over ranks and from other optimisers.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, default=Path("docs/benchmarks/gpu_estimate.json"))
    arguments = parser.parse_args()
    found = describe_machine() | {"batches": estimated()}
    arguments.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
