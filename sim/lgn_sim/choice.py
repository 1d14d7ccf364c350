"""Which simulator finishes first: Icarus starts at once, Verilator is fast once it is compiled."""

from collections.abc import Sequence

from lgn_hw.errors import ToolNotFound
from lgn_sim.runner import SIMULATORS, require_simulator

__all__ = ["advice", "choose_simulator", "expected_seconds"]

# CPU seconds, measured by benchmarks/simulate.py: of Icarus for a node and a sample; of Verilator
# and g++ for a build, and for each node of it; of Verilator's run for a node and a sample.
ICARUS = 5e-6
VERILATOR_BUILD, VERILATOR_NODE, VERILATOR_RUN = 20.0, 1.2e-3, 0.2e-6
LONG = 60.0  # a wait that is worth installing a simulator


def expected_seconds(simulator: str, nodes: int, samples: int, builds: int = 1) -> float:
    """Return about how long a simulation takes: samples in all builds together.

    nodes: of the netlist. builds: how many times the simulator compiles, as a negative control is a
    core of its own. Returns CPU seconds.
    """
    if simulator == "icarus":
        return ICARUS * nodes * samples
    return builds * (VERILATOR_BUILD + VERILATOR_NODE * nodes) + VERILATOR_RUN * nodes * samples


def choose_simulator(nodes: int, samples: int, builds: int = 1) -> str:
    """Return the simulator that finishes first, of those that are installed.

    Raises ToolNotFound where none is.
    """
    installed = [simulator for simulator in SIMULATORS if _is_installed(simulator)]
    if not installed:
        require_simulator("icarus")
    return _fastest(installed, nodes, samples, builds)


def advice(simulator: str, nodes: int, samples: int, builds: int = 1) -> str:
    """Return what to say before a long wait that another simulator would shorten, or nothing."""
    faster = _fastest(SIMULATORS, nodes, samples, builds)
    if simulator not in SIMULATORS:
        return ""
    here, there = (expected_seconds(s, nodes, samples, builds) for s in (simulator, faster))
    # Advice is for waits that hurt; a factor below two is within the model's error.
    if here < LONG or here < 2 * there:
        return ""
    return (
        f"{simulator} needs about {here / 60:.0f} minutes for {samples:,} samples of {nodes:,}"
        f" nodes, {faster} about {max(1, there / 60):.0f}: use --simulator {faster}"
    )


def _fastest(simulators: Sequence[str], nodes: int, samples: int, builds: int) -> str:
    """Return the simulator with the lowest expected time."""
    return min(simulators, key=lambda name: expected_seconds(name, nodes, samples, builds))


def _is_installed(simulator: str) -> bool:
    """Say whether a simulator can be run."""
    try:
        require_simulator(simulator)
    except ToolNotFound:
        return False
    return True
