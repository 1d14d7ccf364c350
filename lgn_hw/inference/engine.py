"""A classifier as a program in C++: comparisons, gates, counts and the choice, all in vectors."""

import ctypes
import os
import weakref
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgn_hw.encoder import Thermometer
from lgn_hw.errors import UsageError
from lgn_hw.inference.classifier_struct import ClassifierStruct
from lgn_hw.inference.codes import Codes, address
from lgn_hw.inference.library import library
from lgn_hw.inference.program import Program
from lgn_hw.netlist import Netlist

__all__ = ["Engine", "default_threads"]

SIZES = ("instructions", "runs", "slots", "code", "bits", "votes")
OUT_OF_RANGE = 1


class Engine:
    """Run a classifier's program: 512 samples at a time, or one where there are one or two.

    Equal to Reference bit for bit, on every instruction set and number of threads.
    """

    def __init__(
        self,
        encoder: Thermometer,
        netlist: Netlist,
        group: NDArray[np.int32],
        num_classes: int,
        instruction_set: str | None = None,
    ) -> None:
        """Build the program, some 0.1 microseconds per node.

        instruction_set: AVX512, AVX2 or DEFAULT; the widest of this machine by default. Raises
        ToolNotFound or ToolError where there is no library, MemoryError where memory is short.
        """
        self.features, self.num_classes = encoder.features, num_classes
        self._num_outputs = netlist.num_outputs
        self._library = library(instruction_set)
        given = ClassifierStruct.of(encoder, netlist, group, num_classes)
        self._program = self._library.lgn_build(ctypes.byref(given))
        if not self._program:
            raise MemoryError(f"A program of {netlist.num_nodes} nodes does not fit in memory")
        # Not __del__: at the end of the interpreter the library may be gone before the object is.
        weakref.finalize(self, self._library.lgn_free, self._program)
        self._codes = Codes(self.features)

    @property
    def size(self) -> dict[str, int]:
        """The program's instructions, runs of like ones, and slots for values, among others."""
        found = np.zeros(len(SIZES), np.int64)
        self._library.lgn_describe(self._program, found.ctypes.data)
        return dict(zip(SIZES, found.tolist(), strict=True))

    @property
    def program(self) -> Program:
        """A copy of the program, for whoever runs it elsewhere."""
        size = self.size
        found = Program(
            slots=size["slots"],
            function=np.zeros(size["runs"], np.int32),
            count=np.zeros(size["runs"], np.int32),
            code=np.zeros(size["code"], np.uint32),
            feature=np.zeros(size["bits"], np.int32),
            threshold=np.zeros(size["bits"], np.int64),
            votes=np.zeros(size["votes"], np.uint32),
            first=np.zeros(self.num_classes + 1, np.int64),
            inverted=np.zeros(self.num_classes, np.int64),
            constant=np.zeros(self.num_classes, np.int32),
            output=np.zeros(self._num_outputs, np.uint32),
        )
        arrays = [getattr(found, field.name) for field in fields(found)[1:]]
        self._library.lgn_copy(self._program, *(array.ctypes.data for array in arrays))
        return found

    def scores(self, codes: ArrayLike, threads: int | None = None) -> NDArray[np.int32]:
        """Return int32[samples, classes], the votes for each class.

        codes: integers[samples, features]; uint8 and int32 are read as they are, others converted.
        threads: default_threads() by default. Raises ClassifierError on a wrong shape, dtype or
        range, UsageError on a wrong number of threads.
        """
        array = self._codes.readable(codes)
        scores = np.empty((len(array), self.num_classes), np.int32)
        self._run(array, scores, None, threads)
        return scores

    def predict(self, codes: ArrayLike, threads: int | None = None) -> NDArray[np.int32]:
        """Return int32[samples], the class with most votes; the lowest such class on a tie."""
        array = self._codes.readable(codes)
        chosen = np.empty(len(array), np.int32)
        self._run(array, None, chosen, threads)
        return chosen

    def scores_raw(self, raw: Any, threads: int | None = None) -> NDArray[np.int32]:
        """Return scores(features.quantize(raw)), without the codes in between where raw is float32,
        float64, or what scores() reads as it is. Raises what quantize() and scores() raise.
        """
        array = self._codes.matrix(raw)
        scores = np.empty((len(array), self.num_classes), np.int32)
        if self._codes.takes_raw(array) and not self._status(array, scores, None, threads):
            return scores
        return self.scores(self.features.quantize(array), threads)

    def predict_raw(self, raw: Any, threads: int | None = None) -> NDArray[np.int32]:
        """Return predict(features.quantize(raw)) as scores_raw() does."""
        array = self._codes.matrix(raw)
        chosen = np.empty(len(array), np.int32)
        if self._codes.takes_raw(array) and not self._status(array, None, chosen, threads):
            return chosen
        return self.predict(self.features.quantize(array), threads)

    def _run(
        self,
        codes: NDArray[np.integer],
        scores: NDArray[np.int32] | None,
        chosen: NDArray[np.int32] | None,
        threads: int | None,
    ) -> None:
        """Run the program on codes; raises ClassifierError for one that is out of range."""
        if self._status(codes, scores, chosen, threads):
            # The program only says that some code is out of range; this finds which, and raises.
            self.features.validated(codes)

    def _status(
        self,
        samples: NDArray[Any],
        scores: NDArray[np.int32] | None,
        chosen: NDArray[np.int32] | None,
        threads: int | None,
    ) -> int:
        """Run the program into scores or chosen, whichever is given; return OUT_OF_RANGE where a
        code is, or a raw value is not finite, else 0.

        samples: codes, or raw values where they are floats.
        """
        kind = -samples.itemsize if samples.dtype.kind == "f" else samples.itemsize
        status: int = self._library.lgn_run(
            self._program, address(samples), kind, len(samples),
            None if scores is None else address(scores),
            None if chosen is None else address(chosen),
            default_threads() if threads is None else _checked_threads(threads),
        )  # fmt: skip
        if status > OUT_OF_RANGE:
            raise MemoryError("The values of a block of samples do not fit in memory")
        return status


def default_threads() -> int:
    """Return how many threads compute: $LGN_THREADS, or one for each core of this process."""
    given = os.environ.get("LGN_THREADS")
    if given is None:
        return _cores()
    if not given.isdecimal():
        raise UsageError(f"LGN_THREADS must be a number of threads, 1 or more, not {given!r}")
    return _checked_threads(int(given))


def _cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def _checked_threads(threads: int) -> int:
    """Return a number of threads; raises UsageError where it is below 1."""
    if threads < 1:
        raise UsageError(f"The number of threads must be 1 or more, not {threads}")
    return threads
