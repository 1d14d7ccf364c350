"""Sections of the page about area: of designs, parts, targets, and what made nets smaller."""

from statistics import fmean, stdev
from typing import Any

__all__ = ["ablation", "area", "asic", "head", "pareto", "shrink"]


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


def pareto(data: dict[str, Any]) -> str:
    lines = [
        "## MNIST: accuracy against area",
        "",
        "One layer of nodes with learned wiring, the recipes `train/recipes/mnist-*.toml`, one",
        "seed where no spread is told; *-gates* is after `lgn shrink --lut gates`. LUTs are",
        "those of the whole core, encoder, gates, popcount and argmax; in brackets the gates",
        "alone. LUT6, LUT4 and flip-flops are mapped by yosys for no vendor (stage `estimate`),",
        "the heads made for LUTs of that size (`--lut 6`, `--lut 4`). *Xilinx* is `--lut",
        "xilinx`, votes added up in carry chains, mapped by `synth_xilinx -abc9` (stage",
        "`synth`): LUTs + CARRY4. Gate equivalents (GE) are of the circuit without registers",
        "made for gates, in the cells of sky130 (stage `estimate`). Fmax, latency and cells are",
        "nextpnr's (stage `pnr`), with plain adders and with the harness that feeds the core.",
        "Every classifier that was optimised, and every core for LUTs, was proven equal to the",
        "trained one, or to what was shrunk.",
        "",
        "![accuracy against LUT6](benchmarks/pareto.svg)",
        "",
        "| design | nodes | accuracy | Xilinx | LUT6 | LUT4 | FF | latency, cycles | GE |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in data["rows"]:
        lines.append(
            f"| `{row['name']}` | {row['nodes']:,} of {row['fan_in']} inputs |"
            f" {_accuracy(row)} | {_chains(row)} |"
            f" {row['lut6']:,} ({row['parts']['lut6']['logic']:,}) |"
            f" {row['lut4']:,} ({row['parts']['lut4']['logic']:,}) |"
            f" {row['ff']:,} | {row['latency_cycles']} |"
            f" {_gates(row['gate_equivalents'])} |"
        )
    lines += ["", "| design | ECP5-25F | iCE40 HX8K |", "|---|---|---|"]
    for row in data["rows"]:
        cells = " | ".join(_placed(row.get(part)) for part in ("ecp5-25k", "hx8k-ct256"))
        lines.append(f"| `{row['name']}` | {cells} |")
    return "\n".join(lines) + "\n" + _published(data["published"])


def _accuracy(row: dict[str, Any]) -> str:
    """Return the mean of the seeds, and their standard deviation where there are several."""
    mean = f"{100 * row['accuracy']:.2f}"
    spread = row["accuracy_sd"]
    return (
        f"{mean} %" if spread is None else f"{mean} ± {100 * spread:.2f} % ({row['seeds']} seeds)"
    )


def _gates(count: int | None) -> str:
    return "" if count is None else f"{count:,}"


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


def shrink(data: dict[str, Any]) -> str:
    lines = [
        "## Smaller where samples allow it",
        "",
        "`lgn shrink --max-loss` on the data of each recipe, one seed, with training again or",
        "without (`--rounds 0`). LUTs are those of the whole circuit as `lgn optimize --lut` maps",
        "it. The result is chosen on the validation part (of at most the loss in brackets); the",
        "test part is measured once.",
        "Of 287 samples, as `digits` has for that, one is 0.35 points: the choice is coarse there.",
        "`mnist-wired-450` was trained on all training samples, those to choose by among them. Of",
        "rows with a budget whose number is not shown, it was not recorded. `mnist-small` was",
        "trained with a validation part of 6,000 samples, those to choose by.",
        "",
        "| design | `--lut` | trained again | LUTs before | after | saved | validation before |"
        " after | test before | after |",
        "|---|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in data["rows"]:
        before, after = row["before"], row["after"]
        saved = 100 * (1 - after["luts"] / before["luts"])
        shares = (before["accuracy"], after["accuracy"], *row["held_out_accuracy"])
        budget = f"at most {row['budget']:,} LUTs" if row.get("budget") else "a budget"
        allowed = [] if row["max_loss"] is None else [f"{row['max_loss']:g}"]
        asked = ", ".join([*allowed, *([budget] if row.get("budget") or not allowed else [])])
        tuned = sum(entry["kept"] for entry in row.get("tuned", ()))
        lines.append(
            f"| `{row['name']}` ({asked}) | `{row['lut']}` |"
            f" {f'in rounds: {tuned}' if tuned else 'no'} | {before['luts']:,} |"
            f" {after['luts']:,} | {saved:.1f} % | "
            + " | ".join(f"{100 * share:.2f} %" for share in shares)
            + " |"
        )
    return "\n".join(lines) + "\n"


def ablation(data: dict[str, Any]) -> str:
    lines = [
        "## What makes nets smaller",
        "",
        "One option of a recipe changed at a time, with a part of the training samples held out:",
        "means over the seeds, of the last epoch and after the simple passes of `lgn optimize`.",
        "LUTs are those of the whole circuit, saved ones those of the same seeds. In brackets the",
        "standard deviation of the accuracy on the test part. What shrinking and training again",
        "save is in the table above. Nodes of six inputs that learned their wiring read all of",
        "them with area in the loss, too: there it saves no LUT6.",
        "",
        "| recipe | change | seeds | accuracy | nodes | LUT6 | saved | LUT4 | saved |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    groups: dict[tuple[str, ...], dict[str, list[dict[str, Any]]]] = {}
    for row in data["rows"]:
        recipe = (row["name"], *row["common"][1:])
        groups.setdefault(recipe, {}).setdefault(row["change"], []).append(row)
    for recipe, changes in groups.items():
        for change, rows in changes.items():
            seeds = {row["seed"] for row in rows}
            base = [row for row in changes[""] if row["seed"] in seeds]
            shares = [100 * row["accuracy"] for row in rows]
            spread = f" ({stdev(shares):.2f})" if len(shares) > 1 else ""
            cells = [f"`{' '.join(recipe)}`", f"`{change}`" if change else "none", str(len(rows))]
            cells += [f"{fmean(shares):.2f} %{spread}", f"{_mean(rows, 'nodes'):,.0f}"]
            for lut in ("6", "4"):
                if lut not in base[0]["luts"]:  # its nodes are no LUT4
                    cells += ["", ""]
                    continue
                luts, before = _mean(rows, "luts", lut), _mean(base, "luts", lut)
                cells += [f"{luts:,.0f}", f"{100 * (1 - luts / before):.0f} %" if change else ""]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _mean(rows: list[dict[str, Any]], *keys: str) -> float:
    """Return the mean of a figure, which lies under some keys of each row."""
    found = []
    for row in rows:
        value: Any = row
        for key in keys:
            value = value[key]
        found.append(value)
    return fmean(found)


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
