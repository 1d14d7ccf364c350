"""Projects of a delivery: what is written, what is refused."""

import json
import re

import pytest
from conv_bench import random_conv
from messages import telling
from project_bench import classifier_of, delivery

from lgn_hw import UsageError
from lgn_hw.delivery.projects.kinds import project_files
from lgn_hw.delivery.stream_design import make_stream_design
from lgn_hw.hdl.streaming import StreamingOptions


def test_a_delivery_without_projects_has_none(tmp_path):
    *_, manifest = delivery(tmp_path)
    assert not [name for name in manifest["sha256"] if re.search("core$|litex|pynq", name)]
    assert "FuseSoC" not in (tmp_path / "README.md").read_text()


def test_readme_and_manifest_name_the_projects(tmp_path):
    *_, manifest = delivery(tmp_path, "pynq", "fusesoc", "pynq")
    readme = (tmp_path / "README.md").read_text()
    for name in ("classifier_core_axi.core", "pynq/block_design.tcl", "pynq/classifier_core.h"):
        assert name in manifest["sha256"]
        assert f"`{name}`" in readme
    assert "litex/" not in readme


@pytest.mark.parametrize(
    ("project", "options", "told"),
    [
        ("quartus", {}, "--project must be one of fusesoc, litex, pynq, not 'quartus'"),
        ("litex", {"wrapper": "stream"}, "--project litex needs --wrapper axi, not stream"),
        ("pynq", {"data_bits": 24}, "--project pynq ...--data-bits 8, 16, 32, ..., not 24"),
    ],
)
def test_projects_reject_what_does_not_go_together(tmp_path, project, options, told):
    with pytest.raises(UsageError, match=telling(told)):
        delivery(tmp_path / "new", project, **options)
    assert not (tmp_path / "new").exists()


def test_verilog_rejects_a_project_without_a_folder(lgn, tmp_path):
    classifier_of().save(tmp_path / "x.lgn")
    code, _, err = lgn(
        "verilog", tmp_path / "x.lgn", "-o", tmp_path / "x.v", "--project", "fusesoc"
    )
    assert code == 2
    assert "--project writes into a folder: give --output FOLDER/" in " ".join(err.split())
    options = ("--wrapper", "axi", "--project", "litex", "--project", "fusesoc", "--json")
    code, out, _ = lgn("verilog", tmp_path / "x.lgn", "-o", tmp_path / "new", *options)
    assert code == 0
    assert (tmp_path / "new" / "litex" / "classifier_core.py").exists()
    assert json.loads(out)["files"] == sum(1 for p in (tmp_path / "new").rglob("[!.]*.*"))


def test_a_streaming_core_goes_to_fusesoc_only():
    frames = random_conv(9, (1, 1, 1), 2, ({"kernels": 4, "size": 1},))
    design = make_stream_design(
        frames, StreamingOptions(1), wrapper="axi", data_bits=32, clock_mhz=50
    )
    (text,) = project_files(frames, design, ["fusesoc"])["fusesoc"].values()
    assert all(f"      - {name}\n" in text for name in design.files)
    with pytest.raises(UsageError, match=r"--project litex is for .*, not for --conv stream"):
        project_files(frames, design, ["fusesoc", "litex"])
