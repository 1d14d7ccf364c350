"""What a simulator may read otherwise than synthesis is refused, with its line and a reason."""

import re

import pytest
from strategies import MADE_FOR, random_classifier
from test_prove_pipeline import CORE, PART

from lgn_hw import CheckFailed
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.hdl.verilog import read_core_header, to_verilog
from lgn_hw.prove.equivalence import prove_verilog
from lgn_hw.prove.pipeline import combinational
from lgn_hw.prove.source_check import check_source

SECOND = "if (advance) second <= first[0] & ~first[1];"


@pytest.mark.parametrize("made_for", MADE_FOR)
@pytest.mark.parametrize("scores", [False, True])
def test_source_takes_what_is_emitted(made_for, scores):
    own = random_classifier(1, features=3, bits=12, layers=(12, 21), classes=3)
    for levels in range(3):
        options = CoreOptions(scores=scores, registers=levels, **made_for)
        check_source(to_verilog(own, options))


def test_source_takes_a_core_of_the_usual_style():
    check_source(CORE)
    check_source(PART)


@pytest.mark.parametrize(
    "new",
    [
        # As Amaranth writes: a value first, then what changes it; a register starts the process.
        "second <= next; end\n always @* begin if (go) begin end\n"
        " next = second; if (advance) next = first[0];",
        "case (first) 2'd0: second <= 1; default: second <= 0; endcase",
        "second <= $signed(first) > 2'sd0;",
        "second <= rst; end (* keep *) wire [1:0] x = {1'bx, rst}; always @(posedge clk) begin",
    ],
)
def test_source_takes(new):
    check_source(CORE.replace("reg second;", "reg second, next, go = 0;").replace(SECOND, new))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (SECOND, SECOND.replace("<=", "="), "`second` is assigned with `=` in a clocked process"),
        ("if (rst) valid <= 0", "if (rst) valid[0] = 0", r"`valid\[0\]` is assigned with `=`"),
        ("always @(posedge clk)", "always @(negedge clk)", "a process must wait for one clock's"),
        ("always @(posedge clk)", "always @(clk)", "a process must wait for one clock's"),
        ("posedge clk", "posedge clk or posedge rst", "a process must wait for one clock's"),
        ("posedge clk", "posedge clk iff rst", "a process must wait for one clock's"),
        ("second <= first[0]", "second <= #1 first[0]", "synthesis leaves delays out"),
        ("assign o_result__payload", "assign #2 o_result__payload", "synthesis leaves delays out"),
        ("assign o_result__payload", "assign (pull0, weak1) o_result__payload", "strengths"),
        ("reg second;", "reg second; initial second = 1;", "an initial block acts"),
        ("reg second;", "reg second; reg lat; always @* if (rst) lat = clk;", "it is a latch"),
        ("reg second;", "reg second; reg w; always @(rst) w = rst;", "a process must wait"),
        ("reg second;", "reg second; reg w; always @* begin w = 0; w = ~w; end", "`w` is read"),
        ("reg second;", "reg second; reg w; always @* w = 0;", "reads nothing never runs"),
        ("reg second;", "reg second; localparam P = 1; reg w; always @* w = P;",
         "reads nothing never runs"),
        ("reg second;", "reg second; localparam [1:0] P = 1; reg w; always @* begin w = 0;"
         " if (P[0]) w = 1; end", "reads nothing never runs"),
        ("wire advance", "// said\r wire w = 0;\n wire advance", "a carriage return alone"),
        ("reg second;", "reg second; reg w; always @* w <= rst;", "`<=` belongs into a clocked"),
        ("reg second;", "reg second; always_latch if (rst) second = 1;", "a latch is no register"),
        ("first[0] & ~first[1]", "first[0] === 1'b1", "`===` tells x and z apart"),
        ("first[0] & ~first[1]", "first[0] == 1'bx", "1'bx is x here"),
        ("first[0] & ~first[1]", "first[0] ? 1'bz : 1'b0", "1'bz is z"),
        ("first[0] & ~first[1]", "first / 2", "a division by zero is x"),
        ("first[0] & ~first[1]", "first[first]", "an index must be a constant"),
        ("first[0] & ~first[1]", "first[7]", "cannot refer to element 7|index 7"),
        ("first[0] & ~first[1]", "$random", r"\$random is refused"),
        ("first[0] & ~first[1]", "firts[0]", "undeclared identifier 'firts'"),
        (SECOND, "casez (first) 2'b0?: second <= 1; endcase", "casez takes x or z"),
        (SECOND, "casex (first) 2'b0x: second <= 1; endcase", "casex takes x or z"),
        (SECOND, "case (first) 2'b0x: second <= 1; endcase", "2'b0x is x here"),
        (SECOND, "(* full_case *) case (first) 0: second <= 1; endcase", "attribute 'full_case'"),
        (SECOND, "case (first) // synopsys full_case\n 0: second <= 1; endcase", "as a command"),
        (SECOND, "unique case (first) 0: second <= 1; endcase", "unique lets synthesis"),
        (SECOND, "if (advance) force second = 1;", "synthesis leaves `force` out"),
        (SECOND, "$display(first);", r"\$display is refused"),
        (SECOND, "while (rst) second <= 1;", "loop statement"),
        ("wire advance", "// synthesis translate_off\n wire advance", "as a command"),
        ("wire advance", "`ifdef SYNTHESIS\n wire a;\n`endif\n wire advance", "the directive"),
        ("wire advance", "tri advance", "a net must be a wire, not tri"),
        ("wire advance", "(* anyseq *) wire advance", "attribute 'anyseq'"),
        ("reg second;", "reg second; reg ram [0:3];", "an array is refused"),
        ("reg second;", "reg second; and g(y, rst, clk);", "a gate primitive is refused"),
        ("reg second;", "reg second; defparam a.b = 1;", "defparam changes"),
        ("reg second;", "reg second; assign first[0] = rst;", "'first'|`first`"),
        ("assign i_sample__ready = advance;", "assign i_sample__ready = advance;" * 2,
         "`i_sample__ready` has two drivers, the other one in line"),
        ("reg second;", "reg second; always @(posedge clk) second <= rst;", "has two drivers"),
        ("assign i_sample__ready = advance;", "assign i_sample__ready = advance, rst = 0;",
         "'rst'|`rst`"),
        ("reg second;", "reg second; wire odd; part p(.clk(clk), .o_bits(odd), .i_bits(first),"
         " .enable(rst));", "port"),
        ("reg second;", "reg second; reg [2:0] odd; part p(.clk(clk), .o_bits(odd), .i_bits(first),"
         " .enable(rst));", "`odd` is a reg that no process assigns"),
        ("reg second;", "reg second; part p(.clk(clk), .i_bits(missing));", "'missing'"),
        ("input clk, rst", "inout clk, rst", "a port must be an input or an output, not inout"),
        ("module core", "macromodule core", "a file must hold modules"),
    ],
)  # fmt: skip
def test_source_rejects(old, new, message):
    text = PART.strip() + "\n" + CORE.replace(old, new)
    assert old in CORE
    with pytest.raises(CheckFailed, match=rf"^line \d+: .*({message})"):
        check_source(text)


