"""Read samples from files and DataFrames: one reader, whoever asks.

Files come from spreadsheets, databases and other people's scripts. Every reader here refuses what
it would have to guess, names the place of the first fault and says what to do; what it does take,
it takes the same way for training and for use.
"""

from lgn_hw.data.arrays import Arrays, read_npz
from lgn_hw.data.csv_file import read_csv
from lgn_hw.data.labels import canonical, is_missing, match_labels, number_classes
from lgn_hw.data.read import KINDS, read_file
from lgn_hw.data.table import Table

__all__ = [
    "KINDS",
    "Arrays",
    "Table",
    "canonical",
    "is_missing",
    "match_labels",
    "number_classes",
    "read_csv",
    "read_file",
    "read_npz",
]
