"""From a classifier to a bitstream: numbered steps, kept by the digest of all that goes in.

Each step writes into a folder that is named after the digest of everything that goes in: sources,
commands, options and tool versions. So a step with the same input is never run twice, and a
bitstream can be traced.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lgn_hw
from lgn_boards.board import Board, part_of
from lgn_boards.fit import SIZE_SCRIPT, cells_of, check_luts, least_luts, luts_of
from lgn_boards.pll import find_pll
from lgn_boards.pnr_seeds import Routed, best_of, check_clock, family_of, place_and_route
from lgn_boards.steps import Steps
from lgn_boards.tools import find_packer, run_tool
from lgn_boards.top import DesignFiles, design_files
from lgn_hw.classifier import Classifier
from lgn_hw.counted import counted
from lgn_hw.errors import UsageError
from lgn_hw.files.owned_folder import OwnedFolder, own_folder
from lgn_hw.hdl.streaming import StreamingCore, StreamingOptions
from lgn_hw.hdl.streaming.cycles import frame_cycles
from lgn_hw.link import BaudRate, LinkPlan
from lgn_hw.prove.equivalence import prove_classifiers
from lgn_hw.prove.stream_proof import form_claim
from lgn_hw.timing.room import luts_before, make_room, map_file
from lgn_hw.tools.nextpnr import nextpnr_version
from lgn_hw.tools.programs import find_program
from lgn_hw.tools.yosys import run_yosys, yosys_version

__all__ = ["BUILD_FILE", "BuildOptions", "build", "plan_for", "read_build"]

BUILD_FILE = "build.json"
SUFFIXES = (".bin", ".bit", ".fs")


@dataclass(frozen=True)
class BuildOptions:
    """How to build. None stands for what the board says.

    baud: of the link. clock_mhz: made by a PLL if it is not the board's own. levels_per_stage: as
    in logic.Logic. seeds: how many placements to try, of which the best is kept. jobs: how many at
    a time. fresh: build again what was kept. stream: whether a streaming core takes
    the pixels one by one.
    """

    baud: int | None = None
    clock_mhz: float | None = None
    levels_per_stage: int | None = None
    seeds: int = 1
    jobs: int = 0
    fresh: bool = False
    stream: bool = False


def plan_for(classifier: Classifier, board: Board, options: BuildOptions) -> LinkPlan:
    """Size the device for a board's clock; raises UsageError as LinkPlan, BaudRate, find_pll do."""
    platform, levels = board.open_platform(), options.levels_per_stage
    mhz = options.clock_mhz
    pll = None if mhz is None else find_pll(board, platform, mhz)
    clock_hz = board.clock_hz(platform) if pll is None else round(pll.hz)
    registers = board.levels_per_stage if levels is None else levels
    in_time = None
    if options.stream:
        in_time = frame_cycles(StreamingCore(classifier, StreamingOptions(registers)))
    return LinkPlan(classifier, BaudRate(clock_hz, options.baud or board.baud), registers, in_time)


