"""Data sets: integer features and class numbers, with a fixed split."""

from lgn_train.data.dataset import Dataset
from lgn_train.data.digits import load_digits
from lgn_train.data.files import load_file
from lgn_train.data.mnist import load_mnist

__all__ = ["Dataset", "load_digits", "load_file", "load_mnist"]
