"""`lgn reproduce`: equal starts, runs that are kept, and a page that says what was measured."""

import itertools
import json
import re
import shutil
import subprocess
import sys
from typing import get_args

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from lgn_cli.reproduce import reproduce
from lgn_hw.errors import CheckFailed, UsageError
from lgn_train.recipe import Model
from lgn_train.reproduce import load_scale, mind_the_gap
from lgn_train.reproduce.page import PLOTS
from lgn_train.reproduce.plots import apart, save_plot
from lgn_train.reproduce.results import check_equal_starts, summarize
from lgn_train.reproduce.runs import Runs
from lgn_train.reproduce.scale import METHODS

TINY = (
    "data.source=digits",
    "experiment.width=40",
    "experiment.depth=2",
    "experiment.depths=[1, 2]",
    "experiment.seeds=2",
    "experiment.steps=5",
    "experiment.eval_steps=2",
    "experiment.eval_samples=100",
    "train.learning_rate=0.1",
)


def tiny(*changes):
    return load_scale("cpu", [*TINY, *changes])


def repeat(folder, *changes, **options):
    return mind_the_gap(tiny(*changes), folder, folder / "page.md", quiet=True, **options)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("done")
    return folder, repeat(folder)


@pytest.fixture
def copied(done, tmp_path):
    """The finished runs, where a test may add others."""
    return shutil.copytree(done[0], tmp_path / "runs-and-page")


class Killed(Exception):
    pass


@pytest.mark.parametrize(
    ("name", "gradient", "rate"), [("cpu", "soft", 0.1), ("gpu", "hard", 0.01)]
)
def test_scales_have_the_recipe_of_the_paper_but_for_what_the_page_names(name, gradient, rate):
    scale = load_scale(name, ["data.source=digits"])
    for spec in scale.runs(1000):
        recipe = spec.recipe
        assert recipe.model.input_gradient == ("soft" if spec.method == "soft" else gradient)
        assert (recipe.train.learning_rate, recipe.train.batch_size) == (rate, 128)
        assert (recipe.train.schedule, recipe.train.weight_decay) == ("constant", 0)
        assert (recipe.model.init, recipe.model.temperature) == ("gaussian", 1)
        assert recipe.train.epochs * 8 >= spec.experiment.steps > (recipe.train.epochs - 1) * 8
        votes = spec.experiment.width / 10
        assert recipe.model.tau / votes**0.5 == pytest.approx(0.625, abs=0.02)


def test_page_names_what_departs_from_the_paper(done, copied):
    sentence = (
        "Not the paper's: the learning rate, 0.1 for 0.01; the gradient to a node's inputs, soft"
        " for hard.\n"
    )
    assert sentence in (done[0] / "page.md").read_text()
    changes = ["train.learning_rate=0.01", "model.input_gradient=hard"]
    methods = ['experiment.methods=["soft"]', "experiment.seeds=1", "experiment.depths=[2]"]
    repeat(copied, *changes, *methods)
    assert "Not the paper's" not in (copied / "page.md").read_text()


def test_runs_hold_every_method_and_seed_once():
    found = [(spec.depth, spec.seed, spec.method) for spec in tiny().runs(1000)]
    networks = [(2, 0), (2, 1), (1, 0)]
    assert found == [(*network, method) for network in networks for method in METHODS]


def test_methods_are_those_that_recipes_have():
    estimators = get_args(Model.model_fields["estimator"].annotation)
    assert METHODS[:3] == ("soft", "gumbel_st", "hard_st")
    assert ("cage" in METHODS) == ("cage" in estimators)


def test_runs_of_a_seed_start_from_the_same_network(done):
    records = [json.loads(path.read_text()) for path in (done[0] / "runs").iterdir()]
    starts = {(r["seed"], r["depth"]): set() for r in records}
    for record in records:
        starts[record["seed"], record["depth"]].add(record["initial_sha256"])
        assert [point["step"] for point in record["points"]] == [0, 2, 4, 5]
        assert sum(record["entropy"]["start"]) == sum(record["entropy"]["end"]) == record["nodes"]
    assert all(len(digests) == 1 for digests in starts.values())
    assert len({*map(tuple, starts.values())}) == len(starts) == 3


def test_training_time_stands_still_while_measuring(done, tmp_path, monkeypatch):
    clock = iter(range(1000))  # a second passes with every look at it
    monkeypatch.setattr("lgn_train.reproduce.runs.time.perf_counter", lambda: float(next(clock)))
    scale = tiny("experiment.seeds=1", 'experiment.methods=["soft"]', "experiment.depths=[2]")
    mind_the_gap(scale, tmp_path, tmp_path / "page.md", quiet=True)
    (path,) = (tmp_path / "runs").iterdir()
    seconds = [point["seconds"] for point in json.loads(path.read_text())["points"]]
    looks_a_step = 2  # of the trainer
    steps = [2, 2, 1]
    expected = [0.0]
    for number in steps:
        expected.append(expected[-1] + number * looks_a_step + 1)
    assert seconds == expected