def build(
    classifier: Classifier,
    board: Board,
    output_dir: Path,
    options: BuildOptions,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Build a classifier for a board; return what build.json holds, which output_dir receives.

    output_dir: receives the bitstream, build.json, and a folder for each digest of inputs, with
    all files and logs. The same classifier, board, options and tools give the same bitstream, and
    are built once. `bitstream` is None where its tool is not at hand (see `next`).

    Raises CheckFailed with both numbers where the design does not fit or misses the clock,
    UsageError, ToolNotFound and ToolError.
    """
    if options.seeds < 1:
        raise UsageError(f"seeds must be 1 or more, not {options.seeds}")
    plan = plan_for(classifier, board, options)
    check_luts(board, board.open_platform(), least_luts(plan), "estimate")
    design = design_files(board, plan)
    # By content and not by time: the same files, commands and tools lead to the same folder, on any
    # day.
    key = _digest(design, options)
    with own_folder(output_dir, "build") as owned:
        try:
            result = _built(plan, board, design, key, owned, options, say)
            _finish(result, owned, classifier, board)
        # What was written is noted even where a step fails, so that the next call may write there
        # again.
        finally:
            owned.note_all(key)
            for kept in owned.notices():
                say(kept)
    return result


def _built(
    plan: LinkPlan,
    board: Board,
    design: DesignFiles,
    key: str,
    owned: OwnedFolder,
    options: BuildOptions,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Run the steps in the folder of their inputs' digest, where an earlier run may have begun."""
    folder = owned.path / key
    # Cleared before anything is written: a half-built folder must not be taken for a whole one.
    if options.fresh:
        owned.clear(key)
    for name, content in design.files.items():
        owned.write(f"{key}/{name}", content)
    facts = _facts(plan, board, key, folder)
    say(
        f"      clock {facts['clock_mhz']:g} MHz, link at {plan.rate.baud:,} baud,"
        f" {100 * plan.rate.error:+.2f} % off, {counted(plan.sample_bytes, 'byte')} per sample;"
        f" {key}"
    )
    open_tools = design.commands[0][0] == "yosys"
    steps = Steps(folder, 4 if open_tools else 2, say)
    say(f"      {steps.run('proof of the gates', lambda: _prove(plan))}")
    if open_tools:
        found = _open_flow(design, board, plan, steps, options)
    else:
        found = _vendor_flow(design, steps)
    found["steps"] = [step.to_json() for step in steps.done]
    return facts | found


def read_build(output_dir: Path) -> dict[str, Any]:
    """Return what build() has written to a folder; raises UsageError where there is nothing."""
    file = output_dir / BUILD_FILE if output_dir.is_dir() else output_dir
    if not file.exists():
        raise UsageError(f"There is no {file}; make it with `lgn build`")
    try:
        found = json.loads(file.read_bytes()) if file.is_file() else None
    except ValueError:  # no JSON, or no text
        found = None
    if not isinstance(found, dict) or "board" not in found:
        raise UsageError(f"{file} is not what `lgn build` writes; name the folder of a build")
    return found


def _prove(plan: LinkPlan) -> str:
    """Prove that the gates that are built are those of the classifier; return how many those are.

    Raises CheckFailed where they are not, or it could not be shown.
    """
    if plan.in_time is not None:
        form_claim(plan.classifier).check()
        layers = plan.pixels.convolution.layers if plan.pixels.convolution else ()
        kernels = sum(layer.num_kernels for layer in layers)
        return f"{kernels:,} kernels, which are the netlist's at every position"
    # What is built was optimised: a bitstream must not exist whose gates were not proven.
    prove_classifiers(plan.classifier, plan.optimized).check()
    nodes, built = plan.classifier.netlist.num_nodes, plan.optimized.netlist.num_nodes
    return f"{counted(built, 'node')}, proven equal to the {nodes:,} that were given"


def _open_flow(
    design: DesignFiles, board: Board, plan: LinkPlan, steps: Steps, options: BuildOptions
) -> dict[str, Any]:
    """Run yosys, nextpnr and the packer."""
    _, route, pack = design.commands
    platform, folder, say = board.open_platform(), steps.folder, steps.say
    cells = steps.run("synthesis", lambda: _synthesise(design, folder, platform))
    luts = luts_of(cells)
    available = part_of(platform)[1]
    needed = luts_before(folder, "top.json") or luts
    more = f", in the places of {luts:,}" if needed < luts else ""
    say(f"      {needed:,} LUTs{f' of {available:,}' if available else ''}{more} (stage synth)")
    check_luts(board, platform, luts, "synth")
    jobs = options.jobs or min(options.seeds, os.cpu_count() or 1)
    seeds = range(1, options.seeds + 1)
    clock_mhz = plan.rate.clock_hz / 1e6

    def route_all() -> list[dict[str, Any]]:
        designs = place_and_route(route, clock_mhz, seeds, folder=folder, jobs=jobs)
        return [design.to_json() for design in designs]

    routed = steps.run("place and route", route_all)
    best = best_of([Routed(**design) for design in routed])
    say(f"      {best.fmax_mhz:.2f} MHz, {clock_mhz:.2f} MHz needed (stage pnr); {best.path}")
    check_clock(board, clock_mhz, best, len(routed))
    family = family_of(route[0])
    bitstream = steps.run("bitstream", lambda: _pack(find_packer(family), pack, best, folder))
    return {
        "bitstream": str(folder / bitstream),
        "fmax_mhz": best.fmax_mhz,
        "seed": best.seed,
        "fmax_mhz_by_seed": {str(d["seed"]): d["fmax_mhz"] for d in routed},
        "utilization": best.utilization,
        "luts_synth": needed,
        "critical_path": best.path,
        "tools": {"yosys": yosys_version(), "nextpnr": best.tool},
    }


def _vendor_flow(design: DesignFiles, steps: Steps) -> dict[str, Any]:
    """Run the vendor's program where it is installed; else say how."""
    command, folder = design.commands[0], steps.folder
    found: dict[str, Any] = {"bitstream": None, "fmax_mhz": None, "utilization": {}}
    if find_program(command[0]) is None:
        return found | {"next": f"install {command[0]}, then: cd {folder} && {' '.join(command)}"}
    log = folder / "vendor.log"
    steps.run(command[0], lambda: run_tool(command, folder=folder, log=log))
    return found | {"bitstream": str(folder / "top.bit")}


def _synthesise(design: DesignFiles, folder: Path, platform: Any) -> dict[str, int]:
    """Run yosys on the design, give its LUTs room where they need it, and count its cells."""
    script = design.files["top.ys"].decode() + SIZE_SCRIPT
    run_yosys(script, folder=folder, log=folder / "yosys.log")
    available = part_of(platform)[1]
    if map_file(2) in design.files and available is not None:
        make_room(folder, "top.json", available, then=SIZE_SCRIPT)
    return cells_of(folder)


def _pack(packer: str, command: tuple[str, ...], routed: Routed, folder: Path) -> str:
    """Write the bitstream of a routed design; return its name."""
    # The packer's command names the file of one placement; the best one has its seed in the name.
    unseeded = routed.file.replace(f"-{routed.seed}.", ".")
    arguments = [routed.file if word == unseeded else word for word in command[1:]]
    run_tool([packer, *arguments], folder=folder, log=folder / "pack.log")
    return next(word for word in arguments if word.endswith(SUFFIXES))


def _digest(design: DesignFiles, options: BuildOptions) -> str:
    """Return a digest of all that the bitstream depends on."""
    # Versions are part of what goes in: another nextpnr places otherwise.
    programs = [yosys_version()]
    programs += [nextpnr_version(family_of(c[0])) for c in design.commands if "nextpnr" in c[0]]
    known = hashlib.sha256(repr((programs, design.commands, options.seeds)).encode())
    for name, content in sorted(design.files.items()):
        known.update(f"{name} {len(content)}\n".encode() + content)
    return known.hexdigest()[:16]


def _facts(plan: LinkPlan, board: Board, key: str, folder: Path) -> dict[str, Any]:
    """Return what build.json says of the plan."""
    identity = plan.identity
    return {
        "board": board.name,
        "digest": identity.digest,
        "key": key,
        "folder": str(folder),
        "version": lgn_hw.__version__,
        "baud": identity.baud,
        "baud_error": plan.rate.error,
        "clock_mhz": identity.clock_hz / 1e6,
        "luts_least": least_luts(plan),
        **_speed(plan),
        "vectors": identity.vectors,
        "sample_bytes": identity.sample_bytes,
        "samples_per_second": identity.link_rate,
        "flash": list(board.flash),
    }


def _speed(plan: LinkPlan) -> dict[str, Any]:
    """Say how the core counts: its lanes, or the cycles of a frame and what these come to."""
    if plan.in_time is None:
        return {"lanes": plan.lanes}
    return {
        "frame_cycles": plan.in_time.interval,
        "frames_per_s": plan.rate.clock_hz / plan.in_time.interval,
        "latency_us": plan.in_time.frame * 1e6 / plan.rate.clock_hz,
    }


def _finish(
    result: dict[str, Any], owned: OwnedFolder, classifier: Classifier, board: Board
) -> None:
    """Copy the bitstream to where it is easily found, and write build.json."""
    if result["bitstream"] is not None:
        source = Path(result["bitstream"])
        name = str(classifier.provenance.get("recipe", {}).get("name", "classifier"))
        target = f"{name}-{board.name}{source.suffix}"
        owned.write(target, source.read_bytes())
        result["bitstream"] = str(owned.path / target)
        result["bitstream_sha256"] = hashlib.sha256(source.read_bytes()).hexdigest()
    owned.write(BUILD_FILE, (json.dumps(result, indent=2) + "\n").encode())
