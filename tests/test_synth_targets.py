"""Targets are named by family, or by the inputs of their LUTs."""

import re

import pytest

from lgn_hw import UsageError
from lgn_hw.synth.targets import lut_inputs


@pytest.mark.parametrize(("target", "inputs"), [("ice40", 4), ("ECP5", 4), ("xilinx", 6), ("4", 4)])
def test_lut_inputs_of_families_and_numbers(target, inputs):
    assert lut_inputs(target) == inputs


def test_lut_inputs_rejects_other_targets():
    message = "--lut must be one of 4, 6, ecp5, gowin, ice40, nexus, xilinx, not '5'"
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        lut_inputs("5")
