"""Adult and MONK's: words become columns of 0 and 1, splits are the official ones."""

import dataclasses
import hashlib
import os

import numpy as np
import pytest

from lgn_train.data import adult, load_adult, load_monk, monk

TRAIN = """\
39, State-gov, 77516, Bachelors, 13, Never-married, Adm-clerical, Unmarried, White, Male, 2, 0, 40, Cuba, <=50K
50, ?, 83311, HS-grad, 9, Divorced, Sales, Husband, Black, Female, 0, 0, 13, ?, >50K

"""  # noqa: E501
TEST = """\
|1x3 Cross validator
60, Private, 80000, 11th, 7, Widowed, ?, Own-child, Other, Male, 0, 0, 40, Peru, <=50K.
"""


@pytest.fixture
def publish(tmp_path, monkeypatch):
    """Write files into a folder of data sets and make them the published ones."""

    def publish(module, name, files):
        monkeypatch.setenv("LGN_DATA", str(tmp_path))
        known = getattr(module, name)
        folder = tmp_path / known.folder
        folder.mkdir(parents=True)
        digests = {file: hashlib.sha256(text.encode()).hexdigest() for file, text in files.items()}
        for file, text in files.items():
            (folder / file).write_text(text)
        monkeypatch.setattr(module, name, dataclasses.replace(known, sha256=digests))

    return publish


def set_columns(data, row):
    return {name for name, value in zip(data.features.names, row, strict=True) if value == 1}


def test_adult_numbers_stay_and_words_become_columns(publish):
    publish(adult, "ADULT", {"adult.data": TRAIN, "adult.test": TEST})
    data = load_adult()
    assert len(data.features) == 105
    assert set_columns(data, data.x_train[0]) == {
        "workclass=State-gov", "education=Bachelors", "marital-status=Never-married",
        "occupation=Adm-clerical", "relationship=Unmarried", "race=White", "sex=Male",
        "native-country=Cuba",
    }  # fmt: skip
    numbers = [name for name in data.features.names if "=" not in name]
    assert numbers == [
        "age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week",
    ]  # fmt: skip
    rows = [data.features.names.index(name) for name in numbers]
    assert data.x_train[:, rows].tolist() == [[39, 77516, 13, 2, 0, 40], [50, 83311, 9, 0, 0, 13]]
    assert (data.classes, data.y_train.tolist(), data.y_test.tolist()) == (
        ("<=50K", ">50K"), [0, 1], [0],
    )  # fmt: skip


def test_adult_missing_words_set_no_column(publish):
    publish(adult, "ADULT", {"adult.data": TRAIN, "adult.test": TEST})
    found = set_columns(load_adult(), load_adult().x_train[1])
    assert not any(name.startswith(("workclass", "native-country")) for name in found)


def test_adult_test_values_are_clipped_with_a_notice(publish):
    publish(adult, "ADULT", {"adult.data": TRAIN, "adult.test": TEST})
    data = load_adult()
    assert data.x_test[0, 0] == 50
    assert data.notices[0].startswith(
        "2 of 105 test values were beyond the range and taken for its"
    )


@pytest.mark.parametrize("problem", [1, 2, 3])
def test_monk_values_become_columns(publish, problem):
    train = " 1 1 1 1 1 3 1 data_5\n 0 3 2 2 1 4 2 data_9\n"
    test = " 0 2 1 1 3 1 1 data_1\n"
    files = {f"monks-{problem}.train": train, f"monks-{problem}.test": test}
    publish(monk, "MONKS", files)
    data = load_monk(problem)
    assert len(data.features) == 17
    assert set_columns(data, data.x_train[0]) == {"a1=1", "a2=1", "a3=1", "a4=1", "a5=3", "a6=1"}
    assert set_columns(data, data.x_train[1]) == {"a1=3", "a2=2", "a3=2", "a5=4", "a6=2"} | {"a4=1"}
    assert (data.y_train.tolist(), data.y_test.tolist()) == ([1, 0], [0])


def test_monk_rejects_other_problems():
    with pytest.raises(ValueError, match=r"^problem must be one of 1, 2, 3, not '4'$"):
        load_monk(4)


@pytest.fixture
def needs_data():
    if not os.environ.get("LGN_DATA"):
        pytest.skip("LGN_DATA is not set: it names the folder of the data sets")


@pytest.mark.data
def test_adult_is_the_published_one(needs_data):
    data = load_adult()
    assert (data.x_train.shape, data.x_test.shape) == ((32561, 105), (16281, 105))
    assert (int(data.y_train.sum()), int(data.y_test.sum())) == (7841, 3846)


@pytest.mark.data
@pytest.mark.parametrize(("problem", "samples", "positive"), [(1, 124, 216), (2, 169, 142),
                                                              (3, 122, 228)])  # fmt: skip
def test_monk_is_the_published_one(needs_data, problem, samples, positive):
    data = load_monk(problem)
    assert (len(data.x_train), len(data.x_test)) == (samples, 432)
    assert int(data.y_test.sum()) == positive
    assert len(np.unique(data.x_test, axis=0)) == 432  # every combination of attributes, once
