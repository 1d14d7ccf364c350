"""Philox4x32-10: the published words, and numbers that depend on their arguments alone."""

import pytest
import torch

from lgn_train.rng import Stream, gumbel, logistic, normal, permutation, philox, uniform, words

ONES = 0xFFFF_FFFF
# Counter, key and words of Random123's known-answer file, philox 4x32, 10 rounds.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES,) * 4, (ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def tensors(values):
    return tuple(torch.tensor([value]) for value in values)


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_philox_gives_the_published_words(counter, key, expected):
    assert tuple(int(w) for w in philox(tensors(counter), tensors(key))) == expected


def test_words_put_seed_step_and_stream_into_key_and_counter():
    seed, step = 0x299F31D0_A4093822, 0x03707344_13198A2E
    counter = (0, int(Stream.WIRING), 0x13198A2E, 0x03707344)
    expected = philox(tensors(counter), tensors((0xA4093822, 0x299F31D0)))
    found = words(seed, step, Stream.WIRING, 3)
    assert found.tolist() == [int(w) for w in expected[:3]]


def test_words_take_tensors_and_do_not_depend_on_the_count():
    long = words(torch.tensor(7), torch.tensor(9), Stream.NOISE, 1001)
    assert torch.equal(words(7, 9, Stream.NOISE, 10), long[:10])
    assert int(long.min()) >= 0
    assert int(long.max()) <= ONES


@pytest.mark.parametrize(
    "changed", [(8, 9, Stream.NOISE), (7, 8, Stream.NOISE), (7, 9, Stream.INIT)]
)
def test_words_change_with_each_argument(changed):
    assert not torch.equal(words(7, 9, Stream.NOISE, 8), words(*changed, 8))


def test_uniform_stays_inside_the_open_interval():
    u = uniform(1, 0, Stream.NOISE, 200_000)
    assert float(u.min()) > 0
    assert float(u.max()) < 1
    assert torch.isfinite(gumbel(1, 0, Stream.NOISE, 200_000)).all()


@pytest.mark.parametrize(
    ("draw", "mean", "variance"),
    [(uniform, 0.5, 1 / 12), (gumbel, 0.5772, 1.6449), (logistic, 0.0, 3.2899), (normal, 0.0, 1.0)],
)
def test_distributions_have_their_moments(draw, mean, variance):
    values = draw(3, 0, Stream.NOISE, 200_000)
    assert float(values.mean()) == pytest.approx(mean, abs=0.02)
    assert float(values.var()) == pytest.approx(variance, rel=0.03)


def test_permutation_holds_each_number_once():
    order = permutation(5, 0, Stream.ORDER, 1000)
    assert sorted(order.tolist()) == list(range(1000))
    assert order.tolist() != list(range(1000))
