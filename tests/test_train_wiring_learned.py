"""Learned wiring: pins choose like gates, on packed words as in float."""

import itertools
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lgn_train import GroupSum, LogicConv2d, LogicDense, Recipe, export_model, fit_thermometer
from lgn_train.data import load_digits
from lgn_train.encoding import fitted_encoder
from lgn_train.export import check_equal
from lgn_train.layers import LogicLayer
from lgn_train.loop import Trainer
from lgn_train.model import build_model
from lgn_train.wiring import LearnedWiring

INPUTS = 120


def network(parametrization="raw", fan_in=2, estimator="gumbel_st", candidates=5, **options):
    widths = (INPUTS, 50, 41, 30)
    layers = [
        LogicDense(a, b, fan_in, parametrization, estimator, candidates=candidates, seed=i,
                   init="gaussian", temperature=0.7, **options)
        for i, (a, b) in enumerate(itertools.pairwise(widths))
    ]  # fmt: skip
    for i, layer in enumerate(layers):
        drawn = torch.randn(layer.learned.logits.shape, generator=torch.Generator().manual_seed(i))
        with torch.no_grad():
            layer.learned.logits[..., :candidates] += drawn[..., :candidates]
    return nn.Sequential(*layers, GroupSum(3, tau=3.0))


def results(model, x, y):
    x = x.clone().requires_grad_()
    out = model(x)
    F.cross_entropy(out, y, reduction="sum").backward()
    return [out.detach(), x.grad, *(p.grad for p in model.parameters())]


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(
    ("make", "shape"),
    [(partial(LogicDense, INPUTS, 60), (INPUTS,)), (partial(LogicConv2d, 3, 9, 3), (3, 7, 7))],
    ids=["dense", "convolution"],
)
def test_weight_decay_lets_no_pin_read_a_place_without_a_candidate(
    make, shape, packed, monkeypatch
):
    """After some thousand steps of it the spare places had the highest logits."""
    if not packed:
        monkeypatch.setattr(LogicLayer, "why_not_kernels", lambda layer: ["forbidden"])
    layer = make(candidates=3, seed=0)
    logits = layer.learned.logits
    with torch.no_grad():
        logits *= 1e-12
        logits[..., :3] -= 5
    optimizer = torch.optim.AdamW([logits], lr=0.1, weight_decay=0.1)
    for _ in range(3):
        picked = layer._kernel_picks(layer.learned) if packed else layer._picks(layer.learned)
        for picks in (picked, layer.learned.likeliest()):
            assert picks.index.max() < 3
        assert picked.shares[..., 3:].max() < 1e-30
        optimizer.zero_grad()
        layer((torch.rand(70, *shape) > 0.5).float()).sum().backward()
        assert logits.grad.isfinite().all()
        assert not logits.grad[..., 3:].any()
        optimizer.step()


@pytest.mark.parametrize("batch", [1, 70, 130])
@pytest.mark.parametrize("candidates", [2, 5, 16])
@pytest.mark.parametrize("input_gradient", ["soft", "hard"])
@pytest.mark.parametrize("estimator", ["gumbel_st", "hard_st", "cage"])
@pytest.mark.parametrize(("parametrization", "fan_in"), [("raw", 2), ("light", 3), ("walsh", 6)])
def test_packed_learned_wiring_is_the_float_reference(
    parametrization, fan_in, estimator, input_gradient, candidates, batch, monkeypatch
):
    options = (parametrization, fan_in, estimator, candidates)
    generator = torch.Generator().manual_seed(9)
    x = (torch.rand(batch, INPUTS, generator=generator) > 0.5).float()
    y = torch.arange(batch) % 3
    packed = results(network(*options, input_gradient=input_gradient), x, y)
    monkeypatch.setattr(LogicLayer, "why_not_kernels", lambda layer: ["forbidden"])
    reference = results(network(*options, input_gradient=input_gradient), x, y)
    assert torch.equal(packed[0], reference[0])
    for ours, theirs in zip(packed[1:], reference[1:], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5 * float(theirs.abs().max()))