def test_source_names_the_line_and_how_many_more():
    lines = CORE.replace("<=", "=").splitlines()
    where = [i for i, line in enumerate(lines, 1) if re.search(r"\w = .*;", line) and "if" in line]
    with pytest.raises(CheckFailed) as refused:
        check_source("\n".join(lines))
    assert [int(n) for n in re.findall(r"line (\d+):", str(refused.value))] == where


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("assign o_result__payload = second", "assign o_result__payload[0] = 1'bx",
         "Every bit of o_result__payload must have a driver and no x"),
        ("assign o_result__payload = second;", "",
         "Every bit of o_result__payload must have a driver and no x"),
        ("reg second;", "reg second; wire u; wire v = u & first[0];"
         " assign o_result__payload = v;", r"Line \d+: and reads a bit without a driver, or an x"),
        ("first[0] & ~first[1]", "bits[1] ^ bits[0]", r"Line \d+: xor reads a bit without"),
    ],
)  # fmt: skip
def test_pipeline_rejects_what_is_x_in_a_simulator(old, new, message):
    text = CORE.replace("reg second;", "reg second; wire [1:0] bits = {1'bx, first[0]};")
    text = text.replace(old, new)
    if "wire u" in new:
        text = text.replace("assign o_result__payload = second;", "")
    with pytest.raises(CheckFailed, match=f"^{message}"):
        combinational(text, "core")


