"""The digits data set of scikit-learn: 1797 images of 8 x 8 pixels; needs no download."""

import numpy as np

from lgn_hw.errors import ToolNotFound
from lgn_hw.features import Features
from lgn_train.data.dataset import Dataset
from lgn_train.data.split import stratified_split

__all__ = ["load_digits"]

TEST_SAMPLES = 360
SPLIT_SEED = 0  # fixed: figures of different seeds are then about the same test part


def load_digits() -> Dataset:
    """Return the digits, 1437 to train and 360 to test, stratified; pixels are 0 to 16.

    Raises ToolNotFound where scikit-learn is missing.
    """
    try:
        from sklearn import datasets
    except ImportError as problem:
        raise ToolNotFound(
            "The digits data set is part of scikit-learn, which is missing;"
            " install it: pip install 'lgn-hw[train]'"
        ) from problem
    bunch = datasets.load_digits()
    x, y = bunch.data.astype(np.uint8), bunch.target.astype(np.int64)
    names = [f"pixel_{row}_{column}" for row in range(8) for column in range(8)]
    train, test = stratified_split(y, TEST_SAMPLES, SPLIT_SEED)
    features = Features.integers([0] * 64, [16] * 64, names)
    return Dataset(
        features,
        x[train],
        y[train],
        x[test],
        y[test],
        tuple("0123456789"),
        image_shape=(1, 8, 8),
    )
