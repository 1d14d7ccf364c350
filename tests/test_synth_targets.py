"""Names of targets and what a core is built like for them."""

import pytest

from lgn_hw.circuit.options import CoreOptions
from lgn_hw.errors import UsageError
from lgn_hw.synth.targets import options_for


@pytest.mark.parametrize(
    ("target", "lut_size", "head"),
    [
        ("4", 4, "counters"),
        ("6", 6, "counters"),
        ("ice40", 4, "counters"),
        ("machxo2", 4, "counters"),
        ("Xilinx", 6, "chains"),
        (None, None, "adders"),
    ],
)
def test_options_of_families_and_numbers(target, lut_size, head):
    assert options_for(target) == CoreOptions(lut_size=lut_size, head=head)


def test_options_reject_other_targets():
    with pytest.raises(UsageError, match=r"4, 6, ecp5, gates, gowin.*, not '5'"):
        options_for("5")


def test_carry_chains_behind_lut6_are_refused_for_parts_that_have_none():
    assert options_for("6", "hx8k-ct256") == CoreOptions(lut_size=6)
    with pytest.raises(UsageError, match=r"hx8k-ct256 does not have; give --lut 4"):
        options_for("xilinx", "hx8k-ct256")


def test_gates_are_for_asics_and_have_longer_stages():
    assert options_for("gates") == CoreOptions(registers=16, lut_size=2, head="gates")
    assert options_for("gates", registers=3, scores=True) == CoreOptions(3, True, 2)
    with pytest.raises(UsageError, match="--lut gates is for an ASIC, not for hx8k-ct256"):
        options_for("gates", "hx8k-ct256")
