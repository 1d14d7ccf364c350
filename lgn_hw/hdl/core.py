"""The classifier as one stream component: encoder, logic, popcount, argmax."""

from dataclasses import replace

import numpy as np
from amaranth.hdl import Cat, EnableInserter, Module, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.heads.chains import ChainTally
from lgn_hw.circuit.stages import Spacing, cuts_of
from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.hdl.argmax import Argmax, class_width
from lgn_hw.hdl.block import Block, Quiet
from lgn_hw.hdl.chains import ChainPopcount
from lgn_hw.hdl.encoder import Encoder
from lgn_hw.hdl.logic import Logic
from lgn_hw.hdl.popcount import Popcount, score_width
from lgn_hw.netlist import Netlist
from lgn_hw.passes.dead import inputs_read

__all__ = ["DEFAULT_LEVELS_PER_STAGE", "ClassifierCore"]

DEFAULT_LEVELS_PER_STAGE = 2
BLOCKS = ("encoder", "logic", "popcount", "argmax")


class ClassifierCore(Quiet):
    """Classify one sample a clock cycle; equal to Classifier.predict and Classifier.scores.

    i_sample: a stream of samples as lgn_hw.features.Features packs them.
    o_result: a stream of results, one for each sample, in order: `class_index` in the lowest
    bits; where scores is true, above it `scores`, one unsigned number a class, class 0 lowest.

    levels_per_stage: registers stand after every so many levels of each block's own levels and
    at each block's end; 0 puts them at the ends only. Or a mapping from `encoder`, `logic`,
    `popcount` and `argmax` to the levels after which registers stand, and nowhere else; somewhere
    in the encoder, level 0 being the sample itself, and after the last level of argmax they must.

    lut_size: None builds adders and comparisons, for carry chains. 4 or 6 builds encoder, popcount
    and argmax of nodes that fill such LUTs (see blocks.circuit); circuit is then what is built.
    chains: with LUTs of 6 inputs, the popcount adds up in carry chains (see blocks.chains).

    latency: clock cycles from the one in which a sample is accepted to the one in which its result
    is first valid, without backpressure; the sum of the four blocks' latencies.

    The whole pipeline advances unless a result waits, so that valid never depends on ready, a
    waiting result is stable, and i_sample.ready follows o_result.ready in the same cycle. Only
    the valid bits are reset.
    """

    def __init__(
        self,
        classifier: Classifier,
        *,
        levels_per_stage: Spacing = DEFAULT_LEVELS_PER_STAGE,
        scores: bool = False,
        lut_size: int | None = None,
        chains: bool = False,
    ) -> None:
        self.scores = scores
        self.circuit: Circuit | None = None
        self.blocks: dict[str, Block]
        classes = classifier.num_classes
        self.class_bits = class_width(classes)
        if lut_size is None:
            self.score_bits = score_width(classifier.group_sizes)
            self.blocks = _with_carries(classifier, levels_per_stage, scores)
        else:
            self.circuit = Circuit.of(classifier, lut_size=lut_size, scores=scores, chains=chains)
            self.score_bits = self.circuit.score_bits
            self.blocks = _of_luts(self.circuit, levels_per_stage)
        self.encoder, self.logic, self.popcount, self.argmax = self.blocks.values()
        self.latency = sum(block.latency for block in self.blocks.values())
        fields: dict[str, object] = {"class_index": self.class_bits}
        if scores:
            fields["scores"] = data.ArrayLayout(self.score_bits, classes)
        super().__init__(
            {
                "i_sample": In(stream.Signature(classifier.features.sample_width)),
                "o_result": Out(stream.Signature(data.StructLayout(fields))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        advance = Signal()
        valid = Signal(self.latency)
        m.d.comb += [
            self.o_result.valid.eq(valid[-1]),
            advance.eq(~self.o_result.valid | self.o_result.ready),
            self.i_sample.ready.eq(advance),
        ]
        with m.If(advance):
            m.d.sync += valid.eq(Cat(self.i_sample.valid, valid))
        bits: Value = self.i_sample.payload
        for name, block in self.blocks.items():
            m.submodules[name] = EnableInserter(advance)(block)
            m.d.comb += getattr(block, block.source[0]).eq(bits)
            bits = Cat(getattr(block, sink) for sink in block.sinks)
        m.d.comb += self.o_result.payload.as_value().eq(bits)
        return m


def _with_carries(classifier: Classifier, spacing: Spacing, scores: bool) -> dict[str, Block]:
    sizes, classes = classifier.group_sizes, classifier.num_classes
    _check_registers(spacing, (classes - 1).bit_length())
    encoder, logic, popcount, argmax = (cuts_of(spacing, name) for name in BLOCKS)
    return {
        "encoder": Encoder(classifier.encoder, inputs_read(classifier.netlist), encoder),
        "logic": Logic(_by_class(classifier), logic),
        "popcount": Popcount(sizes, popcount),
        "argmax": Argmax(classes, score_width(sizes), argmax, scores=scores),
    }


def _of_luts(circuit: Circuit, spacing: Spacing) -> dict[str, Block]:
    _check_registers(spacing, max(1, circuit.parts["argmax"].depth))
    blocks: dict[str, Block] = {
        name: Logic(part, cuts_of(spacing, name)) for name, part in circuit.parts.items()
    }
    tally = circuit.parities.tally
    if isinstance(tally, ChainTally):
        blocks["popcount"] = ChainPopcount(tally, cuts_of(spacing, "popcount"))
    return blocks


def _check_registers(spacing: Spacing, last: int) -> None:
    """Check that registers stand before the gates and at the end, so that no path passes through.

    last: the last level of argmax.
    """
    if isinstance(spacing, int):
        return
    unknown = spacing.keys() - {*BLOCKS}
    if unknown:
        raise UsageError(
            f"Registers are placed in {', '.join(BLOCKS)}, not in {sorted(unknown)[0]!r}"
        )
    if not spacing.get("encoder"):
        raise UsageError("Registers must stand in encoder: before it (level 0) or after a level")
    if last not in spacing.get("argmax", ()):
        raise UsageError(f"Registers must stand after level {last} of argmax, its last one")


def _by_class(classifier: Classifier) -> Netlist:
    """Sort the outputs by the class that they vote for, as Popcount takes them."""
    order = np.argsort(classifier.group, kind="stable")
    return replace(classifier.netlist, outputs=classifier.netlist.outputs[order])
