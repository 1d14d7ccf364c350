"""Mapping to LUTs gives the same function in fewer nodes, or is not used."""

import re

import pytest
from netlist_bench import equal, netlist
from strategies import random_netlist

from lgn_hw import UsageError
from lgn_hw.synth import mapping
from lgn_hw.synth.cec import Verdict
from lgn_hw.synth.mapping import map_to_luts


@pytest.mark.parametrize("lut_size", [4, 6])
def test_map_to_luts_keeps_the_function_in_fewer_nodes(lut_size):
    nets = random_netlist(3, 8, [30, 20, 8])
    mapped, verdict = map_to_luts(nets, lut_size)
    assert verdict.status == "equal"
    assert equal(nets, mapped)
    assert mapped.num_nodes < nets.num_nodes
    assert mapped.arity.max() <= lut_size


def test_map_to_luts_splits_nodes_that_do_not_fit():
    wide = netlist(6, [(2, 3, 4, 5, 6, 7)], [0x6996966996696996], [8])
    mapped, _ = map_to_luts(wide, 4)
    assert mapped.arity.tolist() == [4, 3] or mapped.arity.tolist() == [3, 4]
    assert equal(wide, mapped)


@pytest.mark.parametrize("status", ["different", "undecided"])
def test_map_to_luts_does_not_use_what_is_not_proven(monkeypatch, status):
    monkeypatch.setattr(mapping, "check_equal", lambda *_, **__: [Verdict(status)])
    nets = random_netlist(3, 8, [30, 20, 8])
    kept, verdict = map_to_luts(nets, 6)
    assert kept is nets
    assert verdict.status == status


def test_map_to_luts_rejects_other_luts():
    message = "LUTs have [4, 6] inputs here, not 5"
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        map_to_luts(random_netlist(3, 8, [4]), 5)
