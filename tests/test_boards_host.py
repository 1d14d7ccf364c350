"""The host's driver on a real pseudo-terminal, with the terminal that is built at its other end."""

import fcntl
import os
import re
import struct
import termios
import threading
import time
import tty

import numpy as np
import pytest
from amaranth_bench import codes_of
from link_bench import small_plan
from messages import telling
from strategies import random_classifier

pytest.importorskip("serial", reason="pyserial is not installed")

from lgn_boards import host as host_module
from lgn_boards import ports
from lgn_boards.client import LinkError
from lgn_boards.host import Device, PredictError, Rates
from lgn_hw.errors import ClassifierError, ToolNotFound, UsageError
from lgn_hw.link import DeviceModel, Identity


class ModelBoard:
    """A DeviceModel at the other end of a pseudo-terminal; it is unplugged after `answers`."""

    def __init__(self, plan, answers=1000):
        self.model, self.answers = DeviceModel(plan), answers
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.port = os.ttyname(self.slave)
        threading.Thread(target=self.serve, daemon=True).start()

    def unread(self):
        return struct.unpack("i", fcntl.ioctl(self.slave, termios.FIONREAD, bytes(4)))[0]

    def serve(self):
        while self.answers > 0:
            answer = self.model.receive(os.read(self.master, 4096))
            if answer:
                os.write(self.master, answer)
                self.answers -= 1
        quiet = 0
        while quiet < 20:  # a terminal that hangs up forgets what nobody has read, or still comes
            time.sleep(0.005)
            quiet = 0 if self.unread() else quiet + 1
        os.close(self.master)
        os.close(self.slave)


def samples(plan, count):
    return codes_of(plan.classifier, count, np.random.default_rng(0))


def test_device_predicts_on_a_simulated_board():
    classifier = random_classifier(1, features=5, layers=(40, 12))
    codes = codes_of(classifier, 12, np.random.default_rng(0))
    done = []
    with Device.simulated(classifier) as device:
        assert device.identity.digest == classifier.digest
        assert device.predict(codes, done.append).tolist() == classifier.predict(codes).tolist()
        assert done[-1] == 12
        assert device.self_test().failures == 0
        assert vars(device.counters()) == {
            "damaged_frames": 0, "framing_errors": 0, "failures": 0,
        }  # fmt: skip
        assert device.rates.limit == "link"


def test_device_on_a_pseudo_terminal_takes_long_batches():
    plan = small_plan()
    codes = samples(plan, 5000)
    with Device.open(plan.classifier, ModelBoard(plan).port) as device:
        assert np.array_equal(device.predict(codes), plan.classifier.predict(codes))
        assert device.client.repeated == 0
        assert device.predict(codes[:0]).tolist() == []


def test_device_that_is_unplugged_in_mid_batch_gives_the_classes_so_far():
    plan = small_plan()
    codes = samples(plan, 5000)
    board = ModelBoard(plan, answers=5)  # the identity and four frames or more
    device = Device.open(plan.classifier, board.port)
    with pytest.raises(PredictError) as caught:
        device.predict(codes)
    classes = caught.value.classes
    assert re.fullmatch(
        rf"The device on {board.port} is gone \(.+\); {len(classes):,} of 5,000 samples are"
        " classified",
        str(caught.value),
    )
    assert len(classes) >= 4 * plan.max_samples
    assert len(classes) < len(codes)
    assert np.array_equal(classes, plan.classifier.predict(codes)[: len(classes)])


def test_simulated_board_that_is_unplugged_in_mid_batch_gives_the_classes_so_far(monkeypatch):
    monkeypatch.setattr(host_module, "FRAME_SECONDS", 0.0004)  # 13 samples
    classifier = random_classifier(1, features=5, layers=(40, 12))
    codes = codes_of(classifier, 60, np.random.default_rng(0))
    device = Device.simulated(classifier)
    with pytest.raises(PredictError, match=r"^The device on .* is gone") as caught:
        device.predict(codes, lambda done: device.simulation.unplug())
    classes = caught.value.classes
    assert 0 < len(classes) < 60
    assert classes.tolist() == classifier.predict(codes)[: len(classes)].tolist()


def test_device_rejects_another_classifier():
    plan, other = small_plan(1), small_plan(2)
    port = ModelBoard(plan).port
    message = (
        f"The device on {port} holds classifier {plan.classifier.digest[:16]}, not"
        f" {other.classifier.digest[:16]}; build and flash this one, or name its .lgn file"
    )
    with pytest.raises(UsageError, match=telling(message)):
        Device.open(other.classifier, port)


def test_device_rejects_codes_that_the_classifier_cannot_take():
    plan = small_plan()
    with (
        Device.open(plan.classifier, ModelBoard(plan).port) as device,
        pytest.raises(ClassifierError, match=r"^Samples must have shape \(samples, 5\)"),
    ):
        device.predict([[1, 2]])


def test_device_of_another_version_is_rejected(monkeypatch):
    plan = small_plan()
    monkeypatch.setattr(Identity, "pack", lambda self: b"\x01" + bytes(52))
    port = ModelBoard(plan).port
    message = f"The device on {port}: ...version 1 ...version 2"
    with pytest.raises(LinkError, match=telling(message)):
        Device.open(plan.classifier, port)


def test_auto_finds_the_port_that_has_the_classifier(monkeypatch):
    first, second = small_plan(1), small_plan(2)
    found = [ModelBoard(first).port, ModelBoard(second).port]
    monkeypatch.setattr(host_module, "serial_ports", lambda: found)
    with Device.open(second.classifier) as device:
        assert device.client.name == f"The device on {found[1]}"
    third = small_plan(3).classifier
    monkeypatch.setattr(host_module, "serial_ports", lambda: [ModelBoard(first).port])
    with pytest.raises(LinkError, match=r"^No USB serial port has this classifier:\n  /dev/.*"):
        Device.open(third)


def test_auto_without_a_port_says_so(monkeypatch):
    monkeypatch.setattr(host_module, "serial_ports", list)
    message = "...no USB serial port; connect the board, or ...--port"
    with pytest.raises(LinkError, match=telling(message)):
        Device.open(small_plan().classifier)


def test_port_that_is_not_there_is_a_usage_error():
    message = r"^The port /dev/none cannot be opened \(.*\); is it there, is it free, and may you"
    with pytest.raises(UsageError, match=message):
        Device.open(small_plan().classifier, "/dev/none")


def test_serial_ports_without_pyserial_say_how_to_install_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "serial", None)
    message = "pyserial is missing; ...pip install 'lgn-hw[boards]'"
    with pytest.raises(ToolNotFound, match=telling(message)):
        ports.serial_ports()


def test_rates_name_the_slower_of_link_and_core():
    identity = Identity(98, 41, 10, 8, 300, 12_000_000, 1_000_000, "00" * 32)
    rates = Rates(100, 2.0, identity)
    assert (rates.measured, rates.core, rates.limit) == (50.0, 40_000.0, "link")
    assert round(rates.link, 1) == round(100_000 / (98 + 9 / 41), 1)
    slow = Identity(1, 256, 10, 8, 3000, 12_000_000, 3_000_000, "00" * 32)
    assert Rates(1, 1.0, slow).limit == "core"
