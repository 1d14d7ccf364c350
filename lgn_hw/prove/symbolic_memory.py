"""Lines of pixels: a memory whose words are literals, or symbols where nothing is known."""

from typing import Any

from lgn_hw.errors import CheckFailed
from lgn_hw.prove.graph import Graph

__all__ = ["Memory"]


class Memory:
    """One memory: words of literals, or symbols where nothing is known."""

    def __init__(
        self, cell: dict[str, Any], pins: dict[str, list[int]], graph: Graph, clock: int
    ) -> None:
        number = cell["parameters"]
        width, ports = int(number["WIDTH"], 2), int(number["WR_PORTS"], 2)
        plain = int(number["RD_PORTS"], 2) == 1 and int(number["RD_CLK_ENABLE"], 2) == 0
        clocked = ports == 0 or (
            pins["WR_CLK"] == [clock] and number["WR_CLK_ENABLE"].endswith("1")
        )
        if not plain or ports > 1 or not clocked or int(number["OFFSET"], 2):
            raise CheckFailed("the design has a memory that is no line of pixels")
        self.graph, self.width, self.size = graph, width, int(number["SIZE"], 2)
        self.address, self.data = pins["RD_ADDR"], pins["RD_DATA"]
        self.pins = {net for nets in pins.values() for net in nets}
        self._write = (pins["WR_ADDR"], pins["WR_DATA"], pins["WR_EN"]) if ports else None
        self._fixed = None
        if not ports:
            bits = number["INIT"][::-1]
            self._fixed = [
                [int(bits[word * width + bit] == "1") for bit in range(width)]
                for word in range(self.size)
            ]
        self.words: dict[int, list[int]] = {}

    def forget(self) -> None:
        """Let every word be anything; but one that nothing writes is what it was made as."""
        self.words = {n: list(w) for n, w in enumerate(self._fixed)} if self._fixed else {}

    def read(self, value: list[int]) -> list[tuple[int, int]]:
        """Return the nets of the data and the word's bits: symbols for an unknown address."""
        place = _number([value[net] for net in self.address])
        word = self.graph.symbols(self.width) if place is None else self.word(place)
        return list(zip(self.data, word, strict=True))

    def write(self, value: list[int]) -> None:
        """Write as the ports say; where these are not known, every word may have changed."""
        if self._write is None:
            return
        address, data, enable = ([value[net] for net in nets] for nets in self._write)
        if not any(enable):
            return
        place = _number(address)
        if place is None or any(literal > 1 for literal in enable):
            self.words = {}
            return
        before = self.word(place)
        pairs = zip(enable, data, before, strict=True)
        self.words[place] = [new if on else old for on, new, old in pairs]

    def word(self, place: int) -> list[int]:
        """Return the literals of a word; symbols where nothing is known of it."""
        if place >= self.size:
            return self.graph.symbols(self.width)
        if place not in self.words:
            self.words[place] = self.graph.symbols(self.width)
        return self.words[place]


def _number(literals: list[int]) -> int | None:
    """Return the number on nets; None where one is not known."""
    if any(literal > 1 for literal in literals):
        return None
    return sum(literal << bit for bit, literal in enumerate(literals))
