"""The classifier as one stream component: encoder, logic, popcount, argmax."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from amaranth.hdl import Cat, EnableInserter, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.hdl.argmax import Argmax, class_width
from lgn_hw.hdl.encoder import Encoder
from lgn_hw.hdl.logic import Logic
from lgn_hw.hdl.popcount import Popcount, score_width
from lgn_hw.hdl.schedule import inputs_read
from lgn_hw.hdl.stages import Spacing, cuts_of
from lgn_hw.netlist import Netlist

__all__ = ["DEFAULT_LEVELS_PER_STAGE", "ClassifierCore"]

DEFAULT_LEVELS_PER_STAGE = 2
BLOCKS = ("encoder", "logic", "popcount", "argmax")


class ClassifierCore(wiring.Component):
    """Classify one sample a clock cycle; equal to Classifier.predict and Classifier.scores.

    i_sample: a stream of samples as lgn_hw.features.Features packs them.
    o_result: a stream of results, one for each sample, in order: `class_index` in the lowest
    bits; where scores is true, above it `scores`, one unsigned number a class, class 0 lowest.

    levels_per_stage: registers stand after every so many levels of each block's own levels and
    at each block's end; 0 puts them at the ends only. Or a mapping from `encoder`, `logic`,
    `popcount` and `argmax` to the levels after which registers stand, and nowhere else; after the
    encoder and after the last level of argmax they must.

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
    ) -> None:
        self.scores = scores
        sizes, classes = classifier.group_sizes, classifier.num_classes
        if not isinstance(levels_per_stage, int):
            _check_registers(levels_per_stage, (classes - 1).bit_length())
        self.encoder = Encoder(classifier.encoder, inputs_read(classifier.netlist))
        logic, popcount, argmax = (
            cuts_of(levels_per_stage, block) for block in ("logic", "popcount", "argmax")
        )
        self.logic = Logic(_by_class(classifier), logic)
        self.popcount = Popcount(sizes, popcount)
        self.argmax = Argmax(classes, score_width(sizes), argmax, scores=scores)
        parts = (self.encoder, self.logic, self.popcount, self.argmax)
        self.blocks: dict[str, Encoder | Logic | Popcount | Argmax] = dict(
            zip(BLOCKS, parts, strict=True)
        )
        self.latency = sum(block.latency for block in self.blocks.values())
        fields: dict[str, object] = {"class_index": class_width(classes)}
        if scores:
            fields["scores"] = data.ArrayLayout(score_width(sizes), classes)
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
        for name, block in self.blocks.items():
            m.submodules[name] = EnableInserter(advance)(block)
        m.d.comb += [
            self.encoder.i_sample.eq(self.i_sample.payload),
            self.logic.i_bits.eq(self.encoder.o_bits),
            self.popcount.i_votes.eq(self.logic.o_bits),
            self.argmax.i_scores.eq(self.popcount.o_scores),
            self.o_result.payload.class_index.eq(self.argmax.o_class),
        ]
        if self.scores:
            m.d.comb += self.o_result.payload.scores.as_value().eq(self.argmax.o_scores)
        return m


def _check_registers(registers: Mapping[str, Sequence[int]], last: int) -> None:
    unknown = registers.keys() - {*BLOCKS}
    if unknown:
        raise UsageError(
            f"Registers are placed in {', '.join(BLOCKS)}, not in {sorted(unknown)[0]!r}"
        )
    for block, level in (("encoder", 1), ("argmax", last)):
        if level not in registers.get(block, ()):
            raise UsageError(f"Registers must stand after level {level} of {block}, its last one")


def _by_class(classifier: Classifier) -> Netlist:
    """Sort the outputs by the class that they vote for, as Popcount takes them."""
    order = np.argsort(classifier.group, kind="stable")
    return replace(classifier.netlist, outputs=classifier.netlist.outputs[order])
