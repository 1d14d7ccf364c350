"""What a logic layer may be given: floats of the right shape in [0, 1], or bits."""

from torch import Tensor

from lgn_train.packed.bits import PackedBits
from lgn_train.tracing import is_exporting

__all__ = ["check_input"]

ROUNDING = 1e-4  # soft tables are sums of probabilities, and may leave [0, 1] by their rounding


def check_input(x: Tensor, shape: tuple[int | str, ...], needs_bits: str | None) -> None:
    """Refuse wrong dtypes and shapes (a word in `shape` stands for any size), NaN, values outside
    [0, 1], and where bits are needed what is none. needs_bits: who needs them, for the message.
    """
    if not x.is_floating_point():
        raise TypeError(f"x must be a float tensor, not {x.dtype}; x.float() converts it")
    fits = x.ndim == len(shape) and all(
        isinstance(size, str) or size == found for size, found in zip(shape, x.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join(map(str, shape))
        raise ValueError(f"x must have shape ({wanted}), not {tuple(x.shape)}")
    if isinstance(x, PackedBits) and not (x.graph.soft and needs_bits):
        return  # nothing to check: bits for whom bits will do, or numbers for whom these will
    if x.numel() and not is_exporting():
        _check_values(x.detach(), needs_bits)


def _check_values(x: Tensor, needs_bits: str | None) -> None:
    """Raise ValueError for NaN, values outside [0, 1] and, where bits are needed, between 0 and
    1.
    """
    low, high = x.aminmax()
    if not bool((low >= -ROUNDING) & (high <= 1 + ROUNDING)):  # false for NaN too
        raise ValueError(f"x must lie in 0 to 1 without NaN, not in {low:.4g} to {high:.4g}")
    if needs_bits and bool(((x != 0) & (x != 1)).any()):
        place = tuple(((x != 0) & (x != 1)).nonzero()[0].tolist())
        raise ValueError(
            f"x must hold bits, 0.0 or 1.0, not {x[place]:.4g} at {place}: {needs_bits}"
        )
