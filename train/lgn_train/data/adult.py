"""Adult (UCI): does a person of the 1994 census earn more than 50 000 dollars a year?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lgn_train.data.categories import one_hot
from lgn_train.data.dataset import Dataset
from lgn_train.data.published import Published
from lgn_train.data.tabular import Samples, make_dataset

__all__ = ["ADULT", "load_adult"]

ADULT = Published(
    "Adult",
    "uci/adult",
    "https://archive.ics.uci.edu/ml/machine-learning-databases/adult/",
    {
        "adult.data": "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d",
        "adult.test": "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05",
    },
)
CLASSES = ("<=50K", ">50K")
# fnlwgt, the census weight of a person, is kept as published work has it, although it says nothing
# about income.
# The columns of the files and, where they are words, their values as adult.names lists them.
COLUMNS: dict[str, tuple[str, ...]] = {
    "age": (),
    "workclass": (
        "Private", "Self-emp-not-inc", "Self-emp-inc", "Federal-gov", "Local-gov", "State-gov",
        "Without-pay", "Never-worked",
    ),
    "fnlwgt": (),
    "education": (
        "Bachelors", "Some-college", "11th", "HS-grad", "Prof-school", "Assoc-acdm", "Assoc-voc",
        "9th", "7th-8th", "12th", "Masters", "1st-4th", "10th", "Doctorate", "5th-6th",
        "Preschool",
    ),
    "education-num": (),
    "marital-status": (
        "Married-civ-spouse", "Divorced", "Never-married", "Separated", "Widowed",
        "Married-spouse-absent", "Married-AF-spouse",
    ),
    "occupation": (
        "Tech-support", "Craft-repair", "Other-service", "Sales", "Exec-managerial",
        "Prof-specialty", "Handlers-cleaners", "Machine-op-inspct", "Adm-clerical",
        "Farming-fishing", "Transport-moving", "Priv-house-serv", "Protective-serv",
        "Armed-Forces",
    ),
    "relationship": (
        "Wife", "Own-child", "Husband", "Not-in-family", "Other-relative", "Unmarried",
    ),
    "race": ("White", "Asian-Pac-Islander", "Amer-Indian-Eskimo", "Other", "Black"),
    "sex": ("Female", "Male"),
    "capital-gain": (),
    "capital-loss": (),
    "hours-per-week": (),
    "native-country": (
        "United-States", "Cambodia", "England", "Puerto-Rico", "Canada", "Germany",
        "Outlying-US(Guam-USVI-etc)", "India", "Japan", "Greece", "South", "China", "Cuba",
        "Iran", "Honduras", "Philippines", "Italy", "Poland", "Jamaica", "Vietnam", "Mexico",
        "Portugal", "Ireland", "France", "Dominican-Republic", "Laos", "Ecuador", "Taiwan",
        "Haiti", "Columbia", "Hungary", "Guatemala", "Nicaragua", "Scotland", "Thailand",
        "Yugoslavia", "El-Salvador", "Trinadad&Tobago", "Peru", "Hong", "Holand-Netherlands",
    ),
}  # fmt: skip


def load_adult() -> Dataset:
    """Return Adult with its official split: 32 561 to train, 16 281 to test.

    Numbers stay integers with the range of the training part; a word becomes a column of 0 and 1
    for each value it can have, named like `sex=Male`, and a missing one ("?") sets none of them.
    The files come from `$LGN_DATA/uci/adult` or the cache. Raises UsageError where they are
    missing or not the published ones.
    """
    train, test = (_samples(ADULT.read(name).decode()) for name in ADULT.sha256)
    names = [f"{column}={value}" if value else column
             for column, values in COLUMNS.items() for value in values or ("",)]  # fmt: skip
    return make_dataset(train, test, names, CLASSES, place="Adult", seed=0, published=True)


def _samples(text: str) -> Samples:
    """Return one file's samples: a line of 14 columns and the label, separated by ", "."""
    # The test file starts with a line of its own, and its labels end in a full stop.
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("|")]
    rows = [line.rstrip(".").split(", ") for line in lines]
    *columns, labels = zip(*rows, strict=True)
    parts = [
        _column(cells, values) for cells, values in zip(columns, COLUMNS.values(), strict=True)
    ]
    return Samples(np.concatenate(parts, axis=1), np.array([CLASSES.index(y) for y in labels]))


def _column(cells: Sequence[str], values: Sequence[str]) -> NDArray[np.int64]:
    """Return int64[cells, columns]: a number as it is, a word as a column for each of its
    values.
    """
    return one_hot(cells, values) if values else np.array(cells, np.int64)[:, None]
