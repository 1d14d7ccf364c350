"""The vectors of a module under construction: one description for Amaranth and for Verilog."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Generic, TypeVar, final

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

__all__ = ["AmaranthVectors", "Vectors"]

V = TypeVar("V", bound=Any)  # knows & | ^ ~


class Vectors(ABC, Generic[V]):
    """Build a module of wide operations; its values know & | ^ ~, as tables.compose wants them.

    Numbers are unsigned. A width may be 0. Names are unique within the module.
    """

    @abstractmethod
    def constant(self, value: int, width: int) -> V:
        """Return a constant, bit 0 lowest."""

    @abstractmethod
    def slice(self, vector: V, start: int, length: int) -> V:
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


@final
class AmaranthVectors(Vectors[Value]):
    """Signals in the domains comb and sync of a Module."""

    def __init__(self, module: Module) -> None:
        self._module = module
        # Indexing a Signal is slow: each bit once. The Value stays, so that its id is its own.
        self._bits: dict[int, tuple[Value, list[Value]]] = {}

    def constant(self, value: int, width: int) -> Value:
        return Const(value, width)

    def slice(self, vector: Value, start: int, length: int) -> Value:
        if length != 1:
            return vector[start : start + length]
        if id(vector) not in self._bits:
            self._bits[id(vector)] = vector, list(vector)
        return self._bits[id(vector)][1][start]

    def join(self, values: Iterable[Value]) -> Value:
        return Cat(values)

    def add(self, a: Value, b: Value, width: int, carry: Value | None = None) -> Value:
        return (a + b if carry is None else a + b + carry)[:width]

    def exceeds(self, a: Value, b: Value) -> Value:
        return a > b

    def exceeds_constant(self, a: Value, constant: int, *, signed: bool) -> Value:
        return (a.as_signed() if signed else a) > Const(constant)

    def choose(self, bit: Value, one: Value, zero: Value) -> Value:
        return Mux(bit, one, zero)

    def wire(self, name: str, width: int, value: Value) -> Value:
        wire = Signal(width, name=name)
        self._module.d.comb += wire.eq(value)
        return wire

    def register(self, name: str, width: int, value: Value) -> Value:
        register = Signal(width, name=name, reset_less=True)
        self._module.d.sync += register.eq(value)
        return register
