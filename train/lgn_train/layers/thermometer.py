"""The thermometer encoder as a layer: integer codes to bits, as floats 0.0 and 1.0."""

from typing import final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import lgn_train.packed.ops as ops
from lgn_hw.encoder import Thermometer
from lgn_hw.features import Features
from lgn_train.packed.bits import PackedBits
from lgn_train.packed.kernels import why_not_compiled, why_not_cuda
from lgn_train.packed.stage_graph import StageGraph
from lgn_train.packed.words import WORD_BITS
from lgn_train.tracing import is_exporting

__all__ = ["ThermometerLayer"]


@final
class ThermometerLayer(nn.Module):
    """Turn integer codes[batch, features] into float32[batch, bits], exactly as `spec` says.

    spec: the lgn_hw.Thermometer that is exported and built; fit_thermometer() makes one.
    """

    feature: Tensor
    threshold: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, spec: Thermometer) -> None:
        super().__init__()
        if not isinstance(spec, Thermometer):
            raise TypeError(f"spec must be an lgn_hw.Thermometer, not {type(spec).__name__}")
        self.spec = spec
        # The codes that every feature can have: where the dtype has no others, no sample needs to
        # be looked at.
        self._common_range = (int(spec.features.low.max()), int(spec.features.high.min()))
        narrow = _narrowest(spec.features)
        for name, values in (
            ("feature", spec.feature.astype(np.int64)),
            ("threshold", spec.threshold[:, None].astype(narrow)),
            ("low", spec.features.low.astype(narrow)),
            ("high", spec.features.high.astype(narrow)),
        ):
            # Not in the state: the spec is what says them, and it is saved with the run.
            self.register_buffer(name, torch.from_numpy(values.copy()), persistent=False)

    @property
    def num_bits(self) -> int:
        return self.spec.num_bits

    def forward(self, codes: Tensor) -> Tensor:
        """Encode codes, of images too; raises TypeError or ValueError on a wrong dtype, shape or
        range.
        """
        codes = codes.flatten(1) if codes.ndim > 2 else codes
        self._check(codes)
        if not self.why_not_packed():
            return PackedBits(StageGraph(self._rows(codes), len(codes)))
        # Feature-major in memory, as every layer computes; the transposes are views.
        rows = codes.t().to(self.threshold.dtype).index_select(0, self.feature)
        return (rows > self.threshold).float().t()

    def why_not_packed(self) -> list[str]:
        """Return why bits are not packed into words, and nothing where they are."""
        wide = ["codes beyond 32 bits; the kernels compare int32"] * (
            self.threshold.dtype == torch.int64
        )
        where = self.threshold.device
        reasons = why_not_cuda(where.index) if self.threshold.is_cuda else why_not_compiled()
        return wide + list(reasons) + ["torch.export follows float operations"] * is_exporting()

    def _rows(self, codes: Tensor) -> Tensor:
        """Return int64[bits, words], the bits on packed words."""
        narrow = codes.t().to(torch.uint8 if codes.dtype == torch.uint8 else torch.int32)
        # Filled up to whole words; samples past the batch have bits that nobody reads.
        whole = F.pad(narrow, (0, -len(codes) % WORD_BITS)).contiguous()
        feature, threshold = self.feature.int(), self.threshold.flatten().int()
        return ops.encode(whole, feature, threshold)

    def extra_repr(self) -> str:
        return f"features={len(self.spec.features)}, bits={self.num_bits}"

    def _check(self, codes: Tensor) -> None:
        """Raise TypeError for what is no integer, and ValueError for a shape or a code out of
        range.

        The range costs a synchronisation on a GPU, so it is not checked where the dtype alone says
        enough, nor while a graph is captured.
        """
        if codes.is_floating_point() or codes.is_complex() or codes.dtype == torch.bool:
            raise TypeError(
                f"codes must be integers, not {codes.dtype}; features.quantize() converts raw"
                " values"
            )
        features = self.spec.features
        if codes.ndim != 2 or codes.shape[1] != len(features):
            raise ValueError(
                f"codes must have shape (batch, {len(features)}), not {tuple(codes.shape)}"
            )
        limits = torch.iinfo(codes.dtype)
        if limits.min >= self._common_range[0] and limits.max <= self._common_range[1]:
            return  # as bytes of pixels are
        if is_exporting() or (codes.is_cuda and torch.cuda.is_current_stream_capturing()):
            return  # nothing can be read back; the steps before the capture were checked
        outside = (codes < self.low) | (codes > self.high)
        if bool(outside.any()):
            sample, feature = (int(i) for i in outside.nonzero()[0])
            raise ValueError(
                f"Sample {sample}, feature {features.names[feature]!r} must be"
                f" {features.low[feature]} to {features.high[feature]},"
                f" not {int(codes[sample, feature])}"
            )


def _narrowest(features: Features) -> type[np.integer]:
    """Return the smallest dtype of every code: as many bytes are moved for each bit."""
    low, high = int(features.low.min()), int(features.high.max())
    for dtype in (np.uint8, np.int16, np.int32):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return dtype
    return np.int64
