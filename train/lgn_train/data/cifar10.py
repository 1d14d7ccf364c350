"""CIFAR-10: 60 000 colour images of 32 x 32 pixels, from local files or one checked download."""

import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgn_hw.errors import UsageError
from lgn_hw.features import Features
from lgn_hw.files.atomic import write_bytes
from lgn_train.data.dataset import Dataset
from lgn_train.data.published import Published, given_folder

__all__ = ["OFFICIAL", "QUANTISED", "load_cifar10"]

OFFICIAL = Published(
    "CIFAR-10",
    "cifar10",
    "https://www.cs.toronto.edu/~kriz/",
    {
        "cifar-10-binary.tar.gz": (
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
        )
    },
)
# The same images with 32 levels per pixel, in another order, as few bytes as possible: for machines
# without a network. Thresholds at multiples of 8 give the bits of the official ones.
QUANTISED = Published(
    "CIFAR-10 of 5 bits",
    "cifar10",
    "",
    {
        "cifar-10-binary-5bit.tar.xz": (
            "782c4b1b11b92729541a2674db4325eb93936064e04d98c1b1aeb5dca9902e6c"
        )
    },
)
BATCHES = "cifar-10-batches-bin"  # the folder in the archives, and beside them where unpacked
TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST = "test_batch.bin"
SHAPE = (3, 32, 32)
RECORDS = 10_000  # a file
RECORD_BYTES = 1 + 3072  # the label, and a plane of pixels for each colour
COLOURS = ("red", "green", "blue")
CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


def load_cifar10() -> Dataset:
    """Return CIFAR-10 with its official split: 50 000 to train, 10 000 to test; pixels are 0 to
    255 and stay bytes, ordered channel, row, column.

    From `$LGN_DATA/cifar10` where LGN_DATA is set: the unpacked cifar-10-batches-bin, or
    cifar-10-binary.tar.gz, or cifar-10-binary-5bit.tar.xz. Else the first of the archives comes
    from the cache, which a download fills. An archive is unpacked into the cache once. Raises
    UsageError where files are missing, damaged or not the published ones.
    """
    folder = _unpacked_folder()
    train = np.concatenate([_records(folder / name) for name in TRAIN])
    test = _records(folder / TEST)
    names = [f"{colour}_{row}_{column}" for colour in COLOURS for row in range(32)
             for column in range(32)]  # fmt: skip
    return Dataset(
        Features.integers([0] * len(names), [255] * len(names), names),
        np.ascontiguousarray(train[:, 1:]),
        train[:, 0].astype(np.int64),
        np.ascontiguousarray(test[:, 1:]),
        test[:, 0].astype(np.int64),
        CLASSES,
        image_shape=SHAPE,
    )


def _unpacked_folder() -> Path:
    """Return the folder with the six files of records, unpacked from an archive where there is
    none.
    """
    given = given_folder(OFFICIAL.folder)
    if given and (given / BATCHES).is_dir():
        return given / BATCHES
    (official,), (quantised,) = OFFICIAL.sha256, QUANTISED.sha256
    if given and not (given / official).exists() and (given / quantised).exists():
        return _unpacked(QUANTISED.read(quantised))
    return _unpacked(OFFICIAL.read(official))


def _unpacked(archive: bytes) -> Path:
    """Unpack an archive into a folder of the cache named by its digest, where it is not yet."""
    folder = OFFICIAL.cache / f"{BATCHES}-{hashlib.sha256(archive).hexdigest()[:16]}"
    missing = [name for name in (*TRAIN, TEST) if not (folder / name).exists()]
    if missing:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:*") as members:
            for member in members:
                name = member.name.removeprefix(f"{BATCHES}/")
                content = members.extractfile(member) if name in missing else None
                if content is not None:
                    write_bytes(folder / name, content.read())
    return folder


def _records(path: Path) -> NDArray[np.uint8]:
    """Return uint8[records, 1 + pixels] of one file."""
    if not path.is_file():
        raise UsageError(f"{path.parent} must hold {path.name}; unpack the archive anew")
    data = np.fromfile(path, np.uint8)
    if data.size != RECORDS * RECORD_BYTES:
        raise UsageError(
            f"{path} must hold {RECORDS} records of {RECORD_BYTES} bytes, not {data.size} bytes;"
            " unpack the archive anew"
        )
    records = data.reshape(RECORDS, RECORD_BYTES)
    if records[:, 0].max() >= len(CLASSES):
        # A file of the right size with wrong labels is CIFAR-100, or another order of bytes.
        record = int(np.argmax(records[:, 0] >= len(CLASSES)))
        raise UsageError(
            f"{path}: record {record} must start with a label of 0 to 9, not {records[record, 0]}"
        )
    return records
