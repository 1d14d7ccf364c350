"""Devices: those that torch can use here, and what is said of the others."""

import pytest
import torch

from lgn_hw.errors import UsageError
from lgn_train.device import device_named


def test_device_is_that_of_torch():
    assert device_named("cpu") == torch.device("cpu")


def test_device_is_the_gpu_that_torchrun_means(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_named("cuda") == torch.device("cuda:0")
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert device_named("cuda") == torch.device("cuda:3")


def test_device_rejects_other_names():
    with pytest.raises(UsageError, match=r"^device must be one of cpu, cuda, not 'gpu'$"):
        device_named("gpu")


def test_device_rejects_a_gpu_that_is_not_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    message = r"^device 'cuda' needs a GPU that PyTorch can use, and PyTorch .* sees none; use"
    with pytest.raises(UsageError, match=message):
        device_named("cuda")
