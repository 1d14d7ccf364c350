"""What tests of several commands share."""

import sys

import pytest
from chromium_bench import Browser

from lgn_cli import main


@pytest.fixture(scope="module")
def browser():
    """Give a headless Chromium; skip the test where there is none."""
    with Browser() as found:
        yield found


@pytest.fixture
def lgn(monkeypatch, capsys):
    """Run the command line; return its exit code, output and errors."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["lgn", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
        said = capsys.readouterr()
        return code, said.out, said.err

    return run