def test_a_second_call_trains_nothing(done, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Runs, "trained", lambda *_: pytest.fail("trained again"))
    again = mind_the_gap(tiny(), done[0], tmp_path / "page.md")
    assert again["methods"] == done[1]["methods"]
    said = capsys.readouterr().err
    assert len(re.findall(r"note: \S+ is finished already, and taken as it is\n", said)) == 3 * len(
        METHODS
    )


def test_other_options_are_other_runs(done):
    before = {path.stem for path in (done[0] / "runs").iterdir()}
    for change in ("model.tau=5.0", "experiment.steps=6", "experiment.eval_samples=99"):
        assert not before & {spec.name for spec in tiny(change).runs(1437)}
    assert before == {spec.name for spec in tiny("experiment.seeds=2").runs(1437)}


def test_a_killed_run_goes_on_and_ends_as_an_undisturbed_one(done, tmp_path, monkeypatch):
    def killed(runs, spec):
        def kill(_spec, point):
            if point["step"] == 4:
                raise Killed

        return trained(Runs(runs.folder, runs.data, runs.encoder, on_point=kill), spec)

    trained = Runs.trained
    changes = ("experiment.seeds=1", "experiment.depths=[2]", "train.checkpoint_minutes=1e-9")
    with monkeypatch.context() as patch:
        patch.setattr(Runs, "trained", killed)
        with pytest.raises(Killed):
            repeat(tmp_path, *changes)
    (unfinished,) = (tmp_path / "runs").iterdir()
    assert [point["step"] for point in json.loads(unfinished.read_text())["points"]] == [0, 2, 4]
    assert [path.name for path in (tmp_path / "checkpoints").rglob("step-*")] == ["step-00000002"]

    found = repeat(tmp_path, *changes, train=False)
    assert found["unfinished"] == ["soft, depth 2, seed 0: step 4 of 5"]
    page = (tmp_path / "page.md").read_text()
    assert "stopped before their end, and count as far as they came:\n\n* soft, depth 2" in page

    figures = repeat(tmp_path, *changes)["methods"]
    for name in METHODS:
        whole = done[1]["methods"][name]["discrete"]["values"][0]
        assert figures[name]["discrete"]["values"] == [whole]
    assert not list((tmp_path / "checkpoints").iterdir())


def test_page_has_the_figures_the_plots_and_the_paper(done):
    folder, results = done
    page = (folder / "page.md").read_text()
    for link in re.findall(r"\]\(([^)#]+)\)", page):
        assert link.startswith("http") or (folder / link).exists(), link
    mean = 100 * results["methods"]["gumbel_st"]["discrete"]["mean"]
    spread = 100 * results["methods"]["gumbel_st"]["discrete"]["spread"]
    assert f"{mean:.2f} ± {spread:.2f} %" in page
    assert "| 49.81 % | 0.00 % |" in page
    assert "| optimiser | Adam, learning rate 0.1, constant | Adam, learning rate 0.01" in page
    assert "| gradient to a node's inputs | soft, for the hard methods | hard, in" in page
    assert re.search(r"^\| computed on \| float \| packed words, .* kernels \|", page, re.MULTILINE)
    assert page.count("![") == len(PLOTS) == len(list((folder / "page").glob("*.svg")))


def test_page_gathers_every_scale_that_was_run(copied):
    page = copied / "page.md"
    other = tiny("name=other", "experiment.seeds=1", "experiment.depths=[2]")
    mind_the_gap(other, copied, page, quiet=True)
    assert re.findall(r"^## Scale `(\w+)`$", page.read_text(), re.MULTILINE) == ["cpu", "other"]


@pytest.mark.parametrize("name", PLOTS)
def test_equal_figures_give_equal_plots(done, tmp_path, name):
    for path in (tmp_path / "a.svg", tmp_path / "b.svg"):
        save_plot(PLOTS[name](done[1]), path)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert b"<svg" in (tmp_path / "a.svg").read_bytes()
    save_plot(PLOTS[name](done[1]), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=8).map(sorted))
def test_labels_stand_apart_in_order_about_where_they_belong(wanted):
    placed = apart(wanted, 2.0)
    for below, above in itertools.pairwise(placed):
        assert above - below >= 2.0 - 1e-9
    assert sum(placed) == pytest.approx(sum(wanted), abs=1e-6)
    if all(above - below >= 2.0 for below, above in itertools.pairwise(wanted)):
        assert placed == pytest.approx(wanted)


def record(method, seed, discrete, *, depth=2, pace=1.0, gap=0.0):
    points = [
        {"step": 10 * i, "seconds": pace * i, "cpu_seconds": 2 * pace * i, "loss": 1.0,
         "train_mode": value + gap, "soft": value, "discrete": value}
        for i, value in enumerate(discrete)
    ]  # fmt: skip
    return {
        "method": method,
        "seed": seed,
        "depth": depth,
        "finished": True,
        "initial_sha256": f"{seed} {depth}",
        "nodes": 4,
        "encoder_bits": 9,
        "test_samples": 100,
        "device": "a computer",
        "path": "float",
        "versions": {"torch": "2"},
        "unused_gates": {"start": 0.5, "end": 0.25},
        "entropy": {"largest": 2.8, "threshold": 2.4, "start": [1, 3], "end": [4, 0]},
        "points": points,
        "test": {key: points[-1][key] for key in ("train_mode", "soft", "discrete")},
    }


