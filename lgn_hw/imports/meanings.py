"""What the outputs of a netlist mean: votes, the votes' sums by class, or the number of a class."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgn_hw.counted import counted
from lgn_hw.errors import CheckFailed, UsageError
from lgn_hw.imports.class_sums import MOST_VOTES, votes_in_sums
from lgn_hw.netlist.aig import Aig
from lgn_hw.prove.cec import check_equal
from lgn_hw.prove.watch import Watch

__all__ = ["MEANINGS", "Votes", "votes_of"]

MEANINGS = ("votes", "sums", "number")


@dataclass(frozen=True, eq=False)
class Votes:
    """Hold a graph whose outputs vote. group: int32[outputs], the class of each. meaning: what the
    outputs that were given are taken for, one sentence.
    """

    graph: Aig
    group: NDArray[np.int32]
    meaning: str


def votes_of(
    graph: Aig,
    ports: Sequence[int],
    classes: int,
    meaning: str | None = None,
    *,
    timeout_s: float,
    watch: Watch | None = None,
) -> Votes:
    """Return a graph's outputs as votes for the classes.

    ports: how many of the outputs each port has. meaning: one of MEANINGS. By default outputs that
    are too few for the classes are the number of one; a port for each class is a sum where it can
    be proven to be that of votes; others are votes, equal shares of them. Raises UsageError where
    the outputs cannot have that meaning, CheckFailed where a number may be none of a class.
    """
    count = len(graph.outputs)
    if meaning not in (None, *MEANINGS):
        raise UsageError(f"--as must be one of {', '.join(MEANINGS)}, not {meaning}")
    if meaning == "number" or (meaning is None and 0 < count == (classes - 1).bit_length()):
        return _of_number(graph, classes, timeout_s, watch)
    widths = _widths(graph, ports, classes)
    if meaning == "sums" and widths is None:
        raise UsageError(
            f"Class sums must be a port for each of {classes} classes, or one port of as many equal"
            f" parts, not ports of {list(ports)} bits"
        )
    if len(ports) == 1 and meaning is None:
        widths = None  # one port for all is as GroupSum has its votes
    if meaning != "votes" and widths is not None:
        sure = meaning == "sums"
        found = votes_in_sums(graph, widths, sure=sure, timeout_s=timeout_s, watch=watch)
        if found is not None:
            said = f"the outputs are sums, and were proven to be those of {sum(found[1]):,} votes"
            return Votes(found[0], _group(found[1]), said)
        if meaning == "sums":
            return _weighted(graph, widths)
    if not count or count % classes:
        raise UsageError(
            f"{counted(count, 'output')} cannot be divided into {classes} equal classes;"
            " name the votes with --votes, say how many are used with --outputs, or what they mean"
            " with --as"
        )
    unsure = widths is not None and len(ports) > 1
    doubt = "; where they are sums, say --as sums" if unsure else ""
    group = _group([count // classes] * classes)
    return Votes(graph, group, f"each of {count:,} outputs is a vote{doubt}")


def _group(sizes: Sequence[int]) -> NDArray[np.int32]:
    return np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)


def _widths(graph: Aig, ports: Sequence[int], classes: int) -> list[int] | None:
    """Return the bits of each class's sum, two or more; None where there are no such."""
    widths = list(ports)
    if len(widths) == 1 and widths[0] % classes == 0:
        widths = [widths[0] // classes] * classes
    if len(widths) != classes or min(widths) < 2 or sum(widths) != len(graph.outputs):
        return None
    return widths


def _weighted(graph: Aig, widths: list[int]) -> Votes:
    """Return the bits of sums as often as their weight says."""
    total = sum((1 << width) - 1 for width in widths)
    if total > MOST_VOTES:
        raise UsageError(
            f"Sums of up to {max(widths)} bits are {total:,} votes, and at most {MOST_VOTES:,} can"
            " be; name the votes themselves with --votes"
        )
    weights = np.concatenate([1 << np.arange(width) for width in widths])
    return Votes(
        Aig(graph.num_inputs, graph.ands, np.repeat(graph.outputs, weights)),
        _group([(1 << width) - 1 for width in widths]),
        f"the outputs are sums, whose bits count as {total:,} votes by their weight",
    )


def _of_number(graph: Aig, classes: int, timeout_s: float, watch: Watch | None) -> Votes:
    """Return a vote for each class, 1 where the outputs are its number."""
    bits, ands = graph.outputs.tolist(), graph.ands.tolist()
    if len(bits) != (classes - 1).bit_length():
        raise UsageError(
            f"The number of one of {classes} classes has {(classes - 1).bit_length()} bits, not"
            f" {len(bits)}"
        )

    def conjunction(literals: list[int]) -> int:
        held = literals[0]
        for literal in literals[1:]:
            ands.append([held, literal])
            held = 2 * (graph.first_and + len(ands) - 1)
        return held

    votes = [
        conjunction([bit ^ (~number >> i & 1) for i, bit in enumerate(bits)])
        for number in range(1 << len(bits))
    ]
    wide = np.array(ands, np.int64).reshape(-1, 2)
    beyond = np.array(votes[classes:], np.int64)
    never = Aig(graph.num_inputs, wide, np.zeros_like(beyond))
    if len(beyond):
        [verdict] = check_equal(
            [(Aig(graph.num_inputs, wide, beyond), never)], timeout_s=timeout_s, watch=watch
        )
        if verdict.status != "equal":
            raise CheckFailed(
                f"The outputs are not proven to be below {classes}, the number of classes:"
                f" {verdict.status}"
            )
    outputs = np.array(votes[:classes], np.int64)
    return Votes(
        Aig(graph.num_inputs, wide, outputs),
        np.arange(classes, dtype=np.int32),
        "the outputs are the number of a class, which gets the only vote",
    )
