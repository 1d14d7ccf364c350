"""How much a simulation has to do, by which the simulator is chosen (see choice)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgn_hw.classifier import Classifier
from lgn_hw.files.source_text import read_source
from lgn_sim.choice import cells_of
from lgn_sim.job import CASES, FRAME_CASES
from lgn_sim.simulate import CONTROL_VECTORS, FEW
from lgn_sim.simulate_frames import CONTROL_FRAMES, FEW_FRAMES

__all__ = ["Work", "core_work", "frame_work"]

# Nodes, samples in all builds together, builds, and cells of a mapped netlist.
Work = tuple[int, int, int, int]


def core_work(
    classifier: Classifier,
    vectors: int,
    samples: NDArray[np.int64] | None,
    verilog: Path | None,
    *,
    control: bool,
) -> Work:
    """Return the work of simulate: all vectors once, few in each other case, and the control."""
    given = 2 + vectors + (0 if samples is None else len(samples))
    total = given + (len(CASES) - 1) * min(FEW, given) + control * min(CONTROL_VECTORS, given)
    cells = cells_of(read_source(verilog)) if verilog else 0
    return classifier.netlist.num_nodes, total, 1 + control, cells


def frame_work(
    classifier: Classifier, vectors: int, samples: NDArray[np.int64] | None, *, control: bool
) -> Work:
    """Return the work of simulate_frames: each kernel once a cycle, dense layers once a frame."""
    given = 2 + vectors + (0 if samples is None else len(samples))
    # Pauses at one end or both make a case about twice as long.
    cases = 2 * (len(FRAME_CASES) - 1) * min(FEW_FRAMES, given)
    frames = given + cases + control * min(CONTROL_FRAMES, given)
    form = classifier.convolution
    if form is None:  # which is refused later, with what to do
        return 0, frames, 1 + control, 0
    pixels = form.shape[1] * form.shape[2]
    tail = 0 if form.tail is None else form.tail.num_nodes
    nodes = sum(len(layer.tables) for layer in form.layers) + tail // pixels
    return nodes, frames * pixels, 1 + control, 0
