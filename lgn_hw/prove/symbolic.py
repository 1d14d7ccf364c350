"""Play Verilog cycle by cycle with symbols for what is not known: data, never control."""

from typing import Any

from lgn_hw.errors import CheckFailed
from lgn_hw.prove.graph import Graph
from lgn_hw.prove.symbolic_memory import Memory

__all__ = ["Control", "SymbolicDesign"]

# The constants that registers hold, by net, and memories, by number, word and bit.
Control = dict[int | tuple[int, int, int], int]

# The literals on all nets, and of the words of each memory.
State = tuple[list[int], list[dict[int, list[int]]]]

LOOP = "the design has a loop without a register"


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
        named = [*module["ports"].values(), *module["netnames"].values()]
        wires = [wire["bits"] for wire in named]
        wires += [bits for cell in cells for bits in cell["connections"].values()]
        nets = {bit for bits in wires for bit in bits if isinstance(bit, int)}
        top_net = max(nets, default=1)
        self.value = [0] * (top_net + 3)
        self._zero, self._one = top_net + 1, top_net + 2
        self.value[self._one] = 1
        self._registers: list[tuple[int, int]] = []
        self._any: list[int] = []
        self.memories: list[Memory] = []
        gates: dict[int, tuple[int, int, int]] = {}
        for cell in cells:
            self._sort_in(cell, gates)
        ports = module["ports"].values()
        inputs = {b for port in ports if port["direction"] == "input" for b in port["bits"]}
        own = {*self._any, self._zero, self._one, *inputs, *(q for _, q in self._registers)}
        # A name may be left of a net whose driver nobody read.
        given = {net for memory in self.memories for net in memory.data}
        self._any += sorted(nets - own - given - gates.keys())
        self._steps = self._ordered(self._without_inverters(gates), set(own))
        self._sources = [*own, *self._any]
        self._index()
        self.forget()

    def _index(self) -> None:
        """Say which steps read a net, and let all be done in the first cycle."""
        self._readers: list[list[int]] = [[] for _ in self.value]
        for number, step in enumerate(self._steps):
            pins = step.address if isinstance(step, Memory) else {step[0] >> 1, step[1] >> 1}
            for net in pins:
                self._readers[net].append(number)
        self._reads = [n for n, step in enumerate(self._steps) if isinstance(step, Memory)]
        self._seen = [-1] * len(self.value)
        self._waits = bytearray(b"\1") * len(self._steps)

    def forget(self, keep: Control | None = None) -> None:
        """Let data be anything: every register, but those whose constant `keep` knows."""
        state = keep or {}
        for _, q in self._registers:
            self.value[q] = state[q] if q in state else self.graph.symbol()
        for number, memory in enumerate(self.memories):
            memory.forget()
            for key, constant in state.items():
                if isinstance(key, tuple) and key[0] == number:
                    memory.word(key[1])[key[2]] = constant

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

    def state(self) -> State:
        """Return the present state, to go back to."""
        return list(self.value), [dict(memory.words) for memory in self.memories]

    def go_back(self, state: State) -> None:
        """Be in an earlier state again, with the same symbols."""
        self.value[:] = state[0]
        self._waits = bytearray(b"\1") * len(self._steps)
        for memory, words in zip(self.memories, state[1], strict=True):
            memory.words = dict(words)

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
        value, known, ands = self.value, self.graph.known, self.graph.ands
        steps, readers, waits = self._steps, self._readers, self._waits
        self._touch()
        number = waits.find(1)
        while number >= 0:  # only what reads something new, each after what it reads
            waits[number] = 0
            step = steps[number]
            if type(step) is Memory:
                for net, literal in step.read(value):
                    if value[net] != literal:
                        value[net] = literal
                        for reader in readers[net]:
                            waits[reader] = 1
            else:
                a, b, y = step
                x, z = value[a >> 1] ^ (a & 1), value[b >> 1] ^ (b & 1)
                if x < z:
                    x, z = z, x
                if z == 0 or x == z ^ 1:
                    literal = y & 1
                elif z == 1 or x == z:
                    literal = x ^ (y & 1)
                else:
                    found = known.get((x, z), -1)
                    if found < 0:
                        ands.append((x, z))
                        found = known[x, z] = 2 * (len(ands) - 1)
                    literal = found ^ (y & 1)
                net = y >> 1
                if value[net] != literal:
                    value[net] = literal
                    for reader in readers[net]:
                        waits[reader] = 1
            number = waits.find(1, number + 1)

    def _touch(self) -> None:
        """Have the steps done that read what changed and no step gives, and reads of memories."""
        value, seen, waits = self.value, self._seen, self._waits
        for net in self._sources:
            if value[net] != seen[net]:
                seen[net] = value[net]
                for reader in self._readers[net]:
                    waits[reader] = 1
        for number in self._reads:
            waits[number] = 1

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
        """Put a cell among gates, registers, memories or free nets; raises CheckFailed on others.

        gates: by net, its two literals and its own, as AIGER has them.
        """
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
            self.memories.append(Memory(cell, pins, self.graph, self._clock))
        else:
            raise CheckFailed(f"the design has a cell {kind}, which is none of a streaming core")

    def _without_inverters(
        self, gates: dict[int, tuple[int, int, int]]
    ) -> dict[int, tuple[int, int, int]]:
        """Leave out inverters that only gates read, and let these read what is in front of them.

        Those that have a name, or that registers and memories read, stay.
        """
        named = [*self._module["ports"].values(), *self._module["netnames"].values()]
        read = {bit for wire in named if not wire.get("hide_name") for bit in wire["bits"]}
        read |= {d for d, _ in self._registers}
        read |= {net for memory in self.memories for net in memory.pins}
        left_out = {y: gate[0] for y, gate in gates.items() if gate[2] & 1 and y not in read}

        def in_front(literal: int) -> int:
            for _ in range(len(left_out) + 1):
                if (literal >> 1) not in left_out:
                    return literal
                literal = left_out[literal >> 1] ^ (~literal & 1)
            raise CheckFailed(LOOP)

        kept = (item for item in gates.items() if item[0] not in left_out)
        return {y: (in_front(a), in_front(b), out) for y, (a, b, out) in kept}

    def _ordered(self, gates: dict[int, tuple[int, int, int]], done: set[int]) -> list[Any]:
        """Return gates and reads of memories, each after what it reads; refuse loops.

        done: the nets that registers and ports drive.
        """
        steps: list[Any] = []
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
                    raise CheckFailed(LOOP)
                path.add(net)
                if waiting:
                    stack += waiting
                    continue
                steps.append(memory or gate)
                done |= set(memory.data) if memory else {net}
                stack.pop()
        return steps
