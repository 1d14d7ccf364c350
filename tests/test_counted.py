"""Numbers and their nouns, as users read them."""

import pytest

from lgn_hw.counted import counted


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (1, "beat", "1 beat"),
        (0, "beat", "0 beats"),
        (1200, "clock cycle", "1,200 clock cycles"),
        (1, "mismatch", "1 mismatch"),
        (2, "mismatch", "2 mismatches"),
        (10, "class", "10 classes"),
        (4, "epoch", "4 epochs"),
        (3, "table entry", "3 table entries"),
        (2, "array", "2 arrays"),
    ],
)
def test_a_noun_is_singular_only_behind_1(number, noun, text):
    assert counted(number, noun) == text


def test_a_number_may_be_without_commas():
    assert counted(3072, "bit", "d") == "3072 bits"
