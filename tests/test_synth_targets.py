"""Names of targets and what their LUTs are like."""

import pytest

from lgn_hw.errors import UsageError
from lgn_hw.synth.targets import Luts, find_luts


@pytest.mark.parametrize(
    ("target", "luts"),
    [
        ("4", Luts(4)),
        ("6", Luts(6)),
        ("ice40", Luts(4)),
        ("Xilinx", Luts(6, chains=True)),
        (None, None),
    ],
)
def test_find_luts_of_families_and_numbers(target, luts):
    assert find_luts(target) == luts


def test_find_luts_rejects_other_targets():
    with pytest.raises(
        UsageError,
        match=r"--lut must be one of 4, 6, ecp5, gowin, ice40, nexus, xilinx, not '5'",
    ):
        find_luts("5")


def test_carry_chains_behind_lut6_are_refused_for_parts_that_have_none():
    assert find_luts("6", "hx8k-ct256") == Luts(6)
    with pytest.raises(UsageError, match=r"inputs, which hx8k-ct256 does not have; give --lut 4"):
        find_luts("xilinx", "hx8k-ct256")
