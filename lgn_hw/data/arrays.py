"""Arrays in .npz files, checked."""

import zipfile
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgn_hw.data.labels import canonical, check_class_names, is_missing
from lgn_hw.data.names import listed, plain, tidy
from lgn_hw.errors import UsageError

__all__ = ["Arrays", "load_arrays", "read_npz"]

KNOWN = (
    "x", "y", "x_test", "y_test", "feature_names", "class_names", "feature_low", "feature_high",
    "codes",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Arrays:
    """Hold what an .npz holds, as it was checked.

    x, x_test: numbers[samples, features], x_test None where there is none; image_shape:
    (channels, rows, columns) where a sample is an image. y, y_test: labels in one spelling,
    missing ones as they stand there; None where there are none. feature_names, class_names: None
    where not given. low, high: float or integer arrays of stated ranges, of shape () or as x
    has features or channels. codes: whether x is quantised already and y holds class numbers.
    """

    place: str
    x: NDArray[Any]
    y: list[str] | None
    x_test: NDArray[Any] | None = None
    y_test: list[str] | None = None
    image_shape: tuple[int, int, int] | None = None
    feature_names: tuple[str, ...] | None = None
    class_names: tuple[str, ...] | None = None
    low: NDArray[Any] | None = None
    high: NDArray[Any] | None = None
    codes: bool = False


def read_npz(path: Path) -> Arrays:
    """Read x[samples, ...], and what else an Arrays holds: y[samples], x_test, y_test,
    feature_names, class_names, feature_low, feature_high, codes.

    Samples of more dimensions are flattened. Integer labels count the class_names from 0, unless
    these are numbers themselves. Raises UsageError: no .npz, damaged, pickled objects, x missing,
    wrong shapes, NaN, names that are missing or alike.
    """
    arrays = load_arrays(path, KNOWN)
    if "x" not in arrays:
        raise UsageError(
            f"{path} must hold arrays x and y; x is missing, and it holds"
            f" {plain(sorted(arrays)) or 'nothing'}"
        )
    # A test part without labels would silently be no test part.
    if ("x_test" in arrays) != ("y_test" in arrays):
        raise UsageError(f"{path} must hold both of x_test and y_test, or neither")
    x = _values(path, arrays, "x")
    x_test = _values(path, arrays, "x_test") if "x_test" in arrays else None
    if x_test is not None and x.shape[1] != x_test.shape[1]:
        raise UsageError(f"{path}: x has {x.shape[1]} features and x_test {x_test.shape[1]}")
    names = _class_names(path, arrays)
    y = _labels(path, arrays, "y", len(x))
    y_test = _labels(path, arrays, "y_test", 0 if x_test is None else len(x_test))
    if names is not None and "codes" not in arrays:
        meaning = _meaning(path, arrays, [*(y or ()), *(y_test or ())], names)
        y, y_test = (
            None if labels is None else [meaning.get(label, label) for label in labels]
            for labels in (y, y_test)
        )
    return Arrays(
        str(path),
        x,
        y,
        x_test,
        y_test,
        _image_shape(arrays["x"]),
        _feature_names(path, arrays, x.shape[1]),
        names,
        _limits(path, arrays, "feature_low"),
        _limits(path, arrays, "feature_high"),
        "codes" in arrays,
    )


def load_arrays(path: Path, known: Container[str] | None = None) -> dict[str, NDArray[Any]]:
    """Return the arrays of an .npz by their names; those that are not among the known ones empty.

    Raises UsageError where it is none, damaged, or holds pickled objects; OSError.
    """
    path.stat()  # says that there is no such file
    if not zipfile.is_zipfile(path):
        raise UsageError(f"{path} is not an .npz file, or it is cut short; numpy.savez writes one")
    name = ""
    try:
        # Pickled objects can run code when they are loaded: a data file must not.
        with np.load(path, allow_pickle=False) as file:
            found = {}
            for name in file:
                found[name] = file[name] if known is None or name in known else np.empty(0)
    except Exception as problem:  # zipfile, zlib and numpy each raise kinds of their own on damage
        if isinstance(problem, ValueError) and "allow_pickle" in str(problem):
            raise UsageError(
                f"{path}: {plain([name]) or 'an array'} holds pickled Python objects, which are"
                " not loaded: they can run code; save arrays of numbers or of fixed-width strings"
                " (dtype U)"
            ) from None
        raise UsageError(
            f"{path} is damaged ({type(problem).__name__}: {plain([str(problem)])[:200]}); copy it"
            " again, or write it anew with numpy.savez"
        ) from None
    for name, array in found.items():
        if not isinstance(array, np.ndarray):
            raise UsageError(f"{path}: {plain([name])} must be an array that numpy.savez wrote")
    return found


def _image_shape(x: NDArray[Any]) -> tuple[int, int, int] | None:
    """Return channels, rows and columns of images; None where samples are rows."""
    # Rows and columns, or channels, rows and columns; the order of torch, not of image files.
    match x.shape[1:]:
        case rows, columns:
            return 1, rows, columns
        case channels, rows, columns:
            return channels, rows, columns
    return None


def _values(path: Path, arrays: dict[str, NDArray[Any]], name: str) -> NDArray[Any]:
    """Return an array of samples as rows of numbers; raises UsageError naming file and array."""
    x = arrays[name]
    if x.dtype.kind in "mM":
        raise UsageError(
            f"{path}: {name} must hold numbers, not {x.dtype}; make integers of the stamps:"
            f" {name}.astype('int64'), less their smallest"
        )
    if x.dtype.kind not in "iufb":
        raise UsageError(f"{path}: {name} must hold numbers, not {x.dtype}")
    if x.ndim < 2 or not x.size:
        hint = f"; a single feature is {name}[:, None]" if x.ndim == 1 and x.size else ""
        raise UsageError(
            f"{path}: {name} must have shape (samples, features) and values, not {x.shape}{hint}"
        )
    x = x.reshape(len(x), -1)
    if x.dtype.kind == "f":
        # Values beyond all doubles become infinite here, and are refused below with their place.
        with np.errstate(over="ignore"):  # of long doubles
            x = x.astype(np.float64, copy=False)
    wrong = ~np.isfinite(x) if x.dtype.kind == "f" else np.zeros((0, 0), bool)
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        value = x[row, column]
        remedy = "; fill it in, or leave the sample out" if np.isnan(value) else ""
        raise UsageError(
            f"{path}: {name}[{row}, {column}] must be a finite number, not {value}{remedy}"
        )
    return _signed(path, name, x) if x.dtype == np.uint64 else x


def _signed(path: Path, name: str, x: NDArray[Any]) -> NDArray[np.int64]:
    """Return unsigned numbers as int64; raises UsageError at the first that does not fit."""
    beyond = x > np.iinfo(np.int64).max
    if beyond.any():
        row, column = (int(i) for i in np.argwhere(beyond)[0])
        raise UsageError(
            f"{path}: {name}[{row}, {column}] must fit 64 bits with a sign, not {x[row, column]};"
            " subtract an offset, or divide by a unit"
        )
    return x.astype(np.int64)


def _labels(
    path: Path, arrays: dict[str, NDArray[Any]], name: str, samples: int
) -> list[str] | None:
    """Return the labels; None where the file has none."""
    if name not in arrays:
        return None
    y = arrays[name]
    if y.dtype.kind not in "iufbUS":
        raise UsageError(f"{path}: {name} must hold integers or strings, not {y.dtype}")
    if y.shape == (samples, 1):
        y = y[:, 0]
    if y.shape != (samples,):
        hint = "; of one-hot rows, give y.argmax(axis=1)" if y.ndim == 2 else ""
        raise UsageError(
            f"{path}: {name} must have one label for each of {samples} samples,"
            f" not shape {y.shape}{hint}"
        )
    return [canonical(text) for text in _texts(path, name, y)]


def _texts(path: Path, name: str, array: NDArray[Any]) -> list[str]:
    """Return values as strings, bytes as UTF-8; raises UsageError where they are none."""
    try:
        return [v.decode() if isinstance(v, bytes) else str(v) for v in array.reshape(-1)]
    except UnicodeDecodeError:
        raise UsageError(
            f"{path}: {name} must hold text in UTF-8, not other bytes; save strings (dtype U)"
        ) from None


def _meaning(
    path: Path, arrays: dict[str, NDArray[Any]], labels: Iterable[str], names: tuple[str, ...]
) -> dict[str, str]:
    """Return the name for each label: labels are names, or else count the names from 0."""
    # Missing labels mean no class, under either reading.
    given = {label for label in labels if not is_missing(label)}
    counted = {str(number): name for number, name in enumerate(names)}
    named = given <= set(names)
    if not named and not given <= counted.keys():
        wrong = min(given - counted.keys() - set(names), default=min(given))
        raise UsageError(
            f"{path}: labels must be 0 to {len(names) - 1}, one for each of class_names, or these"
            f" names, not {wrong!r}"
        )
    # Integers may be names (classes called 7 and 8) or positions: where both readings are possible
    # and differ, the file must say which.
    numbers = all(arrays[y].dtype.kind not in "US" for y in ("y", "y_test") if y in arrays)
    differs = any(counted.get(label, label) != label for label in given)
    if named and numbers and differs and given <= counted.keys():
        raise UsageError(
            f"{path}: labels like {min(given)!r} are names of classes and count them from 0,"
            " which is not the same class; give y as strings, the names"
        )
    return {} if named else counted


def _class_names(path: Path, arrays: dict[str, NDArray[Any]]) -> tuple[str, ...] | None:
    """Return the names of the classes; None where the file has none."""
    if "class_names" not in arrays:
        return None
    return tuple(check_class_names(_names(path, arrays, "class_names"), str(path)))


def _feature_names(
    path: Path, arrays: dict[str, NDArray[Any]], features: int
) -> tuple[str, ...] | None:
    """Return the names of the features; None where the file has none."""
    if "feature_names" not in arrays:
        return None
    names = tuple(map(tidy, _names(path, arrays, "feature_names")))
    if len(names) != features:
        raise UsageError(
            f"{path}: feature_names must name each of {features} features, not {len(names)}"
        )
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice or "" in names:
        raise UsageError(
            f"{path}: feature_names must be names that differ, not {listed(twice or [''])};"
            " give each feature a name of its own"
        )
    return names


def _names(path: Path, arrays: dict[str, NDArray[Any]], what: str) -> list[str]:
    """Return an array of names as strings; raises UsageError for other shapes and kinds."""
    array = arrays[what]
    if array.ndim != 1 or array.dtype.kind not in "iufbUS":
        raise UsageError(
            f"{path}: {what} must be one name after the other, shape (n,) and strings, not"
            f" {array.dtype} of shape {array.shape}"
        )
    return _texts(path, what, array)


def _limits(path: Path, arrays: dict[str, NDArray[Any]], name: str) -> NDArray[Any] | None:
    """Return one end of the ranges; None where the file has none."""
    if name not in arrays:
        return None
    array = arrays[name]
    if array.dtype.kind not in "iuf" or array.ndim > 1 or not np.isfinite(array).all():
        raise UsageError(
            f"{path}: {name} must hold a finite number for all features or one for each, not"
            f" {array.dtype} of shape {array.shape}"
        )
    return array
