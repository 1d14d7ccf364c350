"""What the report knows: counts of the netlist, figures of the steps, and what was not run."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from messages import telling
from strategies import netlists, random_classifier

from lgn_hw import Classifier, Netlist, UsageError
from lgn_hw.report.gates import TWO_INPUTS, count_tables, table_name
from lgn_hw.report.gather import gather

MEANING = {
    "AND": lambda a, b: a & b,
    "NAND": lambda a, b: 1 - (a & b),
    "OR": lambda a, b: a | b,
    "NOR": lambda a, b: 1 - (a | b),
    "XOR": lambda a, b: a ^ b,
    "XNOR": lambda a, b: 1 - (a ^ b),
    "a": lambda a, b: a,
    "b": lambda a, b: b,
    "NOT a": lambda a, b: 1 - a,
    "NOT b": lambda a, b: 1 - b,
    "a AND NOT b": lambda a, b: a & (1 - b),
    "b AND NOT a": lambda a, b: b & (1 - a),
    "a OR NOT b": lambda a, b: a | (1 - b),
    "b OR NOT a": lambda a, b: b | (1 - a),
    "0": lambda a, b: 0,
    "1": lambda a, b: 1,
}


@pytest.fixture
def run(tmp_path):
    """Make a run folder with a trained classifier and nothing else; return its file."""
    path = tmp_path / "small.lgn"
    provenance = {"accuracy": 0.75, "gap": 0.0, "recipe": {"name": "small"}}
    replace(random_classifier(1), provenance=provenance).save(path)
    return path


def test_table_names_mean_what_they_say():
    assert set(TWO_INPUTS) == set(MEANING)
    for table in range(16):
        means = MEANING[table_name(2, table)]
        assert [means(i & 1, i >> 1) for i in range(4)] == [table >> i & 1 for i in range(4)]
    assert [table_name(1, table) for table in range(4)] == ["0", "NOT", "BUF", "1"]
    assert table_name(3, 0xE8) == "3 inputs, 0xe8"
    assert table_name(4, 1) == "4 inputs, 0x0001"


@settings(deadline=None)
@given(netlists())
def test_tables_are_counted_the_most_frequent_first(netlist):
    counted = count_tables(netlist)
    pairs = list(zip(netlist.arity.tolist(), netlist.table.tolist(), strict=True))
    assert {(t["arity"], t["table"]): t["nodes"] for t in counted} == {
        pair: pairs.count(pair) for pair in pairs
    }
    nodes = [table["nodes"] for table in counted]
    assert nodes == sorted(nodes, reverse=True)


def test_gather_counts_levels_and_the_bits_that_are_read(run):
    own = random_classifier(1, features=2, bits=4, layers=(3,), classes=2)
    fanin = [[2, 3, 0, 0, 0, 0], [6, 4, 0, 0, 0, 0], [6, 7, 0, 0, 0, 0]]
    netlist = Netlist(4, fanin, np.array([8, 6, 14], np.uint64), [8, 7, 8])
    replace(own, netlist=netlist, group=[0, 0, 1]).save(run)
    report = gather(run)
    structure = report["classifier"]
    assert structure["nodes_by_level"] == [1, 1, 1]
    assert (structure["encoder_bits"], structure["encoder_bits_used"]) == (4, 3)
    assert structure["votes"] == [2, 1]
    assert [table["name"] for table in report["nodes_by_table"]] == ["XOR", "AND", "OR"]


def test_gather_counts_tables_before_and_after_optimisation(run):
    own = random_classifier(1, features=2, bits=4, layers=(3,), classes=2)
    fanin = [[2, 3, 0, 0, 0, 0], [3, 2, 0, 0, 0, 0], [6, 7, 0, 0, 0, 0], [8, 4, 0, 0, 0, 0]]
    netlist = Netlist(4, fanin, np.array([8, 8, 14, 6], np.uint64), [9, 9, 9])  # 8 is a AND a
    replace(own, netlist=netlist, group=[0, 0, 1]).save(run)
    report = gather(run)
    assert [(t["name"], t["nodes"], t["optimized_nodes"]) for t in report["nodes_by_table"]] == [
        ("AND", 2, 1), ("XOR", 1, 1), ("OR", 1, 0),
    ]  # fmt: skip
    assert (report["classifier"]["nodes"], report["optimized"]["nodes"]) == (4, 2)


def test_gather_says_what_was_not_run_and_how_to(run):
    report = gather(run.parent)
    assert (report["simulation"], report["estimate"], report["proof"]) == (None, None, None)
    assert report["placed"] == []
    assert [step["remedy"] for step in report["not_run"]] == [
        f"lgn sim {run}", f"lgn synth {run}", f"lgn prove {run} VERILOG",
        f"lgn fmax {run} --part PART",
    ]  # fmt: skip
    assert {step["reason"] for step in report["not_run"]} == {"not run"}
    assert (report["accuracy"]["accuracy"], report["accuracy"]["test_samples"]) == (0.75, None)


def test_gather_leaves_out_figures_of_another_classifier(run):
    (run.parent / "small.lgn.synth").mkdir()
    (run.parent / "small.lgn.synth" / "synth.json").write_text(json.dumps({"digest": "ab" * 32}))
    report = gather(run)
    assert report["estimate"] is None
    assert report["not_run"][1]["reason"] == "run on another classifier, abababababab"


@pytest.mark.parametrize(("last", "shown"), [(0.75, True), (0.5, False)])
def test_gather_shows_curves_only_of_this_classifier(run, last, shown):
    names = ("loss", "train_mode_accuracy", "soft_accuracy", "gap_train", "gap_soft")
    lines = [
        {"epoch": e, "discrete_accuracy": a} | dict.fromkeys(names, 0.5)
        for e, a in ((1, 0.1), (2, last))
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines) + '{"epoch": 3, "cut sho'
    (run.parent / "metrics.jsonl").write_text(text)
    curves = gather(run)["curves"]
    assert (curves is not None) == shown
    if shown:
        assert (curves["epoch"], curves["discrete_accuracy"]) == ([1, 2], [0.1, 0.75])


def test_gather_takes_the_classifier_that_was_trained_there(run):
    random_classifier(2).save(run.with_name("other.lgn"))
    (run.parent / "train.json").write_text(json.dumps({"classifier": "build/x/small.lgn"}))
    assert gather(run.parent)["name"] == "small"


def test_gather_quotes_what_is_to_be_typed(tmp_path):
    (tmp_path / "my runs").mkdir()
    random_classifier(2).save(tmp_path / "my runs" / "a b.lgn")
    remedies = [step["remedy"] for step in gather(tmp_path / "my runs")["not_run"]]
    assert remedies[0] == f"lgn sim '{tmp_path}/my runs/a b.lgn'"


def test_gather_shows_curves_of_what_was_measured_and_chosen(run):
    """Not every epoch is measured; the one that was best on the validation part is no last one."""
    classifier = Classifier.load(run)
    chosen = {"part": "validation", "samples": 9, "accuracy": 0.5, "of_epochs": 4}
    provenance = dict(classifier.provenance) | {"epochs": 2, "chosen": chosen}
    replace(classifier, provenance=provenance).save(run)
    names = ("loss", "train_mode_accuracy", "soft_accuracy", "gap_train", "gap_soft")
    lines = [{"epoch": epoch, "loss": 1.0} for epoch in range(1, 5)]
    for epoch, accuracy in ((2, 0.5), (4, 0.25)):
        lines[epoch - 1] |= dict.fromkeys(names, 0.5) | {"discrete_accuracy": accuracy}
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (run.parent / "metrics.jsonl").write_text(text)
    report = gather(run)
    assert report["curves"]["epoch"] == [2, 4]
    assert report["curves_part"] == "validation"


def test_gather_rejects_a_folder_with_several_classifiers(run):
    random_classifier(2).save(run.with_name("other.lgn"))
    message = f"{run.parent} ...one .lgn..., not other.lgn, small.lgn; name the file"
    with pytest.raises(UsageError, match=telling(message)):
        gather(run.parent)
