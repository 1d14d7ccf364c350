"""Sections of the page about time and memory: netlists, simulation, inference, import."""

from typing import Any

__all__ = ["importing", "inference", "netlist", "scale", "simulate"]


def inference(data: dict[str, Any]) -> str:
    names = ("8k", "32k", "128k")
    lines = [
        "## Inference on a CPU",
        "",
        "Images per second of random nets of two-input gates, in five layers above 3136 encoder"
        " bits of",
        "784 byte features. Each gate depends on both its inputs and is used. Everything is"
        " included, from",
        "bytes to classes; one thread, CPU time, beside the numpy evaluator in the same run.",
        "",
        "| gates | images per second | over numpy | int32 codes | AVX2 | portable | two threads |"
        " one sample, µs | build, s |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name in names:
        sets = data[f"sets_{name}"]
        cells = [
            f"{data[f'instructions_{name}']:,}",
            f"{data[f'images_per_s_{name}']:,}",
            f"{data[f'ratio_{name}']} x",
            f"{data[f'int32_images_per_s_{name}']:,}",
            *(f"{sets[key]:,}" if key in sets else "" for key in ("AVX2", "DEFAULT")),
            f"{data[f'two_threads_{name}']} x",
            str(data[f"one_sample_us_{name}"]),
            str(data[f"build_s_{name}"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        "Raw values, floats from 0 to 1 of scaled features, in images per second; in brackets by",
        "way of codes that numpy makes of them:",
        "",
        "| gates | float32 | float64 |",
        "|---:|---:|---:|",
        *(
            f"| {data[f'instructions_{name}']:,} | {_raw(data, 'float32', name)} |"
            f" {_raw(data, 'float64', name)} |"
            for name in names
        ),
        "",
        f"A million gates: loaded in {data['million_load_s']} s, built in"
        f" {data['million_build_s']} s, {data['million_images_per_s']:,} images per second,"
        f" {data['million_peak_mb']} MB at the peak.",
        "",
    ]
    for trained in data["trained"]:
        lines += [
            f"`{trained['name']}` ({trained['nodes']} nodes): {trained['images_per_s']:,} images"
            f" per second, one sample in {trained['one_sample_us']} µs.",
        ]
    threads = min(data[f"two_threads_{name}"] for name in names)
    lines += [
        "",
        "Meant were 5, 2.5 and 0.7 million images per second, 8 million for `mnist-wired-450`,",
        "30 µs for one sample at 32,000 gates, 200 MB for a million gates, and two threads at 1.8",
        f"times; the least is {threads}.",
        "The compiled models of difflogic and torchlogix do not stand beside: neither package could"
        " be imported,",
        "as difflogic is compiled with CUDA and torchlogix 0.2.2 needs Python 3.12. Sizes and times"
        " of the",
        "exported C are [on a microcontroller](microcontroller.md#sizes-and-times).",
    ]
    return "\n".join(lines) + "\n"


def _raw(data: dict[str, Any], kind: str, name: str) -> str:
    fast, slow = (data[f"{kind}{by}_images_per_s_{name}"] for by in ("", "_by_numpy"))
    return f"{fast:,} ({slow:,}; {fast / slow:.0f} x)"


def importing(data: dict[str, Any]) -> str:
    read, made, proven = (data[step] for step in ("read", "assemble", "prove"))
    whole = sum(step["seconds"] for step in (read, made, proven))
    peak = max(step["peak_mb"] for step in (read, made, proven))
    steps = ", ".join(
        f"{name} {step['seconds']:.1f}"
        for name, step in (("read by yosys", read), ("made", made), ("proven by SAT", proven))
    )
    lines = [
        "## Importing Verilog",
        "",
        f"A random netlist of {data['gates']:,} gates, {data['verilog_mb']} MB of Verilog, becomes",
        f"a classifier of {data['nodes']:,} nodes. CPU seconds: {steps}; {whole:.0f}",
        f"together, and {peak:,} MB at the peak. Two minutes were meant.",
    ]
    return "\n".join(lines) + "\n"


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


def scale(data: dict[str, Any]) -> str:
    lines = [
        "## Netlists of any size",
        "",
        "Random layered netlists as above. CPU seconds, and in brackets the peak memory in MB:",
        "Verilog of the whole core with a register after each level, the simple passes, and the",
        f"evaluation of {data['runs'][0]['samples']:,} samples.",
        "",
        "| nodes | Verilog | with `--lut 6` | with `--lut xilinx` | passes | evaluate |"
        " Verilog MB |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    steps = ("verilog", "verilog_lut6", "verilog_xilinx", "passes", "evaluate")
    for run in data["runs"]:
        lines.append(f"| {run['nodes']:,} | {_costs(run, steps)} | {run['verilog_text_mb']} |")
    proven = [run for run in data["runs"] if "prove_s" in run]
    if proven:
        lines += [
            "",
            "Proofs: of the optimised classifier, of a core's Verilog with plain adders, and of"
            " those for LUTs.",
            "",
            "| nodes | classifier | core | with `--lut 6` | with `--lut xilinx` |",
            "|---:|---:|---:|---:|---:|",
        ]
        steps = ("prove", "prove_core", "prove_core_lut6", "prove_core_xilinx")
        for run in proven:
            cells = " | ".join(f"{run[f'{step}_status']}, {_costs(run, (step,))}" for step in steps)
            lines.append(f"| {run['nodes']:,} | {cells} |")
    return "\n".join(lines) + "\n"


def _costs(run: dict[str, Any], steps: tuple[str, ...]) -> str:
    return " | ".join(f"{run[f'{step}_s']:.1f} ({run[f'{step}_mb']})" for step in steps)


def simulate(data: dict[str, Any]) -> str:
    lines = [
        "## Simulation of a core in cocotb",
        "",
        "Random classifiers as above, all stream cases, scores compared. CPU seconds to compile",
        "the Verilog, and to simulate.",
        "",
        "| nodes | simulator | samples | mismatches | compile | simulate |",
        "|---:|---|---:|---:|---:|---:|",
    ]
    for run in data["runs"]:
        lines.append(
            f"| {run['nodes']:,} | {run['simulator']} | {run['vectors']:,} | {run['mismatches']} |"
            f" {run['build_s']} | {run['run_s']} |"
        )
    return "\n".join(lines) + "\n"
