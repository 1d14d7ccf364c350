"""A scikit-learn estimator: a table and labels to a classifier that goes to hardware."""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from lgn_hw.classifier import Classifier
from lgn_hw.data import canonical
from lgn_hw.data.frame import cells_of_frame, is_frame
from lgn_hw.features import Features
from lgn_train.data.dataset import Dataset
from lgn_train.data.mixed_columns import Cells, ColumnCoder, cells_of
from lgn_train.data.ranges import make_features
from lgn_train.data.split import hold_out
from lgn_train.encoding import fitted_encoder
from lgn_train.export import export_model
from lgn_train.loop import Trainer
from lgn_train.model import build_model
from lgn_train.recipe import Recipe
from lgn_train.threads import threads_for

__all__ = ["LogicGateClassifier"]

OnEpoch = Callable[[dict[str, Any]], None]
MAX_SEED = 2**31 - 1


@final
class LogicGateClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Train a logic gate network behind scikit-learn's interface.

    layers: nodes of each layer; the last one is raised to a multiple of the classes. fan_in: inputs
    of a node, 2 to 6. candidates: inputs among which each pin learns to choose, 0 for a random
    wiring. levels: thresholds of a feature at most, at quantiles. tau: the temperature of the
    votes, None for a third of the square root of the votes of a class. epochs, batch_size,
    learning_rate, weight_decay: of AdamW, the rate falling to 0 as a cosine. gate_estimator: how
    hard gates are trained, see lgn_train.estimators. validation_fraction: what of the samples is
    held out; the epoch that is best on it is kept, and after `patience` epochs without a better one
    training stops. class_weight: "balanced", or weights by class, 1 for those not named.
    random_state: an int for the same network each time. on_epoch: called with a dict of figures
    after each epoch (`epoch`, `step`, `loss`, with a validation part `discrete_accuracy`).

    fit() takes arrays and DataFrames. A column of words becomes a feature of 0 and 1 per value, and
    missing cells a feature that tells of them (see data.mixed_columns): features of the classifier,
    and ports of its hardware. Numbers that are not whole become codes of 8 bits.

    After fit(): classifier_, the lgn_hw.Classifier, which is saved, proven and built; classes_;
    n_features_in_; feature_names_in_ where the columns have names; n_iter_, the epochs done.
    """

    def __init__(
        self,
        layers: Sequence[int] = (240,),
        *,
        fan_in: int = 4,
        candidates: int = 8,
        levels: int = 7,
        tau: float | None = None,
        epochs: int = 60,
        batch_size: int = 32,
        learning_rate: float = 0.03,
        weight_decay: float = 0.0,
        gate_estimator: str = "hard_st",
        validation_fraction: float = 0.0,
        patience: int = 0,
        class_weight: str | Mapping[Any, float] | None = None,
        random_state: int | np.random.RandomState | None = None,
        on_epoch: OnEpoch | None = None,
    ) -> None:
        # scikit-learn clones estimators by these attributes: they are stored as given, and checked
        # in fit() only.
        self.layers = layers
        self.fan_in = fan_in
        self.candidates = candidates
        self.levels = levels
        self.tau = tau
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.gate_estimator = gate_estimator
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.class_weight = class_weight
        self.random_state = random_state
        self.on_epoch = on_epoch

    def __sklearn_tags__(self) -> Tags:
        """Say what fit() takes, for scikit-learn's own checks."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "LogicGateClassifier":  # noqa: N803
        """Train on X[samples, columns] and y[samples], labels of any kind; return self.

        sample_weight: how much each sample counts in the loss. Raises ValueError where there are
        fewer than two classes, a parameter or a shape is wrong, or X holds infinity.
        """
        x, labels, weights = self._checked(X, y, sample_weight)
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y must hold two classes or more, not one class only, {self.classes_[0]!r}"
            )
        columns = self._columns(x)
        self.columns_ = ColumnCoder.fitted(columns)
        raw = self.columns_.matrix(list(columns.values()))
        features = make_features(raw, self.columns_.names, None, {})
        seed = int(check_random_state(self.random_state).randint(MAX_SEED))
        recipe = self._recipe(seed)
        data = _dataset(features, raw, numbers, _class_names(self.classes_), weights)
        self.classifier_ = self._trained(recipe, data)
        return self

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """Return the label of each sample."""
        matrix = self._matrix(X)
        found: NDArray[Any] = self.classes_[self.classifier_.predict_raw(matrix)]
        return found

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Return float64[samples, classes], the softmax of votes / tau, as classes_ are ordered."""
        codes = self.codes(X)
        return self.classifier_.predict_proba(codes)

    def codes(self, X: Any) -> NDArray[np.int64]:  # noqa: N803
        """Return int64[samples, features], what classifier_ and its hardware take for X."""
        matrix = self._matrix(X)
        return self.classifier_.features.quantize(matrix)

    def _matrix(self, x: Any) -> NDArray[np.float64]:
        """Return float64[samples, features], the raw values of the classifier's features."""
        check_is_fitted(self, "classifier_")
        columns = self._columns(self._validated(x, reset=False))
        return self.columns_.matrix(list(columns.values()))

    def _checked(self, x: Any, y: Any, weight: Any) -> tuple[Any, Any, NDArray[np.float64]]:
        """Return samples, labels and weights of mean 1, class weights included.

        Raises ValueError or TypeError in the words that scikit-learn's own checks expect.
        """
        if y is None:
            raise ValueError(
                # The words are those that scikit-learn's own checks of estimators look for.
                "This LogicGateClassifier estimator requires y to be passed, but the target y is"
                " None"
            )
        x = self._validated(x, reset=True)
        labels = column_or_1d(y, warn=True)
        check_classification_targets(labels)
        check_consistent_length(x, labels)
        samples = x if isinstance(x, np.ndarray) else np.zeros((len(labels), 1))
        weights = _check_sample_weight(
            weight, samples, dtype=np.float64, copy=True, ensure_non_negative=True
        )
        weights = weights * compute_sample_weight(self.class_weight, labels)
        if not weights.sum() > 0:
            raise ValueError("sample_weight must be above 0 for one sample at least, not all 0")
        # Of mean 1, so that a learning rate means the same with and without weights.
        return x, labels, weights / weights.mean()

    def _validated(self, x: Any, *, reset: bool) -> Any:
        """Check names and number of columns, and of an array all but its numbers."""
        if is_frame(x):
            validate_data(self, x, reset=reset, skip_check_array=True)
            if not x.shape[0]:
                raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required.")
            return x
        return validate_data(self, x, reset=reset, dtype=None, ensure_all_finite="allow-nan")

    def _columns(self, x: Any) -> dict[str, Cells]:
        if is_frame(x):
            return {name: cells_of(cells) for name, cells in cells_of_frame(x).items()}
        return {f"x{number}": cells_of(column) for number, column in enumerate(x.T)}

    def _recipe(self, seed: int) -> Recipe:
        """Return the parameters as a recipe. Raises UsageError naming the key that is out of range.

        The last layer is rounded up to a multiple of the classes, so that all have as many votes.
        tau, where it is not given, is sqrt(votes) / 3, at least 1: the sum of n random votes
        spreads as sqrt(n), so that logits are of one size whatever the width.
        """
        classes = len(self.classes_)
        layers = [int(nodes) for nodes in self.layers]
        if layers:
            layers[-1] = max(1, -(-layers[-1] // classes)) * classes
        votes = layers[-1] // classes if layers else 1
        tau = round(max(1.0, votes**0.5 / 3), 3) if self.tau is None else float(self.tau)
        validation = {"validation": self.validation_fraction} if self.validation_fraction else {}
        values = {
            "name": "table",
            "seed": seed,
            "data": {"source": "file", "path": "fit"} | validation,
            "encoder": {"levels": self.levels, "kind": "quantile"},
            "model": {
                "layers": layers,
                "fan_in": self.fan_in,
                "parametrization": "walsh",
                "estimator": self.gate_estimator,
                "candidates": self.candidates,
                "tau": tau,
            },
            "train": {
                "epochs": self.epochs,
                "batch_size": self.batch_size,
                "learning_rate": float(self.learning_rate),
                "weight_decay": float(self.weight_decay),
                "patience": self.patience,
            },
        }
        return Recipe.of(values, "LogicGateClassifier")

    def _trained(self, recipe: Recipe, data: Dataset) -> Classifier:
        """Return the classifier of the epoch that is best on the held-out part, or of the last
        one.
        """
        if recipe.data.validation:
            data = hold_out(data, recipe.data.validation, recipe.seed)
        encoder = fitted_encoder(recipe, data)
        model = build_model(recipe, encoder, len(data.classes))
        trainer = Trainer(model, recipe, data)
        with threads_for(model, recipe.train.batch_size):
            while not trainer.finished:
                line = trainer.run_epoch(measured=data.x_validation is not None)
                if self.on_epoch is not None:
                    self.on_epoch(line)
        trainer.take_best()
        self.n_iter_ = trainer.epoch
        return export_model(model, data.classes, _provenance(recipe, data, trainer))


def _dataset(
    features: Features,
    raw: NDArray[np.float64],
    numbers: NDArray[np.int64],
    classes: tuple[str, ...],
    weights: NDArray[np.float64],
) -> Dataset:
    """Return all samples as the training part; who calls fit() keeps the test part."""
    codes = features.quantize(raw)
    plain = bool((weights == 1).all())
    return Dataset(
        features, codes, numbers, codes, numbers, classes, weight_train=None if plain else weights
    )


def _class_names(labels: NDArray[Any]) -> tuple[str, ...]:
    """Return names of classes; as Python writes the labels where two would be spelled alike."""
    names = tuple(canonical(str(label)) for label in labels.tolist())
    if len(set(names)) == len(names):
        return names
    return tuple(repr(label) for label in labels.tolist())


def _provenance(recipe: Recipe, data: Dataset, trainer: Trainer) -> dict[str, Any]:
    """Return what a classifier says of its making: recipe, seed, digest of the data, versions."""
    described = recipe.to_dict()
    del described["data"]  # the samples came from memory
    found = {
        "made_by": "lgn_train.LogicGateClassifier",
        "recipe": described,
        "seed": recipe.seed,
        "epochs": trainer.best.epoch if trainer.best else trainer.epoch,
        "data_sha256": data.digest,
        "versions": {name: version(name) for name in ("lgn-hw", "torch", "numpy", "scikit-learn")},
    }
    if trainer.best:
        found["validation_accuracy"] = trainer.best.accuracy
    return found
