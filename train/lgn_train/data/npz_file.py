"""Data sets in .npz files."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgn_hw.errors import UsageError
from lgn_train.data.dataset import Dataset
from lgn_train.data.tabular import Samples, make_dataset, number_classes

__all__ = ["load_npz"]

KNOWN = ("x", "y", "x_test", "y_test", "feature_names", "class_names")


def load_npz(path: Path, seed: int = 0) -> Dataset:
    """Read x[samples, ...] and y[samples]; optionally x_test and y_test, feature_names, and
    class_names, which number integer labels from 0.

    Samples of more dimensions are flattened; x[samples, rows, columns] and x[samples, channels,
    rows, columns] are images. Labels are integers or strings. Raises UsageError:
    no .npz, pickled objects, arrays missing or of wrong shapes, NaN, one class only.
    """
    arrays = _arrays(path)
    for name in ("x", "y"):
        if name not in arrays:
            raise UsageError(
                f"{path} must hold arrays x and y; {name} is missing, and it holds"
                f" {', '.join(sorted(arrays)) or 'nothing'}"
            )
    if ("x_test" in arrays) != ("y_test" in arrays):
        raise UsageError(f"{path} must hold both of x_test and y_test, or neither")
    parts = [("x", "y"), ("x_test", "y_test")][: 1 + ("x_test" in arrays)]
    xs = [_values(path, arrays, x) for x, _ in parts]
    ys = [_labels(path, arrays, x, y) for x, y in parts]
    if len(xs) == 2 and xs[0].shape[1] != xs[1].shape[1]:
        raise UsageError(f"{path}: x has {xs[0].shape[1]} features and x_test {xs[1].shape[1]}")
    numbers, classes = _classes(path, arrays, [label for y in ys for label in y])
    split = len(ys[0])
    test = Samples(xs[1], numbers[split:]) if len(xs) == 2 else None
    names = _feature_names(path, arrays, xs[0].shape[1])
    train = Samples(xs[0], numbers[:split])
    shape = _image_shape(arrays["x"])
    return make_dataset(train, test, names, classes, place=str(path), seed=seed, image_shape=shape)


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays with known names, and the others empty: only their names are used."""
    if not zipfile.is_zipfile(path):
        raise UsageError(f"{path} is not an .npz file; numpy.savez writes one")
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] if name in KNOWN else np.empty(0) for name in file}
    except ValueError as problem:
        raise UsageError(
            f"{path} holds pickled Python objects, which are not loaded: they can run code;"
            " save arrays of numbers or of fixed-width strings (dtype U)"
        ) from problem
    except (zipfile.BadZipFile, EOFError) as problem:
        raise UsageError(f"{path} is damaged: {problem}") from problem


def _image_shape(x: NDArray[Any]) -> tuple[int, int, int] | None:
    match x.shape[1:]:
        case rows, columns:
            return 1, rows, columns
        case channels, rows, columns:
            return channels, rows, columns
    return None


def _values(path: Path, arrays: dict[str, NDArray[Any]], name: str) -> NDArray[Any]:
    x = arrays[name]
    if x.dtype.kind not in "iufb":
        raise UsageError(f"{path}: {name} must hold numbers, not {x.dtype}")
    if x.ndim < 2 or not x.size:
        raise UsageError(
            f"{path}: {name} must have shape (samples, features) and values, not {x.shape}"
        )
    x = x.reshape(len(x), -1)
    wrong = ~np.isfinite(x)
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        raise UsageError(
            f"{path}: {name}[{row}, {column}] must be a finite number, not {x[row, column]}"
        )
    return x.astype(np.int64) if x.dtype.kind == "b" else x


def _labels(path: Path, arrays: dict[str, NDArray[Any]], x: str, y: str) -> list[str]:
    labels = arrays[y]
    if labels.dtype.kind not in "iuUb":
        raise UsageError(f"{path}: {y} must hold integers or strings, not {labels.dtype}")
    if labels.shape != (len(arrays[x]),):
        raise UsageError(
            f"{path}: {y} must have one label for each of {len(arrays[x])} samples,"
            f" not shape {labels.shape}"
        )
    return [str(label) for label in labels.tolist()]


def _classes(
    path: Path, arrays: dict[str, NDArray[Any]], labels: list[str]
) -> tuple[NDArray[np.int64], list[str]]:
    if "class_names" not in arrays:
        return number_classes(labels)
    names = [str(name) for name in arrays["class_names"].tolist()]
    legal = {str(number): number for number in range(len(names))}
    for label in labels:
        if label not in legal:
            raise UsageError(
                f"{path}: labels must be 0 to {len(names) - 1}, one for each of class_names,"
                f" not {label}"
            )
    return np.array([legal[label] for label in labels], np.int64), names


def _feature_names(path: Path, arrays: dict[str, NDArray[Any]], features: int) -> list[str]:
    if "feature_names" not in arrays:
        return [f"x{i}" for i in range(features)]
    names = [str(name) for name in arrays["feature_names"].tolist()]
    if len(names) != features:
        raise UsageError(
            f"{path}: feature_names must name each of {features} features, not {len(names)}"
        )
    return names
