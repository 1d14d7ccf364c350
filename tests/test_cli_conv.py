"""The commands on streaming cores: --conv stream."""

import json
import shutil

import numpy as np
import pytest
from conv_bench import random_conv
from mutations import tiny_classifier


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.lgn"
    random_conv(8, (1, 5, 4), 2, ({"kernels": 3, "stride": 2},), (8, 6)).save(path)
    return path


def test_verilog_writes_a_file_or_a_folder_with_the_wrapper(lgn, small, tmp_path):
    np.savez(tmp_path / "test.npz", x=np.zeros((40, 20), int), y=np.zeros(40, int), codes=True)
    arguments = ("--conv", "stream", "--wrapper", "axi", "--data-bits", "8")
    code, out, _ = lgn("verilog", small, *arguments, "--json")
    assert code == 0
    assert json.loads(out)["top"] == "streaming_core_axi"
    assert "module streaming_core_axi(" in small.with_suffix(".v").read_text()
    folder = tmp_path / "out"
    code, out, _ = lgn("verilog", small, *arguments, "-o", f"{folder}/", "--clock-mhz", "50")
    assert code == 0
    assert "a frame every 20 cycles" in " ".join(out.split())
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["vectors"], manifest["options"]["clock_mhz"]) == (2 + 11 + 9, 50)
    assert (folder / "rtl" / "wrapper.v").exists()


def test_prove_takes_the_file_with_the_wrapper(lgn, small):
    lgn("verilog", small, "--conv", "stream", "--wrapper", "axi")
    code, out, _ = lgn("prove", small, small.with_suffix(".v"), "--json")
    claims = json.loads(out)["claims"]
    assert (code, claims[-1]["method"]) == (0, "letter by letter")


@pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")
def test_sim_takes_frames_of_the_test_samples(lgn, small, tmp_path):
    np.savez(tmp_path / "test.npz", x=np.zeros((40, 20), int), y=np.zeros(40, int), codes=True)
    code, out, _ = lgn("sim", small, "--conv", "stream", "--json", "--simulator", "icarus")
    found = json.loads(out)
    assert (code, found["mismatches"], found["negative_control"]["caught"]) == (0, 0, True)
    assert found["cases"][0]["vectors"] == 2 + 10 + 20
    assert (tmp_path / "small.lgn.streamsim" / "sim.json").exists()


@pytest.mark.parametrize("wrapper", ["stream", "axi"])
def test_prove_takes_a_folder(lgn, small, tmp_path, wrapper):
    folder = tmp_path / "out"
    lgn("verilog", small, "--conv", "stream", "--wrapper", wrapper, "-o", f"{folder}/")
    code, out, _ = lgn("prove", small, folder, "--json")
    compared = [c["status"] for c in json.loads(out)["claims"] if c["method"] == "letter by letter"]
    assert (code, compared) == (0, ["equal"] * (wrapper == "axi"))
    assert (tmp_path / "small.lgn.prove" / "prove.json").exists()
    (folder / "rtl" / "core.v").unlink()
    code, _, err = lgn("prove", small, folder)
    assert (code, "core.v" in err) == (2, True)


def test_prove_refuses_a_folder_of_something_else(lgn, small):
    code, _, err = lgn("prove", small, small.parent)
    assert code == 2
    assert "no folder of `lgn verilog`: it has no filelist.f" in " ".join(err.split())


def test_prove_takes_a_folder_of_any_core(lgn, tmp_path):
    tiny_classifier(1).save(tmp_path / "tiny.lgn")
    folder = tmp_path / "handed.v"  # a folder, whatever it is called
    folder.mkdir()
    lgn("verilog", tmp_path / "tiny.lgn", "--wrapper", "parallel", "-o", f"{folder}/")
    code, out, _ = lgn("prove", tmp_path / "tiny.lgn", folder, "--json")
    assert (code, json.loads(out)["claims"][-1]["method"]) == (0, "letter by letter")
