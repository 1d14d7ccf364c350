"""Threads: those of the kernels apart from those of torch, after a fork, and for a whole run."""

import multiprocessing
import sys

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lgn_train import GroupSum, LogicDense
from lgn_train.layers import LogicLayer
from lgn_train.packed.threads import kernel_threads, with_kernel_threads
from lgn_train.threads import threads_for


def network(estimator="gumbel_st", nodes=6000):
    return nn.Sequential(
        LogicDense(40, nodes, estimator=estimator, init="gaussian", seed=1),
        LogicDense(nodes, nodes, estimator=estimator, init="gaussian", seed=2),
        GroupSum(2, tau=9.0),
    )


def gradients(estimator):
    model = network(estimator)
    x = (torch.rand(300, 40, generator=torch.Generator().manual_seed(1)) > 0.5).float()
    F.cross_entropy(model(x), torch.arange(300) % 2).backward()
    return [parameter.grad for parameter in model.parameters()]


@pytest.fixture
def torch_threads():
    """Three threads of torch, and afterwards as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_threads_for_gives_the_kernels_what_torch_had(torch_threads):
    with threads_for(network(), 128):
        assert (torch.get_num_threads(), kernel_threads()) == (1, 3)
    assert (torch.get_num_threads(), kernel_threads()) == (3, 3)


@pytest.mark.parametrize(("nodes", "threads"), [(60, 1), (60_000, 3)])
def test_threads_for_float_layers_depends_on_their_size(nodes, threads, monkeypatch, torch_threads):
    monkeypatch.setattr(LogicLayer, "why_not_kernels", lambda layer: ["forbidden"])
    with threads_for(network(nodes=nodes), 128):
        assert torch.get_num_threads() == threads


@pytest.mark.parametrize("estimator", ["gumbel_st", "soft"])
def test_kernel_threads_change_no_bit(estimator):
    found = []
    for threads in (1, 2, 7):
        with with_kernel_threads(threads):
            found.append(gradients(estimator))
    for one, *others in zip(*found, strict=True):
        assert all(torch.equal(one, other) for other in others)


def votes(estimator):
    x = (torch.rand(300, 40, generator=torch.Generator().manual_seed(1)) > 0.5).float()
    with torch.no_grad(), with_kernel_threads(2):
        return network(estimator)(x).sum().item()


def in_child(estimator, results):
    torch.set_num_threads(1)  # torch's own threads do not live through a fork
    results.put(votes(estimator))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.parametrize("estimator", ["gumbel_st", "soft"])
def test_a_forked_child_goes_on_with_the_kernels(estimator):
    wanted = votes(estimator)
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    child = context.Process(target=in_child, args=(estimator, results))
    child.start()
    try:
        assert results.get(timeout=60) == wanted
    finally:
        child.join(10)
        child.kill()
