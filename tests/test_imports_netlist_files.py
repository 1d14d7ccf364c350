"""Netlists of others and their ports: in the file's order, each bit once, and with a driver."""

import numpy as np
import pytest
from netlist_bench import every_sample

from lgn_hw import FileFormatError, UsageError
from lgn_hw.imports.netlist_files import read_design
from lgn_hw.netlist.aig import to_netlist
from lgn_hw.netlist.evaluate import evaluate


def read(folder, name, text, **options):
    (folder / name).write_text(text, newline="")
    return read_design(folder / name, **options)


def check(design, names, *outputs):
    """Compare every output, in order, with a function of the inputs, in order."""
    assert design.input_names == names
    bits = every_sample(len(names))
    found = evaluate(to_netlist(design.between(None)), bits)
    assert np.array_equal(found, np.stack([function(*bits.T) for function in outputs], axis=1))


def test_verilog_with_registers_is_rejected(tmp_path):
    text = "module net(input clk, input x, output reg y); always @(posedge clk) y <= x; endmodule"
    (tmp_path / "net.v").write_text(text)
    with pytest.raises(FileFormatError, match="has 1 register, and must be combinational"):
        read_design(tmp_path / "net.v")
    (tmp_path / "bad.v").write_text("module net(")
    with pytest.raises(FileFormatError, match="cannot be read: yosys failed"):
        read_design(tmp_path / "bad.v")


def test_ports_of_verilog_come_as_the_module_declares_them(tmp_path):
    text = """module net(z, \\y[0] , b, \\a[3] , unread, v);
      output \\y[0] ; output z; input \\a[3] ; input b; input [7:6] unread; output [0:1] v;
      assign z = b & \\a[3] ; assign \\y[0] = \\a[3] & ~b; assign v = {unread[6], 1'b0};
    endmodule"""
    check(
        read(tmp_path, "net.v", text),
        ["b", "a[3]", "unread[0]", "unread[1]"],
        lambda b, a, c, d: b & a,
        lambda b, a, c, d: a & ~b,
        lambda b, a, c, d: c & ~c,
        lambda b, a, c, d: c,
    )


def test_verilog_may_include_what_lies_beside_it(tmp_path):
    (tmp_path / "width.vh").write_text("`define WIDTH 2\n")
    text = """\ufeff`include "width.vh"
    module net(input [`WIDTH-1:0] x, output y); assign y = &x; endmodule"""
    check(read(tmp_path, "net.v", text), ["x[0]", "x[1]"], lambda a, b: a & b)
    with pytest.raises(FileFormatError, match=r"net\.v cannot be read[^$]*missing\.vh"):
        read(tmp_path, "net.v", text.replace("width", "missing"))
    with pytest.raises(FileFormatError, match="includes itself"):
        read(tmp_path, "net.v", '`include "net.v"')


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "input a, output y); assign y = a & aa;",
            r"must have a driver; aa needs one and has none",
        ),
        ("input a, output [1:0] y); assign y[0] = a;", r"y\[1\] needs one and has none"),
        ("input a, input b, output y); and p(y, a, b); or q(y, a, b);", "has several"),
        ("inout a, output y); assign y = a;", "the port a must be an input or an output, no inout"),
        ("input [1:0] a, input \\a[0] , output y); assign y = ^a & \\a[0] ;", r"called a\[0\]"),
        ("input a);", "has no module with outputs"),
        ("input a, output y); other o(a, y);", r"put that module into the file[^$]*other"),
        (
            "input [1:0] a, output y); reg m [3:0]; initial begin m[1] = 1; end assign y = m[a];",
            "write its memory as a case statement",
        ),
        ("input a, output y); assign y = a +;", r"net\.v:1: ERROR"),
    ],
)
def test_verilog_rejects_what_is_no_function(tmp_path, body, message):
    with pytest.raises(FileFormatError, match=message):
        read(tmp_path, "net.v", f"module net({body} endmodule")


def test_verilog_of_two_tops_wants_to_know_which(tmp_path):
    text = "".join(
        f"module {m}(input x, output y); assign y = {m[1:]}x; endmodule " for m in ("a", "b~")
    )
    text = text.replace("b~(", "b(")
    with pytest.raises(FileFormatError, match=r"2 modules that no other contains, a, b; .*--top"):
        read(tmp_path, "net.v", text)
    check(read(tmp_path, "net.v", text, top="b"), ["x"], lambda x: ~x)
    with pytest.raises(UsageError, match="must be the name of a module, not 'b; exec'"):
        read(tmp_path, "net.v", text, top="b; exec")


@pytest.mark.parametrize(
    ("inputs", "names"),
    [
        ("x[1] y x[0]", ["x[0]", "x[1]", "y"]),
        ("x[0] x[2]", ["x[0]", "x[2]"]),
        ("x x[0]", ["x", "x[0]"]),
        ("x[0] x[00]", ["x[0]", "x[00]"]),
    ],
)
def test_inputs_with_names_alike_are_all_kept(tmp_path, inputs, names):
    first = inputs.split()[0]
    text = f".inputs {inputs}\n.outputs o\n.names {first} o\n1 1\n"
    design = read(tmp_path, "net.blif", text)
    check(design, names, lambda *x: x[names.index(first)])


def test_aiger_without_a_name_for_each_input_has_one_port(tmp_path):
    aag = "aag 2 2 0 2 0\r\n2\r\n4\r\n4\r\n3\r\n"
    ends = lambda a, b: b, lambda a, b: ~a
    check(read(tmp_path, "net.aag", aag), ["inputs[0]", "inputs[1]"], *ends)
    check(read(tmp_path, "net.aag", f"{aag}i0 a\r\n"), ["inputs[0]", "inputs[1]"], *ends)
    check(read(tmp_path, "net.aag", f"{aag}i0 a\r\ni1 a\r\n"), ["inputs[0]", "inputs[1]"], *ends)
    check(read(tmp_path, "net.aag", f"{aag}i0 a b\r\ni1 a[7]\r\n"), ["a b", "a[7]"], *ends)
