"""The engine on a GPU, without one: engine.cu on the CPU is the reference, bit for bit."""

import ctypes
import re
import shutil
import subprocess

import numpy as np
import pytest
from cuda_emulator.coverage import lines_not_executed
from cuda_emulator.inference import (
    MEANT,
    CudaInference,
    OnDevice,
    cases,
    differences,
    parts,
    random_case,
)
from hypothesis import given, settings
from strategies import classifiers

from lgn_hw import ClassifierError, Netlist, Thermometer, ToolError, ToolNotFound, UsageError
from lgn_hw.classifier import Classifier
from lgn_hw.compiler import find_nvcc
from lgn_hw.features import Features
from lgn_hw.inference import CudaEngine, Reference, cuda_engine, cuda_library
from lgn_hw.inference.classifier_struct import ClassifierStruct
from lgn_hw.inference.library import SOURCES
from lgn_hw.nvcc import nvcc_command

needs_gpu = pytest.mark.skipif(
    bool(cuda_library.why_not_cuda()), reason="; ".join(cuda_library.why_not_cuda())
)


@pytest.fixture(scope="module")
def source():
    return CudaInference("plain")


@pytest.fixture
def engine(source):
    classifier, codes = random_case(1, 130)
    with source.running():
        yield CudaEngine(*parts(classifier), device=MEANT), classifier, codes


def test_every_line_of_the_cuda_source_is_executed_and_is_the_reference():
    source = CudaInference("coverage")
    for number, (classifier, codes, shared) in enumerate(cases()):
        orders = (0, 1, 2) if number % 6 == 0 else (0,)
        assert not differences(classifier, codes, source, shared, orders)
    failures(source)
    assert not lines_not_executed(source.path, source.library)


def failures(source):
    """What CUDA refuses, on the host's side."""
    classifier, codes = random_case(1, 70)
    with source.running():
        engine = CudaEngine(*parts(classifier), device=MEANT)
        wrong = np.array(codes, np.int32)
        wrong[69, 3] = 256
        with pytest.raises(ClassifierError):
            engine.predict(wrong)
        resident = OnDevice(source, codes)
        assert engine.predict(resident).shape == (70,)
        resident.free()
        with pytest.raises(ToolError, match=r"failed on cuda:9: CUDA error 101"):
            CudaEngine(*parts(classifier), device=9)
        too_many = ClassifierStruct(nodes=1 << 60)
        assert source.lgn_cuda_build(ctypes.byref(too_many), MEANT, None) == cuda_engine.NO_MEMORY
        source.library.emu_set_left_until_full(0)
        with pytest.raises(MemoryError):
            CudaEngine(*parts(classifier), device=MEANT)
        source.library.emu_set_left_until_full(-1)


@settings(max_examples=25, deadline=None)
@given(classifiers())
def test_cuda_engine_is_the_reference(source, classifier):
    features = classifier.features
    rng = np.random.default_rng(0)
    codes = rng.integers(features.low, features.high, (70, len(features)), endpoint=True)
    assert not differences(classifier, codes, source, orders=(0,))


def test_cuda_engine_evaluates_every_table_of_three_inputs(source):
    fanin = np.tile([2, 3, 4, 0, 0, 0], (256, 1))
    netlist = Netlist(3, fanin, np.arange(256, dtype=np.uint64), np.arange(5, 261))
    encoder = Thermometer(Features.integers([0] * 3, [1] * 3), [0, 1, 2], [0, 0, 0])
    names = [str(c) for c in range(256)]
    classifier = Classifier(encoder, netlist, np.arange(256), 1.0, names)
    assert not differences(classifier, np.array(list(np.ndindex(2, 2, 2))), source, orders=(0,))


def test_cuda_engine_takes_samples_batch_by_batch(engine, monkeypatch):
    made, classifier, codes = engine
    monkeypatch.setattr(cuda_engine, "BATCH_BYTES", 50 * 70)
    expected = Reference(*parts(classifier)).scores(codes)
    assert np.array_equal(made.scores(codes), expected)
    assert np.array_equal(made.predict(codes), expected.argmax(axis=1))
    wrong = codes.astype(np.int32)
    wrong[[90, 120], 7] = -1
    with pytest.raises(ClassifierError, match=r"Sample 90, feature 'x7' must be 0 to 255, not -1$"):
        made.predict(wrong)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_cuda_engine_reads_codes_on_the_device(engine, source, dtype):
    made, classifier, codes = engine
    resident = OnDevice(source, codes.astype(dtype))
    assert np.array_equal(made.scores(resident), classifier.scores(codes))
    resident.free()


