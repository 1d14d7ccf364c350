"""What a core is built like: heads by name, and only for LUTs that they are made for."""

import pytest

from lgn_hw.circuit.heads import HEADS
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.errors import UsageError


@pytest.mark.parametrize(
    ("lut_size", "head"), [(None, "adders"), (2, "gates"), (4, "counters"), (6, "counters")]
)
def test_options_choose_the_plain_head_for_their_luts(lut_size, head):
    assert CoreOptions(lut_size=lut_size).head == head


@pytest.mark.parametrize(
    ("lut_size", "head", "legal"),
    [(None, "counters", "4 or 6"), (4, "adders", "None"), (4, "chains", "6"), (5, "", "4 or 6")],
)
def test_options_reject_a_head_for_other_luts(lut_size, head, legal):
    with pytest.raises(UsageError, match=rf"LUTs of {legal} inputs, not {lut_size}"):
        CoreOptions(lut_size=lut_size, head=head)


def test_options_reject_an_unknown_head():
    with pytest.raises(UsageError, match=rf"{', '.join(HEADS)}, not 'ternary'"):
        CoreOptions(head="ternary")


def test_options_say_whether_adders_stay_carry_chains():
    kinds = [CoreOptions(), CoreOptions(lut_size=6), CoreOptions(lut_size=6, head="chains")]
    assert [options.carries for options in kinds] == [False, False, True]
