"""The classifier as a stream of pixels: windows, kernels, pools, votes and argmax in time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from amaranth.hdl import Cat, Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from lgn_hw.circuit.heads.adders import AdderLayout
from lgn_hw.classifier import Classifier
from lgn_hw.convolution import Convolution
from lgn_hw.errors import UsageError
from lgn_hw.hdl.argmax import Argmax, class_width
from lgn_hw.hdl.block import Quiet
from lgn_hw.hdl.logic import Logic
from lgn_hw.hdl.popcount import Popcount
from lgn_hw.hdl.streaming.collector import Collector
from lgn_hw.hdl.streaming.framer import Framer, pixel_layout
from lgn_hw.hdl.streaming.or_pool import OrPool
from lgn_hw.hdl.streaming.staged import Staged
from lgn_hw.hdl.streaming.tally import Tally
from lgn_hw.hdl.streaming.window import LineWindow
from lgn_hw.passes.dead import remove_dead_nodes
from lgn_hw.passes.simplify import simplify

__all__ = ["StreamingCore", "StreamingOptions", "section_of"]


@dataclass(frozen=True)
class StreamingOptions:
    """How a streaming core is built.

    registers: after every so many levels of kernels, dense layers, popcount and argmax, and at
    their ends; 0 at the ends only. scores: whether results carry the votes for each class.
    """

    registers: int = 0
    scores: bool = False


def section_of(classifier: Classifier) -> Convolution:
    """Return the convolutional form; raises UsageError where there is none."""
    if classifier.convolution is None:
        raise UsageError(
            "The classifier has no convolutional form, which a streaming core is made of; train a"
            " recipe with model.conv and encoder.kind 'uniform', or use --conv unrolled"
        )
    return classifier.convolution


class StreamingCore(Quiet):
    """Classify images that arrive pixel by pixel; equal to Classifier.predict.

    i_pixel: a stream of pixels in raster order: the codes of all channels, channel 0 lowest, and
    above them `last`, 1 at the last pixel of a frame. o_result: a stream of results, one for each
    frame, in order: `class_index` lowest, above it `scores`, one unsigned number per class, where
    options has them, and on top `error`, 1 where the frame had more or fewer pixels.

    parts: the stages by name, in their order; each is a stream component and waits for the next.
    """

    def __init__(self, classifier: Classifier, options: StreamingOptions | None = None) -> None:
        self.options = options or StreamingOptions()
        self.section, self.classes = section_of(classifier), classifier.num_classes
        self.parts = dict(self._stages())
        self.framer = Framer(self.section, classifier.features, self._frames_under_way())
        result: dict[str, object] = {"class_index": class_width(self.classes)}
        if self.options.scores:
            result["scores"] = data.ArrayLayout(self.score_bits, self.classes)
        result["error"] = 1
        super().__init__(
            {
                "i_pixel": In(stream.Signature(pixel_layout(self.section, classifier.features))),
                "o_result": Out(stream.Signature(data.StructLayout(result))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.framer = self.framer
        wiring.connect(m, wiring.flipped(self.i_pixel), self.framer.i_pixel)
        before = self.framer.o_planes
        for name, part in self.parts.items():
            m.submodules[name] = part
            source, sink = _ends(part)
            wiring.connect(m, before, source)
            before = sink
        frame, result = self.framer.o_frame, self.o_result
        m.d.comb += [
            # The class comes from the last stage, and whether its frame was whole from the framer;
            # both are taken together, or neither.
            result.valid.eq(before.valid & frame.valid),
            before.ready.eq(result.ready & frame.valid),
            frame.ready.eq(result.ready & before.valid),
            result.payload.as_value().eq(Cat(before.payload, frame.payload)),
        ]
        return m

    def _frames_under_way(self) -> int:
        """Return how many frames can have ended before the result of the first is taken."""
        latency = sum(
            part.block.latency if isinstance(part, Staged) else 2 for part in self.parts.values()
        )
        return 2 + -(-latency // (self.section.shape[1] * self.section.shape[2]))

    def _stages(self) -> Iterator[tuple[str, Quiet]]:
        """Yield the stages behind the framer with their names, in the order of the data.

        Sets score_bits, which the last stage that counts votes gives.
        """
        section, registers = self.section, self.options.registers
        for number, kernels in enumerate(section.layers):
            shape = section.shapes[number]
            yield f"window{number}", LineWindow(shape, kernels)
            # At one position, so that shared gates of different kernels are built once.
            once = remove_dead_nodes(simplify(kernels.window(shape[0])))
            yield f"kernels{number}", Staged(Logic(once, registers))
            if kernels.pool > 1:
                columns = kernels.positions(*shape[1:])[1]
                yield f"pool{number}", OrPool(kernels.num_kernels, columns, kernels.pool)
        channels, rows, columns = section.shapes[-1]
        if section.tail is None:
            tally = Tally(section.group.tolist(), self.classes, rows * columns, registers)
            self.score_bits = tally.width
            yield "tally", tally
        else:
            yield "collector", Collector((channels, rows, columns))
            # The popcount wants the votes of a class side by side.
            order = np.argsort(section.group, kind="stable")
            votes = replace(section.tail, outputs=section.tail.outputs[order])
            yield "dense", Staged(Logic(remove_dead_nodes(simplify(votes)), registers))
            adders = AdderLayout(np.bincount(section.group, minlength=self.classes).tolist())
            self.score_bits = adders.width
            yield "popcount", Staged(Popcount(adders, registers))
        yield (
            "argmax",
            Staged(Argmax(self.classes, self.score_bits, registers, scores=self.options.scores)),
        )


def _ends(part: Quiet) -> tuple[wiring.PureInterface, wiring.PureInterface]:
    """Return the streams in front of and behind a stage."""
    names = list(part.signature.members)
    return getattr(part, names[0]), getattr(part, names[1])
