"""The CUDA kernels: they compile, and on a GPU they are the C++ kernels."""

import re
import shutil
import subprocess

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lgn_hw.compiler import find_nvcc
from lgn_hw.nvcc import nvcc_command
from lgn_train import GroupSum, LogicDense, ThermometerLayer, fit_thermometer
from lgn_train.packed import why_not_cuda
from lgn_train.packed.compiler import SOURCES

needs_gpu = pytest.mark.skipif(bool(why_not_cuda()), reason="; ".join(why_not_cuda()))
NODES = [("raw", 2), ("light", 2), ("walsh", 3), ("light", 4), ("walsh", 6)]


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not installed")
@pytest.mark.parametrize(
    "architecture", [90, *(pytest.param(n, marks=pytest.mark.slow) for n in (75, 80))]
)
def test_cuda_kernels_compile_without_spills(architecture, tmp_path):
    library = tmp_path / "kernels.so"
    command = [
        *nvcc_command(find_nvcc(), architecture, SOURCES / "kernels.cu"),
        "-Xptxas",
        "-v",
        "-o",
        str(library),
    ]
    assert f"-gencode=arch=compute_{architecture},code=sm_{architecture}" in command
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    memory = re.findall(r"(\d+) bytes (stack frame|spill stores|spill loads)", done.stderr)
    assert len(memory) > 30
    assert {size for size, _ in memory} == {"0"}
    symbols = subprocess.run(
        ["nm", "-D", "--defined-only", str(library)], capture_output=True, text=True, check=True
    ).stdout
    names = {"choose_tables", "table_gradients", "forward", "backward", "count", "encode", "error"}
    assert names <= {line.split()[-1].removeprefix("lgn_") for line in symbols.splitlines()}


def test_why_not_cuda_names_what_is_missing():
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    assert why_not_cuda() == ("PyTorch finds no CUDA device (torch.cuda.is_available() is False)",)


@needs_gpu
@pytest.mark.gpu
@pytest.mark.parametrize("batch", [1, 64, 130, 300])
@pytest.mark.parametrize("estimator", ["gumbel_st", "hard_st"])
@pytest.mark.parametrize(("parametrization", "fan_in"), NODES)
def test_cuda_training_is_that_of_the_cpu(parametrization, fan_in, estimator, batch):
    """Tables and votes bit for bit, gradients to float tolerance."""
    generator = torch.Generator().manual_seed(1)
    x = (torch.rand(batch, 37, generator=generator) > 0.5).float()
    y, found = torch.arange(batch) % 3, []
    for device in ("cpu", "cuda"):
        options = {"parametrization": parametrization, "estimator": estimator, "init": "gaussian"}
        model = nn.Sequential(
            LogicDense(37, 50, fan_in, seed=1, **options),
            LogicDense(50, 30, fan_in, seed=2, **options),
            GroupSum(3, 3.0),
        ).to(device)
        given = x.to(device).requires_grad_()
        out = model(given)
        F.cross_entropy(out, y.to(device), reduction="sum").backward()
        gradients = [given.grad, *(p.grad for p in model.parameters())]
        found.append((out.detach().cpu(), [g.cpu() for g in gradients]))
    (ours, our_gradients), (theirs, their_gradients) = found
    assert torch.equal(ours, theirs)
    for ours, theirs in zip(our_gradients, their_gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5 * float(theirs.abs().max()))


@needs_gpu
@pytest.mark.gpu
def test_cuda_thermometer_is_that_of_the_cpu():
    from lgn_hw.features import Features

    codes = torch.randint(0, 16, (130, 9), generator=torch.Generator().manual_seed(1))
    encoder = ThermometerLayer(
        fit_thermometer(Features.integers([0] * 9, [15] * 9), codes.numpy(), 5)
    )
    assert torch.equal(encoder.cuda()(codes.cuda()).dense().cpu(), encoder.cpu()(codes).dense())
