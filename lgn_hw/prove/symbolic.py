"""Play Verilog cycle by cycle with symbols for what is not known: data, never control."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from lgn_hw.errors import CheckFailed
from lgn_hw.prove.graph import Graph
from lgn_hw.tools.yosys import run_yosys

__all__ = ["Control", "SymbolicDesign", "read_design"]

# The constants that registers hold, by net, and memories, by number, word and bit.
Control = dict[int | tuple[int, int, int], int]

# Memories stay memories, with reads that see a write from the next cycle on. What has no value is
# anything, and so are registers before a reset.
READ = """read_verilog core.v
hierarchy -check -top {top}
proc -noopt
flatten -noscopeinfo
opt_clean
memory_collect
setundef -undriven -anyseq
setundef -anyseq
setattr -unset init w:*
opt_clean
techmap
simplemap
dfflegalize -cell $_DFF_P_ x
aigmap
opt_clean
write_json core.json
"""


def read_design(verilog: str, top: str, timeout_s: float | None = None) -> dict[str, Any]:
    """Return a design's module, as yosys writes it: ANDs, inverters, registers and memories.

    Raises ToolNotFound, ToolError or ToolTimeout as run_yosys does.
    """
    folder = Path(tempfile.mkdtemp(prefix="lgn-prove-"))
    (folder / "core.v").write_text(verilog, encoding="utf-8")
    script = READ.format(top=top)
    run_yosys(script, folder=folder, log=folder / "yosys.log", timeout_s=timeout_s)
    module: dict[str, Any] = json.loads((folder / "core.json").read_text(encoding="utf-8"))[
        "modules"
    ][top]
    shutil.rmtree(folder)
    return module


class SymbolicDesign:
    """A design's state as literals of a graph, and a step of its clock.

    graph: what literals are of; it may be shared. value: of each net, in the present cycle. A new
    design may be in any state: all its registers and memories hold symbols.

    Raises CheckFailed for cells other than ANDs, inverters, registers of one clock, and memories
    written by it.
    """

    def __init__(self, module: dict[str, Any], graph: Graph) -> None:
        self.graph, self._module = graph, module
        cells = module["cells"].values()
        self._clock = module["ports"]["clk"]["bits"][0]
        top_net = max((b for c in cells for bits in c["connections"].values() for b in bits
                       if isinstance(b, int)), default=1)  # fmt: skip
        top_net = max([top_net, *(b for p in module["ports"].values() for b in p["bits"]
                                  if isinstance(b, int))])  # fmt: skip
        # By net as yosys numbers them, and two more: the constants 0 and 1, which yosys writes as
        # texts.
        self.value = [0] * (top_net + 3)
        self._zero, self._one = top_net + 1, top_net + 2
        self.value[self._one] = 1
        self._registers: list[tuple[int, int]] = []
        self._any: list[int] = []
        self.memories: list[_Memory] = []
        gates: dict[int, tuple[int, int, int]] = {}
        for cell in cells:
            self._sort_in(cell, gates)
        self._steps = self._ordered(gates)
        self.forget()

    def forget(self, keep: Control | None = None) -> None:
        """Let data be anything: every register, but those whose constant `keep` knows."""
        state = keep or {}
        for _, q in self._registers:
            self.value[q] = state[q] if q in state else self.graph.symbol()
        for number, memory in enumerate(self.memories):
            memory.forget()
            for (place, bit), constant in _of_memory(state, number):
                memory.word(place)[bit] = constant

    @property
    def outputs_of_registers(self) -> set[int]:
        """The nets that registers drive."""
        return {q for _, q in self._registers}

    def control(self) -> Control:
        """Return what registers and memories hold that is constant: control, zeros in lines."""
        found: Control = {q: self.value[q] for _, q in self._registers if self.value[q] < 2}
        for number, memory in enumerate(self.memories):
            for place, word in memory.words.items():
                for bit, literal in enumerate(word):
                    if literal < 2:
                        found[number, place, bit] = literal
        return found

    def has(self, name: str) -> bool:
        """Say whether there is a wire of that name."""
        return name in self._module["netnames"] or name in self._module["ports"]

    def nets(self, name: str) -> list[int]:
        """Return the nets of a wire; raises CheckFailed where there is none of that name."""
        found = self._module["netnames"].get(name) or self._module["ports"].get(name)
        if found is None:
            raise CheckFailed(f"the design has no wire {name}")
        return [self._net(bit) for bit in found["bits"]]

    def read(self, name: str) -> list[int]:
        """Return the literals on a wire in this cycle."""
        return [self.value[net] for net in self.nets(name)]

    def settle(self, **ports: list[int] | int) -> None:
        """Put values on the inputs, and compute all nets of this cycle."""
        for name, given in ports.items():
            nets = self.nets(name)
            values = [given] if isinstance(given, int) else given
            for net, literal in zip(nets, values, strict=True):
                self.value[net] = literal
        for net in self._any:
            self.value[net] = self.graph.symbol()
        # Graph.conjunction(), written out: this loop runs for every gate in every cycle, and a call
        # would take most of its time.
        value, known, ands = self.value, self.graph.known, self.graph.ands
        for step in self._steps:
            if type(step) is _Memory:
                step.read(value)
                continue
            a, b, y = step
            x, z = value[a >> 1] ^ (a & 1), value[b >> 1] ^ (b & 1)
            if x < z:
                x, z = z, x
            if z == 0 or x == z ^ 1:
                found = 0
            elif z == 1 or x == z:
                found = x
            else:
                found = known.get((x, z), -1)
                if found < 0:
                    ands.append((x, z))
                    found = known[x, z] = 2 * (len(ands) - 1)
            value[y >> 1] = found ^ (y & 1)

    def clock(self) -> None:
        """Go on by a rising edge of the clock."""
        value = self.value
        for memory in self.memories:
            memory.write(value)
        for q, literal in [(q, value[d]) for d, q in self._registers]:
            value[q] = literal

    def _net(self, bit: int | str) -> int:
        """Return the number of a net; those of constants are behind all others."""
        if isinstance(bit, int):
            return bit
        return self._one if bit == "1" else self._zero

    def _sort_in(self, cell: dict[str, Any], gates: dict[int, tuple[int, int, int]]) -> None:
        kind = cell["type"]
        pins = {p: [self._net(b) for b in bits] for p, bits in cell["connections"].items()}
        if kind == "$_AND_":
            [a], [b], [y] = pins["A"], pins["B"], pins["Y"]
            gates[y] = (2 * a, 2 * b, 2 * y)
        elif kind == "$_NOT_":
            [a], [y] = pins["A"], pins["Y"]
            gates[y] = (2 * a, 2 * a, 2 * y + 1)
        elif kind == "$_DFF_P_" and pins["C"] == [self._clock]:
            self._registers.append((pins["D"][0], pins["Q"][0]))
        elif kind == "$anyseq":
            self._any += pins["Y"]
        elif kind == "$mem_v2":
            self.memories.append(_Memory(cell, pins, self))
        else:
            raise CheckFailed(f"the design has a cell {kind}, which is none of a streaming core")

    def _ordered(self, gates: dict[int, tuple[int, int, int]]) -> list[Any]:
        """Return gates and reads of memories, each after what it reads; refuse loops."""
        steps: list[Any] = []
        done = {q for _, q in self._registers} | {*self._any, self._zero, self._one, self._clock}
        for port in self._module["ports"].values():
            if port["direction"] == "input":
                done |= {self._net(bit) for bit in port["bits"]}
        of_memory = {net: memory for memory in self.memories for net in memory.data}
        roots = [*gates, *of_memory]
        for root in roots:
            stack, path = [root], set()
            while stack:
                net = stack[-1]
                if net in done:
                    stack.pop()
                    continue
                gate, memory = gates.get(net), of_memory.get(net)
                if gate is None and memory is None:
                    raise CheckFailed("the design reads a net that nothing drives")
                reads = memory.address if memory else [gate[0] >> 1, gate[1] >> 1]  # type: ignore[index]
                waiting = [pin for pin in reads if pin not in done]
                if waiting and net in path:
                    raise CheckFailed("the design has a loop without a register")
                path.add(net)
                if waiting:
                    stack += waiting
                    continue
                steps.append(memory or gate)
                done |= set(memory.data) if memory else {net}
                stack.pop()
        return steps


def _of_memory(state: Control, number: int) -> list[tuple[tuple[int, int], int]]:
    """Return the places and bits of one memory, and the constants there."""
    return [
        ((key[1], key[2]), constant)
        for key, constant in state.items()
        if isinstance(key, tuple) and key[0] == number
    ]


class _Memory:
    """One memory: words of literals, or symbols where nothing is known."""

    def __init__(
        self, cell: dict[str, Any], pins: dict[str, list[int]], design: SymbolicDesign
    ) -> None:
        number = cell["parameters"]
        width, ports = int(number["WIDTH"], 2), int(number["WR_PORTS"], 2)
        plain = int(number["RD_PORTS"], 2) == 1 and int(number["RD_CLK_ENABLE"], 2) == 0
        clocked = ports == 0 or (
            pins["WR_CLK"] == [design._clock] and number["WR_CLK_ENABLE"].endswith("1")
        )
        if not plain or ports > 1 or not clocked or int(number["OFFSET"], 2):
            raise CheckFailed("the design has a memory that is no line of pixels")
        self.graph, self.width, self.size = design.graph, width, int(number["SIZE"], 2)
        self.address, self.data = pins["RD_ADDR"], pins["RD_DATA"]
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

    def read(self, value: list[int]) -> None:
        """Put the word on the data's nets: symbols where the address is not known."""
        place = _number([value[net] for net in self.address])
        word = self.graph.symbols(self.width) if place is None else self.word(place)
        for net, literal in zip(self.data, word, strict=True):
            value[net] = literal

    def write(self, value: list[int]) -> None:
        """Write as the ports say; where these are not known, every word may have changed."""
        if self._write is None:
            return
        address, data, enable = ([value[net] for net in nets] for nets in self._write)
        if not any(enable):
            return
        place = _number(address)
        # Weaker knowledge is always sound: forgetting all words can make a proof fail, never
        # succeed.
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
