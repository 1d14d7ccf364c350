"""Words as lines of Verilog, and a block as the text of one module."""

from collections.abc import Iterable, Sequence
from typing import final

from lgn_hw.circuit.backend import WordBackend
from lgn_hw.hdl.block import Block

__all__ = [
    "ENABLE",
    "VerilogExpr",
    "VerilogBackend",
    "block_module",
    "identifier",
    "module_text",
    "port",
    "quiet",
]

ENABLE = "advance"
A_LINE = 12  # values of a list


class VerilogExpr:
    """A value of Verilog: a name, a constant or a list, or an operation on one or two others.

    readers: how many operations have it as an operand. Its width is that of its text wherever it
    stands.

    Operations are kept as a tree until they are written, so that a value with one reader is written
    in place and one with several becomes a wire: the text stays linear in the number of operations.
    """

    __slots__ = ("operands", "operator", "readers", "text", "width")

    def __init__(
        self, text: str, width: int, operator: str = "", operands: tuple["VerilogExpr", ...] = ()
    ) -> None:
        self.text, self.width, self.operator, self.operands = text, width, operator, operands
        self.readers = 0
        for operand in operands:
            operand.readers += 1

    def __invert__(self) -> "VerilogExpr":
        return VerilogExpr("", self.width, "~", (self,))

    def __and__(self, other: "VerilogExpr") -> "VerilogExpr":
        return VerilogExpr("", self.width, "&", (self, other))

    def __or__(self, other: "VerilogExpr") -> "VerilogExpr":
        return VerilogExpr("", self.width, "|", (self, other))

    def __xor__(self, other: "VerilogExpr") -> "VerilogExpr":
        return VerilogExpr("", self.width, "^", (self, other))

    def bits(self, start: int, length: int) -> str:
        """Read bits of what has a name."""
        return (
            f"{self.text}[{start + length - 1}:{start}]" if length > 1 else f"{self.text}[{start}]"
        )


@final
class Constant(VerilogExpr):
    """A constant, of which bits can be read too."""

    __slots__ = ("value",)

    def __init__(self, value: int, width: int) -> None:
        super().__init__(f"{width}'h{value:x}", width)
        self.value = value

    def bits(self, start: int, length: int) -> str:
        """Read bits of the constant: a shorter constant."""
        return f"{length}'h{self.value >> start & ((1 << length) - 1):x}"


@final
class VerilogBackend(WordBackend[VerilogExpr]):
    """Lines of Verilog-2001; enable names the port without which no register moves.

    Nothing is reset and no register has an initial value: they hold data only, and may be merged,
    moved and put into RAM.
    """

    def __init__(self, enable: str | None) -> None:
        self.lines: list[str] = []
        self._condition = f"if ({enable}) " if enable else ""

    def constant(self, value: int, width: int) -> VerilogExpr:
        return Constant(value, width)

    def slice(self, word: VerilogExpr, start: int, length: int) -> VerilogExpr:
        return VerilogExpr(word.bits(start, length), length)

    def join(self, values: Iterable[VerilogExpr]) -> VerilogExpr:
        # Verilog has no vectors of width 0, not even inside a concatenation.
        kept = [value for value in values if value.width]
        if len(kept) == 1:
            return kept[0]
        lines = _in_lines([self._written(value) for value in reversed(kept)])
        return VerilogExpr(f"{{{lines}}}", sum(value.width for value in kept))

    def add(
        self, a: VerilogExpr, b: VerilogExpr, width: int, carry: VerilogExpr | None = None
    ) -> VerilogExpr:
        # Operands are padded to the sum's width, because a tool would warn of a width that it has
        # to extend.
        texts = [self.join([value, Constant(0, width - value.width)]).text for value in (a, b)]
        texts += [] if carry is None else [carry.text]
        return VerilogExpr(f"({' + '.join(texts)})", width)

    def exceeds(self, a: VerilogExpr, b: VerilogExpr) -> VerilogExpr:
        return VerilogExpr(f"({self._written(a)} > {self._written(b)})", 1)

    def exceeds_constant(self, a: VerilogExpr, constant: int, *, signed: bool) -> VerilogExpr:
        if signed:
            # A comparison is signed only where both sides are: the constant gets the s, and the
            # operand $signed.
            number = f"{a.width}'sh{constant & ((1 << a.width) - 1):x}"
            return VerilogExpr(f"($signed({self._written(a)}) > {number})", 1)
        return VerilogExpr(f"({self._written(a)} > {a.width}'d{constant})", 1)

    def choose(self, bit: VerilogExpr, one: VerilogExpr, zero: VerilogExpr) -> VerilogExpr:
        texts = [self._written(value) for value in (bit, one, zero)]
        return VerilogExpr(f"({texts[0]} ? {texts[1]} : {texts[2]})", one.width)

    def wire(self, name: str, width: int, value: VerilogExpr) -> VerilogExpr:
        if width:
            self._declare(name, width, self._written(value, name))
        return VerilogExpr(name, width)

    def register(self, name: str, width: int, value: VerilogExpr) -> VerilogExpr:
        if width:
            self.lines.append(f"  reg {_range(width)} {name};")
            taken = f"{name} <= {self._written(value, name)};"
            self.lines.append(f"  always @(posedge clk) {self._condition}{taken}")
        return VerilogExpr(name, width)

    def _written(self, value: VerilogExpr, name: str = "shared") -> str:
        """Return an expression; an operation that is read twice first becomes a wire."""
        if not value.operands:
            return value.text
        texts = [self._written(operand, name) for operand in value.operands]
        if value.operator == "~":
            return f"~{texts[0]}"
        text = f"({texts[0]} {value.operator} {texts[1]})"
        # Written out at both places, a shared operation would double with every level.
        if value.readers > 1:
            value.text, value.operands = f"{name}_{len(self.lines)}", ()
            self._declare(value.text, value.width, text)
            return value.text
        return text

    def _declare(self, name: str, width: int, text: str) -> None:
        """Add a wire with its value."""
        self.lines.append(f"  wire {_range(width)} {name} = {text};")


