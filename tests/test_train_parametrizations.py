"""Parametrisations: tables from logits, in LUT-INIT order, and their entropies."""

import itertools
import math

import pytest
import torch

from lgn_train.parametrizations import INITS, PARAMETRIZATIONS
from lgn_train.rng import Stream, uniform

torch.set_num_threads(1)  # the tensors are small, and pytest-xdist takes the cores

CASES = [("raw", 2)] + [(name, k) for name in ("light", "walsh") for k in (2, 3, 4, 6)]
PASS_0 = {k: [float(j & 1) for j in range(1 << k)] for k in (2, 3, 4, 6)}


def probabilities_of_tables(name, logits, fan_in):
    """Return {table: probability} of one node, by the definition."""
    tables = PARAMETRIZATIONS[name]
    if name == "raw":
        return dict(enumerate(torch.softmax(logits, 0).tolist()))
    p = torch.sigmoid(tables.scores(logits[None]))[0].tolist()
    found = {}
    for bits in itertools.product((0, 1), repeat=1 << fan_in):
        table = sum(bit << j for j, bit in enumerate(bits))
        found[table] = math.prod(q if bit else 1 - q for q, bit in zip(p, bits, strict=True))
    return found


def test_raw_soft_table_mixes_the_sixteen_gates():
    logits = torch.randn(5, 16, generator=torch.Generator().manual_seed(0))
    soft = PARAMETRIZATIONS["raw"].soft(logits, 0.7)
    p = torch.softmax(logits / 0.7, dim=1)
    for j in range(4):
        expected = sum(p[:, gate] for gate in range(16) if gate >> j & 1)
        torch.testing.assert_close(soft[:, j], expected)


@pytest.mark.parametrize("gate", range(16))
def test_raw_hard_table_is_the_gate_of_the_greatest_logit(gate):
    logits = torch.zeros(1, 16)
    logits[0, gate] = 1
    table = PARAMETRIZATIONS["raw"].hard(logits)[0]
    assert sum(int(bit) << j for j, bit in enumerate(table)) == gate


def test_raw_hard_table_takes_the_lowest_gate_on_a_tie():
    assert PARAMETRIZATIONS["raw"].hard(torch.zeros(1, 16)).tolist() == [[0, 0, 0, 0]]


def test_walsh_scores_are_sums_over_parities():
    coefficients = torch.randn(4, 8, generator=torch.Generator().manual_seed(1))
    scores = PARAMETRIZATIONS["walsh"].scores(coefficients)
    for j in range(8):
        signs = torch.tensor([(-1.0) ** (s & j).bit_count() for s in range(8)])
        torch.testing.assert_close(scores[:, j], (coefficients * signs).sum(dim=1))


@pytest.mark.parametrize(("name", "fan_in"), CASES)
def test_residual_init_passes_input_0(name, fan_in):
    tables = PARAMETRIZATIONS[name]
    scores = tables.scores(tables.initial("residual", 3, fan_in, 0))
    assert tables.hard(scores).tolist() == [PASS_0[fan_in]] * 3
    assert torch.all((tables.soft(scores, 1.0) - torch.tensor(PASS_0[fan_in])).abs() < 0.12)


@pytest.mark.parametrize(("name", "fan_in"), CASES)
def test_gaussian_init_has_standard_normal_scores(name, fan_in):
    tables = PARAMETRIZATIONS[name]
    scores = tables.scores(tables.initial("gaussian", 4000, fan_in, 1))
    assert scores.shape == (4000, tables.num_logits(fan_in))
    assert float(scores.std()) == pytest.approx(1, rel=0.02)


@pytest.mark.parametrize(("name", "fan_in"), [("raw", 2), ("light", 2), ("walsh", 2), ("light", 3)])
@pytest.mark.parametrize("init", INITS)
def test_entropy_is_that_of_the_distribution_over_tables(name, fan_in, init):
    tables = PARAMETRIZATIONS[name]
    logits = tables.initial(init, 2, fan_in, 3)
    for node in range(2):
        p = probabilities_of_tables(name, logits[node], fan_in).values()
        expected = -sum(q * math.log(q) for q in p if q > 0)
        assert float(tables.entropy(logits)[node]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("name", "fan_in"), [("raw", 2), ("light", 2), ("walsh", 2)])
def test_noise_samples_tables_with_their_probabilities(name, fan_in):
    tables, nodes = PARAMETRIZATIONS[name], 60_000
    logits = 2 * uniform(4, 0, Stream.INIT, tables.num_logits(fan_in)) - 1
    scores = tables.scores(logits.repeat(nodes, 1))
    noise = tables.noise(scores.shape, torch.tensor(5), torch.tensor(6))
    sampled = (tables.hard(scores + noise) @ torch.tensor([1.0, 2.0, 4.0, 8.0])).long()
    found = torch.bincount(sampled, minlength=16) / nodes
    expected = probabilities_of_tables(name, logits, fan_in)
    assert max(abs(float(found[t]) - q) for t, q in expected.items()) < 0.01


def test_raw_rejects_other_fan_ins():
    message = "^parametrization 'raw' needs fan_in 2, not 3; use 'light' or 'walsh'$"
    with pytest.raises(ValueError, match=message):
        PARAMETRIZATIONS["raw"].num_logits(3)


@pytest.mark.parametrize("name", PARAMETRIZATIONS)
def test_initial_rejects_unknown_inits(name):
    with pytest.raises(ValueError, match=r"^init must be one of residual, gaussian, not 'zeros'$"):
        PARAMETRIZATIONS[name].initial("zeros", 1, 2, 0)
