"""A classifier as one combinational circuit, raw features to class: AIGER, BLIF and Verilog.

There are no registers, so that any tool for logic can take it: equivalence checkers, other mappers,
an ASIC flow. docs/passes.md says what each command makes of them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.keywords import KEYWORDS
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.classifier import Classifier
from lgn_hw.errors import FileFormatError, ToolTimeout, UsageError
from lgn_hw.export.expressions import expression
from lgn_hw.export.seal import is_sealed, sealed, text_of
from lgn_hw.files.own_file import kept_notice, replace_file
from lgn_hw.formats import aiger, blif
from lgn_hw.netlist import FIRST_INPUT, Netlist
from lgn_hw.netlist.aig import Aig, to_aig
from lgn_hw.prove.cec import DEFAULT_TIMEOUT_S, Status
from lgn_hw.prove.cut_parts import CutPart
from lgn_hw.prove.equivalence import Claim, Proof, prove_circuit
from lgn_hw.prove.watch import Watch
from lgn_hw.tools.read_verilog import in_port_order, read_verilog

__all__ = [
    "FORMATS",
    "combinational_file",
    "prove_combinational",
    "with_mapped_parts",
    "write_combinational",
]

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SAMPLE, CLASS = "i_sample", "o_class"
# A large part takes yosys minutes to read, before any proof begins.
READING_S = 600  # by yosys, of each part
WHOLE = "whole core"  # as prove_circuit calls it
CHANGED = "the checksum in its last line is another's; export it again"


def combinational_file(
    classifier: Classifier, kind: str, *, lut_size: int = 6, name: str = "classifier"
) -> bytes:
    """Return the file of one of FORMATS.

    Inputs are the bits of a sample as Features packs them, i_sample; outputs those of the class
    number, o_class, the lowest first. lut_size: 4 or 6, what encoder, counters and argmax are made
    for, or 2 for gates. The last line has the checksum of the others. Raises UsageError where kind,
    lut_size or name cannot be.
    """
    if kind not in FORMATS:
        raise UsageError(f"The format must be one of {', '.join(FORMATS)}, not {kind!r}")
    if not NAME.fullmatch(name) or name.lower() in KEYWORDS:
        raise UsageError(
            f"A module name must be letters, digits and _, begin with no digit, and be no keyword,"
            f" not {name!r}; give another with --name"
        )
    form = FORMATS[kind]
    head = f"lgn-hw: classifier {classifier.digest}, lut size {lut_size}"
    return sealed(form.write(_circuit(classifier, lut_size), name, head), form.comment)


def prove_combinational(
    classifier: Classifier,
    data: bytes,
    kind: str,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    watch: Watch | None = None,
) -> Proof:
    """Prove that a file of combinational_file is the classifier, reading it as others would.

    Raises FileFormatError where it cannot be read, UsageError where it was not made of this
    classifier's features and classes.
    """
    whole = is_sealed(data)
    status: Status = "equal" if whole else "different"
    claim = Claim("the file is as it was written", "SHA-256", status, "" if whole else CHANGED)
    if not whole:
        return Proof((claim,))
    # The head line says what the file was made for, so that the same circuit can be built for the
    # proof.
    found = re.search(rb"lut size (\d)", data)
    circuit = _circuit(classifier, int(found[1]) if found else 6)
    watch = watch or Watch()
    watch.report("reading the file")
    try:
        built = FORMATS[kind].read(data, circuit, watch)
    except ToolTimeout:
        late = "yosys did not read the file in time; allow more with --limit"
        return Proof((claim, Claim("the file is the circuit", "yosys", "undecided", late)))
    proof = prove_circuit(classifier, circuit, built, timeout_s=timeout_s, watch=watch)
    return Proof((claim, *proof.claims))


def with_mapped_parts(data: bytes, modules: str) -> bytes:
    """Return a file of `verilog-comb` with other modules in the place of its parts.

    modules: Verilog, in which yosys mapped that file to cells; its top module is left out, so that
    the result can be proven part by part as the file itself.
    """
    text = data.decode()
    top = text.split("\n\n")[0] if "\n\n" in text else text
    [name] = re.findall(r"^module (\w+)\(", top, re.MULTILINE)
    # The top only joins the parts, and stays as it was written: the proof looks for its text.
    others = re.sub(rf"^module {name}\(.*?^endmodule\n", "", modules, flags=re.M | re.S)
    return sealed(f"{top}\n\n{others}".encode(), FORMATS["verilog-comb"].comment)


def write_combinational(
    classifier: Classifier,
    path: Path,
    kind: str,
    *,
    lut_size: int = 6,
    name: str = "classifier",
    timeout_s: float = DEFAULT_TIMEOUT_S,
    watch: Watch | None = None,
    tell: Callable[[list[str]], None] = lambda kept: None,
) -> Proof:
    """Write the file once it is proven. Raises CheckFailed where it is not, and writes nothing.

    A file there that lgn did not write is kept under another name, which tell() receives.
    """
    data = combinational_file(classifier, kind, lut_size=lut_size, name=name)
    proof = prove_combinational(classifier, data, kind, timeout_s=timeout_s, watch=watch)
    proof.check()
    tell(kept_notice(path, replace_file(path, data, is_sealed)))
    return proof


def _circuit(classifier: Classifier, lut_size: int) -> Circuit:
    """Return the circuit whose netlists are written."""
    return Circuit.of(classifier, CoreOptions(lut_size=lut_size))


Built = Mapping[str, Aig | Netlist | CutPart]


def _to_aiger(circuit: Circuit, name: str, head: str) -> bytes:
    """Write the whole circuit as an AIGER file."""
    netlist = circuit.whole
    inputs = "".join(f"i{i} {SAMPLE}[{i}]\n" for i in range(netlist.num_inputs))
    outputs = "".join(f"o{i} {CLASS}[{i}]\n" for i in range(netlist.num_outputs))
    return aiger.dumps(to_aig(netlist)) + f"{inputs}{outputs}c\n{name}\n{head}\n".encode()


def _from_aiger(data: bytes, circuit: Circuit, watch: Watch) -> Built:
    """Read it again, for the proof."""
    return {WHOLE: aiger.loads(data)[0]}


def _to_blif(circuit: Circuit, name: str, head: str) -> bytes:
    """Write the whole circuit as BLIF."""
    return f"# {head}\n{blif.dumps(circuit.whole, name)}".encode()


def _from_blif(data: bytes, circuit: Circuit, watch: Watch) -> Built:
    """Read it again, for the proof."""
    return {WHOLE: blif.loads(text_of(data))}


def _to_verilog(circuit: Circuit, name: str, head: str) -> bytes:
    """Write a module for each part: so that what is read back can be proven part by part."""
    modules = [_module(f"{name}_{part}", netlist) for part, netlist in circuit.parts.items()]
    return "\n".join([f"// {head}", _top(circuit, name), *modules]).encode()


def _from_verilog(data: bytes, circuit: Circuit, watch: Watch) -> Built:
    """Read each part by yosys. That the top module joins them is seen in its text."""
    text = text_of(data)
    found = re.search(r"^module (\w+)\(", text, re.MULTILINE)
    if found is None or _top(circuit, found[1]) not in text:
        raise FileFormatError("The file's first module does not join the circuit's parts")
    built: dict[str, Aig] = {}
    for part in circuit.parts:
        graph, inputs, outputs = read_verilog(
            text, f"{found[1]}_{part}", timeout_s=watch.allowed(READING_S)
        )
        built[part] = in_port_order(graph, inputs.get("i", []), outputs.get("o", []))
    return built


def _top(circuit: Circuit, name: str) -> str:
    """Return the module that joins the parts, each one's outputs to the next one's inputs.

    The proof compares this text letter by letter instead of reading it: it is the one thing in the
    file that no part's proof covers. A width of 0 is written as 1, as Verilog has no empty vector.
    """
    widths = [circuit.parts["encoder"].num_inputs]
    widths += [netlist.num_outputs for netlist in circuit.parts.values()]
    lines = [
        f"module {name}(",
        f"  input [{max(1, widths[0]) - 1}:0] {SAMPLE},",
        f"  output [{max(1, widths[-1]) - 1}:0] {CLASS}",
        ");",
    ]
    # From part to part: what one gives is what the next one takes.
    source = SAMPLE
    for part, width in zip(circuit.parts, widths[1:], strict=True):
        target = CLASS if part == "argmax" else f"{part}_bits"
        if part != "argmax":
            lines.append(f"  wire [{max(1, width) - 1}:0] {target};")
        lines.append(f"  {name}_{part} u_{part}(.i({source}), .o({target}));")
        source = target
    return "\n".join([*lines, "endmodule", ""])


def _module(name: str, netlist: Netlist) -> str:
    """Return a netlist as a module, a wire per node in the order of the nodes.

    A table that is constant over the inputs it reads becomes a literal: expression() needs one that
    depends on an input.
    """
    nets = [f"n{net}" for net in range(netlist.num_nets)]
    nets[0], nets[1] = "1'b0", "1'b1"
    nets[FIRST_INPUT : netlist.first_node] = [f"i[{i}]" for i in range(netlist.num_inputs)]
    lines = [
        f"module {name}(",
        f"  input [{max(1, netlist.num_inputs) - 1}:0] i,",
        f"  output [{max(1, netlist.num_outputs) - 1}:0] o",
        ");",
    ]
    rows = zip(netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table.tolist(), strict=True)
    for node, (fanin, arity, table) in enumerate(rows):
        constant = {0: "1'b0", (1 << (1 << arity)) - 1: "1'b1"}.get(table)
        value = constant or expression(table, [nets[net] for net in fanin[:arity]])
        lines.append(f"  wire {nets[netlist.first_node + node]} = {value};")
    lines += [f"  assign o[{i}] = {nets[net]};" for i, net in enumerate(netlist.outputs.tolist())]
    return "\n".join([*lines, "endmodule", ""])


@dataclass(frozen=True)
class Format:
    """How a file is written and read, and the comment that its checksum stands in."""

    write: Callable[[Circuit, str, str], bytes]
    read: Callable[[bytes, Circuit, Watch], Built]
    comment: str
    suffix: str


FORMATS = {
    "aiger": Format(_to_aiger, _from_aiger, "", ".aig"),
    "blif": Format(_to_blif, _from_blif, "# ", ".blif"),
    "verilog-comb": Format(_to_verilog, _from_verilog, "// ", "_comb.v"),
}
