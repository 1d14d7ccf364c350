"""The driver for PYNQ: samples go out as the circuit takes them, results are read as it sends."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from project_bench import VECTORS, delivery, load

from lgn_hw.circuit.header import pack_results
from lgn_hw.hdl.wrappers import IDENTITY, REGISTERS


class FakeBoard:
    """A model of PYNQ's overlay: AXI DMA that answers as the classifier does, and registers."""

    def __init__(self, classifier, design, codes):
        samples = classifier.features.pack(codes)
        results = pack_results(design.header, classifier.scores(codes))
        self.answers = dict(zip(samples, results, strict=True))
        words = [int(design.header.digest[-8 - 8 * i :][:8], 16) for i in range(8)]
        self.words = {REGISTERS["id"]: IDENTITY}
        self.words |= {REGISTERS["digest"] + 4 * i: word for i, word in enumerate(words)}
        self.written, self.sample, self.place = [], None, None
        self.dma = SimpleNamespace(
            recvchannel=SimpleNamespace(transfer=self.receive, wait=self.answer),
            sendchannel=SimpleNamespace(transfer=self.send, wait=lambda: None),
        )
        self.classifier = SimpleNamespace(
            read=self.words.__getitem__, write=lambda *pair: self.written.append(pair)
        )

    def receive(self, place):
        self.place = place

    def send(self, packet):
        assert self.place is not None, "the result must have a place before the sample goes"
        self.sample = int.from_bytes(bytes(packet), "little")

    def answer(self):
        result = self.answers[self.sample]
        self.place[:] = list(result.to_bytes(len(self.place), "little"))
        self.place = None

    def install(self, monkeypatch):
        pynq = ModuleType("pynq")
        pynq.Overlay = lambda bitfile: self
        pynq.allocate = lambda shape, dtype: np.zeros(shape, dtype)
        monkeypatch.setitem(sys.modules, "pynq", pynq)


@pytest.mark.parametrize(("scores", "data_bits"), [(True, 32), (False, 8), (True, 64)])
def test_pynq_driver_classifies_as_the_classifier_does(tmp_path, monkeypatch, scores, data_bits):
    classifier, design, codes, _ = delivery(tmp_path, "pynq", scores=scores, data_bits=data_bits)
    board = FakeBoard(classifier, design, codes)
    board.install(monkeypatch)
    driver = load(tmp_path / "pynq" / "classifier_core.py")
    circuit = driver.Classifier()
    rows = [[int(code) for code in row] for row in codes]
    found = [circuit.classify(row) for row in rows]
    assert [number for number, _ in found] == classifier.predict(codes).tolist()
    assert [votes for _, votes in found] == (
        classifier.scores(codes).tolist() if scores else [[]] * VECTORS
    )
    assert len(driver.pack(rows[0])) * 8 == design.shape["sample_beats"] * data_bits
    raw = codes * classifier.features.scale + classifier.features.offset
    assert driver.codes_of(raw[0]) == rows[0]
    beyond = np.array([[1e9, -1e9, 3.4, 1e9, 0, 0.4, 0.26]])
    assert driver.codes_of(beyond[0]) == classifier.features.quantize(beyond)[0].tolist()
    names = [classifier.classes[number] for number in classifier.predict(codes)]
    assert circuit.predict(raw) == names
    circuit.restart()
    assert board.written == [(REGISTERS["control"], 1)]
    with pytest.raises(ValueError, match="a code must be 0 to 15, not 16"):
        driver.pack([16, *rows[0][1:]])


def test_pynq_driver_rejects_another_overlay(tmp_path, monkeypatch):
    classifier, design, codes, _ = delivery(tmp_path, "pynq")
    board = FakeBoard(classifier, design, codes)
    board.install(monkeypatch)
    driver = load(tmp_path / "pynq" / "classifier_core.py")
    board.words[REGISTERS["digest"] + 28] ^= 1
    with pytest.raises(RuntimeError, match=f"the overlay holds .*, not {classifier.digest}"):
        driver.Classifier()
