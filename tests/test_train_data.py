"""Data sets: fixed splits, codes of user data, and messages that name file, row and column."""

import gzip
import re

import numpy as np
import pytest
from messages import telling

from lgn_hw.errors import UsageError
from lgn_hw.features import Features
from lgn_train.data import Dataset, load_digits, load_file, load_mnist, published
from lgn_train.data.mnist import MNIST
from lgn_train.data.split import stratified_split


@pytest.fixture
def csv(tmp_path):
    def write(text):
        path = tmp_path / "table.csv"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def npz(tmp_path):
    def write(**arrays):
        path = tmp_path / "table.npz"
        np.savez(path, **arrays)
        return path

    return write


def table(rows=50, columns="a,b,kind"):
    """Return a .csv: integers 0 .. rows-1, halves of them, and a label."""
    lines = [f"{i},{i / 2},{'even' if i % 2 == 0 else 'odd'}" for i in range(rows)]
    return "\n".join([columns, *lines]) + "\n"


def refused(path, message, **options):
    with pytest.raises(UsageError, match=telling(message)):
        load_file(path, **options)


def test_digits_are_split_in_the_same_way_every_time():
    data = load_digits()
    assert (data.x_train.shape, data.x_test.shape) == ((1437, 64), (360, 64))
    assert np.bincount(data.y_test).tolist() == [36, 37, 35, 37, 36, 36, 36, 36, 35, 36]
    assert data.digest == load_digits().digest
    assert (data.features.low.max(), data.features.high.min()) == (0, 16)


def test_stratified_split_is_a_partition_with_equal_shares():
    labels = np.array([0] * 50 + [1] * 30 + [2] * 20)
    train, test = stratified_split(labels, 20, seed=3)
    assert sorted([*train, *test]) == list(range(100))
    assert np.bincount(labels[test]).tolist() == [10, 6, 4]
    assert not np.array_equal(test, stratified_split(labels, 20, seed=4)[1])


def test_csv_keeps_integers_and_quantises_other_numbers(csv):
    data = load_file(csv(table()))
    assert data.features.names == ("a", "b")
    assert data.features.is_integer.tolist() == [True, False]
    assert data.features.high.tolist() == [int(data.x_train[:, 0].max()), 255]
    assert data.x_train[:, 1].min() == 0
    assert data.x_train[:, 1].max() == 255
    assert data.classes == ("even", "odd")
    assert (len(data.x_train), len(data.x_test)) == (40, 10)


def test_csv_labels_may_stand_in_any_column(csv):
    text = "kind,a\n" + "".join(f"{i % 2},{i}\n" for i in range(20))
    data = load_file(csv(text), label="kind")
    assert data.features.names == ("a",)
    assert data.classes == ("0", "1")


def test_float_columns_of_0_to_255_are_not_taken_for_integers(npz):
    x = np.array([[0.0], [0.5], [254.5], [255.0]] * 5)
    y = np.array([0, 0, 1, 1] * 5)
    data = load_file(npz(x=x, y=y, x_test=x, y_test=y))
    assert not data.features.is_integer.any()
    assert data.features.quantize([[0.4], [254.6]]).tolist() == [[0], [255]]


def test_test_values_outside_the_training_range_are_clipped_with_a_notice(npz):
    x, y = np.arange(10)[:, None], np.arange(10) % 2
    data = load_file(npz(x=x, y=y, x_test=[[-5], [4], [99]], y_test=[0, 1, 0]))
    assert data.x_test.ravel().tolist() == [0, 4, 9]
    assert data.notices == (
        "2 of 3 test values were beyond the range and taken for its end, in x0 (0 to 9)",
    )


def test_constant_columns_stay_features(npz):
    x = np.stack([np.full(20, 7), np.arange(20)], axis=1)
    data = load_file(npz(x=x, y=np.arange(20) % 2))
    assert (data.features.low[0], data.features.high[0]) == (7, 8)


def test_npz_takes_names_strings_and_images(npz):
    x = np.arange(20 * 4).reshape(20, 2, 2)
    data = load_file(npz(x=x, y=np.array(["yes", "no"] * 10), feature_names=["p", "q", "r", "s"]))
    assert data.features.names == ("p", "q", "r", "s")
    assert data.classes == ("no", "yes")
    assert data.image_shape == (1, 2, 2)


