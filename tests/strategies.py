"""Hypothesis strategies for netlists and classifiers, and seeded large ones."""

import numpy as np
from hypothesis import strategies as st

from lgn_hw import Classifier, Netlist, Thermometer
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.features import Features
from lgn_hw.hdl.core import ClassifierCore
from lgn_hw.netlist import FIRST_INPUT, MAX_FANIN

__all__ = [
    "classifiers",
    "features",
    "netlists",
    "random_classifier",
    "random_netlist",
    "registers_of",
]


@st.composite
def netlists(
    draw, max_inputs=6, max_nodes=12, max_outputs=8, min_inputs=1, inputs=None, max_arity=MAX_FANIN
):
    """Draw netlists with nodes of 1 to max_arity inputs.

    Constants feed nodes, inputs and nodes stay unused, and outputs are any nets, more than once.
    """
    if inputs is None:
        inputs = draw(st.integers(min_inputs, max_inputs))
    first = FIRST_INPUT + inputs
    fanin, table = [], []
    for net in range(first, first + draw(st.integers(0, max_nodes))):
        arity = draw(st.integers(1, max_arity))
        nets = draw(st.lists(st.integers(0, net - 1), min_size=arity - 1, max_size=arity - 1))
        # The last input is not net 0, which would be padding.
        nets.append(draw(st.integers(1, net - 1)))
        fanin.append(nets + [0] * (MAX_FANIN - arity))
        table.append(draw(st.integers(0, (1 << (1 << arity)) - 1)))
    last = first + len(fanin) - 1
    outputs = draw(st.lists(st.integers(0, last), max_size=max_outputs))
    return Netlist(
        inputs,
        np.array(fanin, np.int32).reshape(-1, MAX_FANIN),
        np.array(table, np.uint64),
        np.array(outputs, np.int32),
    )


@st.composite
def features(draw, max_features=4):
    """Draw integer features of 1 to 12 bits, signed and unsigned."""
    low, high = [], []
    for _ in range(draw(st.integers(1, max_features))):
        low.append(draw(st.one_of(st.just(0), st.integers(-40, 40), st.integers(-2000, 0))))
        high.append(low[-1] + draw(st.one_of(st.just(1), st.integers(1, 40), st.integers(1, 2000))))
    return Features.integers(low, high)


@st.composite
def classifiers(draw, max_features=4, max_bits=8, max_nodes=12, max_outputs=8, max_classes=5):
    """Draw classifiers: repeated thresholds, unread bits, classes of uneven size or none."""
    of = draw(features(max_features=max_features))
    feature = draw(st.lists(st.integers(0, len(of) - 1), min_size=1, max_size=max_bits))
    threshold = [draw(st.integers(int(of.low[f]), int(of.high[f]) - 1)) for f in feature]
    netlist = draw(netlists(inputs=len(feature), max_nodes=max_nodes, max_outputs=max_outputs))
    classes = draw(st.integers(2, max_classes))
    group = [draw(st.integers(0, classes - 1)) for _ in range(netlist.num_outputs)]
    return Classifier(
        Thermometer(of, np.array(feature, np.int32), np.array(threshold, np.int64)),
        netlist,
        np.array(group, np.int32),
        tau=draw(st.sampled_from([1.0, 2.5])),
        classes=tuple(f"class{c}" for c in range(classes)),
    )


# For which LUTs a core can be made, as options of ClassifierCore and to_verilog.
FOR_LUTS = [{"lut_size": 2}, {"lut_size": 4}, {"lut_size": 6}, {"lut_size": 6, "head": "chains"}]
MADE_FOR = [{}, *FOR_LUTS]


@st.composite
def registers_of(draw, classifier, **options):
    """Draw where the registers of a core stand: anywhere that they may."""
    core = ClassifierCore(classifier, CoreOptions(**options))
    registers = {
        name: draw(st.sets(st.integers(0, max(1, block.stages.levels)), min_size=name == "encoder"))
        for name, block in core.blocks.items()
    }
    registers["argmax"].add(max(1, core.argmax.stages.levels))
    return {name: sorted(levels) for name, levels in registers.items()}


def random_netlist(seed, inputs, layers, arity=2):
    """Return a layered netlist: layers[i] nodes, each reading `arity` nets of the layer before.

    The outputs are the last layer.
    """
    rng = np.random.default_rng(seed)
    fanin, below, net = [], np.arange(FIRST_INPUT, FIRST_INPUT + inputs), FIRST_INPUT + inputs
    for width in layers:
        rows = np.zeros((width, MAX_FANIN), np.int32)
        rows[:, :arity] = rng.choice(below, (width, arity))
        fanin.append(rows)
        below = np.arange(net, net + width)
        net += width
    table = rng.integers(0, 2**64 - 1, sum(layers), np.uint64, endpoint=True)
    if arity < MAX_FANIN:
        table &= np.uint64((1 << (1 << arity)) - 1)
    return Netlist(inputs, np.concatenate(fanin), table, below.astype(np.int32))


def random_classifier(seed, features=8, bits=32, layers=(60, 60), classes=4, arity=2):
    """Return a classifier on 4-bit features with a random layered netlist; classes take turns."""
    rng = np.random.default_rng(seed)
    thermometer = Thermometer(
        Features.integers([0] * features, [15] * features),
        rng.integers(0, features, bits, np.int32),
        rng.integers(0, 15, bits, np.int64),
    )
    netlist = random_netlist(seed, bits, layers, arity)
    group = np.arange(netlist.num_outputs, dtype=np.int32) % classes
    names = tuple(str(c) for c in range(classes))
    return Classifier(thermometer, netlist, group, tau=1.0, classes=names)
