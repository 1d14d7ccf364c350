"""LogicNetlist: the netlist it is made of, on the kernels as in floats, and what it learns."""

import numpy as np
import pytest
import torch
from test_shrink_sampled_net import random_net
from torch import nn

from lgn_hw import Netlist
from lgn_hw.passes.optimize import optimize_classifier
from lgn_train import GroupSum, ThermometerLayer, export_model, mode
from lgn_train.layers import LogicNetlist

torch.set_num_threads(1)  # the tensors are small, and pytest-xdist takes the cores


def made(net, **options):
    """Return a random net of many levels and fan-ins, the model of it, and samples."""
    classifier, codes, _ = random_net(net, nodes=60, outputs=24)
    small = optimize_classifier(classifier)[0]
    layer = LogicNetlist(small.netlist, small.group, small.num_classes, **options)
    head = GroupSum(small.num_classes, small.tau)
    model = nn.Sequential(ThermometerLayer(small.encoder), layer, head)
    return classifier, model, torch.from_numpy(codes)


@pytest.mark.parametrize("parametrization", ["light", "walsh"])
@pytest.mark.parametrize("seed", range(4))
def test_logic_netlist_is_at_first_the_netlist_it_is_made_of(seed, parametrization):
    classifier, model, codes = made(seed, parametrization=parametrization)
    scores = torch.from_numpy(classifier.scores(codes.numpy()))
    for training in (False, True):  # hard_st adds no noise
        found = model.train(training)(codes) * classifier.tau
        assert torch.equal(found.detach().round().int(), scores)
    exported = export_model(model.eval(), classifier.classes)
    assert (exported.scores(codes.numpy()) == scores.numpy()).all()
    assert exported.group_sizes == optimize_classifier(classifier)[0].group_sizes


@pytest.mark.parametrize("estimator", ["hard_st", "gumbel_st", "cage", "soft", "soft_gumbel"])
@pytest.mark.parametrize("seed", range(3))
def test_logic_netlist_runs_on_the_kernels_as_in_floats(seed, estimator, monkeypatch):
    found = []
    for reasons in ([], ["to be compared"]):
        _, model, codes = made(seed, estimator=estimator, seed=7)
        if model[1].why_not_kernels():
            pytest.skip("there is no compiler")
        monkeypatch.setattr(LogicNetlist, "why_not_kernels", lambda layer, r=reasons: r)
        scores = model.train()(codes)
        (scores**2).sum().backward()
        found.append((scores.detach(), model[1].logits.grad))
        monkeypatch.undo()
    (ours, our_slope), (reference, slope) = found
    assert torch.allclose(ours, reference, atol=1e-5)
    assert torch.allclose(our_slope, slope, atol=1e-4 * float(slope.abs().max()))


def test_logic_netlist_learns_gates_by_name_where_nodes_have_two_inputs():
    nand, inverter = 0b0111, 0b01
    nets = Netlist(2, [[2, 3, 0, 0, 0, 0], [4, 0, 0, 0, 0, 0]], [nand, inverter], [4, 5, 5, 1])
    layer = LogicNetlist(nets, np.array([1, 0, 1, 0]), 2, parametrization="raw").eval()
    x = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    # By class: AND and constant 1; NAND and AND.
    assert layer(x).tolist() == [[0, 1, 1, 0], [0, 1, 1, 0], [1, 1, 0, 1]]
    with torch.no_grad():
        layer.logits[0] = layer.logits[0].roll(1)  # the next gate: 0b1000, AND
    assert layer(x).tolist() == [[1, 1, 0, 1], [1, 1, 0, 1], [0, 1, 1, 0]]
    with mode(layer, "soft"):
        assert not torch.equal(layer(x), layer(x).round())


def test_logic_netlist_pads_classes_with_fewer_votes():
    nets = Netlist(1, [[2, 0, 0, 0, 0, 0]], [0b01], [3, 2, 3])
    layer = LogicNetlist(nets, np.array([2, 2, 0]), 3).eval()
    assert layer.out_features == 6
    assert layer(torch.ones(1, 1)).tolist() == [[0, 0, 0, 0, 0, 1]]
    assert layer.voting.tolist() == [True, False, False, False, True, True]


@pytest.mark.parametrize(
    ("nets", "options", "message"),
    [
        (Netlist(1, np.zeros((0, 6), int), [], [2]), {}, "must have a node"),
        (Netlist(1, [[1, 2, 0, 0, 0, 0]], [0b0111], [3]), {}, "reads a constant.*fold_constants"),
        (Netlist(3, [[2, 3, 4, 0, 0, 0]], [1], [5]), {"parametrization": "raw"}, "not 3; use"),
        (Netlist(1, [[2, 0, 0, 0, 0, 0]], [1], [3]), {"certainty": 0.0}, "certainty must be"),
    ],
)
def test_logic_netlist_rejects_what_it_cannot_train(nets, options, message):
    with pytest.raises(ValueError, match=message):
        LogicNetlist(nets, np.array([0]), 2, **options)
