"""Structured wiring: the pins of a node read inputs near its place, in turn from all planes."""

import torch
from torch import Tensor

from lgn_train import rng
from lgn_train.checks import positive_integer, positive_number, whole_number
from lgn_train.rng import Stream
from lgn_train.wiring.geometry import Geometry

__all__ = ["structured_wiring"]

TRIES = 64  # neighbours asked to swap an input that a node would read twice


def structured_wiring(
    inputs: Geometry, nodes: int, fan_in: int, radius: float = 3.0, seed: int = 0
) -> Tensor:
    """Return int64[nodes, fan_in], the input that each pin reads.

    The nodes lie at `inputs.spread(nodes, seed)`. Each pin wishes for a random place at most
    `radius` pixels (rows and columns alike) from its node, and for a plane dealt at random; then
    wishes and inputs are matched one to one, plane by plane, by halving both along rows and
    columns in turn. So the inputs of a plane are read equally often, as in random_wiring their
    numbers of readers differ by one at most, and a wish is missed by about a pixel. The pins of
    a node differ where its neighbourhood allows. A radius of the image's extent mixes everything.

    Raises TypeError or ValueError where an option is out of range.
    """
    pins = positive_integer("nodes", nodes) * positive_integer("fan_in", fan_in)
    positive_number("radius", radius)
    whole_number("seed", seed)
    # One slot for each pin: an input that is read three times has three.
    slots = _slots(len(inputs), pins, seed)
    planes = inputs.plane[slots][rng.permutation(seed, 1, Stream.PLACES, pins)]
    wishes = _matching_order(planes, *_wishes(inputs, nodes, fan_in, radius, seed))
    # An input stands anywhere in its pixel, or rows that share a number would be cut unevenly.
    shifts = rng.uniform(seed, 2, Stream.PLACES, 2 * pins).double().view(2, pins) - 0.5
    offers = _matching_order(
        inputs.plane[slots], inputs.row[slots] + shifts[0], inputs.column[slots] + shifts[1]
    )
    wiring = torch.empty(pins, dtype=torch.int64)
    wiring[wishes] = slots[offers]
    return _parted(wiring, wishes, inputs, fan_in, radius).view(nodes, fan_in)


def _slots(inputs: int, pins: int, seed: int) -> Tensor:
    """Return int64[pins], each input as often as it is read; who is read once more is drawn."""
    order = rng.permutation(seed, 0, Stream.WIRING, inputs)
    return order.repeat(-(-pins // inputs))[:pins]


def _wishes(
    inputs: Geometry, nodes: int, fan_in: int, radius: float, seed: int
) -> tuple[Tensor, Tensor]:
    """Return the row and the column that each pin wishes for."""
    places = inputs.spread(nodes, seed)
    draws = rng.uniform(seed, 3, Stream.PLACES, 2 * nodes * fan_in).double()
    offsets = (2 * draws - 1).view(2, nodes * fan_in) * radius
    row = places.row.repeat_interleave(fan_in) + offsets[0]
    column = places.column.repeat_interleave(fan_in) + offsets[1]
    return _reflected(row, inputs.rows), _reflected(column, inputs.columns)


def _reflected(place: Tensor, size: int) -> Tensor:
    """Reflect at the borders, which keeps an even density; clamping would crowd them."""
    place = place % (2 * size)
    return torch.where(place < size, place, 2 * size - place)


def _matching_order(group: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """Return the items group by group, each group halved by rows and columns in turn, to the end.

    Two lists with groups of equal sizes then match item by item.
    """
    ranks, turn = [_ranks(row), _ranks(column)], 0
    while True:
        # Sorted by group and, within one, by rows and by columns in turn: a k-d tree, whose leaves
        # in order are the match.
        order = torch.argsort(group * len(group) + ranks[turn % 2])
        _, number, size = torch.unique_consecutive(
            group[order], return_inverse=True, return_counts=True
        )
        if int(size.max()) == 1:
            return order
        rank = torch.arange(len(order)) - (size.cumsum(0) - size)[number]
        group = torch.empty_like(group)
        group[order] = 2 * number + (2 * rank >= size[number])
        turn += 1


def _ranks(values: Tensor) -> Tensor:
    """Return which of the values each is in ascending order, all different."""
    ranks = torch.empty(len(values), dtype=torch.int64)
    ranks[torch.argsort(values, stable=True)] = torch.arange(len(values))
    return ranks


def _parted(wiring: Tensor, order: Tensor, inputs: Geometry, fan_in: int, radius: float) -> Tensor:
    """Swap inputs between pins that are neighbours in `order` until the pins of a node differ."""
    found, ranked = wiring.tolist(), order.tolist()
    rank_of = torch.empty_like(order)
    rank_of[order] = torch.arange(len(order))
    stride = max(1, len(ranked) // len(inputs))  # about as far in `order` another input starts
    for pin in _repeats(wiring.view(-1, fan_in)).tolist():
        rank = int(rank_of[pin])
        # Partners to the left and to the right in turn, ever farther away.
        for step in range(2, TRIES):
            partner = rank + (step // 2) * (-1) ** step * stride
            other = ranked[partner % len(ranked)]
            if _near(inputs, found[pin], found[other], radius + 1) and _swappable(
                found, pin, other, fan_in
            ):
                found[pin], found[other] = found[other], found[pin]
                break
    return torch.tensor(found, dtype=torch.int64)


def _near(inputs: Geometry, one: int, other: int, radius: float) -> bool:
    rows = abs(float(inputs.row[one] - inputs.row[other]))
    return max(rows, abs(float(inputs.column[one] - inputs.column[other]))) <= radius


def _repeats(wiring: Tensor) -> Tensor:
    """Return the flat pins that read what an earlier pin of their node reads."""
    same = wiring.unsqueeze(2) == wiring.unsqueeze(1)
    return same.tril(-1).any(dim=2).reshape(-1).nonzero().squeeze(1)


def _swappable(found: list[int], one: int, other: int, fan_in: int) -> bool:
    """Say whether two pins may swap without a node reading an input twice."""
    return all(
        found[give] not in _others(found, take, fan_in)
        for give, take in ((one, other), (other, one))
    )


def _others(found: list[int], pin: int, fan_in: int) -> list[int]:
    start = pin - pin % fan_in
    return found[start:pin] + found[pin + 1 : start + fan_in]
