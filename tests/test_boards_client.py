"""Over a line that changes, drops and adds bytes no wrong class goes unnoticed, and all come."""

import random

import numpy as np
import pytest
from amaranth_bench import codes_of
from link_bench import small_plan
from messages import telling

from lgn_boards.client import LinkClient, LinkError
from lgn_hw.link import Command, DeviceModel, Frame, Identity, packed_samples


def pieces(data):
    """Yield the bytes between missing ones, and None for each of those."""
    if isinstance(data, bytes):
        yield data
        return
    start = 0
    for at in [i for i, byte in enumerate(data) if byte is None]:
        yield bytes(data[start:at])
        yield None
        start = at + 1
    yield bytes(data[start:])


class Loopback:
    """A line to a DeviceModel, without time; `disturb` may change the bytes of a write or read."""

    def __init__(self, plan, disturb=lambda data: data):
        self.model, self.disturb = DeviceModel(plan), disturb
        self.waiting = bytearray()
        self.longest = 0

    def write(self, data):
        for piece in pieces(self.disturb(data)):
            if piece is None:
                self.model.disturb()
            else:
                self.waiting += b"".join(
                    part or b"" for part in pieces(self.disturb(self.model.receive(piece)))
                )

    def read(self, timeout):
        data = bytes(self.waiting)
        self.waiting.clear()
        return data


class Noise:
    """Damage frames with a probability: bits, bytes, bursts, breaks; and count them."""

    def __init__(self, seed, probability):
        self.rng, self.probability, self.damaged = random.Random(seed), probability, 0

    def __call__(self, data):
        if len(data) < 2 or len(data) > 2000 or self.rng.random() >= self.probability:
            return data
        self.damaged += 1
        return self.damage(list(data))

    def damage(self, data):
        at, kind = self.rng.randrange(len(data)), self.rng.randrange(7)
        if kind == 0:
            data[at] ^= 1 << self.rng.randrange(8)
        elif kind == 1:
            del data[at]
        elif kind == 2:
            data.insert(at, self.rng.choice([0xA5, self.rng.randrange(256)]))
        elif kind == 3:
            data[at : at + 8] = [self.rng.randrange(256) for _ in data[at : at + 8]]
        elif kind == 4:
            data[at] = None
        elif kind == 5:
            del data[at:]
        else:
            data += data[at:]
        return data


def batch(plan, samples, frame, seed=0):
    codes = codes_of(plan.classifier, samples, np.random.default_rng(seed))
    size, packed = plan.sample_bytes * frame, packed_samples(plan.classifier, codes)
    payloads = [packed[i : i + size] for i in range(0, len(packed), size)]
    return codes, payloads, [len(payload) // plan.sample_bytes for payload in payloads]


def test_session_asks_and_classifies():
    plan = small_plan()
    session = LinkClient(Loopback(plan))
    size = len(plan.identity.pack())
    assert Identity.unpack(session.ask(Command.IDENTIFY, size)) == plan.identity
    codes, payloads, counts = batch(plan, 100, 7)
    told = []
    found = session.classify(payloads, counts, told.append)
    assert list(b"".join(found)) == plan.classifier.predict(codes).tolist()
    assert (told[-1], session.repeated) == (100, 0)


def test_session_never_gives_a_wrong_class_and_always_recovers():
    plan, noise = small_plan(), Noise(seed=1, probability=0.5)
    codes, payloads, counts = batch(plan, 3000, 3)
    expected = plan.classifier.predict(codes)
    line = Loopback(plan)
    session = LinkClient(line, retries=200)
    rounds = 0
    while noise.damaged < 10_000:
        line.disturb = noise
        found = b"".join(session.classify(payloads, counts))
        assert np.array_equal(np.frombuffer(found, np.uint8), expected)
        line.disturb = lambda data: data
        before = session.repeated
        session.classify(payloads[:2], counts[:2])
        # What the noise has left behind costs one repetition at most.
        assert session.repeated - before <= 2
        rounds += 1
    assert session.repeated > 1000
    assert rounds > 1


def test_session_ignores_answers_to_other_requests():
    plan = small_plan()
    _, payloads, counts = batch(plan, 2, 1)
    stale = Frame(1, Command.CLASSIFY, payloads[1])  # the same sequence, another sample
    line = Loopback(plan)
    line.waiting += DeviceModel(plan).receive(stale.encode())
    assert LinkClient(line).classify(payloads[:1], counts[:1]) == [
        bytes(plan.classifier.predict(batch(plan, 2, 1)[0][:1]).astype(np.uint8))
    ]


def test_session_sends_ahead_only_where_the_device_has_answered_in_time():
    plan = small_plan()
    _, payloads, counts = batch(plan, 31, 10)
    sent = []

    class Line(Loopback):
        def write(self, data):
            sent.append(len(data))
            super().write(data)

        def read(self, timeout):
            sent.append("read")
            return super().read(timeout)

    LinkClient(Line(plan)).classify(payloads, counts)
    whole, last = 9 + 10 * plan.sample_bytes, 9 + plan.sample_bytes
    # The last request is shorter than the answer before it.
    assert sent == [whole, whole, "read", whole, "read", last, "read"]


def test_session_gives_up_a_silent_device():
    class Silent:
        def write(self, data):
            pass

        def read(self, timeout):
            return b""

    message = "...no valid answer 3 times; check ...`lgn flash`...UART...baud rate is 1000000"
    with pytest.raises(LinkError, match=telling(message)):
        LinkClient(Silent(), retries=2).ask(Command.COUNTERS, 3)


def test_session_keeps_what_was_answered_before_the_line_broke():
    plan = small_plan()
    codes, payloads, counts = batch(plan, 50, 5)

    class Torn(Loopback):
        reads = 0

        def read(self, timeout):
            self.reads += 1
            if self.reads > 3:
                raise OSError(5, "Input/output error")
            return super().read(timeout)

    message = "...gone ...Input/output error..."
    with pytest.raises(LinkError, match=telling(message)) as caught:
        LinkClient(Torn(plan)).classify(payloads, counts)
    answered = list(b"".join(caught.value.answered))
    assert 0 < len(answered) < 50
    assert answered == plan.classifier.predict(codes)[: len(answered)].tolist()
