"""Measure what one GPU does in at most eight minutes: tests, steps, and then the experiment.

python benchmarks/gpu.py [--json FILE] [--seconds 470]     on a machine with a GPU; no network
python benchmarks/gpu.py --dry-run                         the same parts, tiny, without a GPU

First come the tests that are marked `gpu`; then images per second of inference, for the nets of
benchmarks/inference.py; then training steps of networks of equal layers on 784 binary features with
ten classes; then, in the time that is left, `lgn reproduce mind-the-gap
--scale gpu`, where CIFAR-10 is at hand (LGN_DATA). Each part is written to the JSON file when it
ends, and a second call goes on behind it.

A step is noise, forward pass, cross-entropy, backward pass and AdamW, in milliseconds:

graph       the kernels, captured as a CUDA graph: what `lgn train` runs
eager       the kernels, launched one by one
layers      LogicDense's float layers
difflogic   the layer of that package (2210.08277), where it imports
floor       the bytes that must cross the memory bus, at the speed of a copy on this GPU
"""

import argparse
import contextlib
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from inference import SIZES, images, random_classifier
from machine import describe_machine
from torch import Tensor, nn
from torch.nn import functional as F

from lgn_hw.encoder import Thermometer
from lgn_hw.features import Features
from lgn_train import GroupSum, LogicDense, ThermometerLayer
from lgn_train.captured import CapturedStep, CudaGraphs
from lgn_train.layers import LogicLayer
from lgn_train.packed import why_not_cuda

ROOT = Path(__file__).parent.parent
INPUTS, CLASSES = 784, 10
SHAPE = {"width": 256_000, "depth": 12, "batch": 128, "fan_in": 2, "candidates": 0}
SMALL = SHAPE | {"width": 8000, "depth": 4}
SHAPES = {
    "12 x 256 000, batch 128": SHAPE,
    "12 x 256 000, batch 512": SHAPE | {"batch": 512},
    "4 x 8 000, batch 128": SMALL,
    "fan-in 6, 4 x 8 000": SMALL | {"fan_in": 6},
    "learned wiring, 4 x 8 000": SMALL | {"candidates": 8},
    "soft, 4 x 8 000": SMALL | {"estimator": "soft_gumbel"},
    "soft, 12 x 256 000, batch 128": SHAPE | {"estimator": "soft_gumbel"},
    "bfloat16, 12 x 256 000, batch 128": SHAPE | {"half": True},
}
FORMS = ("graph", "eager", "layers", "difflogic")
WARM_STEPS, STEPS = 5, 20
TEST_SECONDS = 150  # at most, of the tests


