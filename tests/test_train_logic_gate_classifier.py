"""The scikit-learn estimator: its checks, tables with words and holes, and the way to hardware."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from lgn_hw import Classifier
from lgn_train import LogicGateClassifier

SMALL = {"layers": (60,), "epochs": 20, "candidates": 4, "random_state": 0}
EXPECTED_FAILED = {
    "check_sample_weight_equivalence_on_dense_data": (
        "training draws batches at random: a sample of weight two is not in two of them, so that"
        " weights and repetitions give nets that are equally good, but not the same"
    ),
}


@parametrize_with_checks(
    [LogicGateClassifier(**SMALL)], expected_failed_checks=lambda _: EXPECTED_FAILED
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::sklearn.exceptions.SkipTestWarning")
def test_estimator_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def animals(samples, seed=0):
    rng = np.random.default_rng(seed)
    legs = rng.choice([2.0, 4.0], samples)
    colour = rng.choice(["red", "green", "blue"], samples)
    weight = rng.normal(40, 10, samples)
    label = np.where((legs == 4) & (colour != "red"), "cat", np.where(weight > 40, "owl", "wren"))
    frame = pd.DataFrame({"legs": legs, "colour": colour, "weight": weight})
    return frame, label


@pytest.fixture(scope="module")
def of_animals():
    frame, label = animals(600)
    frame.loc[::11, "colour"] = None
    frame.loc[::7, "weight"] = np.nan
    return LogicGateClassifier(**SMALL | {"epochs": 40}).fit(frame, label), frame, label


def test_words_and_missing_cells_become_features_of_the_hardware(of_animals):
    estimator, frame, label = of_animals
    assert estimator.classifier_.features.names == (
        "legs", "colour=blue", "colour=green", "colour=red", "colour=missing", "weight",
        "weight=missing",
    )  # fmt: skip
    assert estimator.classifier_.features.width.tolist() == [3, 1, 1, 1, 1, 8, 1]
    codes = estimator.codes(frame)
    assert codes[0].tolist()[1:5] == [0, 0, 0, 1]
    assert codes[0, 6] == 1
    assert estimator.score(frame, label) > 0.85
    assert list(estimator.classes_) == ["cat", "owl", "wren"]
    assert estimator.classifier_.classes == ("cat", "owl", "wren")
    chosen = estimator.classes_[estimator.classifier_.predict(codes)]
    assert (chosen == estimator.predict(frame)).all()


def test_words_that_training_did_not_have_set_no_feature(of_animals):
    estimator, frame, _ = of_animals
    pink = frame.head(3).assign(colour="pink")
    assert not estimator.codes(pink)[:, 1:5].any()


def test_missing_numbers_are_the_median_where_training_had_none():
    frame, label = animals(200)
    estimator = LogicGateClassifier(**SMALL | {"epochs": 1}).fit(frame, label)
    holes = frame.head(2).assign(weight=[np.nan, frame["weight"].quantile(0.5, "lower")])
    codes = estimator.codes(holes)
    assert codes[0, -1] == codes[1, -1]


def test_whole_numbers_stay_integers_and_others_are_codes_of_bytes():
    x = np.array([[-3, 0.5], [12, 1.5], [4, 2.25], [4, 1]] * 5)
    estimator = LogicGateClassifier(**SMALL | {"epochs": 1}).fit(x, [0, 1, 0, 1] * 5)
    features = estimator.classifier_.features
    assert [features.limits(i) for i in range(2)] == ["-3 to 12", "0.5 to 2.25"]
    assert features.high.tolist() == [12, 255]


def test_other_tables_are_read_as_well():
    pa = pytest.importorskip("pyarrow")
    frame, label = animals(120)
    estimator = LogicGateClassifier(**SMALL | {"epochs": 2}).fit(frame, label)
    assert (estimator.codes(pa.Table.from_pandas(frame)) == estimator.codes(frame)).all()


@pytest.mark.parametrize("way", [copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
def test_copies_predict_the_same(of_animals, way):
    estimator, frame, _ = of_animals
    other = way(estimator)
    assert other.classifier_.digest == estimator.classifier_.digest
    assert (other.predict_proba(frame) == estimator.predict_proba(frame)).all()


def test_classifier_is_saved_like_any_other(of_animals, tmp_path):
    estimator, frame, _ = of_animals
    estimator.classifier_.save(tmp_path / "animals.lgn")
    loaded = Classifier.load(tmp_path / "animals.lgn")
    found = estimator.classes_[loaded.predict(estimator.codes(frame))]
    assert (found == estimator.predict(frame)).all()
    assert loaded.provenance["recipe"]["model"]["layers"] == [60]


def test_equal_random_states_give_equal_bytes():
    frame, label = animals(150)
    made = [
        LogicGateClassifier(**SMALL | {"random_state": seed}).fit(frame, label)
        for seed in (1, 1, 2)
    ]
    first, same, other = (estimator.classifier_.digest for estimator in made)
    assert first == same != other


def test_weights_of_samples_decide_between_contradictions():
    x = np.repeat([[0], [1]], 40, axis=0)
    y = np.tile([0, 1], 40)  # each label as often for either value
    weights = np.where(y == x[:, 0], 5.0, 0.1)
    estimator = LogicGateClassifier(**SMALL)
    assert estimator.fit(x, y, weights).predict([[0], [1]]).tolist() == [0, 1]
    assert estimator.fit(x, y, weights.max() / weights).predict([[0], [1]]).tolist() == [1, 0]


def test_weights_of_classes_decide_between_contradictions():
    x, y = np.zeros((60, 1)), np.repeat(["a", "b"], [40, 20])
    x[0] = 1  # or there would be no threshold
    estimator = LogicGateClassifier(**SMALL)
    assert estimator.fit(x, y).predict([[0]]) == ["a"]
    assert estimator.set_params(class_weight={"b": 10}).fit(x, y).predict([[0]]) == ["b"]


def test_validation_part_stops_training_and_every_epoch_is_told():
    frame, label = animals(400)
    lines = []
    estimator = LogicGateClassifier(
        **SMALL | {"epochs": 200}, validation_fraction=0.2, patience=5, on_epoch=lines.append
    ).fit(frame, label)
    assert estimator.n_iter_ == len(lines) < 200
    best = max(line["discrete_accuracy"] for line in lines)
    assert estimator.classifier_.provenance["validation_accuracy"] == best
    assert {"epoch", "step", "loss"} <= lines[0].keys()


def test_last_layer_is_raised_to_a_multiple_of_the_classes():
    frame, label = animals(100)
    estimator = LogicGateClassifier(**SMALL | {"layers": (7, 31), "epochs": 1}).fit(frame, label)
    assert estimator.classifier_.netlist.num_outputs == 33


def test_labels_of_two_spellings_keep_their_names():
    labels = np.array(["1", "1.0"] * 20, object)
    estimator = LogicGateClassifier(**SMALL | {"epochs": 1}).fit(np.arange(40)[:, None], labels)
    assert estimator.classifier_.classes == ("'1'", "'1.0'")


def test_search_and_pipeline_of_scikit_learn_take_it():
    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=0)
    search = GridSearchCV(
        make_pipeline(LogicGateClassifier(layers=(300,), levels=3, random_state=0)),
        {"logicgateclassifier__epochs": [1, 12]},
        cv=2,
    ).fit(x_train, y_train)
    assert search.best_params_ == {"logicgateclassifier__epochs": 12}
    assert search.score(x_test, y_test) > 0.9
    assert clone(search.best_estimator_[0]).get_params()["epochs"] == 12


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"epochs": 0}, r"train\.epochs.*1.*0"),
        ({"layers": ()}, r"model.*layers.*one layer or more"),
        ({"gate_estimator": "hard"}, r"model\.estimator.*hard_st.*'hard'"),
        ({"patience": 3}, r"data\.validation"),
        ({"class_weight": "equal"}, "balanced"),
    ],
)
def test_estimator_rejects_wrong_parameters(change, remedy):
    with pytest.raises(ValueError, match=remedy):
        LogicGateClassifier(**change).fit([[0], [1], [2], [3]], [0, 1, 0, 1])


def test_estimator_rejects_words_where_numbers_were():
    frame, label = animals(60)
    estimator = LogicGateClassifier(**SMALL | {"epochs": 1}).fit(frame, label)
    with pytest.raises(ValueError, match=r"'weight' held numbers.*heavy"):
        estimator.predict(frame.assign(weight="heavy"))


def test_estimator_rejects_dates_and_infinity():
    frame, label = animals(60)
    with pytest.raises(ValueError, match=r"'day'.*integers of the stamps"):
        LogicGateClassifier().fit(frame.assign(day=pd.Timestamp("2026-11-28")), label)
    with pytest.raises(ValueError, match="infinity"):
        LogicGateClassifier().fit(frame.assign(weight=np.inf), label)


def test_estimator_rejects_weights_that_leave_nothing():
    for weights in ([0, 0], [1, -1]):
        with pytest.raises(ValueError, match=r"[Ss]ample.weight"):
            LogicGateClassifier().fit([[0], [1]], [0, 1], weights)
    with pytest.raises(ValueError, match="above 0 for one sample"):
        LogicGateClassifier(class_weight={0: 0, 1: 0}).fit([[0], [1]], [0, 1])
