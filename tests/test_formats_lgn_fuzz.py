"""Damaged `.lgn` files are refused with a sentence, or are the same classifier to every reader."""

import json
import random
import subprocess
import sys
import time
from collections import Counter

import numpy as np
import pytest
from conv_bench import random_conv
from lgn_fuzz import damaged, resealed, with_header
from strategies import random_classifier

from lgn_hw import Classifier, FileFormatError
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.features import Features
from lgn_hw.formats.lgn import PREFIX, dumps, loads
from lgn_hw.hdl.verilog import read_core_header, to_verilog

ROOM = 1 << 30  # bytes that reading a damaged file may not take


def good_files():
    own = [random_classifier(s, 2 + s, 6, (5, 4), 2 + s % 2, 2 + s % 3) for s in range(4)]
    scaled = Features(("a", "b"), [0, -7], [255, 8], [0.5, -1.0], [0.25, 1e-3])
    small = own[0]
    encoder = type(small.encoder)(scaled, small.encoder.feature, small.encoder.threshold % 8)
    own.append(
        Classifier(encoder, small.netlist, small.group, 2.5, ["no", "yes \u00e9"], {"seed": 1})
    )
    own += [
        random_conv(1, layers=({"kernels": 2, "padding": 1, "pool": 1},), missing=0.1),
        random_conv(2, layers=({"kernels": 2},), dense=(4, 2)),
    ]
    return [dumps(classifier) for classifier in own]


def read(data):
    """Return "refused", or "read" after all readers agreed."""
    try:
        classifier = loads(data, "damaged.lgn")
    except FileFormatError as problem:
        return "refused" if str(problem).startswith("damaged.lgn ") else f"unclear: {problem}"
    assert dumps(classifier) == data
    assert classifier.digest == data[-32:].hex()
    codes = np.stack([classifier.features.low, classifier.features.high])
    scores = classifier.scores(codes)
    assert scores.argmax(axis=1).tolist() == classifier.predict(codes).tolist()
    assert scores.sum() <= 2 * classifier.netlist.num_outputs
    header = read_core_header(to_verilog(classifier, CoreOptions(registers=0)))
    assert header.digest == classifier.digest
    assert header.sample_bits == classifier.features.sample_width
    return "read"


def fuzz(count, seed):
    files, rng = good_files(), random.Random(seed)
    counts, slowest = Counter(), 0.0
    for _ in range(count):
        data = damaged(files, rng)
        start = time.process_time()
        counts["unchanged" if data in files else read(data)] += 1
        slowest = max(slowest, time.process_time() - start)
    return counts, slowest


def test_good_files_are_read():
    assert {read(data) for data in good_files()} == {"read"}


def test_damaged_files_are_refused_or_read_alike():
    counts, _ = fuzz(1500, 1)
    assert counts["refused"] > 1000
    assert counts["read"] > 10


@pytest.mark.parametrize(
    "shape", [[5], [5, 1, 1], [], [True, 1], [-5, -1], 5, [2**62, 4], ["5", 1]]
)
def test_shape_of_another_rank_is_refused(shape):
    [data, *_] = good_files()
    length = int.from_bytes(data[12:16], "little")
    header = json.loads(data[PREFIX.size : PREFIX.size + length])
    header["arrays"][0][2] = shape
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    assert read(resealed(with_header(data, length, text))) == "refused"


LIMITED = """
import resource, sys
sys.path.insert(0, {tests!r})
from test_formats_lgn_fuzz import ROOM, fuzz
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, used + ROOM))
print(*fuzz({count}, {seed}))
"""


@pytest.mark.slow
def test_a_hundred_thousand_damaged_files_are_refused_or_read_alike():
    total = Counter()
    for seed in range(10):
        script = LIMITED.format(tests=__file__.rpartition("/")[0], count=10_000, seed=100 + seed)
        done = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=False,
            timeout=3600,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        print(done.stdout.strip())
        total += Counter(eval(done.stdout[done.stdout.index("{") : done.stdout.index("}") + 1]))
    print(dict(total))
    assert total["refused"] + total["read"] + total["unchanged"] == 100_000
