"""Where the commands write: nothing of others is lost, and odd outputs do what is meant."""

import json
import os
import re

import pytest
from strategies import random_classifier

from lgn_hw import Classifier
from lgn_hw.files.own_file import is_sealed

MINE = "mine"


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.lgn"
    random_classifier(1, features=3, bits=10, layers=(12, 9), classes=3).save(path)
    return path


def mine(folder, *names):
    """Write files of somebody else; return a function that says which are not as they were."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(MINE, encoding="utf-8")
    return lambda: [
        name
        for name in names
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != MINE
    ]


@pytest.mark.parametrize(
    "command",
    [
        ["sim", "--vectors", 4],
        ["synth"],
        ["fmax", "--part", "hx1k-tq144"],
        ["build", "--board", "icestick"],
        ["verilog"],
    ],
    ids=lambda words: words[0],
)
def test_commands_refuse_a_folder_of_others(lgn, small, tmp_path, command):
    folder = tmp_path / "project"
    names = ["core.v", "sim.json", "top.v", "build/tb.vvp", "negative_control/build/y"]
    if command[0] == "fmax":
        names = [f"hx1k-tq144/{name}" for name in names]
    changed = mine(folder, *names)
    code, _, err = lgn(command[0], small, *command[1:], "-o", folder)
    assert (code, changed()) == (2, [])
    assert "holds files that lgn did not write" in err
    assert "choose a new or empty folder with --output" in err


def test_defaults_have_names_that_nobody_else_has(lgn, small, tmp_path):
    changed = mine(tmp_path, "synth/core.v", "synth/yosys.ys", "sim/build/tb.vvp", "prove/x")
    assert lgn("synth", small)[0] == 0
    assert changed() == []
    new = {path.name for path in tmp_path.iterdir()} - {"synth", "sim", "prove", "small.lgn"}
    assert new == {"small.lgn.synth"}


def test_edited_delivery_is_kept_and_told(lgn, small, tmp_path):
    folder = tmp_path / "f"
    lgn("verilog", small, "-o", folder)
    for name in ("constraints/ice40.pcf", "tb/testbench.v", "tb/mine.v"):
        with (folder / name).open("a", encoding="utf-8") as stream:
            stream.write("// mine\n")
    code, _, err = lgn("verilog", small, "-o", folder, "--scores")
    assert code == 0
    for name in ("constraints/ice40.pcf", "tb/testbench.v"):
        assert f"{name} was not as lgn wrote it; it is kept as {folder / name}.orig" in err
        assert (folder / f"{name}.orig").read_text(encoding="utf-8").endswith("// mine\n")
    assert (folder / "tb" / "mine.v").exists()


def test_verilog_keeps_a_file_that_it_has_not_written(lgn, small):
    target = small.with_suffix(".v")
    target.write_text("// my core", encoding="utf-8")
    err = lgn("verilog", small)[2]
    assert f"{target} was not as lgn wrote it; it is kept as {target}.orig" in err
    assert target.with_name("small.v.orig").read_text(encoding="utf-8") == "// my core"
    assert lgn("verilog", small, "--scores")[2] == ""
    assert is_sealed(target.read_bytes())
    with target.open("a", encoding="utf-8") as stream:
        stream.write("// edited\n")
    assert "small.v.orig2" in lgn("verilog", small)[2]


@pytest.mark.parametrize("name", ["core.v", "core.sv", "core.V", "x.y/core.v"])
def test_verilog_writes_a_file_where_one_is_named(lgn, small, tmp_path, name):
    assert lgn("verilog", small, "-o", tmp_path / name)[0] == 0
    assert (tmp_path / name).read_text(encoding="utf-8").startswith("// classifier_core")


@pytest.mark.parametrize("name", ["delivery", "v1.2", "core.d/", "net.vhd/"])
def test_verilog_writes_a_folder_where_one_is_named(lgn, small, tmp_path, name):
    assert lgn("verilog", small, "-o", f"{tmp_path}/{name}")[0] == 0
    assert (tmp_path / name / "rtl" / "core.v").is_file()


def test_verilog_prints_to_standard_output(lgn, small):
    code, out, _ = lgn("verilog", small, "-o", "-")
    assert (code, out.startswith("// classifier_core")) == (0, True)
    assert re.search(r"^endmodule$", out, re.MULTILINE)
    code, _, err = lgn("verilog", small, "-o", "-", "--json")
    assert (code, "give one of them" in err) == (2, True)


@pytest.mark.parametrize(
    ("command", "output", "message"),
    [
        ("verilog", "core.vhd", "a file that ends in .v or .sv, or to a folder, not to"),
        ("verilog", "small.lgn", "is the classifier itself; name another file"),
        ("optimize", "out", "A classifier's file must end in .lgn, not be"),
        ("optimize", ".", "is a folder; name a file in it that ends in .lgn"),
        ("report", "page.json", "a file that ends in .html, or to a folder, not to"),
    ],
)
def test_outputs_that_cannot_be_meant_are_refused(lgn, small, tmp_path, command, output, message):
    before = small.read_bytes()
    code, _, err = lgn(command, small, "-o", tmp_path / output)
    assert (code, message in err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["small.lgn"]
    assert small.read_bytes() == before


def test_verilog_leaves_a_classifier_that_ends_in_v(lgn, small, tmp_path):
    renamed = small.rename(tmp_path / "m.v")
    assert lgn("verilog", renamed)[0] == 2
    assert Classifier.load(renamed).num_classes == 3


def test_report_goes_into_a_folder_or_to_standard_output(lgn, small, tmp_path):
    assert lgn("report", small, "-o", f"{tmp_path}/new/")[0] == 0
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"report.html", "report.json"}
    assert lgn("report", small, "-o", "-")[1].startswith("<!doctype html>")
    changed = mine(tmp_path, "report.html", "report.json")
    err = lgn("report", small)[2]
    assert err.count("was not written by lgn; it is kept as") == 2
    assert len(changed()) == 2
    assert (tmp_path / "report.json.orig").read_text(encoding="utf-8") == MINE


def test_optimize_in_place_and_over_a_file_of_others(lgn, small, tmp_path):
    assert lgn("optimize", small, "-o", small)[0] == 0
    mine(tmp_path, "data.lgn")
    assert (
        "data.lgn was no classifier; it is kept as"
        in lgn("optimize", small, "-o", tmp_path / "data.lgn")[2]
    )


def test_info_takes_the_folder_of_a_run(lgn, small, tmp_path):
    digest = Classifier.load(small).digest
    assert json.loads(lgn("info", tmp_path, "--json")[1])["digest"] == digest
    random_classifier(2).save(tmp_path / "smaller.lgn")
    assert "one .lgn classifier, not small.lgn, smaller.lgn" in lgn("info", tmp_path)[2]
    (tmp_path / "train.json").write_text('{"classifier": "x/small.lgn"}', encoding="utf-8")
    assert json.loads(lgn("info", tmp_path, "--json")[1])["digest"] == digest


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_read_only_file_is_refused(lgn, small):
    small.with_suffix(".v").touch(mode=0o444)
    assert "Permission denied" in lgn("verilog", small)[2]


@pytest.mark.parametrize(
    ("kind", "file"),
    [("c", "net.c"), ("aiger", "net.aig"), ("blif", "net.blif"), ("verilog-comb", "net.v")],
)
def test_exports_keep_a_file_that_lgn_has_not_written(lgn, small, tmp_path, kind, file):
    path = tmp_path / file
    mine(tmp_path, path.name)
    code, _, err = lgn("export", small, "--to", kind, "-o", path)
    assert code == 0
    assert f"{path} was not as lgn wrote it; it is kept as {path}.orig" in err
    assert (tmp_path / f"{path.name}.orig").read_text(encoding="utf-8") == MINE
    other = ("--samples", 64) if kind == "c" else ("--lut", 4)
    assert lgn("export", small, "--to", kind, "-o", path, *other)[2] == ""  # its own one


def test_arduino_library_is_a_folder_of_its_own(lgn, small, tmp_path):
    changed = mine(tmp_path / "project", "library.json", "src/main.c")
    words = ["export", small, "--to", "c", "--layout", "arduino", "-o"]
    code, _, err = lgn(*words, tmp_path / "project")
    assert (code, changed()) == (2, [])
    assert "holds files that lgn did not write" in err
    assert lgn(*words, tmp_path / "new")[0] == 0
    source = tmp_path / "new" / "src" / "new.c"
    source.write_text(MINE, encoding="utf-8")
    assert f"it is kept as {source}.orig" in lgn(*words, tmp_path / "new")[2]


def test_import_keeps_a_file_that_is_no_classifier(lgn, tmp_path):
    text = ".model m\n.inputs a b\n.outputs p q\n.names a b p\n11 1\n.names a q\n0 1\n.end\n"
    (tmp_path / "net.blif").write_text(text, encoding="utf-8")
    mine(tmp_path, "net.lgn")
    words = ["import", tmp_path / "net.blif", "--classes", 2]
    code, _, err = lgn(*words)
    assert code == 0
    assert "net.lgn was no classifier; it is kept as" in err
    assert (tmp_path / "net.lgn.orig").read_text(encoding="utf-8") == MINE
    assert lgn(*words)[2] == ""
    code, _, err = lgn(*words, "-o", tmp_path / "net.bin")
    assert code == 2
    assert "must end in .lgn" in err


@pytest.mark.parametrize("byte", [b"\xe9", b"\xff"])
def test_verilog_that_is_no_utf_8_is_named_with_its_line(lgn, small, tmp_path, byte):
    path = tmp_path / "odd.v"
    lgn("verilog", small, "-o", path)
    path.write_bytes(b"// a\n// " + byte + b"\n" + path.read_bytes())
    for words in (["prove", small, path], ["import", path]):
        code, _, err = lgn(*words)
        assert code == 2
        assert f"{path}, line 2, must be UTF-8" in err


def test_devices_without_an_end_are_refused(lgn, small, tmp_path):
    assert "/dev/zero is not a .lgn classifier" in lgn("info", "/dev/zero")[2]
    for command in ("sim", "synth"):
        code, _, err = lgn(command, small, "--verilog", "/dev/zero", "-o", tmp_path / command)
        assert code == 2
        assert "/dev/zero is a device; name a file of text" in err


def test_empty_arguments_are_told(lgn, small):
    for words in (["verilog", ""], ["info", ""], ["verilog", small, "-o", ""]):
        code, _, err = lgn(*words)
        assert code == 2
        assert "An argument is empty" in err


@pytest.mark.parametrize("command", ["verilog", "import", "info", "sim", "synth", "export"])
@pytest.mark.parametrize("place", [".", "/"])
def test_folders_are_refused_as_files(lgn, command, place):
    code, _, err = lgn(command, place)
    assert code == 2
    assert err.startswith("error: ")


def test_arrays_to_import_that_are_none_are_told(lgn, tmp_path):
    """Also the thresholds of --encoder: none of them is loaded as pickled objects."""
    text = ".model m\n.inputs a\n.outputs p q\n.names a p\n1 1\n.names a q\n0 1\n.end\n"
    (tmp_path / "net.blif").write_text(text, encoding="utf-8")
    (tmp_path / "odd.npz").write_bytes(b"PK\x03\x04 cut short")
    words = ["import", tmp_path / "net.blif", "--classes", 2, "--encoder", tmp_path / "odd.npz"]
    for command in (["import", tmp_path / "odd.npz"], words):
        code, _, err = lgn(*command)
        assert code == 2
        assert "odd.npz is not an .npz file, or it is cut short" in err
    assert "There is no file" in lgn("import", tmp_path / "none.npz")[2]