@pytest.mark.parametrize(
    ("shape", "image_shape"),
    [((12,), None), ((4, 3), (1, 4, 3)), ((3, 2, 2), (3, 2, 2)), ((1, 3, 2, 2), None)],
)
def test_npz_images_have_channels_first(npz, shape, image_shape):
    x = np.arange(20 * 12).reshape(20, *shape)
    data = load_file(npz(x=x, y=np.arange(20) % 2))
    assert data.image_shape == image_shape
    assert data.x_train.shape == (16, 12)


def test_npz_class_names_number_the_labels(npz):
    data = load_file(
        npz(x=np.arange(20)[:, None], y=np.arange(20) % 2, class_names=["u", "v", "w"])
    )
    assert data.classes == ("u", "v", "w")


def test_file_split_depends_on_the_seed(csv):
    path = csv(table())
    assert load_file(path, seed=1).digest == load_file(path, seed=1).digest
    assert load_file(path, seed=1).digest != load_file(path, seed=2).digest


def test_csv_rejects_unknown_label_columns(csv):
    path = csv(table())
    refused(path, f"{path} has no column 'kinds'; did you mean 'kind'?", label="kinds")
    refused(path, f"{path} has no column 'zzz'; it has a, b, kind", label="zzz")


CELLS = [
    (
        "a,b,y\n1,2,u\n3,nan,v\n",
        "row 3, column 'b' is missing: it must be a number, not 'nan'; fill it in, or leave the row"
        " out",
    ),
    (
        "a,b,y\n1,,u\n3,4,v\n",
        "row 2, column 'b' is missing: it must be a number, not ''; fill it in, or leave the row"
        " out",
    ),
    (
        "a,b,y\n1,2,u\nred,4,v\n",
        "row 3, column 'a' must be a number, not 'red'; turn words into columns of 0 and 1, one for"
        " each value (pandas: get_dummies)",
    ),
    (
        "a,b,y\n1,2,u\n3,v\n",
        "row 3 must have 3 cells, as the header has, not 2: cells are missing",
    ),
    (
        "a,b,y\n1,2,u\n3,4, \n",
        "row 3, column 'y' must hold a label, not ''; leave the row out, or give the class a name",
    ),
]


@pytest.mark.parametrize(("text", "message"), CELLS)
def test_csv_rejects_cells(csv, text, message):
    path = csv(text)
    refused(path, f"{path}, {message}")


WHOLE = [
    ("", "holds no samples; it needs a header row and one row per sample"),
    ("a,y\n", "holds no samples; it needs a header row and one row per sample"),
    (
        "a\n1\n2\n",
        "must have two columns or more, separated by commas, semicolons or tabs, not ['a']",
    ),
    ("a,y\n1,u\n2,u\n", "has one class only, 'u'; training needs two or more"),
]


@pytest.mark.parametrize(("text", "message"), WHOLE)
def test_csv_rejects_tables(csv, text, message):
    path = csv(text)
    refused(path, f"{path} {message}")


X, Y = np.arange(12)[:, None], np.arange(12) % 2
ARRAYS = [
    ({"y": Y}, " must hold arrays x and y; x is missing, and it holds y"),
    ({"x": X}, " must hold arrays x and y; y is missing"),
    ({"x": X, "y": Y, "x_test": X}, " must hold both of x_test and y_test, or neither"),
    ({"x": X, "y": Y[:5]}, ": y must have one label for each of 12 samples, not shape (5,)"),
    ({"x": X, "y": Y * 1j}, ": y must hold integers or strings, not complex128"),
    (
        {"x": X, "y": np.where(Y, np.nan, Y)},
        ": y[1] must be a label, not 'nan'; leave the sample out, or give the class a name",
    ),
    (
        {"x": X, "y": np.eye(2, dtype=int)[Y]},
        ": y must have one label for each of 12 samples, not shape (12, 2); of one-hot rows, give"
        " y.argmax(axis=1)",
    ),
    (
        {"x": Y, "y": Y},
        ": x must have shape (samples, features) and values, not (12,); a single feature is"
        " x[:, None]",
    ),
    (
        {"x": X.astype("M8[ns]"), "y": Y},
        ": x must hold numbers, not datetime64[ns]; make integers of the stamps:"
        " x.astype('int64'), less their smallest",
    ),
    (
        {"x": X.astype(np.uint64) + np.uint64(2**63), "y": Y},
        ": x[0, 0] must fit 64 bits with a sign, not 9223372036854775808; subtract an offset, or"
        " divide by a unit",
    ),
    ({"x": X.astype("U"), "y": Y}, ": x must hold numbers, not <U21"),
    (
        {"x": np.where(X == 3, np.nan, X), "y": Y},
        ": x[3, 0] must be a finite number, not nan; fill it in, or leave the sample out",
    ),
    (
        {"x": X * np.longdouble("1e4000"), "y": Y},
        ": x[1, 0] must be a finite number, not inf",
    ),
    (
        {"x": X, "y": Y, "x_test": np.tile(X, 2), "y_test": Y},
        ": x has 1 features and x_test 2",
    ),
    (
        {"x": X, "y": Y, "feature_names": ["a", "b"]},
        ": feature_names must name each of 1 features, not 2",
    ),
    (
        {"x": X, "y": Y + 1, "class_names": ["a", "b"]},
        ": labels must be 0 to 1, one for each of class_names, or these names, not '2'",
    ),
    ({"x": X, "y": 0 * Y}, " has one class only, '0'; training needs two or more"),
    (
        {"x": X.astype(object), "y": Y},
        ": x holds pickled Python objects, which are not loaded: they can run code; save arrays of"
        " numbers or of fixed-width strings (dtype U)",
    ),
]