def test_learned_wiring_gives_the_logits_the_gradient_of_the_mixture():
    """The value is that of the picked input, the gradient of the logits that of the mixture."""
    wiring = LearnedWiring(torch.tensor([[[0, 1, 2]]]), 3)
    with torch.no_grad():
        wiring.logits[0, 0, :3] = torch.tensor([0.0, 2.0, 1.0])
    x = torch.tensor([[0.0, 1.0], [1.0, 1.0], [0.0, 1.0]], requires_grad=True)  # [inputs, batch]
    picks = wiring.picks(torch.tensor(0), torch.tensor(0), 1.0, noisy=False)
    pins = wiring.pins(x, picks)
    assert pins.tolist() == [[1.0, 1.0]]
    pins[0, 0].backward()
    shares = torch.softmax(torch.tensor([0.0, 2.0, 1.0]), 0)
    expected = shares * (torch.tensor([0.0, 1.0, 0.0]) - shares[1])
    torch.testing.assert_close(wiring.logits.grad[0, 0, :3], expected)
    assert not wiring.logits.grad[0, 0, 3:].any()
    assert x.grad.tolist() == [[0, 0], [1, 0], [0, 0]]


def test_learned_wiring_offers_each_pin_other_candidates():
    layer = LogicDense(INPUTS, 60, fan_in=3, parametrization="light", candidates=8, seed=1)
    offered = layer.learned.candidates[..., :8].flatten(1)
    assert all(len(set(row)) == 24 for row in offered.tolist())
    assert (layer.learned.candidates[..., 8:] == -1).all()


WIRED = {
    "name": "wired",
    "data": {"source": "digits"},
    "model": {"layers": [100], "fan_in": 4, "parametrization": "light", "candidates": 6,
              "estimator": "hard_st", "tau": 3.0},
    "train": {"epochs": 4, "learning_rate": 0.1},
}  # fmt: skip


def test_learned_wiring_trains_resumes_and_is_exported():
    recipe, data = Recipe.of(WIRED, "test"), load_digits()
    encoder = fitted_encoder(recipe, data)
    trainer = Trainer(build_model(recipe, encoder, 10), recipe, data)
    before = trainer.model[1].wired().indices.clone()
    for _ in range(3):
        trainer.run_epoch()
    assert not torch.equal(trainer.model[1].wired().indices, before)
    other = Trainer(build_model(recipe, encoder, 10), recipe, data)
    other.restore(trainer.step, trainer.tensors())
    for ours, theirs in zip(
        trainer.model.state_dict().values(), other.model.state_dict().values(), strict=True
    ):
        assert torch.equal(ours, theirs)
    assert trainer.run_epoch()["loss"] == other.run_epoch()["loss"]
    classifier = export_model(trainer.model.eval(), data.classes)
    check_equal(classifier, trainer.model, data.x_test)
    assert (classifier.predict(data.x_test) == data.y_test).mean() > 0.7


@pytest.mark.parametrize("candidates", [5, 16])
def test_redraw_exchanges_the_less_likely_half(candidates):
    layer = LogicDense(300, 40, 3, "light", candidates=candidates, seed=2)
    learned, kept = layer.learned, (candidates + 1) // 2
    with torch.no_grad():
        drawn = torch.randn(learned.logits.shape, generator=torch.Generator().manual_seed(1))
        learned.logits[..., :candidates] = drawn[..., :candidates]
    before, logits = learned.candidates.clone(), learned.logits.detach().clone()
    changed = learned.redraw(layer.seed, 7)
    assert changed.sum() > 0.7 * 40 * 3 * (candidates - kept)  # some draws are offered already
    assert torch.equal(changed, learned.candidates != before)
    assert torch.equal(learned.logits[~changed], logits[~changed])
    best = logits[..., :candidates].topk(kept, dim=2)
    assert not changed.gather(2, best.indices).any()
    start = best.values.mean(dim=2, keepdim=True).expand_as(logits) - 1.0
    torch.testing.assert_close(learned.logits[changed], start[changed])
    offered = learned.candidates[..., :candidates].flatten(1)
    assert all(len(set(row)) == 3 * candidates for row in offered.tolist())
    assert (offered >= 0).all()
    assert (offered < 300).all()


