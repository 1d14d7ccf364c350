"""Which simulator finishes first: Icarus starts at once, Verilator is fast once it is compiled."""

import re
from collections.abc import Sequence

from lgn_hw.counted import counted
from lgn_hw.errors import ToolNotFound
from lgn_sim.runner import SIMULATORS, require_simulator

__all__ = ["advice", "cells_of", "choose_simulator", "expected_seconds"]

# CPU seconds, measured by benchmarks/simulate.py: of Icarus for a node and a sample; of Verilator
# and g++ for a build, and for each node of it; of Verilator's run for a node and a sample. A cell
# of a mapped netlist is a module of its own to Icarus, and each of its pins an event.
ICARUS, ICARUS_CELL = 5e-6, 5e-5
VERILATOR_BUILD, VERILATOR_NODE, VERILATOR_RUN = 20.0, 1.2e-3, 0.2e-6
LONG = 60.0  # a wait that is worth installing a simulator
CELL = re.compile(
    r"^ *\\?\w+ +\\?\w+ *\($", re.M
)  # a module and an instance's name, as yosys writes


def cells_of(text: str) -> int:
    """Return how many cells a mapped Verilog netlist has: the instances of modules in it."""
    return len(CELL.findall(text))


def expected_seconds(
    simulator: str, nodes: int, samples: int, builds: int = 1, cells: int = 0
) -> float:
    """Return about how long a simulation takes: samples in all builds together.

    nodes: of the netlist. builds: how many times the simulator compiles, as a negative control is a
    core of its own. cells: of a mapped netlist, which is simulated in the nodes' place. Returns CPU
    seconds.
    """
    if simulator == "icarus":
        return (ICARUS_CELL * cells or ICARUS * nodes) * samples
    nodes = cells or nodes
    return builds * (VERILATOR_BUILD + VERILATOR_NODE * nodes) + VERILATOR_RUN * nodes * samples


def choose_simulator(nodes: int, samples: int, builds: int = 1, cells: int = 0) -> str:
    """Return the simulator that finishes first, of those that are installed.

    Raises ToolNotFound where none is.
    """
    installed = [simulator for simulator in SIMULATORS if _is_installed(simulator)]
    if not installed:
        require_simulator("icarus")
    return _fastest(installed, nodes, samples, builds, cells)


def advice(simulator: str, nodes: int, samples: int, builds: int = 1, cells: int = 0) -> str:
    """Return what to say before a long wait that another simulator would shorten, or nothing."""
    faster = _fastest(SIMULATORS, nodes, samples, builds, cells)
    if simulator not in SIMULATORS:
        return ""
    here, there = (expected_seconds(s, nodes, samples, builds, cells) for s in (simulator, faster))
    # Advice is for waits that hurt; a factor below two is within the model's error.
    if here < LONG or here < 2 * there:
        return ""
    parts = counted(cells, "cell") if cells else counted(nodes, "node")
    return (
        f"{simulator} needs about {counted(round(here / 60), 'minute')} for"
        f" {counted(samples, 'sample')} of {parts},"
        f" {faster} about {max(1, there / 60):.0f}: use --simulator {faster}"
    )


def _fastest(simulators: Sequence[str], nodes: int, samples: int, builds: int, cells: int) -> str:
    """Return the simulator with the lowest expected time."""
    return min(simulators, key=lambda name: expected_seconds(name, nodes, samples, builds, cells))


def _is_installed(simulator: str) -> bool:
    """Say whether a simulator can be run."""
    try:
        require_simulator(simulator)
    except ToolNotFound:
        return False
    return True
