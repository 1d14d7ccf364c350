"""MNIST: 70 000 images of 28 x 28 pixels, from local files or one checked download."""

import gzip

import numpy as np
from numpy.typing import NDArray

from lgn_hw.features import Features
from lgn_train.data.dataset import Dataset
from lgn_train.data.published import Published

__all__ = ["MNIST", "load_mnist"]

MNIST = Published(
    "MNIST",
    "mnist",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    {
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
    },
)


def load_mnist() -> Dataset:
    """Return MNIST with its official split: 60 000 to train, 10 000 to test; pixels are 0 to 255.

    The four files come from `$LGN_DATA/mnist` where LGN_DATA is set; else from the cache, which a
    download fills. Raises UsageError where they are missing or not the published ones.
    """
    images_train, labels_train, images_test, labels_test = (
        _decoded(gzip.decompress(MNIST.read(name))) for name in MNIST.sha256
    )
    names = [f"pixel_{row}_{column}" for row in range(28) for column in range(28)]
    return Dataset(
        Features.integers([0] * 784, [255] * 784, names),
        images_train.reshape(-1, 784),
        labels_train.astype(np.int64),
        images_test.reshape(-1, 784),
        labels_test.astype(np.int64),
        tuple("0123456789"),
        image_shape=(1, 28, 28),
    )


def _decoded(data: bytes) -> NDArray[np.uint8]:
    """Decode an IDX file of bytes: magic 0, 0, 8, dimensions; sizes; values.

    The format is that of yann.lecun.com: sizes are 32-bit big-endian. The copy may be written to,
    as torch asks for.
    """
    dimensions = data[3]
    shape = np.frombuffer(data, ">u4", dimensions, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape).copy()
