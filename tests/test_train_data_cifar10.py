"""CIFAR-10: archives and unpacked files, in the official layout, and what is refused."""

import dataclasses
import hashlib
import io
import os
import re
import tarfile

import numpy as np
import pytest

from lgn_hw.errors import UsageError
from lgn_train.data import cifar10, load_cifar10, published

FILES = (*cifar10.TRAIN, cifar10.TEST)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder of the data set, an own cache, and files of 4 records instead of 10 000."""
    monkeypatch.setenv("LGN_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cifar10, "RECORDS", 4)
    (tmp_path / "cifar10").mkdir()
    return tmp_path / "cifar10"


def records(seed, count=4):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (count, 3072), np.uint8)
    return np.concatenate([rng.integers(0, 10, (count, 1), np.uint8), pixels], axis=1)


def write_batches(folder):
    (folder / cifar10.BATCHES).mkdir()
    for seed, name in enumerate(FILES):
        (folder / cifar10.BATCHES / name).write_bytes(records(seed).tobytes())


def archive(compression):
    """Return the bytes of an archive, with a file beside the batches that nobody asked for."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=f"w:{compression}") as target:
        for seed, name in enumerate([*FILES, "../evil.txt"]):
            data = records(seed).tobytes()
            member = tarfile.TarInfo(f"{cifar10.BATCHES}/{name}")
            member.size = len(data)
            target.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def publish(monkeypatch, name, data):
    """Make an archive the published one."""
    (file,) = getattr(cifar10, name).sha256
    known = {file: hashlib.sha256(data).hexdigest()}
    monkeypatch.setattr(cifar10, name, dataclasses.replace(getattr(cifar10, name), sha256=known))
    return file


def check_samples(data):
    train = np.concatenate([records(seed) for seed in range(5)])
    assert data.x_train.dtype == data.x_test.dtype == np.uint8
    assert np.array_equal(data.x_train, train[:, 1:])
    assert np.array_equal(data.y_train, train[:, 0])
    assert np.array_equal(data.x_test, records(5)[:, 1:])
    assert np.array_equal(data.y_test, records(5)[:, 0])


def test_cifar10_reads_unpacked_files(folder):
    write_batches(folder)
    data = load_cifar10()
    check_samples(data)
    assert data.image_shape == (3, 32, 32)
    assert [data.features.names[i] for i in (0, 33, 1024, 3071)] == [
        "red_0_0", "red_1_1", "green_0_0", "blue_31_31",
    ]  # fmt: skip
    assert data.classes[8] == "ship"


@pytest.mark.parametrize(("name", "compression"), [("OFFICIAL", "gz"), ("QUANTISED", "xz")])
def test_cifar10_unpacks_an_archive_once(folder, monkeypatch, name, compression):
    data = archive(compression)
    (folder / publish(monkeypatch, name, data)).write_bytes(data)
    check_samples(load_cifar10())
    monkeypatch.setattr(tarfile, "open", None)
    check_samples(load_cifar10())
    (unpacked,) = (folder.parent / "cache" / "lgn-hw" / "cifar10").iterdir()
    assert {path.name for path in unpacked.iterdir()} == set(FILES)


def test_cifar10_is_downloaded_where_no_folder_is_given(folder, monkeypatch):
    data = archive("gz")
    asked = []

    def download(url, timeout):
        asked.append(url)
        return io.BytesIO(data)

    publish(monkeypatch, "OFFICIAL", data)
    monkeypatch.delenv("LGN_DATA")
    monkeypatch.setattr(published.urllib.request, "urlopen", download)
    check_samples(load_cifar10())
    check_samples(load_cifar10())
    assert asked == ["https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"]


def refused(message):
    with pytest.raises(UsageError, match=f"^{message}$"):
        load_cifar10()


def test_cifar10_rejects_a_folder_without_it(folder):
    path = re.escape(str(folder))
    refused(
        rf"LGN_DATA is set, and {path}/cifar-10-binary\.tar\.gz is missing; put"
        rf" cifar-10-binary\.tar\.gz into {path}, or set LGN_DATA to a folder that holds it in"
        " cifar10/"
    )


def test_cifar10_rejects_another_archive(folder):
    (folder / "cifar-10-binary-5bit.tar.xz").write_bytes(archive("xz"))
    refused(r".*5bit\.tar\.xz is not the published .*: its SHA-256 is .*; delete it and fetch .*")


def test_cifar10_rejects_damaged_files(folder):
    write_batches(folder)
    path = folder / cifar10.BATCHES / "data_batch_3.bin"
    wrong = records(2)
    wrong[1, 0] = 10
    path.write_bytes(wrong.tobytes())
    place = re.escape(str(path))
    refused(f"{place}: record 1 must start with a label of 0 to 9, not 10")
    path.write_bytes(wrong.tobytes()[:-1])
    refused(f"{place} must hold 4 records of 3073 bytes, not 12291 bytes; unpack the .* anew")
    path.unlink()
    refused(f"{re.escape(str(path.parent))} must hold data_batch_3.bin; unpack the archive anew")


@pytest.mark.data
def test_cifar10_is_the_published_one():
    if not os.environ.get("LGN_DATA"):
        pytest.skip("LGN_DATA is not set: it names the folder of the data sets")
    data = load_cifar10()
    assert (data.x_train.shape, data.x_test.shape) == ((50000, 3072), (10000, 3072))
    assert np.bincount(data.y_train).tolist() == [5000] * 10
    assert np.bincount(data.y_test).tolist() == [1000] * 10
    means = data.x_train.reshape(-1, 3, 1024).mean(axis=(0, 2))
    assert means == pytest.approx([125.3, 123.0, 113.9], abs=0.6)
