"""The engine's CUDA source under sanitizers and a race checker, and faults that they find."""

import shutil

import pytest
from cuda_emulator.process import check

from lgn_hw.inference.library import SOURCES

MODULE = "cuda_emulator.inference"
# What is planted: the flavour that finds it, the file, what stands there and what in its place, and
# what is said of it.
FAULTS = {
    "a level begins before the last one ended": (
        "trace", "run", "program.ends[level]);\n      __syncthreads();", "program.ends[level]);",
        "race in"),
    "a tile overwritten while it is read": (
        "trace", "encode", "tile);\n    __syncthreads();\n  }", "tile);\n  }", "race in"),
    "a tile read before it is there": (
        "trace", "encode", "tile);\n    __syncthreads();\n    compare", "tile);\n    compare",
        "which nobody wrote"),
    "a tile that is too short": (
        "asan", "run", "* WORD_SAMPLES / sizeof(uint64_t) * words", "/ sizeof(uint64_t) * words",
        "differ"),
    "room for one block less": (
        "asan", "../engine", "scratch.with(grid * slots", "scratch.with((grid - 1) * slots",
        "heap-buffer-overflow"),
    "slots that are used again at once": (
        "trace", "../engine", "build(from, true)", "build(from, false)", "race in"),
    "a plane too few": ("plain", "program", "PART_PLANES = 6", "PART_PLANES = 5", "differ"),
    "the first samples only": ("plain", "run", "start += gridDim.x * each", "start += 1 << 30",
                               "differ"),
    "a tie to the last class": ("plain", "run", "score > most", "score >= most", "differ"),
    "samples past the end": ("asan", "run", "if (sample >= samples.count) break;", "",
                             "heap-buffer-overflow"),
    "the device of another": ("plain", "../engine", "if (before != device) cudaSetDevice(device);",
                              "", "is launched on device 1"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("flavour", ["asan", "trace"])
def test_engine_source_has_no_fault_that_a_sanitizer_sees(flavour):
    done = check(MODULE, SOURCES, flavour)
    assert not done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_engine_source_is_found(fault, tmp_path, monkeypatch):
    flavour, name, old, new, said = FAULTS[fault]
    sources = tmp_path / "csrc"
    shutil.copytree(SOURCES, sources)
    path = (sources / "cuda" / name).with_suffix(".cu" if "engine" in name else ".cuh")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    monkeypatch.setenv("LGN_EMULATOR_CACHE", str(tmp_path))
    done = check(MODULE, sources, flavour)
    assert done.returncode
    assert said in done.stdout + done.stderr
