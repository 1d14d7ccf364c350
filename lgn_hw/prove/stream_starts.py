"""The states of a streaming core in which a frame can begin, until there are no more."""

from dataclasses import dataclass, replace

from lgn_hw.errors import CheckFailed
from lgn_hw.prove.symbolic import Control

__all__ = ["Between", "Starts"]

MOST = 24  # several frames may be under way where they are small


@dataclass(frozen=True)
class Between:
    """What is known of a core when a frame may begin: behind the last pixel of another, or at rest.

    control: its constants; all else may be anything. votes, updates, results: how many transfers
    of these the frames so far still owe. taken: for each stage where it stands, 0 or below.
    """

    control: Control
    votes: int
    updates: int
    results: int
    taken: tuple[int, ...]

    def covers(self, other: "Between") -> bool:
        """Say whether what was shown from here on holds from there on: more is known there."""
        return self._alike(other) and self.control.items() <= other.control.items()

    def common(self, other: "Between") -> "Between":
        """Return what both have in common; raises CheckFailed where they owe differently."""
        if not self._alike(other):
            raise CheckFailed("after a frame the control rests in another state than after a reset")
        return replace(self, control=dict(self.control.items() & other.control.items()))

    def _alike(self, other: "Between") -> bool:
        return replace(self, control={}) == replace(other, control={})


class Starts:
    """Hand out each state once, and none that another one covers."""

    def __init__(self, rest: Between, behind: Between) -> None:
        """Begin with a core at rest, and one right behind a frame that followed a reset."""
        self.waiting, self.shown = [behind, rest], list[Between]()

    def cover(self, state: Between) -> bool:
        """Say whether one of those that were handed out covers a state."""
        return any(known.covers(state) for known in self.shown)

    def next(self) -> tuple[str, Between] | None:
        """Return a name and a state; None where all are shown.

        Raises CheckFailed where there are more than MOST.
        """
        while self.waiting:
            state = self.waiting.pop()
            if self.cover(state):
                continue
            if len(self.shown) == MOST:
                raise CheckFailed("frames begin in ever new states of the control")
            self.shown.append(state)
            number = len(self.shown)
            names = {1: "at rest", 2: "behind a frame"}
            return names.get(number, f"from state {number}"), state
        return None

    def add(self, behind: Between, rested: Between) -> None:
        """Take the states in which a frame ended; the one right behind it comes first."""
        self.waiting += [rested, behind]
