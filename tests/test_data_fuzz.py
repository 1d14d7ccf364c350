"""Damaged data files: refused with a sentence, or read the same by training and prediction."""

import io
import os
import random
import time

import numpy as np
import pytest

from lgn_hw import Classifier, Netlist, Thermometer
from lgn_hw.errors import LgnError
from lgn_hw.samples import LABEL_KEY, read_samples
from lgn_train.data import load_file

SHORT, LONG = 300, 10_000
SECONDS = 20  # of one file, at most: none hangs
TABLE = "a,b,c,kind\n" + "".join(
    f"{i % 7},{i / 4},{(i * 5) % 9 - 4},{'even' if i % 2 == 0 else 'odd'}\n" for i in range(24)
)
SCRAPS = [
    *b",;\t|\"\n\r\0 ?-'#", "\ufeff", "\u00e9", "nan", "inf", "1e400", "9" * 25,
    "9007199254740993", "TRUE", "1,5", "0x1", "kind", "1_0", "=1+1", "a,b", "PK\x03\x04", "NUMPY",
    "<f8", "|O8", "x.npy",
]  # fmt: skip


def npz(rng):
    x = np.array([[rng.randint(-5, 300) for _ in range(3)] for _ in range(24)])
    kinds = [np.uint8, np.int16, np.int64, np.uint64, np.float16, np.float32, np.float64, bool]
    labels = [
        np.arange(24) % 2 + rng.randint(-2, 5),
        np.array(["u", "v"] * 12),
        np.arange(24)[:, None] % 3,
        np.arange(24) % 2 * 1.0,
    ]
    arrays = {"x": x.astype(rng.choice(kinds)), "y": rng.choice(labels)}
    if rng.random() < 0.3:
        arrays["class_names"] = np.array(
            rng.choice([["p", "q"], ["1", "2"], ["p", "p"], ["", "q"]])
        )
    if rng.random() < 0.3:
        arrays["feature_names"] = np.array(rng.choice([["a", "b", "c"], ["a", "a", "b"], ["a"]]))
    if rng.random() < 0.2:
        arrays |= {"x_test": arrays["x"][:5], "y_test": arrays["y"][:5]}
    if rng.random() < 0.2:
        arrays |= {"feature_low": rng.randint(-9, 9), "feature_high": rng.randint(-9, 400)}
    packed = io.BytesIO()
    rng.choice([np.savez, np.savez_compressed])(packed, **arrays)
    return packed.getvalue()


def mutated(data, rng):
    """Flip bits, cut, repeat, drop, and put scraps into the bytes of a file."""
    data = bytearray(data)
    for _ in range(rng.choice([0, 1, 1, 1, 2, 4])):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(6):
            case 0 if data:
                data[at % len(data)] ^= 1 << rng.randrange(8)
            case 1:
                del data[at:]
            case 2:
                scrap = rng.choice(SCRAPS)
                data[at:at] = bytes([scrap]) if isinstance(scrap, int) else scrap.encode()
            case 3:
                end = at + rng.randrange(40)
                data[at:at] = data[at:end]
            case 4:
                del data[at : at + rng.randrange(1, 20)]
            case 5:
                data[at : at + 4] = rng.randbytes(4)
    return bytes(data)


def classifier_for(data):
    """Return a classifier with the features and classes of a data set."""
    bit = Thermometer(data.features, [0], [int(data.features.low[0])])
    wire = Netlist(1, np.zeros((0, 6), int), np.zeros(0, np.uint64), outputs=[2])
    known = {} if data.label_column is None else {LABEL_KEY: data.label_column}
    return Classifier(bit, wire, [0], 1.0, data.classes, known)


def codes_and_labels(x, y):
    return sorted(map(str, zip(x.tolist(), y.tolist(), strict=True)))


def outcome(path):
    """Read a file as training and as prediction do; return what came of it."""
    try:
        data = load_file(path)
    except LgnError as problem:
        return "refused" if str(problem).isprintable() else f"unprintable: {problem}"
    samples = read_samples(classifier_for(data), path)
    parts = [(data.x_train, data.y_train)]
    whole = len(samples) == len(data.x_train) + len(data.x_test)
    parts += [(data.x_test, data.y_test)] if whole else []
    trained = codes_and_labels(*(np.concatenate(of) for of in zip(*parts, strict=True)))
    assert codes_and_labels(samples.codes, samples.labels) == trained
    return "read"


def fuzz(folder, count, seed):
    rng, found = random.Random(seed), {"refused": 0, "read": 0}
    for number in range(count):
        kind = rng.choice(["csv", "npz"])
        text = TABLE
        if kind == "csv" and rng.random() < 0.5:
            separator = rng.choice(";\t|")
            text = TABLE.replace(",", separator)
            text = text.replace(".", ",") if rng.random() < 0.5 else text
        content = mutated(text.encode() if kind == "csv" else npz(rng), rng)
        path = folder / f"{number % 8}.{kind}"
        path.write_bytes(content)
        started = time.process_time()
        try:
            found[outcome(path)] += 1  # a KeyError says what else came of it
        except Exception as problem:
            kept = os.environ.get("LGN_FUZZ_KEEP")
            if kept:
                path.rename(f"{kept}/{seed}-{number}.{kind}")
            raise AssertionError(f"file {number} of seed {seed}: {content!r}") from problem
        assert time.process_time() - started < SECONDS
    return found


def test_damaged_files_are_refused_or_read_the_same(tmp_path):
    found = fuzz(tmp_path, SHORT, 0)
    assert min(found.values()) > SHORT // 10


@pytest.mark.slow
def test_ten_thousand_damaged_files_are_refused_or_read_the_same(tmp_path, capsys):
    found = fuzz(tmp_path, LONG, 1)
    with capsys.disabled():
        print(f"\n{LONG:,} files: {found['refused']:,} refused, {found['read']:,} read the same")
    assert sum(found.values()) == LONG
