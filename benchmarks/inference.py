"""Measure inference on a CPU: images per second, one sample, memory, beside the numpy evaluator.

python benchmarks/inference.py [--quick] [--json [FILE]] [--classifier FILE.lgn ...]

Random nets of two-input gates on 784 byte features, in five layers above 3136 encoder bits: each
gate depends on both inputs, and each net is read as often as any other, so that no gate can be
left out. Everything is included, from bytes to classes. --quick prints figures in under a minute
and writes nothing; --json alone prints them as JSON. The full run adds threads, int32 codes, raw
values, the instruction sets, one sample, a million gates, and trained classifiers.
"""

import argparse
import json
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe_machine
from numpy.typing import NDArray

from lgn_hw import Classifier, Netlist, Thermometer
from lgn_hw.compiler import INSTRUCTION_SETS, widest_set
from lgn_hw.features import Features
from lgn_hw.inference import Engine, Reference

FEATURES, BITS, LAYERS, CLASSES = 784, 3136, 5, 10
SIZES = {"8k": 8_000, "32k": 32_000, "128k": 128_000}
IMAGES, VALUES = 1 << 15, 1 << 12  # values are four and eight bytes each, and codes of them eight
REFERENCE_IMAGES = {"8k": 4096, "32k": 2048, "128k": 1024}
GATES = (1, 2, 4, 6, 7, 8, 9, 11, 13, 14)  # the tables that depend on both inputs