class Bench:
    """A device, the time that is left, and the file that results go to."""

    def __init__(self, path: Path, seconds: float, dry: bool) -> None:
        self.path, self.dry = path, dry
        self.device = torch.device("cpu" if dry else "cuda")
        self._end = time.monotonic() + seconds
        self.found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}

    @property
    def left(self) -> float:
        return self._end - time.monotonic()

    def part(self, name: str, work: Callable[[], Any], least: float = 10.0) -> Any:
        """Do a part that is not in the file yet, where the time is left; keep what it returns."""
        if name not in self.found and self.left > least:
            started = time.monotonic()
            try:
                self.found[name] = work()
            except (
                RuntimeError,
                ImportError,
            ) as problem:  # out of memory, a package that is not there
                self.found[name] = f"{type(problem).__name__}: {str(problem).splitlines()[0]}"
            print(f"{name}: {self.found[name]} ({time.monotonic() - started:.1f} s)", flush=True)
            self.path.write_text(json.dumps(self.found, indent=2) + "\n")
        return self.found.get(name)

    def milliseconds(self, step: Callable[[], Any]) -> float:
        """Return the median of a few times of a step, after some that are not counted."""
        warm, steps = (1, 1) if self.dry else (WARM_STEPS, STEPS)
        for _ in range(warm):
            step()
        times = []
        for _ in range(steps):
            self._wait()
            started = time.perf_counter()
            step()
            self._wait()
            times.append(1e3 * (time.perf_counter() - started))
        return round(sorted(times)[len(times) // 2], 4)

    def _wait(self) -> None:
        if not self.dry:
            torch.cuda.synchronize()


def network(shape: dict[str, Any], form: str, device: torch.device) -> nn.Module:
    """Return a network of equal layers. Raises ImportError where difflogic is not there."""
    widths = [INPUTS] + [shape["width"]] * shape["depth"]
    pairs = list(itertools.pairwise(widths))
    if form == "difflogic":
        if shape["fan_in"] != 2 or shape["candidates"]:
            raise ImportError("difflogic has no such layer")
        import difflogic

        peers = [difflogic.LogicLayer(a, b, device=device.type, implementation="cuda")
                 for a, b in pairs]  # fmt: skip
        return nn.Sequential(*peers, difflogic.GroupSum(CLASSES, tau=20.0)).to(device)
    spec = Thermometer(
        Features.integers([0] * INPUTS, [1] * INPUTS), np.arange(INPUTS), np.zeros(INPUTS, int)
    )
    kind = "raw" if shape["fan_in"] == 2 else "light"
    options: dict[str, Any] = {"candidates": shape["candidates"], "init": "gaussian"}
    layers = [
        LogicDense(a, b, shape["fan_in"], kind, shape.get("estimator", "gumbel_st"), seed=i,
                   **options)
        for i, (a, b) in enumerate(pairs)
    ]  # fmt: skip
    for layer in layers:
        layer.half_gradients = bool(shape.get("half"))
    return nn.Sequential(ThermometerLayer(spec), *layers, GroupSum(CLASSES, tau=20.0)).to(device)


def step_of(bench: Bench, shape: dict[str, Any], form: str) -> Callable[[], Any]:
    """Return what takes a network through a step of a form."""
    device, on_gpu = bench.device, not bench.dry
    model = network(shape, form, device).train()
    rate = torch.tensor(0.01, device=device) if on_gpu else 0.01
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, fused=True, capturable=on_gpu)
    generator = torch.Generator().manual_seed(0)
    codes = torch.randint(0, 2, (1000, INPUTS), generator=generator, dtype=torch.uint8).to(device)
    labels = torch.randint(0, CLASSES, (1000,), generator=generator).to(device)
    samples = torch.arange(shape["batch"], device=device)
    given = codes.float() if form == "difflogic" else codes

    def step(batch: Tensor) -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(given[batch]), labels[batch])
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return loss.detach()

    if form == "graph" and on_gpu:
        captured = CapturedStep(step, len(samples), CudaGraphs(device))
        return lambda: captured(samples)
    return lambda: step(samples)


def measured(bench: Bench, shape: dict[str, Any], form: str) -> float:
    with contextlib.ExitStack() as stack:
        if form == "layers":
            why = mock.patch.object(LogicLayer, "why_not_kernels", return_value=["measured"])
            stack.enter_context(why)
        return bench.milliseconds(step_of(bench, shape, form))


def bandwidth(bench: Bench) -> float:
    """Return GB per second of a copy, reads and writes counted."""
    source = torch.zeros(1 << (20 if bench.dry else 30), dtype=torch.uint8, device=bench.device)
    target = torch.empty_like(source)
    speed = 2 * len(source) / bench.milliseconds(lambda: target.copy_(source)) / 1e6
    return float(f"{speed:.4g}")


