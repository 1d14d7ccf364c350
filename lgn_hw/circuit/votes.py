"""What the popcounts have to add: every net once, with its weight for each class.

Training gives one output per vote. Many are equal, inverse or constant by the time the gates are
optimised, and a popcount that saw only outputs would count them all; this is where they become
coefficients of distinct nets.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lgn_hw.netlist import Netlist

if TYPE_CHECKING:
    from lgn_hw.classifier import Classifier

__all__ = ["Votes"]


@dataclass(frozen=True, eq=False)
class Votes:
    """State the scores as sums: score_c = offset[c] + sum over v of weight[v, c] * net[v].

    net: int32[votes], distinct nets of the netlist, no constants among them, in the order of the
    outputs. weight: int32[votes, classes]. offset: int64[classes].

    Outputs that are equal are one net of weight 2, an inverse counts as 1 minus its net, and a
    constant goes into the offset.
    """

    net: NDArray[np.int32]
    weight: NDArray[np.int32]
    offset: NDArray[np.int64]

    @classmethod
    def of(cls, classifier: "Classifier") -> "Votes":
        """Return the votes of a classifier; its scores exactly."""
        literal = _literals(classifier.netlist)
        group, classes = classifier.group, classifier.num_classes
        inverse = literal & 1 == 1
        # Each inverse brings 1, and so does each output that is constant 1 (literal 2).
        offset = np.bincount(group[inverse | (literal == 2)], minlength=classes)
        voting = literal > 2
        distinct, first, which = np.unique(
            literal[voting] >> 1, return_index=True, return_inverse=True
        )
        weight = np.zeros((len(distinct), classes), np.int32)
        # A vote for the inverse of x counts 1 - x: the 1 has gone into the offset above.
        np.add.at(weight, (which, group[voting]), np.where(inverse[voting], -1, 1))
        # numpy.unique sorts by net; the order of the outputs is kept instead, because neighbouring
        # outputs are likely to be neighbours on the device, too.
        order = np.argsort(first)
        order = order[weight[order].any(axis=1)]
        return cls(distinct[order].astype(np.int32), weight[order], offset.astype(np.int64))

    def compared(self) -> "Votes":
        """Return votes whose scores all differ from these by the same number, for each sample.

        That changes neither which class is highest nor what is a tie. A net that votes for many
        classes may then vote for few, and for none where it votes for all alike.
        """
        # Any number may be taken off a net's weights; the median leaves the smallest sum of
        # absolute values, which is how many bits are counted.
        middle = np.sort(self.weight, axis=1)[:, (self.weight.shape[1] - 1) // 2]
        weight = self.weight - middle[:, None]
        needed = weight.any(axis=1)
        # Scores are counted as unsigned numbers: the offsets rise until no score can be negative.
        lowest = self.offset + np.minimum(weight, 0).sum(axis=0)
        return Votes(self.net[needed], weight[needed], self.offset - lowest.min())

    @property
    def highest(self) -> NDArray[np.int64]:
        """Return int64[classes], a bound of each score that holds for every sample."""
        return self.offset + np.maximum(self.weight, 0).sum(axis=0)


def _literals(netlist: Netlist) -> NDArray[np.int64]:
    """Return int64[outputs], 2 * net + inverse, read through inverters and buffers."""
    literal = 2 * netlist.outputs.astype(np.int64)
    while True:
        node = (literal >> 1) - netlist.first_node
        alias = node >= 0
        alias[alias] = (netlist.arity[node[alias]] == 1) & np.isin(
            netlist.table[node[alias]], (0b01, 0b10)
        )
        # Net 0 inverted is net 1 and the other way round: constants have one literal each.
        if not alias.any():
            return np.where(literal == 1, 2, np.where(literal == 3, 0, literal))
        # One link of a chain for all outputs at once; chains are short.
        source = netlist.fanin[node[alias], 0].astype(np.int64)
        inverse = (netlist.table[node[alias]] == 0b01).astype(np.int64)
        literal[alias] = (2 * source + inverse) ^ (literal[alias] & 1)