def test_redraw_is_a_function_of_seed_and_step():
    layers = [LogicDense(INPUTS, 20, candidates=6, seed=3) for _ in range(3)]
    for layer, step in zip(layers, (5, 5, 6), strict=True):
        layer.learned.redraw(layer.seed, step)
    first, same, other = (layer.learned.candidates for layer in layers)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_redraw_changes_nothing_where_a_node_is_offered_every_input():
    layer = LogicDense(8, 10, fan_in=2, candidates=4, seed=0)
    assert not layer.learned.redraw(layer.seed, 1).any()


def test_trainer_redraws_in_the_first_part_and_forgets_the_momentum():
    recipe, data = (
        Recipe.of(WIRED, "test", ["train.epochs=1", "train.redraw_every=2"]),
        load_digits(),
    )
    trainer = Trainer(build_model(recipe, fitted_encoder(recipe, data), 10), recipe, data)
    learned, redrawn = trainer.model[1].learned, []
    while not trainer.epoch:
        before = learned.candidates.clone()
        trainer.run_step()
        changed = learned.candidates != before
        if changed.any():
            redrawn.append(trainer.step)
            state = trainer.optimizer.state[learned.logits]
            assert not state["exp_avg"][changed].any()
            assert not state["exp_avg_sq"][changed].any()
            assert state["exp_avg"][~changed].any()
    assert trainer.step == 12
    assert redrawn == [2, 4, 6, 8]


def test_training_with_redraws_resumes_bit_for_bit():
    recipe, data = (
        Recipe.of(WIRED, "test", ["train.epochs=2", "train.redraw_every=3"]),
        load_digits(),
    )
    encoder = fitted_encoder(recipe, data)
    trainer = Trainer(build_model(recipe, encoder, 10), recipe, data)
    for _ in range(4):
        trainer.run_step()
    other = Trainer(build_model(recipe, encoder, 10), recipe, data)
    other.restore(trainer.step, trainer.tensors(), trainer.loss_sum)
    assert trainer.run_epoch()["loss"] == other.run_epoch()["loss"]
    assert trainer.run_epoch()["loss"] == other.run_epoch()["loss"]
    assert torch.equal(trainer.model[1].learned.candidates, other.model[1].learned.candidates)


@pytest.mark.parametrize("count", [1, 17])
def test_learned_wiring_rejects_a_number_of_candidates(count):
    with pytest.raises(
        ValueError, match=rf"^candidates must be 2 to 16, or 0 for none, not {count}$"
    ):
        LogicDense(20, 4, candidates=count)


def test_learned_wiring_deals_its_candidates_itself():
    with pytest.raises(
        TypeError,
        match=r"^candidates are dealt by wiring 'random' or 'structured', not a tensor$",
    ):
        LogicDense(4, 2, wiring=torch.tensor([[0, 1], [2, 3]]), candidates=2)


def test_learned_wiring_of_an_image_stays_near():
    from lgn_hw.features import Features
    from lgn_train import Geometry

    codes = torch.randint(0, 16, (50, 64)).numpy()
    encoder = fit_thermometer(Features.integers([0] * 64, [15] * 64), codes, levels=2)
    geometry = Geometry.of_encoder(encoder, (1, 8, 8))
    layer = LogicDense(
        encoder.num_bits, 128, candidates=4, wiring="structured", geometry=geometry,
        radius=1.0, seed=0,
    )  # fmt: skip
    places = geometry.spread(128, 0)
    rows = geometry.row[layer.learned.candidates[..., :4].long()].double()
    assert (rows - places.row.double()[:, None, None]).abs().mean() < 1.5
