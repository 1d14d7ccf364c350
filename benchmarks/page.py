"""Write docs/benchmarks.md from the JSON files in docs/benchmarks/; run it after a benchmark.

Over 300 lines: a function per table of one page, in the order of the page.
"""

import json
from pathlib import Path
from typing import Any

import gpu_estimate

FOLDER = Path(__file__).parent.parent / "docs"
TITLE = """# Benchmarks

Every table is written by `python benchmarks/page.py` from the JSON file that its command wrote.
Seconds are CPU time of one run, peak memory is that of the largest process.
"""


def main() -> None:
    sections = [TITLE]
    for name, section in SECTIONS.items():
        path = FOLDER / "benchmarks" / f"{name}.json"
        if path.exists():
            data = json.loads(path.read_text(encoding="utf-8"))
            sections.append(section(data) + _machine(data))
    (FOLDER / "benchmarks.md").write_text("\n".join(sections), encoding="utf-8")


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


def train_conv(data: dict[str, Any]) -> str:
    lines = [
        "## A training step of convolutions",
        "",
        "CPU milliseconds of the median step of a recipe on random images, one thread, in one run:",
        "a node for each position of a kernel, as CUDA and soft layers run, against positions side",
        "by side in words ([decision 0021](decisions/0021-positions-side-by-side.md)). The dense",
        "layers behind are in both.",
        "",
        "| recipe | batch | nodes, ms | positions, ms | samples per CPU second | | ratio |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in data["rows"]:
        forms = [row[form] for form in ("nodes", "positions")]
        times = " | ".join(f"{form['cpu_ms']:.1f}" for form in forms)
        rates = " to | ".join(f"{form['samples_per_cpu_second']:,}" for form in forms)
        lines.append(f"| {row['recipe']} | {row['batch']} | {times} | {rates} | {row['ratio']} |")
    return "\n".join(lines) + "\n"


def train_step(data: dict[str, Any]) -> str:
    lines = [
        "## A training step",
        "",
        "Noise, forward pass, cross-entropy, backward pass and AdamW, Gumbel-ST, on 784 binary",
        "features, ten classes. CPU milliseconds of the median step on one thread; in brackets the",
        "memory that a step adds, in MB. *packed* is what runs; *layers* the same layers in float,",
        "which define the meaning; *mixture* the weighted sum over all gates or table entries, the",
        "formulation of difflogic. *floor* is the time in which the bytes of a packed step cross",
        "the memory bus at the speed at which one thread copies,",
        f"{data['gb_per_second']} GB/s; what stays in the caches may be faster.",
        "",
        "| nodes | batch | inputs a node | packed | layers | mixture | mixture / packed | floor |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in data["rows"]:
        mixture = row.get("mixture")
        ratio = f"{mixture['cpu_ms'] / row['packed']['cpu_ms']:.0f}" if mixture else ""
        lines.append(
            f"| {row['depth']} x {row['width']:,} | {row['batch']} | {row['fan_in']} |"
            f" {_step(row['packed'])} | {_step(row['layers'])} | {_step(mixture)} | {ratio} |"
            f" {row['floor_ms']} |"
        )
    return "\n".join(lines) + "\n" + _soft_steps(data) + _peer(data)


def _soft_steps(data: dict[str, Any]) -> str:
    """Return the table of soft steps, and what a convolution's mixture takes to measure."""
    if "soft_rows" not in data:
        return ""
    images = data["images_mixture_ms"]
    lines = [
        "",
        "Soft layers (DLGN), measured the same way:",
        "",
        "| nodes | batch | kernels | layers | mixture | layers / kernels | mixture / kernels |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in data["soft_rows"]:
        ours, layers, mixture = (row[name] for name in ("kernels", "layers", "mixture"))
        lines.append(
            f"| {row['depth']} x {row['width']:,} | {row['batch']} | {_step(ours)} |"
            f" {_step(layers)} | {_step(mixture)} | {layers['cpu_ms'] / ours['cpu_ms']:.1f} |"
            f" {mixture['cpu_ms'] / ours['cpu_ms']:.0f} |"
        )
    lines += [
        "",
        "The soft mixture of a convolution (64 kernels of three levels, 3 x 3, on 32 x 32 pixels"
        f" of 6 planes), 64 samples: {images['kernels']} ms of CPU time on kernels,"
        f" {images['layers']} in float layers.",
    ]
    return "\n".join(lines) + "\n"


def pareto(data: dict[str, Any]) -> str:
    lines = [
        "## MNIST: accuracy against area",
        "",
        "One layer of nodes with learned wiring, the recipes `train/recipes/mnist-*.toml`, one",
        "seed. LUTs are those of the whole core, encoder, gates, popcount and argmax; in brackets",
        "the gates alone. LUT6, LUT4 and flip-flops are mapped by yosys for no vendor (stage",
        "`estimate`), the heads made for LUTs of that size (`--lut 6`, `--lut 4`). *Xilinx* is",
        "`--lut xilinx`, votes added up in carry chains, mapped by `synth_xilinx -abc9` (stage",
        "`synth`): LUTs + CARRY4. Fmax, latency and cells are nextpnr's (stage `pnr`), with plain",
        "adders and with the harness that feeds the core. Every classifier that was optimised, and",
        "every core for LUTs, was proven equal to the trained one.",
        "",
        "![accuracy against LUT6](benchmarks/pareto.svg)",
        "",
        "| design | nodes | accuracy | Xilinx | LUT6 | LUT4 | FF | latency, cycles |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in data["rows"]:
        lines.append(
            f"| `{row['name']}` | {row['nodes']:,} of {row['fan_in']} inputs |"
            f" {_accuracy(row)} | {_chains(row)} |"
            f" {row['lut6']:,} ({row['parts']['lut6']['logic']:,}) |"
            f" {row['lut4']:,} ({row['parts']['lut4']['logic']:,}) |"
            f" {row['ff']:,} | {row['latency_cycles']} |"
        )
    lines += ["", "| design | ECP5-25F | iCE40 HX8K |", "|---|---|---|"]
    for row in data["rows"]:
        cells = " | ".join(_placed(row.get(part)) for part in ("ecp5-25k", "hx8k-ct256"))
        lines.append(f"| `{row['name']}` | {cells} |")
    return "\n".join(lines) + "\n" + _published(data["published"])


def shrink(data: dict[str, Any]) -> str:
    lines = [
        "## Smaller where samples allow it",
        "",
        "`lgn shrink --max-loss` on the data of each recipe, one seed, without training again.",
        "LUTs are those of the whole circuit as `lgn optimize --lut` maps it. The result is chosen",
        "on the validation part (of at most the loss in brackets); the test part is measured once.",
        "Of 287 samples, as `digits` has for that, one is 0.35 points: the choice is coarse there.",
        "`mnist-wired-450` was trained on all training samples, those to choose by among them.",
        "",
        "| design | `--lut` | LUTs before | after | saved | validation before | after |"
        " test before | after |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in data["rows"]:
        before, after = row["before"], row["after"]
        saved = 100 * (1 - after["luts"] / before["luts"])
        shares = (before["accuracy"], after["accuracy"], *row["held_out_accuracy"])
        asked = "a budget" if row["max_loss"] is None else f"{row['max_loss']:g}"
        lines.append(
            f"| `{row['name']}` ({asked}) | `{row['lut']}` | {before['luts']:,} |"
            f" {after['luts']:,} | {saved:.1f} % | "
            + " | ".join(f"{100 * share:.2f} %" for share in shares)
            + " |"
        )
    return "\n".join(lines) + "\n"


def _accuracy(row: dict[str, Any]) -> str:
    """Return the mean of the seeds, and their standard deviation where there are several."""
    mean = f"{100 * row['accuracy']:.2f}"
    spread = row["accuracy_sd"]
    return (
        f"{mean} %" if spread is None else f"{mean} ± {100 * spread:.2f} % ({row['seeds']} seeds)"
    )


def _chains(row: dict[str, Any]) -> str:
    luts = row["xilinx_luts"]
    return "not mapped" if luts is None else f"{luts:,} + {row['carry4']:,}"


def _placed(core: dict[str, Any] | None) -> str:
    if core is None:
        return "not placed"
    if "reason" in core:
        return str(core["reason"])
    return (
        f"{core['fmax_mhz']:.0f} MHz, {core['latency_cycles']} cycles ="
        f" {core['latency_ns']:.0f} ns, {core['cells']:,} cells"
    )


def _published(figures: dict[str, list[list[float]]]) -> str:
    shown = "; ".join(
        f"{name} " + ", ".join(f"{accuracy} % {luts:,}" for accuracy, luts in points)
        for name, points in figures.items()
    )
    return f"\nPublished for MNIST, LUT6 of the logic alone: {shown}.\n"


def _step(figures: dict[str, float] | None) -> str:
    return f"{figures['cpu_ms']:.1f} ({figures['mb']:.0f})" if figures else "too large"


def _peer(data: dict[str, Any]) -> str:
    rows = [row for row in data["rows"] if row.get("torchlogix")]
    if not rows:
        return "\ntorchlogix's layer was not measured: the package did not import.\n"
    shown = ", ".join(f"{_step(r['torchlogix'])} at batch {r['batch']}" for r in rows[:2])
    return f"\ntorchlogix's layer, gumbel_hard, 4 x 8,000: {shown}.\n"


def head(data: dict[str, Any]) -> str:
    lines = [
        "## Popcount and argmax",
        "",
        "LUTs of popcount + argmax, combinational between two registers. *Naive* is a `sum()` of",
        "all votes of a class and a chain of comparisons, *ours* what is made for the target: both",
        "mapped by `lgn synth`, and for `xilinx`, where both may use carry chains, by",
        "`synth_xilinx -abc9`. *As written* counts our LUTs before that. The first rows are of",
        "votes that nothing is known of, the others of trained classifiers after `lgn optimize",
        "--lut`: votes were added up in the LUTs that they take, or are given as parities. That is",
        "the gates' work and counted there (see the whole circuit below).",
        "",
        "| votes | `--lut` | naive | ours | of naive | as written | of naive |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in data["rows"]:
        name = row["name"] if row["name"] != "votes" else "independent"
        for target in ("4", "6", "xilinx"):
            naive, (mapped, nodes) = row["naive"][target], row[f"for_{target}"].values()
            lines.append(
                f"| {row['classes']} x {row['votes']}, {name} | `{target}` | {_both(naive)} |"
                f" {_both(mapped)} | {_percent(mapped, naive)} |"
                f" {_both(nodes)} | {_percent(nodes, naive)} |"
            )
    return "\n".join(lines) + "\n"


def _both(figures: dict[str, int]) -> str:
    return f"{figures['popcount']:,} + {figures['argmax']:,}"


def _percent(ours: dict[str, int], naive: dict[str, int]) -> str:
    return f"{sum(ours.values()) / sum(naive.values()):.0%}"


def area(data: dict[str, Any]) -> str:
    lines = [
        "## The whole circuit, as trained and optimised",
        "",
        "Encoder, gates, popcount, argmax and control. *Trained* is `lgn verilog` without options,",
        "with plain adders; *optimised* is `lgn optimize --lut` and `lgn verilog --lut`, each step",
        "proven; registers after every second level. *As written* are the LUTs of the optimised",
        "core before any tool maps it again: encoder + gates + popcount + argmax. *lgn synth* maps",
        "it for no vendor, and the flow (stage `synth`, not placed) for one: `synth_xilinx -abc9`,",
        "or `synth_ice40` for LUT4, with and without `-flatten`; of the trained core and of ours",
        "the smaller result is shown. Percentages are of the trained core's LUTs in the flow.",
        "",
        "| classifier | `--lut` | trained: LUTs + carries, flip-flops | as written | `lgn synth` |"
        " flow: LUTs + carries, flip-flops |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in data["rows"]:
        trained, nodes, flow = row["trained"], row["nodes"], row["optimized"]
        parts = " + ".join(f"{nodes[p]:,}" for p in ("encoder", "logic", "popcount", "argmax"))
        whole = trained["lut"]
        estimate = row.get("estimate")
        mapped = f"{estimate['total']:,} ({estimate['total'] / whole:.0%})" if estimate else ""
        lines.append(
            f"| {row['classifier']}, {row['gates']:,} gates | `{row['target']}` |"
            f" {whole:,} + {trained['carry']:,}, {trained['ff']:,} |"
            f" {parts} = {nodes['total']:,} ({nodes['total'] / whole:.0%}) | {mapped} |"
            f" {flow['lut']:,} + {flow['carry']:,} ({flow['lut'] / whole:.0%}), {flow['ff']:,} |"
        )
    return "\n".join(lines) + "\n" + _adders(data)


def _adders(data: dict[str, Any]) -> str:
    rows = [row for row in data["rows"] if "optimized_adders" in row]
    if not rows:
        return ""
    shown = "; ".join(
        f"{row['classifier']} {found['lut']:,} + {found['carry']:,}"
        for row in rows
        for found in [row["optimized_adders"]]
    )
    return (
        "\nAn iCE40 has carry chains, and there the optimised classifier can keep its adders"
        f"\n(`lgn verilog` without `--lut`): LUTs + carries {shown}.\n"
    )


def _machine(data: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in data["packages"].items())
    return (
        f"\n{data['processor']}, {data['cores']} cores, {data['memory_gb']} GB, {data['system']};"
        f" Python {data['python']}; {versions}.\nCommand: `{data['command']}`\n"
    )


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
    lines += [
        "",
        "Other work had both cores and their caches during the run.",
        data.get("note", ""),
    ]
    return "\n".join(lines) + "\n"


def asic(data: dict[str, Any]) -> str:
    first = data["rows"][0]["gates"]
    lines = [
        "## In standard cells",
        "",
        f"Gate equivalents in the cells of `{first['library']}`, raw features",
        "to class, before placement (stage `estimate`): combinational circuits made for LUT4, for",
        "LUT6 and for gates, all mapped by one script, and proven as mapped; and the pipelined",
        f"core for gates. A gate equivalent is the NAND of {first['nand2']} square micrometres.",
        "",
        "| classifier | made for | encoder | logic | popcount | argmax | total | per vote |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in data["rows"]:
        for kind, shown in (("4", "LUT4"), ("6", "LUT6"), ("gates", "gates")):
            found = row[kind]["gate_equivalents"]
            cells = [f"{found[part]:,.0f}" for part in ("encoder", "logic", "popcount", "argmax")]
            lines.append(
                f"| `{row['name']}` | {shown} | {' | '.join(cells)} | {found['total']:,.0f} |"
                f" {found['popcount'] / row['votes']:.1f} |"
            )
        found, ff = row["pipelined"]["gate_equivalents"], row["pipelined"]["flip_flops"]["total"]
        cells = [f"{found[part]:,.0f}" for part in ("encoder", "logic", "popcount", "argmax")]
        lines.append(
            f"| `{row['name']}` | gates, pipelined, {ff:,} flip-flops | {' | '.join(cells)} |"
            f" {found['total']:,.0f} | |"
        )
    statuses = {row[kind]["proof"] for row in data["rows"] for kind in ("4", "6", "gates")}
    lines += ["", f"The proofs of the mapped netlists say: {', '.join(sorted(statuses))}."]
    lines += [data["note"]] if data.get("note") else []
    return "\n".join(lines) + "\n"


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


SECTIONS = {
    "inference": inference,
    "importing": importing,
    "asic": asic,
    "pareto": pareto,
    "shrink": shrink,
    "netlist": netlist,
    "scale": scale,
    "simulate": simulate,
    "head": head,
    "area": area,
    "train_step": train_step,
    "train_conv": train_conv,
    "gpu_estimate": gpu_estimate.section,
}


if __name__ == "__main__":
    main()
