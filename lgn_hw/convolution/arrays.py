"""The integers of a convolutional form: of one type, and never written again."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lgn_hw.errors import ClassifierError

__all__ = ["frozen"]


def frozen(
    name: str, values: ArrayLike, dtype: type[np.integer], ndim: int = 1
) -> NDArray[np.integer]:
    """Return a copy of integers that nobody can write; raises ClassifierError for what is none."""
    given = np.asarray(values)
    if given.ndim != ndim or (given.size and given.dtype.kind not in "iu"):
        raise ClassifierError(
            f"{name} of a convolution must hold integers in {ndim} dimensions, not {given.dtype}"
            f" in {given.ndim}"
        )
    limits = np.iinfo(dtype)
    for end in (given.min(), given.max()) if given.size else ():
        if not limits.min <= int(end) <= limits.max:
            raise ClassifierError(
                f"{name} of a convolution must fit {np.dtype(dtype).name}, not hold {end}"
            )
    array = np.array(given, dtype=dtype, order="C")
    array.flags.writeable = False
    return array
