"""Mapping to LUTs gives the same function in fewer nodes, or is not used."""

import re

import pytest
from messages import telling
from netlist_bench import equal, netlist
from strategies import random_classifier, random_netlist

from lgn_hw import UsageError
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.prove.cec import Verdict
from lgn_hw.prove.equivalence import Claim, Proof, prove_classifiers
from lgn_hw.synth import mapping
from lgn_hw.synth.mapping import map_to_luts, shrink_classifier


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


def test_shrink_adds_votes_up_where_that_makes_the_circuit_smaller():
    trained = random_classifier(3, features=6, bits=16, layers=(60,), classes=3)
    shrunk, steps, status = shrink_classifier(trained, CoreOptions(lut_size=6))
    assert status == "equal"
    assert re.fullmatch(
        r"add up votes \(proven, \d+ nodes in the whole circuit instead of \d+\)", steps[0].name
    )
    assert steps[1].name.startswith("map to LUT6 (")
    assert prove_classifiers(trained, shrunk).status == "equal"
    again, steps, _ = shrink_classifier(shrunk, CoreOptions(lut_size=6))
    assert again is shrunk
    assert steps[0].name.startswith("add up votes (not used: proven")


@pytest.mark.parametrize(("status", "why"), [("different", "WRONG"), ("undecided", "undecided")])
def test_shrink_does_not_use_sums_that_are_not_proven(monkeypatch, status, why):
    claim = Claim("every block", "SAT", status)
    monkeypatch.setattr(mapping, "prove_classifiers", lambda *_, **__: Proof((claim,)))
    trained = random_classifier(3, features=6, bits=16, layers=(60,), classes=3)
    shrunk, steps, _ = shrink_classifier(trained, CoreOptions(lut_size=6))
    assert shrunk.group.tolist() == trained.group.tolist()
    assert steps[0].name == f"add up votes (not used: {why})"


def test_map_to_luts_rejects_other_luts():
    message = "... [4, 6] inputs..., not 5"
    with pytest.raises(UsageError, match=telling(message)):
        map_to_luts(random_netlist(3, 8, [4]), 5)