LATE = "reg [{0}:0] c{1}; always @(posedge clk) if (advance) c <= {{c, {2}}};"


@pytest.mark.parametrize(
    ("more", "result", "message"),
    [
        # A constant that comes through more registers than the first sample does is not there yet.
        (LATE.format(6, "", "1'b1"), "second & c[6]", "pass no more registers .*, not 7"),
        (LATE.format(2, " = 0", "1'b1"), "second & c[2]", "pass no more registers .*, not 3"),
        (LATE.format(2, " = 0", "~rst"), "second & c[2]", "pass no more registers .*, not 3"),
        # What reset does to a result while it waits.
        ("", "second & ~rst", "must depend on nothing but the bits of its own sample"),
        # A register that never gets a value: an attribute gives it none in a simulator.
        ("(* init = 1'b0 *) reg c; always @(posedge clk) if (advance) c <= c;", "second | c",
         "as its enable"),
        ("(* init = 1'b0 *) reg c; always @(posedge clk) if (advance & 1'b0) c <= 0;",
         "second | c", "as its enable"),
        ("reg c; (* init = 1'b0 *) wire d = c; always @(posedge clk) if (advance) c <= c;",
         "second | d", "as its enable"),
        # Nor is x ^ x, or x & ~x, what it is to who computes with 0 and 1.
        ("reg c; always @(posedge clk) if (advance) c <= c;", "second ^ (c ^ c)", "as its enable"),
        ("reg c, d; always @(posedge clk) if (advance) begin c <= d; d <= c; end",
         "second | (c & ~c)", "the core has a loop"),
    ],
)  # fmt: skip
def test_pipeline_rejects_what_is_not_there_in_time(more, result, message):
    text = CORE.replace("assign i_", f"{more} assign i_", 1)
    text = text.replace("__payload = second", f"__payload = {result}")
    with pytest.raises(CheckFailed, match=message):
        combinational(text, "core")


def test_pipeline_takes_constants_that_are_there_in_time():
    more = LATE.format(1, "", "1'b1")
    text = CORE.replace("assign i_", more + " assign i_", 1)
    text = text.replace("__payload = second", "__payload = second & c[1]")
    assert combinational(text, "core").latency == 2


@pytest.mark.parametrize("port", ["i_sample__valid", "o_result__ready", "o_result__valid", "rst"])
def test_pipeline_rejects_wide_control_ports(port):
    text = re.sub(rf"(input|output) ([^;]*)\b{port}\b([^;]*);", "", CORE)
    kind = "output" if port == "o_result__valid" else "input"
    rest = {"input": "clk, rst, i_sample__valid, o_result__ready",
            "output": "i_sample__ready, o_result__valid"}  # fmt: skip
    names = [name for name in rest[kind].split(", ") if name != port]
    text = text.replace(
        "  reg [1:0] valid",
        f"  {kind} {', '.join(names)};\n  {kind} [1:0] {port};\n  reg [1:0] valid",
    )
    with pytest.raises(CheckFailed, match=f"^{port} must be one bit, not 2$"):
        combinational(text, "core")


def test_proof_refuses_before_it_proves():
    own = random_classifier(1, features=3, bits=6, layers=(6, 6))
    text = to_verilog(own)
    at = text.index("exceeds <= ")
    proof = prove_verilog(own, text[:at] + text[at:].replace("<=", "=", 1), read_core_header(text))
    assert proof.status == "refused"
    with pytest.raises(CheckFailed, match=r"^Refused: .* alike: line \d+: `exceeds`"):
        proof.check()
