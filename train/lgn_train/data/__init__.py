"""Data sets: integer features and class numbers, with a fixed split."""

from lgn_train.data.adult import load_adult
from lgn_train.data.cifar10 import load_cifar10
from lgn_train.data.dataset import Dataset
from lgn_train.data.digits import load_digits
from lgn_train.data.files import load_file
from lgn_train.data.mnist import load_mnist
from lgn_train.data.monk import load_monk

__all__ = [
    "Dataset",
    "load_adult",
    "load_cifar10",
    "load_digits",
    "load_file",
    "load_mnist",
    "load_monk",
]
