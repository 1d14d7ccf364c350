"""The command for nvcc: where it is found, and what it is asked for."""

from pathlib import Path

import pytest

from lgn_hw import compiler
from lgn_hw.compiler import find_nvcc
from lgn_hw.errors import ToolError, ToolNotFound
from lgn_hw.nvcc import nvcc_command

SOURCE = Path("kernels.cu")
NVCC = """#!/bin/sh
printf 'compute_70\\ncompute_75\\ncompute_80\\n'
"""


@pytest.fixture
def old_nvcc(tmp_path, monkeypatch):
    """An nvcc that knows sm_70 to sm_80, where CUDA_HOME says."""
    path = tmp_path / "bin" / "nvcc"
    path.parent.mkdir()
    path.write_text(NVCC)
    path.chmod(0o755)
    monkeypatch.setenv("CUDA_HOME", str(tmp_path))
    return path


def test_an_old_nvcc_makes_ptx_for_a_newer_device(old_nvcc):
    assert "-gencode=arch=compute_75,code=sm_75" in nvcc_command(find_nvcc(), 75, SOURCE)
    command = nvcc_command(find_nvcc(), 90, SOURCE)
    assert command[0] == str(old_nvcc)
    assert "-gencode=arch=compute_80,code=compute_80" in command


@pytest.mark.usefixtures("old_nvcc")
def test_an_nvcc_that_is_too_new_for_a_device_is_named():
    with pytest.raises(ToolError, match=r"sm_70 and newer, not .*sm_60; set CUDA_HOME"):
        nvcc_command(find_nvcc(), 60, SOURCE)


def test_nvcc_is_found_where_the_toolkit_is_installed(old_nvcc, monkeypatch):
    monkeypatch.delenv("CUDA_HOME")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(compiler, "CUDA_PLACES", (str(old_nvcc),))
    assert nvcc_command(find_nvcc(), 80, SOURCE)[0] == str(old_nvcc)
    monkeypatch.setattr(compiler, "CUDA_PLACES", ())
    with pytest.raises(ToolNotFound, match="CUDA_HOME"):
        nvcc_command(find_nvcc(), 80, SOURCE)
