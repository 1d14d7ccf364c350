"""Cut a core where its parts meet, so that each of them is compared with its own netlist.

One proof of a whole core is far harder than one for each part, because the parts' structures differ
and only their boundaries agree. Cutting is sound: a cut gives the solver less to know, never
something false; so "equal" holds, and "different" is asked again of the whole.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgn_hw.circuit.circuit import Circuit
from lgn_hw.netlist import Netlist
from lgn_hw.netlist.aig import Aig, to_aig
from lgn_hw.prove.pipeline import Pipeline

__all__ = ["CutPart", "as_pair", "cut_parts"]


@dataclass(frozen=True, eq=False)
class CutPart:
    """What a core computes between two cuts.

    function: its inputs are those of the part. equal_inputs: for each of them the input, or its
    inverse, or the constant that it always equals, as literals of `function`; of equal ones the
    first. outputs: which outputs of the part these are; the result does not need the others.
    """

    function: Aig
    equal_inputs: NDArray[np.int64]
    outputs: NDArray[np.int64]


def cut_parts(pipeline: Pipeline, circuit: Circuit) -> dict[str, CutPart]:
    """Return a core's parts by the names of circuit.parts; none where it cannot be so cut.

    Where each cut part is its part, for all values that its inputs can have (all that are equal
    tied together), the core is the circuit: at each cut the values are those of the circuit.

    pipeline: the built core without its registers, with the wires at which parts meet. circuit:
    what it is said to be.
    """
    function = pipeline.function
    names = list(circuit.parts)
    ends = [pipeline.cut_points.get(name) for name in names[:-1]] + [function.outputs]
    # Bits that no gate reads are not in the circuit's encoder.
    if ends[0] is not None and len(ends[0]) > len(circuit.bits):
        ends[0] = ends[0][list(circuit.bits)]  # with carry chains all bits have a wire
    sources = 2 * np.arange(1, function.first_and)
    found: dict[str, CutPart] = {}
    for name, sinks in zip(names, ends, strict=True):
        part = circuit.parts[name]
        if sinks is None or (len(sources), len(sinks)) != (part.num_inputs, part.num_outputs):
            return {}
        # Where yosys removed an output that nothing reads, there is nothing to prove of it.
        needed = np.flatnonzero(sinks >= 0)
        between = function.between(sources, sinks[needed])
        if between is None:
            return {}
        found[name] = CutPart(between, _equal_inputs(sources), needed)
        sources = sinks
    return found


def as_pair(built: Aig | Netlist | CutPart, part: Netlist) -> tuple[Aig | Netlist, Aig | Netlist]:
    """Return what was built and what it must equal, equal_inputs and outputs alike."""
    if not isinstance(built, CutPart):
        return built, part
    aig = to_aig(part).with_inputs(built.equal_inputs)
    return built.function, Aig(aig.num_inputs, aig.ands, aig.outputs[built.outputs])


def _equal_inputs(sources: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each source the first one of its variable, inverted where that is its inverse.

    sources: int64, literals of the built circuit at a cut; negative where yosys removed the wire.
    Two bits of an encoder may be one wire after synthesis; the proof then must not try values in
    which they differ.
    """
    _, first, which = np.unique(sources >> 1, return_index=True, return_inverse=True)
    first = first[which]
    equal_inputs = 2 * (1 + first) ^ (sources & 1) ^ (sources[first] & 1)
    equal_inputs[sources < 0] = 2 * (1 + np.flatnonzero(sources < 0))
    return np.where(sources >> 1 == 0, sources, equal_inputs)
