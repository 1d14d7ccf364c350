"""The device in gateware answers as the one in software, whatever arrives."""

import random

import numpy as np
import pytest
from amaranth_bench import codes_of
from link_bench import answers_of, levels_of, received_by, small_plan, terminal_answers

from lgn_hw.link import (
    ANSWER,
    REFUSED,
    Command,
    DeviceModel,
    Frame,
    Parser,
    packed_samples,
)
from lgn_hw.link.gateware.device import LinkDevice
from lgn_hw.link.gateware.uart import Receiver
from lgn_hw.link.gateware.uart_classifier import UartClassifier


def samples(plan, count, seed=0):
    codes = codes_of(plan.classifier, count, np.random.default_rng(seed))
    return codes, packed_samples(plan.classifier, codes)


def model_answers(plan, chunks):
    """Return what the model sends after each chunk; None is a byte without a stop bit."""
    model, answers = DeviceModel(plan), []
    for chunk in chunks:
        answers.append(b"")
        for byte in chunk:
            if byte is None:
                model.disturb()
            else:
                answers[-1] += model.receive(bytes([byte]))
    return answers


def test_device_answers_every_command_as_the_model_does():
    plan = small_plan()
    codes, packed = samples(plan, 20)
    requests = [
        Frame(1, Command.IDENTIFY),
        Frame(2, Command.CLASSIFY, packed),
        Frame(3, Command.SELF_TEST),
        Frame(4, Command.CLASSIFY, packed),
        Frame(5, Command.CLASSIFY),
        Frame(6, Command.CLASSIFY, packed[:-1]),
        Frame(7, 0, b"x"),
        Frame(8, 15),
        Frame(9, Command.COUNTERS),
    ]
    chunks = [request.encode() for request in requests]
    answers, passed = answers_of(LinkDevice(plan), chunks)
    assert passed
    assert answers == model_answers(plan, chunks)
    classes = Parser(300).feed(answers[1])[0].payload[2:]
    assert list(classes) == plan.classifier.predict(codes).tolist()


def test_device_takes_as_many_samples_as_it_says_and_no_more():
    plan = small_plan(features=2, bits=8)
    most = plan.identity.max_samples
    assert most == 256
    _, packed = samples(plan, most + 1)
    requests = [packed[: most * plan.sample_bytes], packed]
    chunks = [Frame(i, Command.CLASSIFY, payload).encode() for i, payload in enumerate(requests)]
    answers, _ = answers_of(LinkDevice(plan), chunks)
    assert answers == model_answers(plan, chunks)
    assert Parser(300).feed(answers[1])[0].command == ANSWER | REFUSED | Command.CLASSIFY


def damaged(rng, data):
    """Flip, drop, insert, repeat or cut bytes of a frame; None is a missing stop bit."""
    bytes_ = list(data)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(bytes_))
        kind = rng.randrange(6)
        if kind == 0:
            bytes_[at] = (bytes_[at] or 0) ^ 1 << rng.randrange(8)
        elif kind == 1 and len(bytes_) > 1:
            del bytes_[at]
        elif kind == 2:
            bytes_.insert(at, rng.choice([0xA5, rng.randrange(256)]))
        elif kind == 3:
            bytes_[at:at] = bytes_[at : at + rng.randint(1, 5)]
        elif kind == 4:
            bytes_[at] = None
        else:
            bytes_[at:] = [rng.randrange(256) for _ in bytes_[at:]]
    return bytes_


def traffic(plan, frames, seed):
    """Return chunks: damaged and right requests mixed, filling, and the counters at the end."""
    rng, chunks = random.Random(seed), []
    _, packed = samples(plan, 40, seed)
    for sequence in range(frames):
        start = plan.sample_bytes * rng.randrange(36)
        payload = packed[start : start + plan.sample_bytes * rng.randint(0, 3)]
        command = rng.choice([Command.CLASSIFY, Command.CLASSIFY, Command.CLASSIFY, *Command, 7])
        payload = payload if command == Command.CLASSIFY else b""
        chunk = list(Frame(sequence % 256, command, payload).encode())
        chunks.append(damaged(rng, chunk) if rng.random() < 0.7 else chunk)
        if rng.random() < 0.1:
            chunks.append([0] * 40)
    # A length that was damaged can still be waited for.
    return [*chunks, [0] * 4100, list(Frame(0, Command.COUNTERS).encode())]


def check_traffic(frames, seed):
    plan = small_plan(seed)
    chunks = traffic(plan, frames, seed)
    answers, _ = answers_of(LinkDevice(plan), chunks)
    expected = model_answers(plan, chunks)
    assert answers == expected
    assert sum(bool(answer) for answer in answers) > frames / 4
    return answers


