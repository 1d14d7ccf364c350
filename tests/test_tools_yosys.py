"""How a yosys that ends badly is told: with a trap, in silence, or in the middle of ABC."""

import sys

import pytest

from lgn_hw import ToolError
from lgn_hw.tools import yosys
from lgn_hw.tools.yosys import run_yosys


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Make a program of some lines of Python stand for yosys."""

    def become(lines):
        (tmp_path / "fake.py").write_text(lines)
        monkeypatch.setattr(
            yosys, "find_yosys", lambda: (sys.executable, str(tmp_path / "fake.py"))
        )

    return become


def test_a_trap_of_webassembly_is_named_with_the_remedy(fake, tmp_path):
    fake(
        "import sys\nprint('  frame 1')\nsys.exit('Caused by:\\n wasm trap: call stack exhausted')"
    )
    with pytest.raises(ToolError, match=r"trap: call stack exhausted(.|\n)*native yosys, 0\.50"):
        run_yosys("", folder=tmp_path, log=tmp_path / "yosys.log")


def test_an_end_without_a_word_names_what_is_missing(fake, tmp_path):
    fake("open('a.v', 'w')")
    (tmp_path / "b.v").write_text("of an earlier run")
    with pytest.raises(ToolError, match=r"without an error and without b\.v; a native yosys"):
        run_yosys("", folder=tmp_path, log=tmp_path / "yosys.log", outputs=["a.v", "b.v"])


def test_what_is_printed_goes_to_no_pipe(fake, tmp_path):
    fake("import os, stat\nassert stat.S_ISREG(os.fstat(1).st_mode)\nopen('a.v', 'w')")
    run_yosys("", folder=tmp_path, log=tmp_path / "yosys.log", outputs=["a.v"])


def test_a_nested_expression_that_overflows_the_call_stack_is_told(tmp_path):
    if yosys.find_yosys()[0].endswith("/yosys"):
        pytest.skip("a native yosys has a larger stack")
    depth = 40_000
    text = f"module d(input a, b, output y); assign y = {'(' * depth}a{') ^ b' * depth}; endmodule"
    (tmp_path / "d.v").write_text(text)
    with pytest.raises(ToolError, match="call stack exhausted"):
        run_yosys("read_verilog d.v\n", folder=tmp_path, log=tmp_path / "yosys.log")