def floor_ms(shape: dict[str, Any], gb_per_second: float) -> float:
    """Return the time in which the bytes of a step cross the bus: as benchmarks/train_step.py
    counts them, with a row of gradients read once, and numbers in place of bits for soft ones.
    """
    nodes, fan_in = shape["width"] * shape["depth"], shape["fan_in"]
    samples = -(-shape["batch"] // 64) * 64
    logits = 16 if fan_in == 2 else 1 << fan_in
    value = 4 if "estimator" in shape else 1 / 8
    gradient = 2 if shape.get("half") else 4
    activations = nodes * samples * value * (1 + 2 * fan_in)
    gradients = shape["width"] * (shape["depth"] - 1) * samples * gradient * 2
    learned = nodes * fan_in * 16 * (4 * 9 + samples / 8) if shape["candidates"] else 0
    total = activations + gradients + learned + nodes * logits * 4 * 9
    return round(total / gb_per_second / 1e6, 3)


def inference(bench: Bench, gates: int) -> dict[str, float]:
    """Return images per second, everything included, from codes on the host and on the GPU."""
    classifier = random_classifier(600 if bench.dry else gates)
    codes = images(64 if bench.dry else 1 << 20, classifier.features)
    engine = classifier.engine_on("cuda")
    few = codes[:1000]
    assert np.array_equal(engine.predict(few), classifier.predict(few))
    found = {"host": bench.milliseconds(lambda: engine.predict(codes))}
    if not bench.dry:
        resident = torch.from_numpy(codes).cuda()
        found["device"] = bench.milliseconds(lambda: engine.predict(resident))
    return {f"images_per_s_{place}": round(1e3 * len(codes) / ms) for place, ms in found.items()}


def tests(bench: Bench) -> str:
    """Run the tests that need a GPU; return pytest's last line."""
    command = [sys.executable, "-m", "pytest", "-m", "gpu", "tests/test_inference_cuda.py",
               "tests/test_train_packed_cuda.py", "-q", "-p", "no:xdist"]  # fmt: skip
    if bench.dry:
        command.append("--collect-only")
    return _last_line(command, min(TEST_SECONDS, bench.left))


def reproduce(bench: Bench) -> str:
    """Train the experiment for the time that is left; it is saved, and a later call goes on."""
    command = [str(Path(sys.executable).parent / "lgn"), "reproduce"]
    folder = str(bench.path.with_suffix("") / "gpu")
    options = ["mind-the-gap", "--scale", "gpu", "--output", folder]
    command += ["--help"] if bench.dry else options
    return _last_line(command, max(1.0, bench.left - 15))


def _last_line(command: list[str], seconds: float) -> str:
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=seconds, env=os.environ
        )
    except subprocess.TimeoutExpired:
        return f"stopped after {seconds:.0f} seconds"
    lines = (done.stdout + done.stderr).strip().splitlines()
    return f"exit code {done.returncode}: {lines[-1] if lines else ''}"


@contextlib.contextmanager
def kernels_of(bench: Bench) -> Iterator[None]:
    """The kernels of the GPU; in a dry run the CUDA source on the CPU, as the tests run it."""
    if not bench.dry:
        if problems := why_not_cuda():
            sys.exit("; ".join(problems))
        yield
        return
    sys.path.insert(0, str(ROOT / "tests"))
    from cuda_emulator.inference import CudaInference
    from cuda_emulator.source import CudaSource

    with CudaSource("plain").running(), CudaInference("plain").running():
        yield


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, default=ROOT / "docs" / "benchmarks" / "gpu.json")
    parser.add_argument("--seconds", type=float, default=470.0, help="in all")
    parser.add_argument("--dry-run", action="store_true", help="tiny, and without a GPU")
    arguments = parser.parse_args()
    bench = Bench(arguments.json, arguments.seconds, arguments.dry_run)
    with kernels_of(bench):
        name = "no GPU: a dry run" if bench.dry else torch.cuda.get_device_name()
        bench.part("machine", lambda: describe_machine() | {"gpu": name})
        bench.part("gpu tests", lambda: tests(bench))
        for size, gates in SIZES.items():
            bench.part(f"inference {size}", partial(inference, bench, gates))
        speed = bench.part("gb_per_second", lambda: bandwidth(bench))
        for (title, shape), form in itertools.product(SHAPES.items(), (*FORMS, "floor")):
            sizes = shape | ({"width": 40, "depth": 2, "batch": 70} if bench.dry else {})
            work = partial(measured, bench, sizes, form)
            if form == "floor":
                work = partial(floor_ms, sizes, speed)
            bench.part(f"{title}: {form}", work)
            if not bench.dry:
                torch.cuda.empty_cache()
        if not bench.found.get("reproduced", "stopped").startswith("exit code 0"):
            bench.found.pop("reproduced", None)  # a run that was stopped goes on
            bench.part("reproduced", lambda: reproduce(bench), least=30.0)


if __name__ == "__main__":
    main()
