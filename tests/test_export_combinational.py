"""A classifier as one circuit in AIGER, BLIF and Verilog: proven, read back, faults found."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import classifiers, random_classifier
from test_inference_engine import codes_of

from lgn_hw import CheckFailed, Classifier, FileFormatError, UsageError
from lgn_hw.export import combinational
from lgn_hw.export.combinational import (
    FORMATS,
    combinational_file,
    prove_combinational,
    write_combinational,
)
from lgn_hw.export.seal import is_sealed, sealed
from lgn_hw.formats import aiger, blif
from lgn_hw.netlist.aig import to_netlist
from lgn_hw.netlist.evaluate import evaluate
from lgn_hw.tools.read_verilog import in_port_order, read_verilog


@cache
def small():
    return random_classifier(5, features=6, bits=20, layers=(30, 24), classes=3)


def bits_of(features, codes):
    rows = [
        [packed >> i & 1 for i in range(features.sample_width)] for packed in features.pack(codes)
    ]
    return np.array(rows, bool)


def check_netlist(classifier, netlist):
    codes = codes_of(classifier.features, 100)
    found = evaluate(netlist, bits_of(classifier.features, codes))
    assert np.array_equal(found @ (1 << np.arange(found.shape[1])), classifier.predict(codes))


@settings(max_examples=20, deadline=None)
@given(classifiers())
def test_files_read_back_classify_as_predict_does(classifier):
    check_netlist(classifier, blif.loads(combinational_file(classifier, "blif").decode()))
    graph = aiger.loads(combinational_file(classifier, "aiger"))[0]
    check_netlist(classifier, to_netlist(graph))


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(classifiers(), st.sampled_from([2, 4, 6]))
def test_verilog_read_by_yosys_classifies_as_predict_does(classifier, lut_size):
    text = combinational_file(classifier, "verilog-comb", lut_size=lut_size).decode()
    graph, inputs, outputs = read_verilog(text)
    whole = in_port_order(graph, inputs["i_sample"], outputs["o_class"])
    check_netlist(classifier, to_netlist(whole))


def test_aiger_names_its_ports():
    inputs, outputs = aiger.ports(combinational_file(small(), "aiger"))
    assert inputs == {"i_sample": list(range(small().features.sample_width))}
    assert outputs == {"o_class": [0, 1]}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("lut_size", [2, 4, 6])
def test_file_is_written_once_it_is_proven(tmp_path, kind, lut_size):
    proof = write_combinational(small(), tmp_path / "it", kind, lut_size=lut_size)
    assert proof.status == "equal"
    assert (tmp_path / "it").read_bytes() == combinational_file(small(), kind, lut_size=lut_size)


@pytest.mark.parametrize("kind", FORMATS)
def test_proof_finds_a_change_of_function_under_a_right_checksum(kind):
    data = combinational_file(small(), kind)
    gates = small().netlist.with_flipped_bit(small().netlist.num_nodes - 1, 0)
    other = combinational_file(replace(small(), netlist=gates), kind)
    data, other = (d[: d.rindex(b"sha256")].rstrip(b"#/ ") for d in (data, other))
    forged = sealed(other, FORMATS[kind].comment)
    assert other != data
    assert is_sealed(forged)
    assert prove_combinational(small(), forged, kind).status == "different"


@pytest.mark.parametrize("kind", FORMATS)
def test_proof_finds_any_flipped_bit(kind):
    data, rng = combinational_file(small(), kind), np.random.default_rng(0)
    for place in [0, len(data) - 1, *rng.integers(0, len(data), 300).tolist()]:
        changed = bytearray(data)
        changed[place] ^= 1 << int(rng.integers(8))
        assert not is_sealed(bytes(changed))
    assert prove_combinational(small(), bytes(changed), kind).status == "different"


def test_nothing_is_written_where_the_proof_fails(tmp_path, monkeypatch):
    wrong = combinational_file(small(), "blif").replace(b"11 1", b"00 1", 1)
    monkeypatch.setattr(combinational, "combinational_file", lambda *_, **__: wrong)
    with pytest.raises(CheckFailed, match="the file is as it was written"):
        write_combinational(small(), tmp_path / "it.blif", "blif")
    assert not list(tmp_path.iterdir())


def test_file_rejects_other_formats_and_names():
    with pytest.raises(UsageError, match="must be one of aiger, blif, verilog-comb, not 'edif'"):
        combinational_file(small(), "edif")
    for name in ("a b", "module", "Entity", "9"):
        with pytest.raises(UsageError, match=rf"letters, digits and _.*no keyword, not '{name}'"):
            combinational_file(small(), "verilog-comb", name=name)


@pytest.mark.parametrize("kind", ["blif", "verilog-comb"])
def test_proof_rejects_what_is_no_text_under_a_right_checksum(kind):
    data = combinational_file(small(), kind)
    forged = sealed(b"# \xff\n" + data[: data.rindex(b"\n", 0, -1) + 1], FORMATS[kind].comment)
    with pytest.raises(FileFormatError, match="no text that lgn export wrote"):
        prove_combinational(small(), forged, kind)


def test_lgn_export_writes_each_language_and_lgn_prove_reads_it(lgn, tmp_path):
    small().save(tmp_path / "small-net.lgn")
    for to, file in (("c", "small_net.c"), ("aiger", "small-net.aig"), ("blif", "small-net.blif")):
        code, out, err = lgn("export", tmp_path / "small-net.lgn", "--to", to)
        assert (code, err) == (0, "")
        assert "claims proven" in out
        assert lgn("prove", tmp_path / "small-net.lgn", tmp_path / file)[0] == 0


def test_lgn_export_rejects_what_does_not_fit(lgn, tmp_path):
    small().save(tmp_path / "it.lgn")
    code, _, err = lgn("export", tmp_path / "it.lgn", "--to", "edif")
    assert code == 2
    assert "--to must be one of c, html, aiger, blif, verilog-comb, tinytapeout, not edif" in err
    code, _, err = lgn("export", tmp_path, "--to", "c")
    assert code == 2
    assert "--to takes a .lgn file" in err
    for to, ending in (("aiger", ".aig"), ("blif", ".blif"), ("verilog-comb", ".v")):
        code, _, err = lgn("export", tmp_path / "it.lgn", "--to", to, "-o", tmp_path / "it.lgn")
        assert code == 2
        assert f"must be a file that ends in {ending}, not" in " ".join(err.split())
    assert Classifier.load(tmp_path / "it.lgn").digest == small().digest
