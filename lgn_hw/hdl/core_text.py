"""A whole core as Verilog: its control, and a module for each of its blocks."""

from typing import TYPE_CHECKING

from lgn_hw.hdl.verilog_backend import ENABLE, block_module, identifier, module_text, port

if TYPE_CHECKING:
    from lgn_hw.hdl.core import ClassifierCore

__all__ = ["core_modules"]


def core_modules(core: "ClassifierCore", name: str) -> str:
    """Return the Verilog of a core: module `name`, then `name.BLOCK` for each block.

    It is what ClassifierCore.elaborate says, without the way through Amaranth and yosys: they take
    minutes and gigabytes for what is text already, and Amaranth has no vectors over 65 536 bits.
    """
    blocks = [block_module(b, f"{name}.{part}", enable=True) for part, b in core.blocks.items()]
    return "\n".join([module_text(name, _ports(core), _control(core, name)), *blocks])


def _ports(core: "ClassifierCore") -> list[str]:
    """Return the ports of the core, as Amaranth names them."""
    sample, result = len(core.i_sample.payload), len(core.o_result.payload.as_value())
    return [
        port("input", "clk"),
        port("input", "rst"),
        port("input", "i_sample__valid"),
        port("output", "i_sample__ready"),
        port("input", "i_sample__payload", sample),
        port("output", "o_result__valid"),
        port("input", "o_result__ready"),
        port("output", "o_result__payload", result),
    ]


def _control(core: "ClassifierCore", name: str) -> list[str]:
    """Move all stages at once, unless a result waits; valid travels beside the data.

    Returns the lines of the module's body. The names of wires between blocks are BLOCK_SINK; parts
    of the proof look for the blocks' own ports, not for these.
    """
    last = core.latency - 1
    # A core of latency 1 has one valid bit, and nothing to shift.
    below = f"valid[{last - 1}:0], " if last else ""
    lines = [
        f"  reg [{last}:0] valid = 0;",
        f"  wire {ENABLE} = ~valid[{last}] | o_result__ready;",
        "  always @(posedge clk)",
        "    if (rst) valid <= 0;",
        f"    else if ({ENABLE}) valid <= {{{below}i_sample__valid}};",
        f"  assign i_sample__ready = {ENABLE};",
        f"  assign o_result__valid = valid[{last}];",
    ]
    bits = "i_sample__payload"
    for part, block in core.blocks.items():
        # A block without registers has neither port: Verilator would warn of pins that nothing
        # reads.
        pins = [("clk", "clk"), (ENABLE, ENABLE)] if block.latency else []
        pins += [(block.source[0], bits)] if block.source[1] else []
        given = []
        for sink, width in block.sinks.items():
            if width:
                given.append(f"{part}_{sink}")
                lines.append(f"  wire [{width - 1}:0] {given[-1]};")
                pins.append((sink, given[-1]))
        connected = ", ".join(f".{pin}({wire})" for pin, wire in pins)
        lines.append(f"  {identifier(f'{name}.{part}')}{identifier(part)} ({connected});")
        # A concatenation in Verilog has its highest part first.
        bits = given[0] if len(given) == 1 else f"{{{', '.join(reversed(given))}}}"
    return [*lines, f"  assign o_result__payload = {bits};"]
