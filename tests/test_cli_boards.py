"""lgn boards, build, flash and run: options, JSON, exit codes."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from amaranth_bench import codes_of
from strategies import random_classifier
from test_boards_build import Tools
from test_boards_host import ModelBoard

from lgn_boards import flash as flash_module
from lgn_hw.link import BaudRate, LinkPlan


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.lgn"
    random_classifier(1, features=5, layers=(40, 12)).save(path)
    return path


def test_boards_lists_name_part_and_state(lgn):
    code, out, _ = lgn("boards", "--json")
    rows = {row["board"]: row for row in json.loads(out)}
    assert code == 0
    assert rows["icebreaker"] == {
        "board": "icebreaker", "title": "1BitSquared iCEBreaker", "part": "iCE40UP5K",
        "luts": 5280, "clock_mhz": 12.0, "baud": 1_000_000, "state": "built", "fits": None,
    }  # fmt: skip
    assert "iCE40HX1K" in lgn("boards")[1]


def test_boards_that_a_classifier_fits(lgn, tmp_path):
    path = tmp_path / "large.lgn"
    random_classifier(1, layers=(1000, 3000)).save(path)
    rows = json.loads(lgn("boards", "--fits", path, "--json")[1])
    names = {row["board"] for row in rows}
    assert "icestick" not in names
    assert "ulx3s-25f" in names


def test_build_prints_one_json_object(lgn, small, monkeypatch):
    Tools(monkeypatch)
    code, out, err = lgn("build", "--board", "iCEstick", small, "--json")
    result = json.loads(out)
    assert code == 0
    assert result["bitstream"] == str(
        small.parent / f"{small.name}.icestick" / "classifier-icestick.bin"
    )
    assert {"fmax_mhz", "clock_mhz", "utilization", "steps"} <= set(result)
    assert "[4/4] bitstream" in err
    code, out, _ = lgn("build", "--board", "icestick", small)
    assert code == 0
    assert re.search(r"ICESTORM_LC +900 of +1,280 +70\.3 %", out)
    assert "TBUF" not in out
    assert "40.00 MHz reached, 12 MHz needed (stage pnr)" in out
    assert f"load it with: lgn flash {small}.icestick" in out


def test_build_dry_run_runs_no_tool(lgn, small, monkeypatch):
    tools = Tools(monkeypatch)
    code, out, _ = lgn("build", "--board", "icestick", small, "--dry-run")
    assert code == 0
    assert tools.runs == []
    assert "nextpnr-ice40" in out
    data = json.loads(lgn("build", "--board", "icestick", small, "--dry-run", "--json")[1])
    assert data["luts_least"] > 500
    assert not (small.parent / f"{small.name}.icestick").exists()


def test_build_that_does_not_fit_exits_with_1(lgn, small, monkeypatch):
    Tools(monkeypatch, luts=2000)
    code, _, err = lgn("build", "--board", "icestick", small)
    assert code == 1
    assert "it needs 2,000 LUTs (stage synth), and iCE40HX1K has 1,280" in err


def board_of_the_documentation(folder):
    page = (Path(__file__).parent.parent / "docs" / "boards.md").read_text()
    (block,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(block.splitlines()) <= 20, "the page says 20 lines"
    path = folder / "mine.py"
    path.write_text(block)
    return path


def test_board_of_the_documentation_builds_as_written(lgn, small, monkeypatch):
    Tools(monkeypatch)
    path = board_of_the_documentation(small.parent)
    code, out, _ = lgn("build", "--board", path, small, "--json")
    assert code == 0
    result = json.loads(out)
    assert (result["board"], result["clock_mhz"]) == ("mine", 16.0)
    constraints = (small.parent / f"{small.name}.mine" / result["key"] / "top.pcf").read_text()
    assert {"set_io uart_0__rx__io B10", "set_io uart_0__tx__io B12"} <= set(
        constraints.splitlines()
    )
    assert "set_io led_0__io C3" in constraints
    assert lgn("flash", small.parent / f"{small.name}.mine", "--dry-run")[1].startswith("iceprog ")


@pytest.mark.slow
def test_board_of_the_documentation_builds_with_the_real_tools(lgn, small):
    path = board_of_the_documentation(small.parent)
    code, out, _ = lgn("build", "--board", path, small, "--json")
    assert code == 0
    assert json.loads(out)["fmax_mhz"] > 16


def test_build_of_an_unknown_board_names_the_nearest(lgn, small):
    code, _, err = lgn("build", "--board", "icestik", small)
    assert code == 2
    assert "did you mean icestick?" in err


def built(lgn, small, monkeypatch):
    Tools(monkeypatch)
    assert lgn("build", "--board", "icestick", small)[0] == 0
    return small.parent / f"{small.name}.icestick"


def test_flash_dry_run_prints_the_command(lgn, small, monkeypatch):
    folder = built(lgn, small, monkeypatch)
    code, out, _ = lgn("flash", folder, "--dry-run")
    assert code == 0
    assert out.strip() == f"iceprog {folder / 'classifier-icestick.bin'}"
    data = json.loads(lgn("flash", folder, "--dry-run", "--json")[1])
    assert data == {"command": out.split(), "run": False}


def test_flash_without_the_programmer_says_how_to_install_it(lgn, small, monkeypatch):
    folder = built(lgn, small, monkeypatch)
    monkeypatch.setattr(flash_module, "find_program", lambda name: None)
    code, _, err = lgn("flash", folder)
    assert code == 3
    assert "iceprog is missing; install it with: apt-get install fpga-icestorm" in err


@pytest.mark.parametrize(("status", "expected"), [(0, 0), (1, 4)])
def test_flash_runs_the_programmer(lgn, small, monkeypatch, tmp_path, status, expected):
    folder = built(lgn, small, monkeypatch)
    programmer = tmp_path / "iceprog"
    programmer.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/called\nexit {status}\n')
    programmer.chmod(0o755)
    monkeypatch.setattr(flash_module, "find_program", lambda name: str(programmer))
    code, _, err = lgn("flash", folder)
    assert code == expected
    assert (tmp_path / "called").read_text().strip() == str(folder / "classifier-icestick.bin")
    assert ("iceprog failed (1); is the board connected" in err) == bool(status)


def test_flash_without_a_build_is_a_usage_error(lgn, tmp_path):
    code, _, err = lgn("flash", tmp_path)
    assert code == 2
    assert "make it with `lgn build`" in err


def test_run_on_a_simulated_board_agrees_with_the_software(lgn, small, tmp_path):
    from lgn_hw import Classifier

    classifier = Classifier.load(small)
    codes = codes_of(classifier, 8, np.random.default_rng(0))
    labels = classifier.predict(codes)
    labels[0] = (labels[0] + 1) % 4
    np.savez(tmp_path / "test.npz", x=codes, y=labels)
    arguments = ("run", small, "--port", "simulated", "--data", tmp_path / "test.npz")
    code, out, _ = lgn(*arguments)
    assert code == 0
    assert "accuracy 87.50 % of 8 samples" in out
    assert "agreement with the software 100.00 %" in out
    assert "the link is the limit" in out
    assert "self-test passed; 0 requests repeated, 0 framing errors" in out
    data = json.loads(lgn(*arguments, "--samples", 2, "--json")[1])
    assert (data["samples"], data["agreement"], data["accuracy"]) == (2, 1.0, 0.5)
    assert (data["self_test_failures"], data["repeated_requests"]) == (0, 0)


def test_run_exits_with_1_where_a_class_differs(lgn, small, tmp_path, monkeypatch):
    from lgn_boards.host import Device
    from lgn_hw import Classifier

    classifier = Classifier.load(small)
    codes = codes_of(classifier, 4, np.random.default_rng(0))
    np.savez(tmp_path / "test.npz", x=codes)
    right = Device.predict

    def wrong(self, *arguments):
        return (right(self, *arguments) + np.array([0, 1, 0, 0])) % 4

    monkeypatch.setattr(Device, "predict", wrong)
    arguments = ("run", small, "--port", "simulated", "--data", tmp_path / "test.npz")
    code, out, err = lgn(*arguments)
    assert code == 1
    assert "agreement with the software 75.00 %" in out
    assert "1 of 4 classes differ from the software's; the first is sample 1" in err


def test_run_on_a_board_that_is_unplugged_says_what_it_has_until_then(lgn, small, tmp_path):
    from lgn_hw import Classifier

    classifier = Classifier.load(small)
    plan = LinkPlan(classifier, BaudRate(12_000_000, 1_000_000))
    codes = codes_of(classifier, 5000, np.random.default_rng(0))
    np.savez(tmp_path / "test.npz", x=codes, y=classifier.predict(codes))
    for arguments in ((), ("--json",)):
        board = ModelBoard(plan, answers=8)  # identity, self-test, and six frames or more
        code, out, err = lgn(
            "run", small, "--port", board.port, "--data", tmp_path / "test.npz", *arguments
        )
        assert code == 4
        assert f"The device on {board.port} is gone" in err
        (done,) = re.findall(r"; ([\d,]+) of 5,000 samples are classified", " ".join(err.split()))
        if arguments:
            data = json.loads(out)
            assert (data["complete"], data["accuracy"], data["counters"]) == (False, 1.0, None)
            assert f"{data['samples']:,}" == done
        else:
            assert f"accuracy 100.00 % of {done} samples" in out
            assert "agreement with the software 100.00 %" in out
            assert "self-test passed; 0 requests repeated\n" in out


def test_run_without_a_board_exits_with_4(lgn, small, tmp_path, monkeypatch):
    monkeypatch.setattr("lgn_boards.host.serial_ports", list)
    np.savez(tmp_path / "test.npz", x=np.zeros((1, 5), np.int64))
    code, _, err = lgn("run", small, "--data", tmp_path / "test.npz")
    assert code == 4
    assert "There is no USB serial port; connect the board" in err
