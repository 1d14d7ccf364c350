"""A classifier as a program on a GPU: gates computed side by side, level by level."""

import ctypes
import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgn_hw.encoder import Thermometer
from lgn_hw.errors import ClassifierError, ToolError
from lgn_hw.inference.classifier_struct import ClassifierStruct
from lgn_hw.inference.codes import Codes, address
from lgn_hw.inference.cuda_library import cuda_library
from lgn_hw.netlist import Netlist

__all__ = ["CudaEngine"]

OUT_OF_RANGE, NO_MEMORY, ELSEWHERE = -1, -2, -3  # of engine.cu; other numbers are CUDA's errors
BATCH_BYTES = 64 << 20  # of codes on the way to the GPU
OUT_OF_DEVICE_MEMORY = 2  # cudaErrorMemoryAllocation


@dataclass(frozen=True)
class _Given:
    """Codes where they lie: their address, whether that is on a GPU, their size and number."""

    place: int
    is_on_device: bool
    bytes: int
    samples: int


class CudaEngine:
    """Run a classifier's program on a GPU; equal to Reference bit for bit.

    Codes come from the host, or lie on the GPU already: as a tensor of PyTorch on `cuda`, or
    whatever else has `__cuda_array_interface__`. Results come to the host.
    """

    def __init__(
        self,
        encoder: Thermometer,
        netlist: Netlist,
        group: NDArray[np.int32],
        num_classes: int,
        device: int = 0,
    ) -> None:
        """Build the program and put it on a GPU.

        device: its number. Raises ToolNotFound or ToolError where there is no GPU, driver or
        nvcc, or CUDA fails; MemoryError where memory is short, the host's or the GPU's.
        """
        self.features, self.num_classes, self.device = encoder.features, num_classes, device
        self._codes = Codes(encoder.features)
        self._library = cuda_library(device)
        given = ClassifierStruct.of(encoder, netlist, group, num_classes)
        engine = ctypes.c_void_p()
        self._check(self._library.lgn_cuda_build(ctypes.byref(given), device, ctypes.byref(engine)))
        self._engine = engine.value
        # Not __del__: at the end of the interpreter the library may be gone before the object is.
        weakref.finalize(self, self._library.lgn_cuda_free, self._engine)

    def scores(self, codes: ArrayLike, threads: int | None = None) -> NDArray[np.int32]:
        """Return int32[samples, classes] as Engine.scores does; threads is of no use here."""
        given, keep = self._given(codes)
        scores = np.empty((given.samples, self.num_classes), np.int32)
        self._run(given, scores, None)
        del keep
        return scores

    def predict(self, codes: ArrayLike, threads: int | None = None) -> NDArray[np.int32]:
        """Return int32[samples] as Engine.predict does; threads is of no use here."""
        given, keep = self._given(codes)
        chosen = np.empty(given.samples, np.int32)
        self._run(given, None, chosen)
        del keep
        return chosen

    def scores_raw(self, raw: Any, threads: int | None = None) -> NDArray[np.int32]:
        """Return scores(features.quantize(raw)); raw values are quantised on the host."""
        return self.scores(self.features.quantize(raw))

    def predict_raw(self, raw: Any, threads: int | None = None) -> NDArray[np.int32]:
        """Return predict(features.quantize(raw)); raw values are quantised on the host."""
        return self.predict(self.features.quantize(raw))

    def _given(self, codes: Any) -> tuple[_Given, Any]:
        """Return where codes lie, and what must live until they have been read."""
        there = getattr(codes, "__cuda_array_interface__", None)
        if there is None:
            array = self._codes.readable(codes)
            return _Given(address(array), False, array.itemsize, len(array)), array
        shape, dtype = tuple(there["shape"]), np.dtype(there["typestr"])
        if len(shape) != 2 or shape[1] != len(self.features):
            raise ClassifierError(
                f"Samples must have shape (samples, {len(self.features)}), not {shape}"
            )
        if dtype not in self._codes.dtypes:
            names = ", ".join(str(d) for d in self._codes.dtypes)
            raise ClassifierError(f"Samples on a GPU must be of {names}, not {dtype}; convert them")
        if there.get("strides") not in (None, (shape[1] * dtype.itemsize, dtype.itemsize)):
            raise ClassifierError(
                f"Samples on a GPU must lie row by row, not with strides {there['strides']};"
                " make them contiguous"
            )
        return _Given(int(there["data"][0]), True, dtype.itemsize, shape[0]), codes

    def _run(
        self, given: _Given, scores: NDArray[np.int32] | None, chosen: NDArray[np.int32] | None
    ) -> None:
        """Run the program into scores or chosen, whichever is given."""
        if not given.samples:
            return
        found = np.zeros(2, np.int64)
        status = self._library.lgn_cuda_run(
            self._engine, given.place, given.is_on_device, given.bytes, given.samples,
            BATCH_BYTES,
            None if scores is None else address(scores),
            None if chosen is None else address(chosen),
            address(found),
        )  # fmt: skip
        if status == OUT_OF_RANGE:
            sample, feature = divmod(int(found[0]), len(self.features))
            raise self.features.out_of_range(sample, feature, int(found[1]))
        self._check(status)

    def _check(self, status: int) -> None:
        """Raise what a status of the library means, nothing for 0."""
        where = f"cuda:{self.device}"
        if status in (NO_MEMORY, OUT_OF_DEVICE_MEMORY):
            raise MemoryError(f"A classifier and its samples do not fit in memory for {where}")
        if status == ELSEWHERE:
            raise ClassifierError(
                f"Samples must be on {where}, where the classifier is, or on the host; move them"
            )
        if status:
            words = self._library.lgn_cuda_error(status).decode()
            raise ToolError(f"The classifier failed on {where}: CUDA error {status}, {words}")
