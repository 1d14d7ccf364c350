"""Sections of the page about training steps."""

from typing import Any

__all__ = ["beside", "train_conv", "train_step"]


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


def _step(figures: dict[str, float] | None) -> str:
    return f"{figures['cpu_ms']:.1f} ({figures['mb']:.0f})" if figures else "too large"


def _peer(data: dict[str, Any]) -> str:
    rows = [row for row in data["rows"] if row.get("torchlogix")]
    if not rows:
        return "\ntorchlogix's layer was not measured: the package did not import.\n"
    shown = ", ".join(f"{_step(r['torchlogix'])} at batch {r['batch']}" for r in rows[:2])
    return f"\ntorchlogix's layer, gumbel_hard, 4 x 8,000: {shown}.\n"


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


def beside(data: dict[str, Any]) -> str:
    lines = [
        "## Training beside other work",
        "",
        "Wall milliseconds of a step of 4 x 8,000 nodes, batch 128, alone and beside",
        f"{data['others']} processes that keep a core busy: {data['threads']} threads on",
        f"{data['cores']} cores. A fair share is then {data['share']:g}; *of its share* is the",
        "time over what that share allows, 1.0 where no thread waits for one that has no core.",
        "",
        "| step | alone, ms | beside others, ms | of its share |",
        "|---|---:|---:|---:|",
    ]
    names = {"packed": "Gumbel-ST, packed", "kernels": "soft (DLGN)"}
    lines += [
        f"| {names[row['step']]} | {row['alone_ms']} | {row['beside_ms']} | {row['of_share']} |"
        for row in data["rows"]
    ]
    return "\n".join(lines) + "\n"
