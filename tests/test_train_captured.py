"""Steps captured as a graph: they train as steps that are launched one by one."""

import numpy as np
import pytest
import torch
from test_train_loop import dataset, recipe

from lgn_train import fit_thermometer, loop
from lgn_train.captured import EAGER_STEPS, CapturedStep, why_not_captured
from lgn_train.distributed import World
from lgn_train.loop import Trainer
from lgn_train.model import build_model

torch.set_num_threads(1)


class Recorded:
    """Graphs without a GPU: to replay is to run again, from and to the same memory."""

    def __init__(self, device=None):
        self.captures = self.replays = 0

    def aside(self, step):
        return step()

    def capture(self, step):
        self.captures += 1
        loss = torch.zeros(())

        def replay():
            self.replays += 1
            loss.copy_(step())

        return replay, loss


class Refusing(Recorded):
    def capture(self, step):
        raise RuntimeError("operation not permitted when stream is capturing")


def trainer(*changes):
    data = dataset()
    spec = fit_thermometer(data.features, data.x_train, 7)
    chosen = recipe("train.epochs=4", *changes)
    return Trainer(build_model(chosen, spec, 2), chosen, data)


@pytest.fixture
def captured(monkeypatch):
    """A function that makes trainers capture their steps, in graphs of a kind."""

    def use(graphs):
        monkeypatch.setattr(loop, "why_not_captured", lambda *_: [])
        monkeypatch.setattr(loop, "CudaGraphs", lambda device: graphs)
        return graphs

    return use


def same_tensors(first, second):
    ours, theirs = first.tensors(), second.tensors()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[n], theirs[n]) for n in ours)


@pytest.mark.parametrize("changes", [(), ("model.candidates=4", "train.redraw_every=2")])
def test_captured_steps_train_as_others_do(changes, captured):
    eager = trainer(*changes)
    lines = [eager.run_epoch() for _ in range(4)]
    graphs = captured(Recorded())
    ours = trainer(*changes)
    assert [ours.run_epoch()["loss"] for _ in range(4)] == [line["loss"] for line in lines]
    assert same_tensors(eager, ours)
    # Of three steps an epoch the last one is of another size.
    assert (graphs.captures, graphs.replays) == (1, 4 * 2 - EAGER_STEPS)


def test_captured_steps_begin_anew_after_a_restore(captured):
    graphs = captured(Recorded())
    first, second = trainer(), trainer()
    for _ in range(7):
        first.run_step()
        second.run_step()
    saved = {name: tensor.clone() for name, tensor in first.tensors().items()}
    first.restore(first.step, saved, first.loss_sum)
    for _ in range(5):
        assert first.run_step() == second.run_step()
    assert same_tensors(first, second)
    assert graphs.captures >= 2


def test_a_capture_that_is_refused_is_said_once(captured, capsys):
    captured(Refusing())
    ours = trainer()
    ours.run_epoch()
    ours.run_epoch()
    said = capsys.readouterr().err
    assert said.count("note: training steps are launched one by one: operation not permitted") == 1


def test_captured_step_copies_its_samples():
    seen = []
    step = CapturedStep(lambda s: seen.append(s.data_ptr()) or s.sum().float(), 2, Recorded())
    batches = [torch.tensor([i, 1]) for i in range(6)]
    assert [float(step(batch)) for batch in batches] == [1, 2, 3, 4, 5, 6]
    assert len(set(seen)) == 1
    assert float(step(torch.tensor([9]))) == 9
    assert len(set(seen)) == 2


def test_why_not_captured_names_each_reason_once():
    model = trainer("model.estimator=cage").model
    reasons = why_not_captured(model, torch.device("cpu"), World(0, 2))
    assert reasons == [
        "only CUDA has graphs",
        "gradients are summed over ranks in each step",
        "estimator 'cage' reads its confidence on the host",
    ]


def test_a_loss_that_is_no_number_is_found_later_with_its_step():
    from lgn_hw.errors import CheckFailed
    from lgn_train.losses import Losses

    losses = Losses(torch.device("cpu"))
    losses._every = 4
    for step, loss in enumerate([1.0, np.nan, np.inf]):
        losses.add(torch.tensor(loss, dtype=torch.float64), step, 10)
    with pytest.raises(CheckFailed, match=r"^The loss is nan at step 1; lower train\.learning_"):
        losses.add(torch.tensor(1.0, dtype=torch.float64), 3, 10)
