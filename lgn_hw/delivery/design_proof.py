"""Prove a whole file of Verilog: its core, and what stands around it.

Only the core is proven by SAT. The wrapper is small, tested, and compared with what would be
written for this core: equal text is the same circuit.
"""

import re
from collections.abc import Iterator

from lgn_hw.circuit.header import CoreHeader, read_core_header
from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.hdl.streaming import StreamingCore, StreamingOptions
from lgn_hw.hdl.streaming.header import StreamHeader, read_stream_header
from lgn_hw.hdl.streaming.verilog import header_of
from lgn_hw.hdl.streaming.wrapper import stream_wrapper_verilog
from lgn_hw.hdl.wrappers import wrapper_verilog
from lgn_hw.prove.cec import DEFAULT_TIMEOUT_S
from lgn_hw.prove.equivalence import Claim, Proof, prove_verilog
from lgn_hw.prove.source_check import module_names
from lgn_hw.prove.stream_proof import prove_stream
from lgn_hw.prove.watch import Watch

__all__ = ["prove_design"]

WRITTEN = "what stands around the core is what `lgn verilog` writes"
# Strings and escaped names are taken whole: what looks like a comment in them is none.
COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|("(?:[^"\\]|\\.)*"|\\\S+)', re.DOTALL)
# The streams whose width --data-bits says: of samples, and of the results of frames.
SAMPLES = re.compile(r"^ *input \[(\d+):0\] s_axis_tdata;", re.MULTILINE)
RESULTS = re.compile(r"^ *output \[(\d+):0\] m_axis_tdata;", re.MULTILINE)


def prove_design(
    classifier: Classifier,
    verilog: str,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    watch: Watch | None = None,
) -> Proof:
    """Prove that the core in a file is the classifier, and that its wrapper is the written one.

    A streaming core is known by its header (see prove.stream_proof).

    A wrapper is compared letter by letter with the one for this core, comments apart;
    of other modules nothing is shown, so that a file with them is refused. Raises what
    prove.equivalence.prove_verilog raises, and UsageError where the file has no core's header.

    verilog: the text of a whole file. timeout_s: for each call of the solver.
    """
    stream = read_stream_header(verilog)
    if stream is not None:
        return _prove_streaming(classifier, verilog, stream, timeout_s, watch)
    header = read_core_header(verilog)
    proof = prove_verilog(classifier, verilog, header, timeout_s=timeout_s, watch=watch)
    if proof.status == "refused":
        return proof
    return Proof((*proof.claims, *_wrapper_claims(verilog, header)))


def _prove_streaming(
    classifier: Classifier,
    verilog: str,
    header: StreamHeader,
    timeout_s: float,
    watch: Watch | None,
) -> Proof:
    """Prove a streaming core, and that its header says the cycles that it takes."""
    if header.digest != classifier.digest:
        raise UsageError(
            f"The Verilog was emitted from classifier {header.digest}, not from"
            f" {classifier.digest}; emit it again with `lgn verilog --conv stream`"
        )
    core = StreamingCore(classifier, StreamingOptions(header.registers, header.scores))
    same = header == header_of(classifier, core, header.top)
    claim = Claim("the header is the classifier's", "computed", "equal" if same else "different")
    proof = prove_stream(
        classifier, verilog, header.top, header.score_bits, timeout_s=timeout_s, watch=watch
    )
    return Proof((claim, *proof.claims, *_wrapper_claims(verilog, header)))


def _without_comments(verilog: str) -> str:
    """Return Verilog without comments; strings and escaped names, in which // is no comment,
    stay.
    """
    return COMMENT.sub(lambda found: found[1] or "", verilog)


def _wrapper_claims(verilog: str, header: CoreHeader | StreamHeader) -> Iterator[Claim]:
    """Compare what stands around the core, where there is something, with what is written for it.

    Modules that are neither the core nor one of its blocks are a wrapper, or something that nobody
    proves.
    """
    top = header.top
    outer = [n for n in module_names(verilog) if n != top and not n.startswith(f"{top}.")]
    if not outer:
        return
    code = _without_comments(verilog)
    for written in _wrappers(code, header):
        modules = _without_comments(written[written.index("\nmodule ") :])
        if modules in code and sorted(module_names(written)) == sorted(outer):
            yield Claim(WRITTEN, "letter by letter", "equal")
            return
    detail = (
        f"the modules {', '.join(outer)} are not those that `lgn verilog --wrapper` writes around"
        f" {top}; write them again, or prove the core in a file of its own"
    )
    yield Claim(WRITTEN, "letter by letter", "refused", detail)


def _wrappers(code: str, header: CoreHeader | StreamHeader) -> Iterator[str]:
    """Write each wrapper that a core may have, with TDATA as wide as the code has it.

    The width is read from the text, because the header does not have it.
    """
    if isinstance(header, StreamHeader):
        yield stream_wrapper_verilog(header, "axi", data_bits=_width(RESULTS, code))
    else:
        yield wrapper_verilog(header, "axi", data_bits=_width(SAMPLES, code))
        yield wrapper_verilog(header, "parallel")


def _width(port: re.Pattern[str], code: str) -> int:
    """Return the width of a port; 8 where it is not there, or no width that TDATA can have."""
    found = port.search(code)
    bits = int(found[1]) + 1 if found else 8
    return bits if bits % 8 == 0 else 8
