"""Compilation at first use: what is found, what is said where it fails."""

import shutil
import subprocess
import sys

import pytest

from lgn_hw import compiler
from lgn_hw.errors import ToolError, ToolNotFound


def test_compile_library_shows_the_compilers_last_lines(tmp_path, monkeypatch):
    source = tmp_path / "source" / "broken.cpp"
    source.parent.mkdir()
    source.write_text("int main( {")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    command = [*compiler.find_cxx(), "-shared", str(source)]
    with pytest.raises(ToolError, match=r"could not compile the kernels:\n.*broken\.cpp"):
        compiler.compile_library(command, source.parent)
    assert not list(tmp_path.rglob("*.so"))


def test_compile_library_compiles_once_and_again_after_a_change(tmp_path, monkeypatch):
    source = tmp_path / "source" / "answer.cpp"
    source.parent.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    command = [*compiler.find_cxx(), "-shared", "-fPIC", str(source)]
    for answer, libraries in ((41, 1), (42, 2)):
        source.write_text(f'extern "C" int answer() {{ return {answer}; }}')
        for _ in range(2):
            found = compiler.compile_library(command, source.parent)
            assert found.answer() == answer
            assert len(list(tmp_path.rglob("*.so"))) == libraries


def test_find_cxx_says_how_to_install_one(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(compiler.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ToolNotFound, match="pip install ziglang"):
        compiler.find_cxx()


def test_find_cxx_takes_zig_where_there_is_no_other(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(compiler.importlib.util, "find_spec", lambda name: object())
    assert compiler.find_cxx()[:4] == [sys.executable, "-m", "ziglang", "c++"]


def test_widest_set_is_one_that_this_machine_runs():
    if compiler.widest_set() != "DEFAULT":
        flags = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout
        assert {"AVX512": "avx512bw", "AVX2": "avx2"}[compiler.widest_set()] in flags
