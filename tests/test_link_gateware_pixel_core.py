"""A streaming core behind the link: the device answers as the model, whatever is damaged."""

import numpy as np
import pytest
from amaranth_bench import codes_of
from conv_bench import random_conv
from link_bench import answers_of
from test_link_gateware_device import model_answers, samples, traffic

from lgn_hw import UsageError
from lgn_hw.hdl.streaming import StreamingCore, StreamingOptions
from lgn_hw.hdl.streaming.cycles import frame_cycles
from lgn_hw.link import BaudRate, Command, Frame, LinkPlan, Parser
from lgn_hw.link.gateware.device import LinkDevice
from lgn_hw.link.samples import SampleFormat, in_pixels

PACE = 100  # clock cycles for a byte
NETS = {
    "one channel": {"shape": (1, 5, 7), "layers": ({"kernels": 4, "padding": 1},)},
    "three channels": {
        "shape": (3, 4, 6), "planes": 5, "low": 0, "high": 255, "classes": 3,
        "layers": ({"kernels": 6, "padding": 1, "pool": 2},),
    },
    "wide": {"shape": (1, 5, 30), "layers": ({"kernels": 4, "padding": 1},)},
    "signed": {"shape": (2, 3, 3), "low": -8, "high": 7, "layers": ({"kernels": 4},)},
}  # fmt: skip


def plan_of(name="one channel", registers=0, clocks_per_bit=PACE // 10):
    classifier = random_conv(4, **NETS[name])
    cycles = frame_cycles(StreamingCore(classifier, StreamingOptions(registers)))
    rate = BaudRate(clocks_per_bit * 10**6, 10**6)
    return LinkPlan(classifier, rate, registers, cycles)


@pytest.mark.parametrize("name", NETS)
def test_pixels_are_carried_one_after_the_other(name):
    classifier = random_conv(4, **NETS[name])
    carried = SampleFormat.of(classifier)
    channels = classifier.convolution.shape[0]
    pixels = len(classifier.features) // channels
    assert carried.feature[:channels].tolist() == [c * pixels for c in range(channels)]
    codes = codes_of(classifier, 20, np.random.default_rng(0))
    narrow = carried.narrowed(classifier)
    assert (
        narrow.predict(codes[:, carried.feature] >> carried.shift) == classifier.predict(codes)
    ).all()
    shift = np.zeros(len(classifier.features), np.int64)
    shift[carried.feature] = carried.shift
    form = in_pixels(classifier)
    assert (form.scores(codes >> shift) == classifier.scores(codes)).all()


def test_thresholds_at_half_of_the_range_take_one_bit_a_pixel():
    classifier = random_conv(4, (1, 6, 6), 1, low=0, high=255)
    section = classifier.convolution
    half = type(section)(
        section.shape, section.channel, [127], [], section.layers, None, section.group
    )
    made = type(classifier)(
        half.encoder(classifier.features), half.expand(), half.vote_group, 1.0, ("a", "b"), {}, half
    )
    assert SampleFormat.of(made).sample_bytes == 5


@pytest.mark.parametrize("name", ["one channel", "three channels", "signed"])
def test_device_answers_every_command_as_the_model_does(name):
    plan = plan_of(name)
    codes, packed = samples(plan, 5)
    requests = [
        Frame(1, Command.IDENTIFY),
        Frame(2, Command.CLASSIFY, packed),
        Frame(3, Command.SELF_TEST),
        Frame(4, Command.CLASSIFY, packed[:-1]),
        Frame(5, Command.CLASSIFY, packed),
        Frame(6, Command.COUNTERS),
    ]
    chunks = [request.encode() for request in requests]
    answers, passed = answers_of(LinkDevice(plan), chunks, cycles_per_byte=PACE, quiet=400)
    assert passed
    assert answers == model_answers(plan, chunks)
    classes = Parser(300).feed(answers[1])[0].payload[2:]
    assert list(classes) == plan.classifier.predict(codes).tolist()


def test_noise_shifts_no_frame():
    plan = plan_of()
    chunks = traffic(plan, 25, seed=3)
    chunks[-2] = [0] * 200
    answers, _ = answers_of(LinkDevice(plan), chunks, cycles_per_byte=PACE, quiet=400)
    assert answers == model_answers(plan, chunks)


def test_a_link_that_is_too_fast_for_the_rows_of_zeros_is_refused():
    with pytest.raises(UsageError, match=r"^The core takes \d+ clock cycles for a byte at the end"):
        plan_of("wide", clocks_per_bit=4)


def test_classifiers_without_the_form_are_refused():
    from strategies import random_classifier

    cycles = frame_cycles(StreamingCore(random_conv(4)))
    with pytest.raises(UsageError, match=r"^The classifier has no convolutional form"):
        LinkPlan(random_classifier(1), BaudRate(10**7, 10**6), 0, cycles)
