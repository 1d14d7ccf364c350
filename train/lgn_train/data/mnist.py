"""MNIST: 70 000 images of 28 x 28 pixels, from local files or one checked download."""

import gzip
import hashlib
import os
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgn_hw.errors import UsageError
from lgn_hw.features import Features
from lgn_hw.formats.atomic import write_bytes
from lgn_train.data.dataset import Dataset

__all__ = ["load_mnist"]

MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist/"
TIMEOUT_S = 60
SHA256 = {
    "train-images-idx3-ubyte.gz": (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "train-labels-idx1-ubyte.gz": (
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    ),
    "t10k-images-idx3-ubyte.gz": (
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
    ),
}


def load_mnist() -> Dataset:
    """Return MNIST with its official split: 60 000 to train, 10 000 to test; pixels are 0 to 255.

    The four files come from `$LGN_DATA/mnist` where LGN_DATA is set; else from the cache
    (`$XDG_CACHE_HOME/lgn-hw/mnist`), which a download fills. Raises UsageError where they are
    missing or not the published ones.
    """
    images_train, labels_train, images_test, labels_test = (_read(name) for name in SHA256)
    names = [f"pixel_{row}_{column}" for row in range(28) for column in range(28)]
    features = Features.integers([0] * 784, [255] * 784, names)
    return Dataset(
        features,
        images_train.reshape(-1, 784),
        labels_train.astype(np.int64),
        images_test.reshape(-1, 784),
        labels_test.astype(np.int64),
        tuple("0123456789"),
    )


def _read(name: str) -> NDArray[np.uint8]:
    given = os.environ.get("LGN_DATA")
    if given:
        path = Path(given) / "mnist" / name
        if not path.is_file():
            raise UsageError(f"LGN_DATA is set, and {path} is missing; {_remedy(path.parent)}")
    else:
        path = _cache() / name
        if not path.is_file():
            _download(path)
    data = path.read_bytes()
    _check_digest(data, name, str(path))
    return _decoded(gzip.decompress(data))


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "lgn-hw" / "mnist"


def _download(path: Path) -> None:
    url = MIRROR + path.name
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:
            data: bytes = response.read()
    except (urllib.error.URLError, OSError) as problem:
        raise UsageError(
            f"MNIST is not on this machine and {url} cannot be read ({problem});"
            f" {_remedy(path.parent)}"
        ) from problem
    _check_digest(data, path.name, url)
    write_bytes(path, data)


def _check_digest(data: bytes, name: str, where: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256[name]:
        raise UsageError(
            f"{where} is not the published {name}: its SHA-256 is {found}, not {SHA256[name]};"
            " delete it and fetch it again"
        )


def _remedy(folder: Path) -> str:
    return (
        f"put {', '.join(SHA256)} into {folder}, or set LGN_DATA to a folder that holds them"
        " in mnist/"
    )


def _decoded(data: bytes) -> NDArray[np.uint8]:
    """Decode an IDX file of bytes: magic 0, 0, 8, dimensions; sizes; values."""
    dimensions = data[3]
    shape = np.frombuffer(data, ">u4", dimensions, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape).copy()
