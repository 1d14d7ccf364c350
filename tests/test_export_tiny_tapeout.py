"""A Tiny Tapeout project: its own test passes, on its sources and on a netlist of cells."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from strategies import random_classifier

from lgn_hw import CheckFailed, UsageError
from lgn_hw.export.seal import is_sealed
from lgn_hw.export.tiny_tapeout import tiny_tapeout, write_tiny_tapeout
from lgn_hw.samples import vectors_for
from lgn_hw.synth.cells import area_in_cells

CELLS = Path(__file__).parent / "cells.lib"
needs_icarus = pytest.mark.skipif(
    not shutil.which("iverilog") or not shutil.which("make"), reason="needs iverilog and make"
)


def small():
    return random_classifier(5, features=7, bits=20, layers=(30, 24), classes=3)


def project(classifier, **options):
    return tiny_tapeout(classifier, vectors_for(classifier.features, 12, 0), name="it", **options)


def simulated(folder, *arguments):
    """Run the project's own test; return its exit code and what it said."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["make", *arguments],
        cwd=folder / "test",
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    failed = re.search(r"FAIL=(\d+)", done.stdout)
    return done.returncode or int(failed[1] if failed else 1), done.stdout + done.stderr


@needs_icarus
def test_project_passes_its_own_test_as_sources_and_as_cells(tmp_path):
    made, folder = project(small()), tmp_path / "tt"
    write_tiny_tapeout(small(), folder, made)
    code, said = simulated(folder)
    assert (code, "PASS=2" in said) == (0, True), said
    sources = made.files["src/project.v"] + made.files["src/classifier.v"]
    area, netlist = area_in_cells(sources.decode(), CELLS, folder=tmp_path / "cells")
    (tmp_path / "netlist.v").write_text(f"`timescale 1ns / 1ps\n{netlist}")
    code, said = simulated(folder, f"NETLIST={tmp_path / 'netlist.v'}")
    assert (code, "PASS=2" in said) == (0, True), said
    held = made.bits + 2 + 2 + 2  # index, class, complete and valid
    assert area.flip_flops["control"] == held


@needs_icarus
def test_projects_test_fails_for_another_classifier(tmp_path):
    other = random_classifier(6, features=7, bits=20, layers=(30, 24), classes=3)
    files = project(other).files | {
        "test/vectors.json": project(small()).files["test/vectors.json"]
    }
    write_tiny_tapeout(other, tmp_path, replace(project(other), files=files))
    assert simulated(tmp_path)[0] != 0


def test_project_holds_only_what_the_circuit_reads():
    text = project(small()).files["src/project.v"].decode()
    bits = int(re.search(r"reg \[(\d+):0\] held;", text)[1]) + 1
    assert bits == project(small()).bits <= small().features.sample_width
    assert text.count("held[") == 2 * bits
    assert is_sealed(text.encode())


def test_project_names_its_module_and_its_clock_everywhere():
    files = project(small(), clock_mhz=20).files
    assert b'top_module: "tt_um_it"' in files["info.yaml"]
    assert b"clock_hz: 20000000" in files["info.yaml"]
    settings = json.loads(files["config.json"])
    assert (settings["DESIGN_NAME"], settings["CLOCK_PERIOD"]) == ("tt_um_it", 50)
    assert settings["VERILOG_FILES"] == [f"dir::{f}" for f in files if f.endswith(".v")][:2]
    assert json.loads(files["src/config.json"])["CLOCK_PERIOD"] == 50
    assert b"tt_um_it project (" in files["test/tb.v"]


def test_project_takes_more_tiles_for_more_gates():
    assert project(small()).tiles == "1x1"
    large = random_classifier(5, features=7, bits=60, layers=(3000, 3000), classes=3)
    assert project(large).tiles in ("1x2", "2x2", "3x2")
    huge = random_classifier(5, features=7, bits=60, layers=(60_000,), classes=3)
    with pytest.raises(UsageError, match=r"about \d+ tiles, and there are 16 at most.*8x2"):
        project(huge)
    assert project(huge, tiles="8x2").tiles == "8x2"


def test_project_rejects_names_tiles_and_too_many_classes():
    with pytest.raises(UsageError, match=r"letters, digits and _.*not 'a-b'"):
        tiny_tapeout(small(), np.zeros((1, 7), int), name="a-b")
    with pytest.raises(UsageError, match=r"one of 1x1.*8x2, not '9x9'"):
        project(small(), tiles="9x9")
    many = random_classifier(5, layers=(300,), classes=257)
    with pytest.raises(UsageError, match="256 classes at most, not 257"):
        project(many)


def test_nothing_is_written_where_the_circuit_is_not_the_classifier(tmp_path):
    other = replace(small(), netlist=small().netlist.with_flipped_bit(50, 0))
    with pytest.raises(CheckFailed, match="logic as built"):
        write_tiny_tapeout(small(), tmp_path, project(other))
    assert not list(tmp_path.iterdir())


def test_lgn_export_writes_a_project_and_lgn_prove_proves_its_circuit(lgn, tmp_path):
    small().save(tmp_path / "my-net.lgn")
    code, out, _ = lgn("export", tmp_path / "my-net.lgn", "--to", "tinytapeout", "--json")
    assert code == 0
    found = json.loads(out)
    assert (found["tiles"], found["bits"]) == ("1x1", project(small()).bits)
    folder = tmp_path / "tt_um_my_net"
    assert lgn("prove", tmp_path / "my-net.lgn", folder / "src" / "classifier.v")[0] == 0