def block_module(block: Block, name: str, *, enable: bool = False) -> str:
    """Return the Verilog of a block as one module.

    Ports: those of the block that have bits; clk where there are registers, and then with enable
    also `advance`, without which none of them moves.

    name: may have dots, and is then escaped. enable: whether registers wait for `advance`. The same
    block gives the same text.
    """
    backend = VerilogBackend(ENABLE if enable else None)
    source, width = block.source
    values = block.lay_out(backend, VerilogExpr(source, width))
    ports = [port("input", "clk"), port("input", ENABLE)][: 1 + enable] if block.latency else []
    ports += [port("input", source, width)] if width else []
    ports += [port("output", sink, width) for sink, width in block.sinks.items() if width]
    given = zip(block.sinks, values, strict=True)
    assigned = [f"  assign {sink} = {value.text};" for sink, value in given if value.width]
    return module_text(name, ports, [*backend.lines, *assigned])


# What Verilator warns of with -Wall, and is meant: several modules in a file; registers that hold a
# value before the first reset; no time unit, where other files have one; pins that their table, or
# their part, does not need.
MEANT = ("DECLFILENAME", "PROCASSINIT", "TIMESCALEMOD", "UNUSEDSIGNAL")


def quiet(modules: str, *more: str) -> str:
    """Have Verilator say nothing of what is meant, and of some more warnings, in these modules.

    `lint_restore` at the end leaves its warnings about what follows as they were.
    """
    off = "".join(f"// verilator lint_off {name}\n" for name in sorted((*MEANT, *more)))
    return f"// verilator lint_save\n{off}\n{modules}\n// verilator lint_restore\n"


def module_text(name: str, ports: Sequence[str], lines: Iterable[str]) -> str:
    """Return a module."""
    listed = ",\n  ".join(ports)
    return "\n".join([f"module {identifier(name)}(\n  {listed}\n);", *lines, "endmodule"]) + "\n"


def port(direction: str, name: str, width: int | None = None) -> str:
    """Return the declaration of a port: a vector of a width, or one bit that is none."""
    return f"{direction} {name}" if width is None else f"{direction} {_range(width)} {name}"


def identifier(name: str) -> str:
    """Escape a name with a dot, or a keyword of SystemVerilog; it then ends in a space.

    `logic` is a keyword in SystemVerilog only; tools that read the file as such would stumble.
    """
    return f"\\{name} " if "." in name or name == "logic" else name


def _in_lines(texts: Sequence[str]) -> str:
    """Join a list over several lines, so that no line grows without bound."""
    rows = (", ".join(texts[i : i + A_LINE]) for i in range(0, len(texts), A_LINE))
    return ",\n    ".join(rows)


def _range(width: int) -> str:
    """Return the range of a word: `[7:0]`."""
    return f"[{width - 1}:0]"
