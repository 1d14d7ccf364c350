"""The words of a module under construction: one description for Amaranth and for Verilog.

A block says what it is in these few operations. AmaranthBackend makes a simulated and elaborated
module of them, VerilogBackend text; that the two agree is tested on the same samples.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

__all__ = ["WordBackend"]

V = TypeVar("V", bound=Any)  # knows & | ^ ~


class WordBackend(ABC, Generic[V]):
    """Build a module of operations on words; its values know & | ^ ~, as tables.compose wants.

    Numbers are unsigned. A width may be 0. Names are unique within the module.
    """

    @abstractmethod
    def constant(self, value: int, width: int) -> V:
        """Return a constant, bit 0 lowest."""

    @abstractmethod
    def slice(self, word: V, start: int, length: int) -> V:
        """Read bits of what has a name or is a constant."""

    @abstractmethod
    def join(self, values: Iterable[V]) -> V:
        """Put values side by side, the first one lowest."""

    @abstractmethod
    def add(self, a: V, b: V, width: int, carry: V | None = None) -> V:
        """Return the sum, of a third bit too, modulo 2**width; neither number is wider."""

    @abstractmethod
    def exceeds(self, a: V, b: V) -> V:
        """Return whether a is the greater one of two numbers, as one bit."""

    @abstractmethod
    def exceeds_constant(self, a: V, constant: int, *, signed: bool) -> V:
        """Return whether a number, in two's complement where signed, is above a constant."""

    @abstractmethod
    def choose(self, bit: V, one: V, zero: V) -> V:
        """Return `one` where the bit is 1 and else `zero`; both are as wide."""

    @abstractmethod
    def wire(self, name: str, width: int, value: V) -> V:
        """Give a value a name."""

    @abstractmethod
    def register(self, name: str, width: int, value: V) -> V:
        """Return what a value was in the last clock cycle in which the module moved."""

    def hold(self, name: str, width: int, value: V, *, register: bool) -> V:
        """Give a value a name, and a register where one is asked for."""
        return (self.register if register else self.wire)(name, width, value)
