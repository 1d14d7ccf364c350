"""Random numbers without state: Philox4x32-10, a function of (seed, step, stream, position).

Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3 (SC 2011). The words are integers, and
the logarithms taken of them are additions, multiplications and divisions in a stated order, each
rounded on its own: numbers are equal bit for bit on every device, in the compiled kernels too
(packed/csrc/math.h says the same), whatever the torch version and the number of threads.

torch's generators have state, which would have to be saved, restored and shared among ranks, and
their numbers differ between devices. Here a number is addressed and not drawn: noise of node i in
step s is the same in whatever order, on however many threads it is asked for.
"""

import enum

import torch
from torch import Tensor

__all__ = [
    "Stream",
    "gumbel",
    "logarithm",
    "logistic",
    "normal",
    "permutation",
    "philox",
    "uniform",
    "words",
]

WORD = 0xFFFF_FFFF
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
SQRT_HALF = 0x3F3504F3  # the bits of sqrt(1/2) as a float32
LN_2 = 0.6931472
# log((1 + s) / (1 - s)) = 2 s + s**3 (2/3 + 2/5 s**2 + ...), the last coefficient first
ATANH_SERIES = (0.18181819, 0.22222222, 0.2857143, 0.4, 0.6666667)


class Stream(enum.IntEnum):
    """What numbers are drawn for: equal seeds and steps give unrelated numbers in each."""

    NOISE = 0
    INIT = 1
    WIRING = 2
    ORDER = 3
    SEEDS = 4
    SPLIT = 5
    PLACES = 6
    AUGMENT = 7
    PICKS = 8
    REDRAW = 9


def philox(counter: tuple[Tensor, ...], key: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Return the four 32-bit words of each counter, as int64 tensors of the broadcast shape.

    counter: four int64 tensors, key: two, each holding 32-bit words and broadcast together.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(ROUNDS):
        # A 64-bit product may wrap to a negative number: its bits are right all the same.
        p0, p1 = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        # One round: the high halves of two products, mixed with the other words and the key; the
        # low halves go on as they are.
        c0, c2 = _high(p1) ^ c1 ^ k0, _high(p0) ^ c3 ^ k1
        c1, c3 = p1 & WORD, p0 & WORD
        k0, k1 = (k0 + KEY_STEPS[0]) & WORD, (k1 + KEY_STEPS[1]) & WORD
    return c0, c1, c2, c3


def words(seed: int | Tensor, step: int | Tensor, stream: Stream, count: int) -> Tensor:
    """Return int64[count] random 32-bit words; word i depends on the arguments and i alone.

    seed, step: 64-bit integers, or int64 tensors without dimensions, which keep the work on
    their device. Word i is word i % 4 of counter (i // 4, stream, step low, step high).
    """
    seed, step = _scalar(seed), _scalar(step)
    # Philox gives four words for each counter.
    quads = torch.arange(-(-count // 4), device=seed.device)
    which = torch.full_like(quads[:1], int(stream))
    counter = (quads, which, step & WORD, _high(step))
    return torch.stack(philox(counter, (seed & WORD, _high(seed))), dim=1).reshape(-1)[:count]


def uniform(seed: int | Tensor, step: int | Tensor, stream: Stream, count: int) -> Tensor:
    """Return float32[count] in the open interval (0, 1): 2**23 values, symmetric about 0.5."""
    # 23 bits: 0.5 is added, and float32 holds 24.
    return ((words(seed, step, stream, count) >> 9).float() + 0.5) * 2.0**-23


def logarithm(x: Tensor) -> Tensor:
    """Return the natural logarithm of float32 x, normal and positive, to about one unit in the
    last place and with the same bits everywhere.

    x = m * 2**e with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m - 1) / (m + 1).
    """
    bits = x.view(torch.int32)
    # The exponent of a float32 begins at bit 23; from sqrt(1/2) on, so that m lies about 1, where
    # the series converges fastest.
    exponent = (bits - SQRT_HALF) >> 23
    f = (bits - (exponent << 23)).view(torch.float32) - 1.0
    s = f / (f + 2.0)
    z = s * s
    series = torch.full_like(z, ATANH_SERIES[0])
    for coefficient in ATANH_SERIES[1:]:
        series = series * z + coefficient
    return exponent.float() * LN_2 + ((s + s) + (s * z) * series)


def gumbel(seed: int | Tensor, step: int | Tensor, stream: Stream, count: int) -> Tensor:
    """Return float32[count] of the standard Gumbel distribution."""
    return -logarithm(-logarithm(uniform(seed, step, stream, count)))


def logistic(seed: int | Tensor, step: int | Tensor, stream: Stream, count: int) -> Tensor:
    """Return float32[count] of the standard logistic distribution: a difference of Gumbels."""
    u = uniform(seed, step, stream, count)
    return logarithm(u) - logarithm(1 - u)  # 1 - u is exact


def normal(seed: int | Tensor, step: int | Tensor, stream: Stream, count: int) -> Tensor:
    """Return float32[count] of the standard normal distribution, by its inverse."""
    u = uniform(seed, step, stream, count).double()
    return (torch.erfinv(2 * u - 1) * 2**0.5).float()


def permutation(seed: int | Tensor, step: int | Tensor, stream: Stream, count: int) -> Tensor:
    """Return int64[count], a random order of 0 .. count-1."""
    # Sorting random words; two equal words (1 in 4 billion pairs) keep their order, as the sort is
    # stable.
    return torch.argsort(words(seed, step, stream, count), stable=True)


def _high(value: Tensor) -> Tensor:
    """Return the upper 32 bits of 64."""
    return (value >> 32) & WORD


def _scalar(value: int | Tensor) -> Tensor:
    """Return a number as an int64 tensor; one that is a tensor stays on its device."""
    return torch.as_tensor(value, dtype=torch.int64)
