"""The classifier as one stream component: encoder, logic, popcount, argmax."""

from dataclasses import replace

import numpy as np
from amaranth.hdl import Cat, EnableInserter, Module, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from lgn_hw.circuit.circuit import Circuit
from lgn_hw.circuit.heads.adders import AdderLayout
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.circuit.registers import Registers, registers_of
from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.hdl.argmax import Argmax, class_width
from lgn_hw.hdl.block import Block, Quiet
from lgn_hw.hdl.encoder import Encoder
from lgn_hw.hdl.logic import Logic
from lgn_hw.hdl.popcount import Popcount, popcount_block
from lgn_hw.netlist import Netlist
from lgn_hw.passes.dead import inputs_read

__all__ = ["ClassifierCore"]

BLOCKS = ("encoder", "logic", "popcount", "argmax")


class ClassifierCore(Quiet):
    """Classify one sample per clock cycle; equal to Classifier.predict and Classifier.scores.

    i_sample: a stream of samples as lgn_hw.features.Features packs them.
    o_result: a stream of results, one for each sample, in order: `class_index` in the lowest
    bits; where scores is true, above it `scores`, one unsigned number per class, class 0 lowest.

    options: where registers stand, whether results carry scores, and for which LUTs and with which
    head the core is built. circuit: the netlists that it is built of, None without a lut_size.
    Registers must stand somewhere in the encoder, level 0 being the sample itself, and after the
    last level of argmax.

    latency: clock cycles from the one in which a sample is accepted to the one in which its result
    is first valid, without backpressure; the sum of the four blocks' latencies.

    The whole pipeline advances unless a result waits, so that valid never depends on ready, a
    waiting result is stable, and i_sample.ready follows o_result.ready in the same cycle. Only
    the valid bits are reset.
    """

    def __init__(self, classifier: Classifier, options: CoreOptions | None = None) -> None:
        self.options = options = options or CoreOptions()
        self.circuit: Circuit | None = None
        self.blocks: dict[str, Block]
        classes = classifier.num_classes
        self.class_bits = class_width(classes)
        if options.lut_size is None:
            adders = AdderLayout(classifier.group_sizes)
            self.score_bits = adders.width
            self.blocks = _of_operators(classifier, adders, options)
        else:
            self.circuit = Circuit.of(classifier, options)
            self.score_bits = self.circuit.score_bits
            self.blocks = _of_luts(self.circuit, options.registers)
        self.encoder, self.logic, self.popcount, self.argmax = self.blocks.values()
        self.latency = sum(block.latency for block in self.blocks.values())
        fields: dict[str, object] = {"class_index": self.class_bits}
        if options.scores:
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
        # One bit per row of registers says whether that row holds a sample.
        valid = Signal(self.latency)
        m.d.comb += [
            self.o_result.valid.eq(valid[-1]),
            # The whole pipeline stands still or moves: one enable for all registers, which is one
            # global wire on an FPGA, and what makes the proof of prove.pipeline a matter of
            # structure.
            advance.eq(~self.o_result.valid | self.o_result.ready),
            self.i_sample.ready.eq(advance),
        ]
        with m.If(advance):
            m.d.sync += valid.eq(Cat(self.i_sample.valid, valid))
        # Each block takes what the one before it gives, whatever its port is called.
        bits: Value = self.i_sample.payload
        for name, block in self.blocks.items():
            m.submodules[name] = EnableInserter(advance)(block)
            m.d.comb += getattr(block, block.source[0]).eq(bits)
            bits = Cat(getattr(block, sink) for sink in block.sinks)
        m.d.comb += self.o_result.payload.as_value().eq(bits)
        return m


def _of_operators(
    classifier: Classifier, adders: AdderLayout, options: CoreOptions
) -> dict[str, Block]:
    """Return blocks of comparisons and adders, which yosys puts into carry chains."""
    classes = classifier.num_classes
    _check_registers(options.registers, (classes - 1).bit_length())
    encoder, logic, popcount, argmax = (registers_of(options.registers, name) for name in BLOCKS)
    return {
        "encoder": Encoder(classifier.encoder, inputs_read(classifier.netlist), encoder),
        "logic": Logic(_by_class(classifier), logic),
        "popcount": Popcount(adders, popcount),
        "argmax": Argmax(classes, adders.width, argmax, scores=options.scores),
    }


def _of_luts(circuit: Circuit, registers: Registers) -> dict[str, Block]:
    """Return blocks of nodes that fill LUTs, and the head's."""
    _check_registers(registers, max(1, circuit.parts["argmax"].depth))
    blocks: dict[str, Block] = {
        name: Logic(part, registers_of(registers, name)) for name, part in circuit.parts.items()
    }
    return blocks | {"popcount": popcount_block(circuit.head, registers_of(registers, "popcount"))}


def _check_registers(registers: Registers, last: int) -> None:
    """Check that registers stand before the gates and at the end, so that no path passes through.

    last: the last level of argmax.

    Raises UsageError naming the block. Without a register in the encoder and one at the end, a
    combinational path would lead through the whole core, from port to port.
    """
    if isinstance(registers, int):
        return
    unknown = registers.keys() - {*BLOCKS}
    if unknown:
        raise UsageError(
            f"Registers are placed in {', '.join(BLOCKS)}, not in {sorted(unknown)[0]!r}"
        )
    if not registers.get("encoder"):
        raise UsageError("Registers must stand in encoder: before it (level 0) or after a level")
    if last not in registers.get("argmax", ()):
        raise UsageError(f"Registers must stand after level {last} of argmax, its last one")


def _by_class(classifier: Classifier) -> Netlist:
    """Sort the outputs by the class that they vote for, as Popcount takes them."""
    # Stable: votes of a class keep the order in which training gave them.
    order = np.argsort(classifier.group, kind="stable")
    return replace(classifier.netlist, outputs=classifier.netlist.outputs[order])