@pytest.mark.parametrize(("arrays", "message"), ARRAYS)
def test_npz_rejects_arrays(npz, arrays, message):
    path = npz(**arrays)
    refused(path, f"{path}{message}")


def test_messages_hold_no_control_characters(tmp_path):
    path = tmp_path / "t.npz"
    np.savez(path, **{"x\x1b[31m": X})
    refused(path, f"{path} must hold arrays x and y; x is missing, and it holds x\\x1b[31m")


def test_npz_rejects_what_is_none(tmp_path):
    path = tmp_path / "x.npz"
    with path.open("wb") as stream:
        np.save(stream, X)
    refused(path, f"{path} is not an .npz file, or it is cut short; numpy.savez writes one")


def test_file_rejects_other_kinds(tmp_path):
    refused(tmp_path / "none.csv", f"There is no data file {tmp_path}/none.csv")
    path = tmp_path / "table.xls"
    path.touch()
    refused(path, f"{path} must be an .npz, .csv, .tsv or .parquet file")


def test_npz_rejects_a_label_column(npz):
    path = npz(x=X, y=Y)
    refused(path, f"--label names a column of a table; {path} holds its labels in y", label="y")


def test_dataset_rejects_labels_outside_the_classes():
    features = Features.integers([0], [11])
    with pytest.raises(ValueError, match=r"^y must hold 0 to 0, not 0 to 1$"):
        Dataset(features, X, Y, X, Y, ("a",))


def test_dataset_rejects_another_image_shape():
    message = r"^image_shape must have 1 pixels, as many as there are features, not 1 x 2 x 2$"
    with pytest.raises(ValueError, match=message):
        Dataset(Features.integers([0], [11]), X, Y, X, Y, ("a", "b"), image_shape=(1, 2, 2))


def test_mnist_rejects_a_missing_file(tmp_path, monkeypatch):
    monkeypatch.setenv("LGN_DATA", str(tmp_path))
    folder = tmp_path / "mnist"
    message = (
        f"... {folder}/train-images-idx3-ubyte.gz is missing; put ... {folder}, ...LGN_DATA ..."
    )
    with pytest.raises(UsageError, match=telling(message)):
        load_mnist()


def test_mnist_rejects_a_damaged_file(tmp_path, monkeypatch):
    monkeypatch.setenv("LGN_DATA", str(tmp_path))
    path = tmp_path / "mnist" / "train-images-idx3-ubyte.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress(b"other"))
    start = re.escape(f"{path} is not the published train-images-idx3-ubyte.gz: its SHA-256 is ")
    with pytest.raises(UsageError, match=f"^{start}.*; delete it and fetch it again$"):
        load_mnist()


def test_mnist_offline_says_where_the_files_go(tmp_path, monkeypatch):
    def offline(url, timeout):
        raise OSError("no network")

    monkeypatch.delenv("LGN_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(published.urllib.request, "urlopen", offline)
    remedy = re.escape(
        f"put {', '.join(MNIST.sha256)} into {tmp_path}/lgn-hw/mnist, or set LGN_DATA"
    )
    with pytest.raises(
        UsageError, match=rf"^MNIST is not on this machine .*\(no network\); {remedy}"
    ):
        load_mnist()


@pytest.mark.data
def test_mnist_is_the_published_one(mnist_data):
    assert (mnist_data.x_train.shape, mnist_data.x_test.shape) == ((60000, 784), (10000, 784))
    assert np.bincount(mnist_data.y_test).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip


@pytest.fixture
def mnist_data():
    import os

    if not os.environ.get("LGN_DATA"):
        pytest.skip("LGN_DATA is not set: it names the folder of the data sets")
    return load_mnist()
