"""The engine's CUDA source in the place of a GPU: what CudaEngine calls runs on the CPU.

python -m cuda_emulator.inference SOURCES FLAVOUR     all cases, for a process of its own
"""

import ctypes
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from cuda_emulator.build import build
from strategies import random_netlist

from lgn_hw import Classifier, Thermometer
from lgn_hw.features import Features
from lgn_hw.inference import CudaEngine, Reference, cuda_engine
from lgn_hw.inference.cuda_library import with_types
from lgn_hw.inference.library import SOURCES

__all__ = ["MEANT", "CudaInference", "OnDevice", "differences", "main"]

PRESENT, MEANT = 1, 0  # the device before and after each call, and the one that it names
MESSAGE_BYTES = 1 << 16
USUAL_SHARED = 48 << 10  # bytes of a block
ORDERS = (0, 1, 2)


class CudaInference:
    """The library of engine.cu for the CPU; a fault raises with what the emulator says of it."""

    def __init__(self, flavour: str, sources: Path = SOURCES) -> None:
        self.path = build(sources, flavour)
        self.library = with_types(ctypes.CDLL(str(self.path)))
        self.library.emu_problems.restype = ctypes.c_long

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = getattr(self.library, name)

        def call(*values: Any) -> Any:
            self.library.emu_set_devices(PRESENT, MEANT)
            status = function(*values)
            text = ctypes.create_string_buffer(MESSAGE_BYTES)
            if self.library.emu_problems(text, ctypes.c_size_t(len(text))):
                raise RuntimeError(f"{name}: {status}\n{text.value.decode()}")
            if self.library.emu_device() != PRESENT:
                raise RuntimeError(f"{name} leaves another device behind")
            return status

        return call

    @contextmanager
    def running(self, shared: int = USUAL_SHARED, order: int = 0) -> Iterator[None]:
        """Run what CudaEngine calls on this source, with so much shared memory."""
        self.library.emu_set_max_shared(ctypes.c_size_t(shared))
        self.library.emu_set_order(order)
        with mock.patch.object(cuda_engine, "cuda_library", return_value=self):
            yield
        self.library.emu_set_order(0)


class OnDevice:
    """An array in the emulated device's memory, as PyTorch shows one."""

    def __init__(self, source: CudaInference, array: np.ndarray) -> None:
        self._library, self._place = source.library, ctypes.c_void_p()
        self._library.cudaMalloc(ctypes.byref(self._place), ctypes.c_size_t(array.nbytes))
        ctypes.memmove(self._place, array.ctypes.data, array.nbytes)
        self.__cuda_array_interface__ = {
            "shape": array.shape, "typestr": array.dtype.str, "version": 2,
            "data": (self._place.value, False), "strides": None,
        }  # fmt: skip

    def free(self) -> None:
        self._library.cudaFree(self._place)


def parts(classifier: Classifier) -> tuple[Any, ...]:
    return classifier.encoder, classifier.netlist, classifier.group, classifier.num_classes


def differences(
    classifier: Classifier, codes: np.ndarray, source: CudaInference, shared: int = USUAL_SHARED,
    orders: Iterable[int] = ORDERS,
) -> list[str]:  # fmt: skip
    """Return how the CUDA source differs from the reference on some codes, in orders of threads."""
    scores, found = Reference(*parts(classifier)).scores(codes), []
    for order in orders:
        with source.running(shared, order):
            engine = CudaEngine(*parts(classifier), device=MEANT)
            for name, wanted in (("scores", scores), ("predict", scores.argmax(axis=1))):
                if not np.array_equal(getattr(engine, name)(codes), wanted):
                    found.append(f"{name} of {codes.shape} differ from numpy, order {order}")
    return found


def random_case(
    seed: int, samples: int, low: int = 0, high: int = 255, dtype: Any = np.uint8,
    features: int = 70, arity: int = 2, classes: int = 10, widths: tuple[int, ...] = (90, 90, 80),
) -> tuple[Classifier, np.ndarray]:  # fmt: skip
    """Return a classifier on features of one range, and codes that reach both ends."""
    rng = np.random.default_rng(seed)
    of = Features.integers([low] * features, [high] * features)
    bits = 150
    encoder = Thermometer(of, rng.integers(0, features, bits), rng.integers(low, high, bits))
    netlist = random_netlist(seed, bits, widths, arity)
    group = rng.integers(0, classes, netlist.num_outputs)
    names = [str(c) for c in range(classes)]
    codes = rng.integers(low, high, (samples, features), endpoint=True)
    codes[:1], codes[-1:, ::2] = high, low
    return Classifier(encoder, netlist, group, 1.0, names), codes.astype(dtype)


def cases() -> Iterator[tuple[Classifier, np.ndarray, int]]:
    """Yield classifiers, codes and bytes of shared memory: all kinds of codes and tables, blocks of
    one word and of several, and slots that do not fit in shared memory.
    """
    for number, samples in enumerate((1, 63, 65, 513, 1100)):
        yield (*random_case(number, samples, features=72 - number % 2), USUAL_SHARED)
    for number, arity in enumerate((1, 3, 6)):
        yield (*random_case(10 + number, 70, arity=arity, widths=(50, 40)), USUAL_SHARED)
    kinds = ((0, 16, "u1"), (-5, 200, "i4"), (-70_000, 70_000, "i4"), (-(2**40), 2**40, "i8"))
    for (low, high, dtype), features in itertools.product(kinds, (6, 70)):
        yield (*random_case(20, 130, low, high, dtype, features), USUAL_SHARED)
    yield (*random_case(30, 700), 5 << 10)
    yield (*random_case(33, 700), 3 << 10)
    yield (*random_case(31, 130, -(2**40), 2**40, "i8"), 17 << 10)
    yield (*random_case(32, 70, classes=3, widths=(30, 700)), USUAL_SHARED)


def main() -> int:
    """Return 1 where a case differs or a fault is found; say the first one of it."""
    sources, flavour = Path(sys.argv[1]).resolve(), sys.argv[2]
    source = CudaInference(flavour, sources)
    if flavour == "trace":
        source.library.emu_trace(ctypes.c_int(1), ctypes.c_int(0))
    for number, (classifier, codes, shared) in enumerate(cases()):
        orders = ORDERS if number % 4 == 0 else ORDERS[:1]
        if found := differences(classifier, codes, source, shared, orders):
            print("\n".join(found))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
