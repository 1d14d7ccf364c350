"""Terminals: names are printed as they are, nothing is cut, and options keep to their range."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from strategies import random_classifier

from lgn_hw import Classifier

ODD = "[/x] [bold]b[/bold] :smile: größe"


@pytest.fixture
def odd(tmp_path):
    """A classifier whose classes and folder look like markup."""
    folder = tmp_path / "[red] runs [" / "x]"
    folder.mkdir(parents=True)
    small = random_classifier(1, features=3, bits=10, layers=(12, 9), classes=3)
    replace(small, classes=(ODD, "[/]", "c")).save(folder / "[b].lgn")
    return folder / "[b].lgn"


@pytest.mark.parametrize(
    "command", [["info"], ["report"], ["verilog"], ["synth"], ["optimize", "-o", "[i].lgn"]],
    ids=lambda words: words[0],
)  # fmt: skip
def test_names_that_look_like_markup_are_printed_as_they_are(lgn, odd, monkeypatch, command):
    monkeypatch.chdir(odd.parent)
    code, out, err = lgn(command[0], odd.name, *command[1:])
    assert (code, err) == (0, "")
    if command[0] == "info":
        assert ODD in re.sub(r"\s+", " ", out)
    shown = {"info": "[b].lgn", "verilog": "[b].v: ", "optimize": "[i].lgn"}
    assert shown.get(command[0], "") in out


def test_refusals_print_names_as_they_are(lgn):
    assert "There is no file [/x].lgn" in lgn("info", "[/x].lgn")[2]
    assert lgn("train", "--epochs", "[/x]")[0] == 2


def run(*words, **environment):
    """Run lgn in a process of its own; return exit code, output and errors."""
    done = subprocess.run(
        [sys.executable, "-c", "from lgn_cli import main; main()", *map(str, words)],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env=os.environ | environment,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("columns", ["0", "1", "40", "80", "abc"])
def test_nothing_to_type_is_cut_on_a_narrow_terminal(columns):
    boards = json.loads(run("boards", "--json")[1])
    code, out, _ = run("boards", COLUMNS=columns)
    assert code == 0
    assert all(re.search(rf"(?<!\S){re.escape(row['board'])}(?!\S)", out) for row in boards)
    code, out, _ = run("doctor", COLUMNS=columns)
    assert "nextpnr-himbaechel" in out
    missing = [f for f in json.loads(run("doctor", "--json")[1]).values() if not f["version"]]
    assert all(f"install it with: {item['install']}\n" in out for item in missing)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_letters_that_a_terminal_lacks_are_escaped(odd, encoding, tmp_path):
    codes = np.zeros((2, 3), int)
    np.savez(tmp_path / "d.npz", x=codes, codes=np.array(True))
    for words in (["info", odd], ["predict", odd, tmp_path / "d.npz"], ["doctor"], ["synth", odd]):
        code, _, err = run(*words, PYTHONIOENCODING=encoding)
        assert (code, err) == (0, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
@pytest.mark.parametrize("words", [["info"], ["info", "--json"]], ids=" ".join)
def test_output_that_cannot_be_written_is_told(odd, words):
    with open("/dev/full", "w", encoding="utf-8") as full:
        command = [sys.executable, "-c", "from lgn_cli import main; main()", *words, str(odd)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (
        2, b"error: The output cannot be written: No space left on device\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ["run", "x.lgn", "--data", "x.npz", "--baud", "0"],
        ["run", "x.lgn", "--data", "x.npz", "--baud", "-5"],
        ["run", "x.lgn", "--data", "x.npz", "--timeout", "0"],
        ["run", "x.lgn", "--data", "x.npz", "--timeout", "nan"],
        ["run", "x.lgn", "--data", "x.npz", "--timeout", "inf"],
        ["build", "x.lgn", "--board", "icestick", "--baud", "0"],
        ["build", "x.lgn", "--board", "icestick", "--clock-mhz", "nan"],
        ["verilog", "x.lgn", "--clock-mhz", "inf"],
        ["fmax", "x.lgn", "--part", "hx8k-ct256", "--clock-mhz", "nan"],
        ["prove", "x.lgn", "y.lgn", "--timeout", "nan"],
        ["optimize", "x.lgn", "-o", "y.lgn", "--timeout", "inf"],
    ],
    ids=" ".join,
)
def test_numbers_out_of_range_are_refused_with_the_range(lgn, words):
    code, _, err = lgn(*words)
    said = re.sub(r"[\s│]+", " ", err)
    assert code == 2
    assert f"Invalid value for '{words[-2]}'" in said
    assert re.search("should be (greater|less) than|it must be a finite number", said)


def test_classifier_is_named_in_one_line(odd):
    assert re.fullmatch(
        r"<Classifier [0-9a-f]{12}: 3 features, 10 bits, 21 nodes, 3 classes>",
        repr(Classifier.load(odd)),
    )


# A job in the background inherits an ignored SIGINT, which a program leaves ignored.
PROGRAM = """
import signal, subprocess, sys
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
import typer
from lgn_cli import app, main

@app.command()
def wait() -> None:
    subprocess.run(["sh", "-c", "echo started >&2; sleep 97.0625 & wait"], check=True)

sys.argv = ["lgn", "wait"]
main()
"""


def sleepers():
    found = subprocess.run(
        ["ps", "-eo", "pid,args"], capture_output=True, encoding="utf-8", check=True
    )
    return [line for line in found.stdout.splitlines() if line.strip().endswith("sleep 97.0625")]


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="the system has no /proc")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_signals_leave_no_program_behind(name):
    number = getattr(signal, name)
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stderr=subprocess.PIPE) as process:
        assert process.stderr.readline() == b"started\n"
        while not sleepers():
            time.sleep(0.05)
        process.send_signal(number)
        assert process.stderr.read() == f"error: ended by {name}\n".encode()
        assert process.wait() == 128 + number
    deadline = time.monotonic() + 10
    while sleepers() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not sleepers()
