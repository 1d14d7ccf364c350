"""Words as signals of an Amaranth module."""

from collections.abc import Iterable
from typing import final

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from lgn_hw.circuit.backend import WordBackend

__all__ = ["AmaranthBackend"]


@final
class AmaranthBackend(WordBackend[Value]):
    """Signals in the domains comb and sync of a Module."""

    def __init__(self, module: Module) -> None:
        self._module = module
        # Indexing a Signal is slow: each bit once. The Value stays, so that its id is its own.
        self._bits: dict[int, tuple[Value, list[Value]]] = {}

    def constant(self, value: int, width: int) -> Value:
        return Const(value, width)

    def slice(self, word: Value, start: int, length: int) -> Value:
        if length != 1:
            return word[start : start + length]
        if id(word) not in self._bits:
            self._bits[id(word)] = word, list(word)
        return self._bits[id(word)][1][start]

    def join(self, values: Iterable[Value]) -> Value:
        return Cat(values)

    def add(self, a: Value, b: Value, width: int, carry: Value | None = None) -> Value:
        # Amaranth's sum is one bit wider than its operands; a layout knows how wide it can get.
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
        """No reset: data registers hold what a valid bit vouches for, and resets on wide words cost
        routing.
        """
        register = Signal(width, name=name, reset_less=True)
        self._module.d.sync += register.eq(value)
        return register
