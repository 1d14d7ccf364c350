"""The CUDA source under sanitizers and a race checker, and faults planted in it that they find."""

import shutil

import pytest
from cuda_emulator.process import check

from lgn_train.packed import compiler

MODULE = "cuda_emulator.check"
# What is planted: the flavour that finds it, the file, what stands there and what in its place, and
# what is said of it.
FAULTS = {
    "barrier left out": ("trace", "forward", "    __syncthreads();\n    if", "    if",
                         "which nobody wrote"),
    "barrier in a branch": ("plain", "forward", "    __syncthreads();\n    if (!slice) {",
                            "    if (!slice) {\n      __syncthreads();", "__syncthreads"),
    "lanes without samples leave early": (
        "plain", "gather", "  sums.finish();", "  if (lane_number() > 9) return;\n  sums.finish();",
        "lanes that have ended"),
    "a collective in a branch": ("plain", "gather", "  sums.finish();",
                                 "  if (lane_number() < 9) sums.finish();\n  else __syncwarp();",
                                 "lanes that have ended"),
    "a collective with half a mask": (
        "plain", "forward", "__ballot_sync(ALL, (int32_t)row[lane] >",
        "__ballot_sync(0xFFFFu, (int32_t)row[lane] >", "not in its own mask"),
    "bins not cleared": ("trace", "sums", "store(bins + at, Four{});", ";", "which nobody wrote"),
    "bins added before all are full": ("trace", "sums", "    __syncwarp(row_mask());\n    int lane",
                                       "    int lane", "race in"),
    "bins of two lanes": ("trace", "sums", "& 63) * LANES + lane_number()]",
                          "& 63) * LANES + lane_number() / 2]",
                          "race in"),
    "rows of two warps": ("trace", "gather", "rows + (uint64_t)input * samples",
                          "rows + (uint64_t)(input / 2) * samples", "race in gather_rows"),
    "one tile too many": ("asan", "sums", "sample < samples; sample += TILE",
                          "sample <= samples; sample += TILE", "heap-buffer-overflow"),
    "half the shared memory": ("asan", "sums", "? ROWS * LANES *", "? ROWS / 2 * LANES *",
                               "heap-buffer-overflow"),
    "an edge too many": ("plain", "gather", "bool two = at + 1 < end;", "bool two = at < end;",
                         "differs from C++"),
    "a reader too many": ("asan", "gather", "at < end; ++at) {", "at <= end; ++at) {",
                          "heap-buffer-overflow"),
    "a vector at an odd place": ("plain", "gather", "Four g = load(from_a + tile * TILE)",
                                 "Four g = load(from_a + tile * 63)",
                                 "not a multiple"),
    "a block too large": ("plain", "rows", "THREADS = 256", "THREADS = 2048", "is refused"),
    "too much shared memory": ("plain", "sums", "? ROWS * LANES *", "? 8 * ROWS * LANES *",
                               "is refused"),
    "the device of another": ("plain", "kernels", "if (before != device) cudaSetDevice(device);",
                              "", "is launched on device 1"),
    "the device left": ("plain", "kernels", "if (before != device) cudaSetDevice(before);", "",
                        "leaves another device behind"),
    "the wrong pin": ("plain", "gather", "(pin ? t.z : t.y)", "(pin ? t.y : t.z)",
                      "differs from C++"),
    "a pool that takes all": ("plain", "gather", "own & ~others", "own", "differs from C++"),
    "samples past 32": ("plain", "rows", "bits.x + sample / 32 * 4", "bits.x", "differs from C++"),
    "signed bytes": ("plain", "kernels", "(const uint8_t *)codes", "(const int8_t *)codes",
                     "differs from C++"),
    "the noise of a neighbour": ("plain", "tables", "(uint32_t)at.quad,", "(uint32_t)at.quad + 1,",
                                 "differs from C++"),
    "gradients cut, not rounded": (
        "plain", "rows", "both.pair = __floats2bfloat162_rn(low, high);\n  return both.bits;",
        "return bits_of(low) >> 16 | (bits_of(high) & 0xFFFF0000u);", "differs from C++"),
    "a division that is off": ("plain", "rows", "+ by - 1) / by)", ") / by)", "differs from C++"),
    "counts that are not cleared": ("plain", "kernels", "cudaMemsetAsync(counts, 0,",
                                    "cudaMemsetAsync(counts, 1,", "differs from C++"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("flavour", ["asan", "trace"])
def test_cuda_source_has_no_fault_that_a_sanitizer_sees(flavour):
    done = check(MODULE, compiler.SOURCES, flavour, 30)
    assert not done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_cuda_source_is_found(fault, tmp_path, monkeypatch):
    flavour, name, old, new, said = FAULTS[fault]
    sources = tmp_path / "csrc"
    shutil.copytree(compiler.SOURCES, sources)
    path = sources / "kernels.cu" if name == "kernels" else sources / "cuda" / f"{name}.cuh"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    monkeypatch.setenv("LGN_EMULATOR_CACHE", str(tmp_path))
    done = check(MODULE, sources, flavour, 6)
    assert done.returncode
    assert said in done.stdout + done.stderr