def test_speedup_is_to_the_best_circuit_of_the_dlgn_of_the_same_seed():
    records = [
        record("soft", 0, [0.9, 0.2, 0.4, 0.6, 0.5], gap=0.125),  # its best after 3 and not at 0
        record("soft", 1, [0.1, 0.2, 0.3, 0.4, 0.8]),
        record("gumbel_st", 0, [0.1, 0.6, 0.5, 0.5, 0.5], pace=0.5),
        record("gumbel_st", 1, [0.1, 0.6, 0.7, 0.7, 0.7], pace=0.5),
    ]
    found = summarize(tiny("experiment.depths=[2]"), records, "lgn")["methods"]
    assert found["soft"]["best"]["values"] == [0.6, 0.8]
    assert found["soft"]["reached"]["step"]["values"] == [30, 40]
    assert found["soft"]["speedup"]["seconds"]["values"] == [1, 1]
    assert found["soft"]["gap_train"]["values"] == [0.125, 0]
    gumbel = found["gumbel_st"]
    assert (gumbel["seeds"], gumbel["seeds_reaching"]) == (2, 1)
    assert gumbel["reached"]["step"]["values"] == [10]
    assert gumbel["speedup"]["step"]["values"] == [3]
    assert gumbel["speedup"]["seconds"]["values"] == [6]
    assert gumbel["speedup"]["cpu_seconds"]["values"] == [6]


def test_curves_are_means_with_the_range_of_the_seeds():
    records = [record("soft", 0, [0.1, 0.2]), record("soft", 1, [0.1, 0.4], pace=3.0)]
    curve = summarize(tiny("experiment.depths=[2]"), records, "lgn")["curves"]["soft"]
    assert curve["seconds"] == [0, 2]
    assert curve["discrete"] == {
        "mean": [0.1, pytest.approx(0.3)],
        "low": [0.1, 0.2],
        "high": [0.1, 0.4],
    }


def test_unequal_starts_are_an_error():
    records = [record("soft", 0, [0.1, 0.2]), record("hard_st", 0, [0.1, 0.2])]
    records[1]["initial_sha256"] = "another"
    text = (
        "The runs of seed 0 and depth 2 must start from the same logits and wiring, and soft and"
        " hard_st do not"
    )
    with pytest.raises(CheckFailed, match=f"^{re.escape(text)}$"):
        check_equal_starts(records)


def test_page_rejects_a_folder_without_runs(tmp_path):
    text = f"{tmp_path} holds no DLGN of these options to set the others beside"
    with pytest.raises(UsageError, match=f"^{re.escape(text)}$"):
        repeat(tmp_path, "experiment.device=cuda", train=False)


def test_scale_rejects_a_name():
    message = r"^--scale must be cpu, gpu or a \.toml file, not 'tpu'$"
    with pytest.raises(UsageError, match=message):
        load_scale("tpu")
    with pytest.raises(UsageError, match=r"^There is no scale none\.toml$"):
        load_scale("none.toml")


def test_scale_rejects_methods_without_the_baseline():
    message = r"experiment: methods must hold 'soft', the DLGN that the others are set beside$"
    with pytest.raises(UsageError, match=message):
        tiny('experiment.methods=["hard_st"]')


def test_scale_rejects_what_a_recipe_rejects():
    message = r"^scale cpu: model\.estimator must be one of .*, not 'magic'$"
    with pytest.raises(UsageError, match=message):
        tiny('experiment.methods=["soft", "magic"]').runs(1000)


def test_reproduce_rejects_a_missing_matplotlib(tmp_path):
    program = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from pathlib import Path\n"
        "from lgn_train.reproduce import load_scale, mind_the_gap\n"
        "scale = load_scale('cpu', ['data.source=digits'])\n"
        "mind_the_gap(scale, Path('runs'), Path('page.md'))\n"
    )
    arguments = [sys.executable, "-c", program]
    result = subprocess.run(arguments, capture_output=True, check=False, cwd=tmp_path)
    message = (
        "ToolNotFound: The page's plots need the package matplotlib, which is missing; install"
    )
    assert message in result.stderr.decode()
    assert not list(tmp_path.iterdir())


def test_reproduce_command_takes_changes_and_names_itself_on_the_page(tmp_path):
    app = typer.Typer()
    app.command()(reproduce)
    changes = [word for change in TINY[1:] for word in ("--set", change)]
    arguments = ["mind-the-gap", "--data", "digits", "--seeds", "1", *changes, "--json"]
    places = ["-o", str(tmp_path / "runs"), "--page", str(tmp_path / "page.md")]
    result = CliRunner().invoke(app, [*arguments, *places])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found == json.loads((tmp_path / "runs" / "results.json").read_text())
    command = re.search(r"^    (lgn .*)$", (tmp_path / "page.md").read_text(), re.MULTILINE)[1]
    assert command.startswith("lgn reproduce mind-the-gap --scale cpu --set experiment.width=40")
    assert command.endswith("--set data.source=digits --set experiment.seeds=1")
