"""The search: halving, folds, fronts, and whole searches of a small table."""

import json
import multiprocessing
import re

import numpy as np
import optuna
import pytest

from lgn_hw import Classifier
from lgn_hw.circuit.circuit import Circuit
from lgn_hw.errors import UsageError
from lgn_train import train
from lgn_train.data import load_digits
from lgn_train.recipe import Data, Recipe
from lgn_train.search import Search, Settings
from lgn_train.search.clock import Clock, OutOfTime
from lgn_train.search.designs import Design, best_designs, by_merit, pareto, within_an_error
from lgn_train.search.explore import explore
from lgn_train.search.front import front_of
from lgn_train.search.halving import FIRST, Rung, goes_on, rungs_for
from lgn_train.search.results import result_of
from lgn_train.search.space import GUESSES, Problem, first_guesses, recipe_of, suggest
from lgn_train.search.splits import fold_numbers, split
from lgn_train.search.study import JOURNAL, complete, failing, open_study
from lgn_train.search.task import opened

STEPS = 18  # of the longest trainings here


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Write 120 samples of three classes that two of three columns tell apart."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 16, (120, 3))
    kinds = [["low", "mid", "high"][min(2, (a + b) // 11)] for a, b, _ in x.tolist()]
    rows = [",".join([*map(str, row), kind]) for row, kind in zip(x.tolist(), kinds, strict=True)]
    path = tmp_path_factory.mktemp("data") / "sums.csv"
    path.write_text("\n".join(["a,b,c,kind", *rows]) + "\n", encoding="utf-8")
    return path


def settings_for(table, **changes):
    data = Data(source="file", path=str(table))
    return Settings(**{"name": "sums", "data": data, "luts": 90, "steps": STEPS} | changes)


def search_of(table, folder, **options):
    options = {"minutes": 10, "seeds": 2, "points": 1} | options
    return Search(settings_for(table), folder, **options)


@pytest.fixture(scope="module")
def found(table, tmp_path_factory):
    """Search to the end; return the search and its front."""
    made = search_of(table, tmp_path_factory.mktemp("search") / "found")
    made.explore(trials=6)
    return made, made.finish()


def problem_of(luts, classes=3, image=False, target="6"):
    settings = Settings("p", Data(source="digits"), luts, target)
    lut_size = settings.options.lut_size
    return Problem("p", settings.data, luts, lut_size, classes, 5, 200, image)


def test_folds_deal_every_class_out_evenly():
    labels = np.repeat([0, 1, 2], [10, 4, 7])
    numbers = fold_numbers(labels, 3, seed=1)
    for label in range(3):
        counts = np.bincount(numbers[labels == label], minlength=3)
        assert counts.max() - counts.min() <= 1
    assert not np.array_equal(numbers, fold_numbers(labels, 3, seed=2))


def test_folds_validate_every_training_sample_once_and_no_test_sample():
    data = load_digits()
    splits = split(data, 0.0, 0)
    assert (len(splits.parts), splits.held_out, splits.samples) == (3, 0.0, len(data.x_train))
    held = np.concatenate([part.x_validation for part in splits.parts])
    assert sorted(map(tuple, held)) == sorted(map(tuple, data.x_train))


def test_a_stated_validation_part_takes_the_place_of_folds():
    splits = split(load_digits(), 0.1, 0)
    assert (len(splits.parts), splits.held_out) == (1, 0.1)
    assert len(splits.parts[0].x_validation) == splits.samples == 144


def test_rungs_grow_to_all_parts_and_steps():
    assert rungs_for(900, 5) == (Rung(300, 1), Rung(300, 5), Rung(900, 5))
    assert rungs_for(900, 1) == (Rung(100, 1), Rung(300, 1), Rung(900, 1))
    assert all(rung.steps > 0 for rung in rungs_for(1, 1))


def test_the_best_third_goes_on_and_the_first_ones_do():
    dominated = (0.5, 500.0)
    few = [(0.1, 100.0)] * (FIRST - 1) + [dominated]
    assert goes_on(*dominated, few)
    many = [(0.1 + i / 100, 100.0 + i) for i in range(12)]
    assert [goes_on(*point, many) for point in many] == [True] * 4 + [False] * 8
    assert goes_on(0.5, 10.0, [*many, (0.5, 10.0)]), "nothing smaller is as good"


def test_a_front_is_what_no_other_point_beats():
    points = [(0.9, 50), (0.8, 60), (0.95, 70), (0.9, 40), (0.95, 90), (0.5, 10)]
    assert pareto(points) == [5, 3, 2]
    assert pareto([]) == []


def test_a_front_leaves_out_what_is_no_better_than_guessing(table, tmp_path, monkeypatch):
    task = opened(settings_for(table))
    guess = 1 - task.guess_error
    figures = dict.fromkeys(("luts", "accuracy", "test_samples", "nodes", "proof", "digest"), 1.0)
    finals = {
        "constant": (0, guess + 0.1),
        "guesses": (5, guess - 0.01),
        "learns": (9, guess + 0.2),
        "is large": (91, guess + 0.3),
    }

    def found(folder, final):
        total, accuracy = finals[final[0].params["name"]]
        return figures | {"seed": final[1], "total": total, "validation_accuracy": accuracy}

    monkeypatch.setattr("lgn_train.search.front.result_of", found)
    designs = [Design({"name": name}, 1, 0.9, 1.0, 1.0, n) for n, name in enumerate(finals)]
    front = front_of(task, tmp_path, designs, seeds=2)
    assert [point["luts"] for point in front.points] == [9]


def test_the_smallest_within_a_standard_error_is_recommended():
    assert within_an_error([0.5, 0.88, 0.90], samples=100) == 1  # the error is 0.03
    assert within_an_error([0.5, 0.88, 0.90], samples=10_000) == 2
    designs = [Design({}, 1, accuracy, 1.0, 1.0, 0) for accuracy in (0.5, 0.88, 0.9)]
    assert [d.accuracy for d in by_merit(designs, 100)] == [0.88, 0.9, 0.5]


@pytest.mark.parametrize("luts", [1, 60, 5000])
@pytest.mark.parametrize("target", ["4", "xilinx"])
def test_whatever_a_trial_chooses_is_a_recipe_of_a_bounded_size(luts, target):
    problem = problem_of(luts, image=luts == 60, target=target)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(30):
        trial = study.ask()
        suggest(trial, problem)
        recipe = recipe_of(trial.params, problem, steps=100)
        layers = recipe.model.layers
        assert layers[-1] % problem.classes == 0
        assert sum(layers) <= 4 * luts + layers[-1] + len(layers)
        assert recipe.model.fan_in <= (4 if target == "4" else 6)


@pytest.mark.parametrize("luts", [1, 100, 20_000])
@pytest.mark.parametrize("image", [False, True])
def test_first_guesses_are_in_the_space(luts, image):
    problem = problem_of(luts, image=image)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    guesses = list(first_guesses(problem))
    assert len(guesses) == len(GUESSES)
    for guess in guesses:
        study.enqueue_trial(guess)
        trial = study.ask()
        suggest(trial, problem)
        assert trial.params.items() >= guess.items()
        assert trial.params.keys() == guess.keys()


def test_a_clock_that_is_at_its_end_stops_work():
    with pytest.raises(OutOfTime):
        Clock(0).check()
    clock = Clock(100)
    clock.check()
    clock.end_in(-1)
    with pytest.raises(OutOfTime):
        clock.check()


def test_a_front_holds_proven_classifiers_within_the_budget(found):
    made, front = found
    written = json.loads((made.folder / "front.json").read_text(encoding="utf-8"))
    assert written["points"] == list(front.points)
    assert written["trials"] == 6
    assert sum(point["recommended"] for point in front.points) == 1
    luts = [point["luts"] for point in front.points]
    assert luts == sorted(luts)
    assert luts[-1] <= 90
    with np.load(made.folder / "test.npz") as arrays:
        x, y = arrays["x"], arrays["y"]
    for point in front.points:
        small = Classifier.load(made.folder / point["classifier"])
        circuit = Circuit.of(small, made.settings.options)
        assert (point["proof"], point["parts"]) == ("equal", circuit.luts)
        assert point["classifier_accuracy"] == pytest.approx((small.predict(x) == y).mean())
        assert point["seeds"] == [1, 2], "not the seed of the search"


def test_a_recipe_of_the_front_gives_the_network_that_was_proven(found, tmp_path):
    made, front = found
    point = front.points[-1]
    recipe = Recipe.load(made.folder / point["recipe"])
    again = train(recipe, tmp_path / "again", quiet=True)
    trained = (made.folder / point["recipe"]).with_name(f"{point['name']}-trained.lgn")
    ours, theirs = (Classifier.load(path).netlist for path in (again["classifier"], trained))
    for part in ("fanin", "table", "outputs"):
        assert np.array_equal(getattr(ours, part), getattr(theirs, part))


def test_the_page_shows_the_front_without_scripts_or_network(found):
    made, front = found
    page = (made.folder / "index.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"(?!points/|front\.json)", page)
    for point in front.points:
        assert point["name"] in page
        assert (made.folder / point["classifier"]).is_file()


def test_test_labels_decide_nothing(table, tmp_path):
    """A search of the same training part finds the same designs, whatever the test part says."""
    data = opened(settings_for(table)).data
    fronts = []
    for name, y_test in (("a", data.y_test), ("b", (data.y_test + 1) % 3)):
        path = tmp_path / f"{name}.npz"
        np.savez(path, x=data.x_train, y=data.y_train, x_test=data.x_test, y_test=y_test)
        task = opened(settings_for(path))
        folder = tmp_path / name
        folder.mkdir()
        explore(task, folder, Clock(300), trials=3, seed=3)
        fronts.append(best_designs(open_study(folder, 3), 90, 3))
    assert [d.params for d in fronts[0]] == [d.params for d in fronts[1]]


def test_a_search_goes_on_and_trains_nothing_twice(found, table):
    made, front = found
    with pytest.raises(UsageError, match="--resume"):
        search_of(table, made.folder)
    with pytest.raises(UsageError, match=r"luts = 90.*20"):
        Search(settings_for(table, luts=20), made.folder, minutes=1, resume=True)
    for key, value in (("validation", 0.3), ("split_seed", 5)):
        data = made.settings.data.model_copy(update={key: value})
        with pytest.raises(UsageError, match=rf"data\.{key} = 0.*{value}; set it back"):
            Search(settings_for(table, data=data), made.folder, minutes=1, resume=True)
    other = table.with_name("more.csv")
    other.write_text(table.read_text(encoding="utf-8") + "1,2,3,low\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"other samples than those of sums; give the data that"):
        Search(settings_for(other), made.folder, minutes=1, resume=True)
    again = search_of(table, made.folder, resume=True)
    designs = best_designs(open_study(made.folder, 0), 90, 1)
    before = {path: path.stat().st_mtime_ns for path in made.folder.glob("finals/*.json")}
    assert again.finish().points == front.points
    assert before == {path: path.stat().st_mtime_ns for path in made.folder.glob("finals/*.json")}
    assert all(result_of(made.folder, (design, 1)) for design in designs)


def test_an_interrupted_search_keeps_its_trials_and_goes_on(table, tmp_path):
    made = search_of(table, tmp_path / "cut")

    def interrupt(designs, trials):
        if trials == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made.explore(on_trial=interrupt)
    assert len(complete(open_study(made.folder, 0))) == 2
    again = search_of(table, made.folder, resume=True)
    again.explore(trials=1)
    assert len(complete(open_study(made.folder, 0))) == 3


def test_a_trial_that_ends_midway_is_no_result(table, tmp_path):
    made = search_of(table, tmp_path / "cut")
    explore(made.task, made.folder, Clock(1e-9))
    with pytest.raises(UsageError, match="--minutes"):
        made.finish()


def test_a_trial_that_is_cut_short_comes_again(tmp_path):
    study = open_study(tmp_path, 0)
    for problem, waiting in ((OutOfTime(), 1), (KeyboardInterrupt(), 1), (ValueError("bad"), 0)):
        trial = study.ask()
        trial.suggest_int("depth", 1, 3)
        with pytest.raises(type(problem)), failing(study, trial):
            raise problem
        left = study.get_trials(states=(optuna.trial.TrialState.WAITING,))
        assert [t.system_attrs["fixed_params"] for t in left] == [trial.params] * waiting
        assert not complete(study)
        for _ in left:
            assert study.ask().suggest_int("depth", 1, 3) == trial.params["depth"]


@pytest.mark.parametrize("end", ['{"op_code": 4, "wor', "", "\0\0\n"])
def test_an_entry_that_was_not_written_to_its_end_is_forgotten(tmp_path, end):
    open_study(tmp_path, 0).ask()
    with (tmp_path / JOURNAL).open("a", encoding="utf-8") as journal:
        journal.write(end)
    for _ in range(2):
        open_study(tmp_path, 0).ask()
    assert [t.number for t in open_study(tmp_path, 0).get_trials()] == [0, 1, 2]


def test_a_damaged_journal_is_refused(tmp_path):
    open_study(tmp_path, 0).ask()
    path = tmp_path / JOURNAL
    first, *others = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([first, "<<<<<<< HEAD\n", *others]), encoding="utf-8")
    with pytest.raises(UsageError, match=r"study\.journal is damaged in line 2; remove"):
        open_study(tmp_path, 0)


def test_a_folder_without_a_search_cannot_be_gone_on_with(table, tmp_path):
    with pytest.raises(UsageError, match=r"fresh holds no search .* without --resume"):
        Search(settings_for(table), tmp_path / "fresh", minutes=1, resume=True)
    Search(settings_for(table), tmp_path / "fresh", minutes=1)  # nothing is in its way


def test_a_budget_that_nothing_fits_says_so(table, tmp_path):
    made = Search(settings_for(table, luts=1), tmp_path / "small", minutes=10)
    made.explore(trials=2)
    with pytest.raises(UsageError, match=r"1 LUT .*raise --luts"):
        made.finish()


def _take_part(settings, folder, trials):
    made = Search(settings, folder, minutes=10, resume=True, seeds=1, points=1)
    explore(made.task, folder, made.clock, trials=trials)
    made.finish()


def test_two_processes_share_a_study_and_its_networks(table, tmp_path):
    folder = tmp_path / "shared"
    made = search_of(table, folder, seeds=1)
    other = multiprocessing.get_context("spawn").Process(
        target=_take_part, args=(made.settings, folder, 5)
    )
    other.start()
    made.explore(trials=5)
    front = made.finish()
    other.join()
    assert other.exitcode == 0
    assert front.points
    numbers = [trial.number for trial in complete(open_study(folder, 0))]
    assert len(set(numbers)) == len(numbers) in (5, 6), "both may have been in the last one"
    assert (folder / JOURNAL).is_file()


@pytest.mark.slow
def test_helpers_work_on_trials_and_networks(table, tmp_path):
    made = search_of(table, tmp_path / "helped", seeds=1, jobs=2)
    made.explore(trials=5)
    assert made.finish().points


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"luts": 0}, "--luts"), ({"target": "7"}, "xilinx"), ({"steps": -1}, "--steps")],
)
def test_settings_reject_what_is_no_search(table, changes, told):
    with pytest.raises(UsageError, match=told):
        settings_for(table, **changes)