def test_device_equals_the_model_on_damaged_frames():
    answers = check_traffic(150, seed=1)
    damaged_frames, framing_errors, failures = Parser(300).feed(answers[-1])[0].payload[2:]
    assert damaged_frames > 30
    assert framing_errors > 5
    assert failures == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_device_equals_the_model_on_thousands_of_damaged_frames(seed):
    check_traffic(1500, seed)


def test_device_counters_stay_at_255():
    plan = small_plan()
    chunks = [[None] * 300, Frame(0, Command.COUNTERS).encode()]
    answers, _ = answers_of(LinkDevice(plan), chunks)
    assert Parser(300).feed(answers[1])[0].payload[2:] == bytes([0, 255, 0])


def test_device_says_so_where_its_self_test_fails():
    plan = small_plan()
    device = LinkDevice(plan)
    place = device.image.index(plan.self_test) + plan.sample_bytes  # the first vector's class
    device.image = bytearray(device.image)
    device.image[place] ^= 1
    answers, passed = answers_of(device, [Frame(0, Command.SELF_TEST).encode()])
    assert not passed
    assert Parser(300).feed(answers[0])[0].payload[2:] == bytes([0, 0, 1])


def test_self_test_vectors_are_of_all_classes_and_always_the_same():
    plan, again = small_plan(2), small_plan(2)
    classes = plan.classifier.predict(plan.vectors)
    assert set(classes.tolist()) == set(range(plan.classifier.num_classes))
    assert plan.self_test == again.self_test


def test_device_refuses_samples_that_come_during_its_self_test():
    plan = small_plan()
    _, packed = samples(plan, 2)
    request = Frame(1, Command.CLASSIFY, packed)
    answers, passed = answers_of(LinkDevice(plan), [request.encode()], during_self_test=True)
    assert Parser(300).feed(answers[0]) == [request.answer(refused=True)]
    assert passed


def test_device_drops_a_frame_that_ends_while_it_is_sending_and_keeps_the_answer():
    plan = small_plan()
    codes, packed = samples(plan, 30)
    first, second = Frame(1, Command.CLASSIFY, packed), Frame(2, Command.CLASSIFY)
    third = Frame(3, Command.COUNTERS)
    chunks = [first.encode() + second.encode(), third.encode()]
    answers, _ = answers_of(LinkDevice(plan), chunks)
    assert len(Parser(300).feed(answers[0])) == 2
    answers, _ = answers_of(LinkDevice(plan), chunks, ready_every=60, quiet=200)
    (only,) = Parser(300).feed(answers[0])
    assert list(only.payload[2:]) == plan.classifier.predict(codes).tolist()
    assert Parser(300).feed(answers[1])[0].payload[2:] == bytes([1, 0, 0])


def test_device_classifies_one_frame_while_it_answers_another():
    plan = small_plan()
    codes, packed = samples(plan, 60)
    size = 20 * plan.sample_bytes
    frames = [Frame(i, Command.CLASSIFY, packed[i * size :][:size]) for i in range(3)]
    stream = b"".join(frame.encode() for frame in frames)
    answers, _ = answers_of(LinkDevice(plan), [stream], ready_every=20, quiet=200)
    found = Parser(300).feed(answers[0])
    classes = b"".join(frame.payload[2:] for frame in found)
    assert list(classes) == plan.classifier.predict(codes).tolist()


@pytest.mark.parametrize("clocks_per_bit", [4, 12])
def test_terminal_answers_on_its_pins(clocks_per_bit):
    plan = small_plan(clocks_per_bit=clocks_per_bit)
    codes, packed = samples(plan, 6)
    requests = [Frame(1, Command.IDENTIFY), Frame(2, Command.CLASSIFY, packed)]
    levels = levels_of(requests[0].encode(), clocks_per_bit) + [1] * 800 * clocks_per_bit
    levels += levels_of(requests[1].encode(), clocks_per_bit)
    sent, passed = terminal_answers(UartClassifier(plan), levels, wait=300 * clocks_per_bit)
    answers = Parser(300).feed(bytes(received_by(Receiver(clocks_per_bit), sent)))
    assert passed
    assert [a.encode() for a in answers] == model_answers(plan, [r.encode() for r in requests])
    assert list(answers[1].payload[2:]) == plan.classifier.predict(codes).tolist()


def test_device_identifies_itself_rightly_during_its_self_test():
    plan = small_plan(features=40, bits=60)
    request = Frame(1, Command.IDENTIFY)
    answers, passed = answers_of(LinkDevice(plan), [request.encode()], during_self_test=True)
    assert Parser(300).feed(answers[0]) == [request.answer(plan.identity.pack())]
    assert passed
