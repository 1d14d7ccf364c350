"""A line of pixels: a memory whose words are read into a register."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import memory

__all__ = ["LINE_ABOVE", "read_line"]

LINE_ABOVE = "line_above"  # the register's name; lgn_boards.top takes its value at power-up away


def read_line(m: Module, lines: memory.Memory, address: Value, enable: Value) -> Signal:
    """Return what a line held at an address in the last cycle in which enable was 1.

    In such a cycle the word at that address must not be written.
    """
    # Read without a clock into a register: yosys then sees that the addresses differ. For a clocked
    # port it would build what keeps the old word where they are one.
    port = lines.read_port(domain="comb")
    held = Signal(len(port.data), name=LINE_ABOVE, reset_less=True)
    m.d.comb += port.addr.eq(address)
    with m.If(enable):
        m.d.sync += held.eq(port.data)
    return held