def test_cuda_engine_rejects_arrays_that_it_cannot_read_where_they_lie(engine, source):
    made, _, codes = engine
    for change, rule in (
        ({"shape": (130, 69)}, r"shape \(samples, 70\), not \(130, 69\)"),
        ({"typestr": "<f4"}, r"must be of uint8, int32, int64, not float32"),
        ({"strides": (1, 70)}, r"row by row, not with strides \(1, 70\)"),
        ({"data": (codes.ctypes.data, False)}, r"must be on cuda:0.* move them"),
    ):
        resident = OnDevice(source, codes)
        resident.__cuda_array_interface__ |= change
        with pytest.raises(ClassifierError, match=rule):
            made.predict(resident)
        resident.free()


@pytest.mark.parametrize(("low", "high", "value"), [(0, 16, 17), (3, 16, 2), (0, 16, 200)])
def test_cuda_engine_rejects_codes_out_of_range(source, low, high, value):
    classifier, codes = random_case(1, 70, low, high)
    codes[69, 1] = value
    rule = f"Sample 69, feature 'x1' must be {low} to {high}, not {value}"
    with source.running(), pytest.raises(ClassifierError, match=rf"^{rule}$"):
        CudaEngine(*parts(classifier), device=MEANT).scores(codes)


def test_cuda_engine_gives_its_memory_back(source):
    before = source.library.emu_allocated()
    classifier, codes = random_case(1, 70)
    with source.running(3 << 10):
        made = CudaEngine(*parts(classifier), device=MEANT)
        made.predict(codes)
        assert source.library.emu_allocated() == before + 5
        del made
    assert source.library.emu_allocated() == before


def test_classifier_runs_on_the_device_that_it_is_told(source):
    classifier, codes = random_case(1, 130)
    with source.running():
        for name in ("cuda", f"cuda:{MEANT}"):
            assert isinstance(classifier.engine_on(name), CudaEngine)
            assert np.array_equal(
                classifier.engine_on(name).scores(codes), classifier.scores(codes)
            )
    for name in ("gpu", "cuda:", "cuda:-1", "cpu:0"):
        with pytest.raises(UsageError, match=rf"must be cpu, cuda or cuda:NUMBER, not '{name}'"):
            classifier.engine_on(name)


def test_cuda_engine_takes_no_samples(engine):
    made, _, codes = engine
    assert made.predict(codes[:0]).shape == (0,)
    assert made.scores(codes[:0]).shape == (0, 10)


def test_cuda_library_says_where_there_is_no_driver(monkeypatch):
    monkeypatch.setattr(cuda_library, "DRIVERS", ("libno-such-driver.so",))
    with pytest.raises(ToolNotFound, match=r"libno-such-driver\.so was not found; classify on"):
        cuda_library.cuda_library.__wrapped__(0)


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not installed")
@pytest.mark.parametrize("architecture", [90, pytest.param(80, marks=pytest.mark.slow)])
def test_cuda_engine_compiles_without_spills(architecture, tmp_path):
    target = tmp_path / "engine.so"
    command = nvcc_command(find_nvcc(), architecture, SOURCES / "engine.cu")
    done = subprocess.run(
        [*command, "-Xptxas", "-v", "-o", str(target)], capture_output=True, text=True, check=True
    )
    memory = re.findall(r"(\d+) bytes (stack frame|spill stores|spill loads)", done.stderr)
    assert len(memory) == 12
    assert {size for size, _ in memory} == {"0"}


@needs_gpu
@pytest.mark.gpu
def test_engine_on_a_gpu_is_the_reference():
    torch = pytest.importorskip("torch")
    for classifier, codes, _ in cases():
        expected = Reference(*parts(classifier)).scores(codes)
        made = CudaEngine(*parts(classifier))
        assert np.array_equal(made.scores(codes), expected)
        assert np.array_equal(made.predict(codes), expected.argmax(axis=1))
        assert np.array_equal(made.scores(torch.from_numpy(codes).cuda()), expected)
