"""A classifier as one combinational circuit, raw features to class: AIGER, BLIF and Verilog."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from lgn_hw.circuit.circuit import Circuit
from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.export.expressions import expression
from lgn_hw.export.seal import is_sealed, sealed
from lgn_hw.formats import aiger, blif
from lgn_hw.formats.atomic import write_bytes
from lgn_hw.netlist import FIRST_INPUT, Netlist
from lgn_hw.netlist.aig import Aig, to_aig
from lgn_hw.prove.cec import DEFAULT_TIMEOUT_S
from lgn_hw.prove.equivalence import Claim, Proof, prove_circuit
from lgn_hw.tools.read_verilog import read_verilog

__all__ = ["FORMATS", "combinational_file", "prove_combinational", "write_combinational"]

SAMPLE, CLASS = "i_sample", "o_class"
WHOLE = "whole core"  # as prove_circuit calls it


def combinational_file(
    classifier: Classifier, kind: str, *, lut_size: int = 6, name: str = "classifier"
) -> bytes:
    """Return the file of one of FORMATS.

    Inputs are the bits of a sample as Features packs them, i_sample; outputs those of the class
    number, o_class, the lowest first. lut_size: 4 or 6, what encoder, counters and argmax are made
    for. The last line has the checksum of the others. Raises UsageError where kind or lut_size is
    none of these.
    """
    if kind not in FORMATS:
        raise UsageError(f"The format must be one of {', '.join(FORMATS)}, not {kind!r}")
    whole = _circuit(classifier, lut_size).whole
    head = f"lgn-hw: classifier {classifier.digest}, lut size {lut_size}"
    written, _, comment = FORMATS[kind]
    return sealed(written(whole, name, head), comment)


def prove_combinational(
    classifier: Classifier, data: bytes, kind: str, *, timeout_s: float = DEFAULT_TIMEOUT_S
) -> Proof:
    """Prove that a file of combinational_file is the classifier, reading it as others would.

    Raises FileFormatError where it cannot be read, UsageError where it was not made of this
    classifier's features and classes.
    """
    whole = is_sealed(data)
    claim = Claim(
        "the file is as it was written", "SHA-256", "equal" if whole else "different",
        "its last line has another checksum; export it again",
    )  # fmt: skip
    if not whole:
        return Proof((claim,))
    _, read, _ = FORMATS[kind]
    circuit = _circuit(classifier, 4 if b"lut size 4" in data else 6)
    proof = prove_circuit(classifier, circuit, {WHOLE: read(data)}, timeout_s=timeout_s)
    return Proof((claim, *proof.claims))


def write_combinational(
    classifier: Classifier,
    path: Path,
    kind: str,
    *,
    lut_size: int = 6,
    name: str = "classifier",
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> Proof:
    """Write the file once it is proven. Raises CheckFailed where it is not, and writes nothing."""
    data = combinational_file(classifier, kind, lut_size=lut_size, name=name)
    proof = prove_combinational(classifier, data, kind, timeout_s=timeout_s)
    proof.check()
    write_bytes(path, data)
    return proof


def _circuit(classifier: Classifier, lut_size: int) -> Circuit:
    return Circuit.of(classifier, lut_size=lut_size, scores=False)


def _to_aiger(netlist: Netlist, name: str, head: str) -> bytes:
    inputs = "".join(f"i{i} {SAMPLE}[{i}]\n" for i in range(netlist.num_inputs))
    outputs = "".join(f"o{i} {CLASS}[{i}]\n" for i in range(netlist.num_outputs))
    return aiger.dumps(to_aig(netlist)) + f"{inputs}{outputs}c\n{name}\n{head}\n".encode()


def _from_aiger(data: bytes) -> Aig:
    return aiger.loads(data)[0]


def _to_blif(netlist: Netlist, name: str, head: str) -> bytes:
    return f"# {head}\n{blif.dumps(netlist, name)}".encode()


def _from_blif(data: bytes) -> Netlist:
    return blif.loads(data.decode())


def _to_verilog(netlist: Netlist, name: str, head: str) -> bytes:
    nets = [f"n{net}" for net in range(netlist.num_nets)]
    nets[0], nets[1] = "1'b0", "1'b1"
    nets[FIRST_INPUT : netlist.first_node] = [f"{SAMPLE}[{i}]" for i in range(netlist.num_inputs)]
    lines = [
        f"// {head}",
        f"module {name}(",
        f"  input [{max(1, netlist.num_inputs) - 1}:0] {SAMPLE},",
        f"  output [{max(1, netlist.num_outputs) - 1}:0] {CLASS}",
        ");",
    ]
    rows = zip(netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table.tolist(), strict=True)
    for node, (fanin, arity, table) in enumerate(rows):
        full = (1 << (1 << arity)) - 1
        constant = {0: "1'b0", full: "1'b1"}.get(table)
        value = constant or expression(table, [nets[net] for net in fanin[:arity]])
        lines.append(f"  wire {nets[netlist.first_node + node]} = {value};")
    lines += [f"  assign {CLASS}[{i}] = {nets[n]};" for i, n in enumerate(netlist.outputs.tolist())]
    return "\n".join([*lines, "endmodule", ""]).encode()


def _from_verilog(data: bytes) -> Aig:
    graph, inputs, outputs = read_verilog(data.decode())
    order = np.array(inputs.get(SAMPLE, []), np.int64)
    literals = np.concatenate([[0], 2 * (1 + np.argsort(order))])
    assert len(literals) == graph.num_inputs + 1
    renamed = np.arange(2 * graph.first_and + 2 * len(graph.ands))
    for index, place in enumerate(order.tolist()):
        renamed[2 * (1 + place)], renamed[2 * (1 + place) + 1] = 2 * (1 + index), 2 * (1 + index) + 1
    return Aig(
        graph.num_inputs, renamed[graph.ands], renamed[graph.outputs[outputs.get(CLASS, [])]]
    )


Format = tuple[Callable[[Netlist, str, str], bytes], Callable[[bytes], "Aig | Netlist"], str]
# How each is written and read, and the comment that its checksum stands in.
FORMATS: dict[str, Format] = {
    "aiger": (_to_aiger, _from_aiger, ""),
    "blif": (_to_blif, _from_blif, "# "),
    "verilog-comb": (_to_verilog, _from_verilog, "// "),
}