def random_classifier(gates: int, seed: int = 0) -> Classifier:
    """Return a layered classifier in which every gate is used and depends on both its inputs."""
    rng = np.random.default_rng(seed)
    width = gates // LAYERS
    fanin = np.zeros((LAYERS * width, 6), np.int32)
    low, high = 2, 2 + BITS
    for layer in range(LAYERS):
        nets = high - low
        rounds = -(-2 * width // nets)
        picks = np.concatenate([rng.permutation(nets) for _ in range(rounds)])[: 2 * width]
        fanin[layer * width : (layer + 1) * width, :2] = low + picks.reshape(2, width).T
        low, high = high, high + width
    table = rng.choice(np.array(GATES, np.uint64), LAYERS * width)
    netlist = Netlist(BITS, fanin, table, np.arange(low, high))
    features = Features.integers([0] * FEATURES, [255] * FEATURES)
    thresholds = np.tile([51, 102, 153, 204], FEATURES)
    encoder = Thermometer(features, np.arange(BITS) // 4, thresholds)
    names = [str(c) for c in range(CLASSES)]
    return Classifier(encoder, netlist, np.arange(width) * CLASSES // width, 1.0, names)


def images(count: int, features: Features) -> NDArray[np.uint8]:
    rng = np.random.default_rng(1)
    drawn = rng.integers(0, 256, (count, len(features)), np.uint8)  # no wider: memory is measured
    return np.minimum(drawn, features.high.astype(np.uint8), out=drawn)


def seconds(work: Callable[[], Any], times: int, clock: Callable[[], float]) -> float:
    """Return the median of so many runs; the first, which warms caches, does not count."""
    found = []
    for _ in range(times + 1):
        start = clock()
        work()
        found.append(clock() - start)
    return statistics.median(found[1:])


def parts(classifier: Classifier) -> tuple[Thermometer, Netlist, NDArray[np.int32], int]:
    return classifier.encoder, classifier.netlist, classifier.group, classifier.num_classes


def measure_size(name: str, gates: int, times: int) -> dict[str, Any]:
    """Measure one thread against the numpy evaluator, in CPU time of one process."""
    classifier = random_classifier(gates)
    x = images(IMAGES, classifier.features)
    start = time.process_time()
    engine = Engine(*parts(classifier))
    build = time.process_time() - start
    few, reference = x[: REFERENCE_IMAGES[name]], Reference(*parts(classifier))
    expected = reference.predict(few)
    assert np.array_equal(engine.predict(few, 1), expected)
    fast = seconds(lambda: engine.predict(x, 1), times, time.process_time) / len(x)
    slow = seconds(lambda: reference.predict(few), 1 + times // 5, time.process_time) / len(few)
    return {
        f"images_per_s_{name}": round(1 / fast),
        f"ratio_{name}": round(slow / fast, 1),
        f"numpy_images_per_s_{name}": round(1 / slow),
        f"build_s_{name}": round(build, 4),
        f"instructions_{name}": engine.size["instructions"],
    }


def measure_more(name: str, gates: int, times: int) -> dict[str, Any]:
    """Measure int32 codes, two threads, other instruction sets, and one sample."""
    classifier = random_classifier(gates)
    x = images(IMAGES, classifier.features)
    wide = x.astype(np.int32)
    engine = classifier.engine
    one = seconds(lambda: engine.predict(x, 1), times, time.perf_counter)
    two = seconds(lambda: engine.predict(x, 2), times, time.perf_counter)
    int32 = seconds(lambda: engine.predict(wide, 1), times, time.process_time)
    sets = list(INSTRUCTION_SETS)
    each = {}
    for chosen in sets[sets.index(widest_set()) :]:
        made = Engine(*parts(classifier), instruction_set=chosen)
        spent = seconds(lambda made=made: made.predict(x, 1), times, time.process_time)
        each[chosen] = round(len(x) / spent)
    return {
        f"two_threads_{name}": round(one / two, 2),
        f"int32_images_per_s_{name}": round(len(x) / int32),
        f"sets_{name}": each,
        f"one_sample_us_{name}": one_sample(classifier, x),
    }


def measure_values(name: str, gates: int, times: int) -> dict[str, Any]:
    """Measure raw values, floats from 0 to 1, beside codes that numpy makes of them first."""
    whole = random_classifier(gates)
    features = whole.features
    scaled = replace(features, scale=np.full(len(features), 1 / 255))
    classifier = replace(whole, encoder=replace(whole.encoder, features=scaled))
    engine, found = classifier.engine, {}

    def by_numpy(x: NDArray[Any]) -> NDArray[np.int32]:
        return engine.predict(scaled.quantize(x), 1)

    for dtype in (np.float32, np.float64):
        x = np.random.default_rng(2).random((VALUES, len(features)), dtype)
        assert np.array_equal(engine.predict_raw(x, 1), by_numpy(x))
        fast = seconds(lambda x=x: engine.predict_raw(x, 1), times, time.process_time)
        slow = seconds(lambda x=x: by_numpy(x), 1 + times // 5, time.process_time)
        found[f"{dtype.__name__}_images_per_s_{name}"] = round(VALUES / fast)
        found[f"{dtype.__name__}_by_numpy_images_per_s_{name}"] = round(VALUES / slow)
    return found


def one_sample(classifier: Classifier, x: NDArray[np.uint8]) -> float:
    """Return the median microseconds of predict() for one sample, the call from Python included."""
    rows = [x[i : i + 1] for i in range(500)]
    found = []
    for row in rows * 4:
        start = time.perf_counter()
        classifier.predict(row, 1)
        found.append(time.perf_counter() - start)
    return round(statistics.median(found) * 1e6, 1)


def step_million(path: Path) -> dict[str, Any]:
    """Load a classifier of a million gates and predict, in a process of its own."""
    start = time.process_time()
    classifier = Classifier.load(path)
    loaded = time.process_time() - start
    start = time.process_time()
    engine = classifier.engine
    build = time.process_time() - start
    x = images(4096, classifier.features)
    spent = seconds(lambda: engine.predict(x, 1), 3, time.process_time)
    return {
        "million_load_s": round(loaded, 2),
        "million_build_s": round(build, 2),
        "million_images_per_s": round(len(x) / spent),
        "million_peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def measure_million(folder: Path) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "million.lgn"
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.apply(save_million, (path,))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(step_million, (path,))


def save_million(path: Path) -> None:
    random_classifier(1_000_000).save(path)


def measure_trained(path: Path, times: int) -> dict[str, Any]:
    classifier = Classifier.load(path)
    x = images(IMAGES, classifier.features)
    engine = Engine(*parts(classifier))
    spent = seconds(lambda: engine.predict(x, 1), times, time.process_time)
    return {
        "name": path.stem,
        "nodes": classifier.netlist.num_nodes,
        "features": len(classifier.features),
        "images_per_s": round(len(x) / spent),
        "one_sample_us": one_sample(replace(classifier), x),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path, nargs="?", const=Path("-"))
    parser.add_argument("--classifier", type=Path, nargs="*", default=[])
    arguments = parser.parse_args()
    times = 5 if arguments.quick else 15
    figures: dict[str, Any] = {}
    for name, gates in SIZES.items():
        figures |= measure_size(name, gates, times)
    if not arguments.quick:
        for name, gates in SIZES.items():
            figures |= measure_more(name, gates, times)
            figures |= measure_values(name, gates, times)
        figures |= measure_million(Path("build/benchmarks"))
        figures["trained"] = [measure_trained(path, times) for path in arguments.classifier]
    if arguments.json == Path("-"):
        print(json.dumps(figures, indent=2))
    else:
        for key, value in figures.items():
            print(f"{key} {value}")
    if not arguments.quick:
        file = arguments.json if arguments.json not in (None, Path("-")) else None
        file = file or Path("docs/benchmarks/inference.json")
        file.write_text(json.dumps(describe_machine() | figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
