"""What every block of a core is: a component that is described in backend."""

from typing import Any, TypeVar

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lgn_hw.circuit.backend import WordBackend
from lgn_hw.hdl.backend import AmaranthBackend

__all__ = ["Block", "Quiet"]

V = TypeVar("V", bound=Any)


class Quiet(wiring.Component):
    """A component that may be made only to ask for its latency, which Amaranth warns of."""

    def __del__(self) -> None:
        """Say nothing: the warning comes from the method that this one overrides."""


class Block(Quiet):
    """A pipelined function from one port, source, to others, the sinks, by name and width.

    latency: clock cycles between them. lay_out is all that there is to say about the circuit:
    Amaranth (elaborate) and Verilog (verilog_backend.block_module) are two readings of it.
    """

    latency: int

    def __init__(self, source: tuple[str, int], sinks: dict[str, int]) -> None:
        self.source, self.sinks = source, sinks
        name, width = source
        super().__init__({name: In(width), **{sink: Out(width) for sink, width in sinks.items()}})

    def lay_out(self, backend: WordBackend[V], source: V) -> tuple[V, ...]:
        """Build the block out of words; return what its sinks give, in their order."""
        raise NotImplementedError

    def elaborate(self, platform: object) -> Module:
        m = Module()
        values = self.lay_out(AmaranthBackend(m), getattr(self, self.source[0]))
        m.d.comb += [
            getattr(self, name).eq(value) for name, value in zip(self.sinks, values, strict=True)
        ]
        return m
