"""The .lgn file: round trips exactly, same bytes every time, and refuses what it cannot trust."""

import hashlib
import re

import numpy as np
import pytest
from hypothesis import given
from strategies import classifiers

from lgn_hw import Classifier, FileFormatError, Netlist, Thermometer
from lgn_hw.features import Features
from lgn_hw.files import atomic
from lgn_hw.formats.lgn import MAGIC, PREFIX, dumps, loads


def small(provenance=None):
    features = Features.integers([0, -4], [15, 3], ["height", "depth"])
    encoder = Thermometer(features, [0, 0, 1], [3, 7, -1])
    netlist = Netlist(
        3, [[2, 3, 0, 0, 0, 0], [4, 5, 0, 0, 0, 0]], np.array([6, 8], np.uint64), [5, 6]
    )
    return Classifier(encoder, netlist, [0, 1], 2.5, ["no", "yes"], provenance or {"seed": 1})


def resealed(data):
    """Give damaged bytes a right length and checksum again, as a buggy writer would."""
    body = data[:-32]
    return body + hashlib.sha256(body).digest()


@given(classifiers())
def test_lgn_round_trips(classifier):
    data = dumps(classifier)
    again = loads(data)
    assert dumps(again) == data
    assert again.classes == classifier.classes
    assert again.features.names == classifier.features.names
    for name in ("fanin", "table", "outputs"):
        assert (getattr(again.netlist, name) == getattr(classifier.netlist, name)).all()


def test_lgn_keeps_provenance_and_scalars(tmp_path):
    path = tmp_path / "new" / "small.lgn"
    small({"seed": 3, "recipe": {"layers": [1, 2]}}).save(path)
    again = Classifier.load(path)
    assert dict(again.provenance) == {"seed": 3, "recipe": {"layers": [1, 2]}}
    assert (again.tau, again.classes) == (2.5, ("no", "yes"))


def test_lgn_digest_is_the_files_checksum():
    data = dumps(small())
    assert small().digest == hashlib.sha256(data[:-32]).hexdigest()
    assert small({"seed": 2}).digest != small().digest


def test_lgn_arrays_are_writable_nowhere():
    with pytest.raises(ValueError, match="read-only"):
        loads(dumps(small())).netlist.table[0] = 1


def test_lgn_rejects_a_foreign_file():
    told = f"zip.lgn .*{re.escape(repr(b'PK012345'))}.*{re.escape(repr(MAGIC))}"
    with pytest.raises(FileFormatError, match=told):
        loads(b"PK0123456789", "zip.lgn")


def test_lgn_rejects_an_empty_file():
    with pytest.raises(FileFormatError, match=f"not a .lgn .*b''.*{re.escape(repr(MAGIC))}"):
        loads(b"")


def test_lgn_rejects_a_newer_file():
    data = bytearray(dumps(small()))
    data[8:12] = (3).to_bytes(4, "little")
    with pytest.raises(FileFormatError, match=r"version 3\b.*up to 2; upgrade lgn-hw"):
        loads(resealed(bytes(data)))


@pytest.mark.parametrize("kept", [1, 8, 23])
def test_lgn_rejects_a_file_cut_in_its_header(kept):
    told = rf"truncated: {kept} bytes.*\b{PREFIX.size}; copy or export it again"
    with pytest.raises(FileFormatError, match=told):
        loads(dumps(small())[:kept])


def test_lgn_rejects_a_truncated_file_at_every_length():
    data = dumps(small())
    for kept in range(PREFIX.size, len(data)):
        told = f"truncated: {kept} of {len(data)} bytes; copy or export it again"
        with pytest.raises(FileFormatError, match=told):
            loads(data[:kept])


def test_lgn_rejects_every_single_byte_change():
    data = dumps(small())
    for index in range(len(data)):
        damaged = bytearray(data)
        damaged[index] ^= 0x41
        with pytest.raises(FileFormatError):
            loads(bytes(damaged))


def test_lgn_rejects_a_corrupted_file():
    data = bytearray(dumps(small()))
    data[-40] ^= 1
    with pytest.raises(FileFormatError, match=r"corrupted: .*SHA-256.*; copy or export it again"):
        loads(bytes(data))


def test_lgn_rejects_bytes_after_the_end():
    with pytest.raises(FileFormatError, match=r"corrupted: .*SHA-256.*; copy or export it again"):
        loads(dumps(small()) + b"\n")


def test_lgn_rejects_a_sealed_file_that_describes_no_classifier():
    data = dumps(small()).replace(b'"num_inputs":3', b'"num_inputs":9')
    with pytest.raises(FileFormatError, match=r"describes no classifier: .*inputs.*\b3, not 9$"):
        loads(resealed(data))


def test_lgn_rejects_provenance_that_is_not_json():
    with pytest.raises(FileFormatError, match=r"^provenance must hold JSON values only: "):
        dumps(small({"when": object()}))


def test_save_leaves_the_old_file_when_writing_fails(tmp_path, monkeypatch):
    path = tmp_path / "small.lgn"
    small().save(path)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device"):
        small({"seed": 2}).save(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["small.lgn"]
