"""`lgn reproduce`: equal starts, runs that are kept, and a page that says what was measured."""

import itertools
import json
import re
import shutil
import subprocess
import sys
from typing import get_args

import pytest
import torch
import typer
from hypothesis import given
from hypothesis import strategies as st
from messages import telling
from typer.testing import CliRunner

from lgn_cli.reproduce import reproduce
from lgn_hw.errors import CheckFailed, LgnError, UsageError
from lgn_train.encoding import fitted_encoder
from lgn_train.loop import Trainer
from lgn_train.model import build_model
from lgn_train.parts import logic_layers
from lgn_train.recipe import Model
from lgn_train.reproduce.drawing import apart, save_plot
from lgn_train.reproduce.mind_the_gap import mind_the_gap
from lgn_train.reproduce.page import PLOTS
from lgn_train.reproduce.results import check_equal_starts, summarize
from lgn_train.reproduce.runs import Runs
from lgn_train.reproduce.scale import METHODS, chosen, load_scale
from lgn_train.sources import load_dataset

SAMPLES = {"digits": 1000, "monk": 100, "cifar10": 45000, "mnist": 54000}

TINY = (
    'data.sources=["digits"]',
    "experiment.width=40",
    "experiment.depth=2",
    "experiment.depths=[1, 2]",
    "experiment.seeds=2",
    "experiment.steps=5",
    "experiment.eval_steps=2",
    "experiment.eval_samples=100",
    "model.tau=2.0",
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


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    """Draw no plots but those of `done`: they take seconds."""
    monkeypatch.setattr("lgn_train.reproduce.page.save_plot", lambda figure, path: [])


class Killed(Exception):
    pass


@pytest.mark.parametrize(("name", "depth"), [("cpu", 20), ("appendix", 6), ("gpu", 12)])
def test_scales_have_the_recipe_of_the_paper(name, depth):
    scale = load_scale(name)
    assert scale.experiment.depth == depth
    for spec in scale.runs(SAMPLES):
        recipe = spec.recipe
        assert recipe.model.input_gradient == ("soft" if spec.method == "soft" else "hard")
        assert (recipe.train.schedule, recipe.train.weight_decay) == ("constant", 0)
        assert (recipe.model.init, recipe.model.temperature) == ("gaussian", 1)
        assert (recipe.train.batch_size, recipe.data.validation) == (128, 0.1)
        an_epoch = -(-SAMPLES[spec.data] // 128)
        epochs = recipe.train.epochs
        assert epochs * an_epoch >= spec.experiment.steps > (epochs - 1) * an_epoch


def test_runs_of_several_data_sets_may_differ_by_what_the_scale_says():
    specs = load_scale("appendix").runs(SAMPLES)
    assert {spec.data for spec in specs} == {"cifar10", "mnist"}
    levels = {(spec.data, spec.recipe.encoder.levels) for spec in specs}
    assert levels == {("cifar10", 3), ("mnist", 1)}
    change = 'change=[{methods=["cage"], set=["model.tau=7.0"]}]'
    taus = {spec.method: spec.recipe.model.tau for spec in tiny(change).runs(SAMPLES)}
    assert taus == {"soft": 2, "gumbel_st": 2, "hard_st": 2, "cage": 7}


VARIANT = 'variant=[{name="slow", title="Gumbel LGN, slow", estimator="gumbel_st", set=["%s"]}]'


def test_runs_take_variants_of_a_method_under_their_own_names():
    methods = 'experiment.methods=["soft", "gumbel_st", "slow"]'
    scale = tiny(methods, VARIANT % "train.learning_rate=0.01")
    rates = {s.method: (s.recipe.model.estimator, s.recipe.train.learning_rate)
             for s in scale.runs(SAMPLES)}  # fmt: skip
    assert rates == {"soft": ("soft", 0.1), "gumbel_st": ("gumbel_st", 0.1),
                     "slow": ("gumbel_st", 0.01)}  # fmt: skip
    assert scale.titles["slow"] == "Gumbel LGN, slow"


@pytest.mark.parametrize(
    ("only", "count"),
    [((), 12), (("cage",), 3), (("cage:0",), 2), (("cage:0:depth2",), 1), (("soft", "cage"), 6),
     (("digits:1",), 4)],
)  # fmt: skip
def test_only_names_the_runs_that_are_trained(only, count):
    assert len(chosen(tiny().runs(SAMPLES), only)) == count


def test_only_rejects_what_no_run_has():
    text = (
        "--only gumble:0: 'gumble' ...; these are"
        " 0, 1, cage, depth1, depth2, digits, gumbel_st, hard_st, soft"
    )
    with pytest.raises(UsageError, match=telling(text)):
        chosen(tiny().runs(SAMPLES), ["gumble:0"])


def test_runs_hold_every_method_and_seed_once():
    found = [(spec.depth, spec.seed, spec.method) for spec in tiny().runs(SAMPLES)]
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
        for point in record["points"]:
            assert len(point["unused"]) == len(point["gradient"]) == record["depth"]
            assert min(point["gradient"]) > 0
        assert record["measured"]["part"] == "validation"
        mean = sum(record["points"][-1]["unused"]) / record["depth"]
        assert record["unused_gates"]["end"] == pytest.approx(mean, abs=1e-5)
        assert sum(record["entropy"]["start"]) == sum(record["entropy"]["end"]) == record["nodes"]
    assert all(len(digests) == 1 for digests in starts.values())
    assert len({*map(tuple, starts.values())}) == len(starts) == 3


def test_training_time_stands_still_while_measuring(done, tmp_path, monkeypatch):
    clock = iter(range(1000))  # a second passes with every look at it
    monkeypatch.setattr("lgn_train.reproduce.runs.time.perf_counter", lambda: float(next(clock)))
    monkeypatch.setattr(Trainer, "run_step", untimed_step)
    scale = tiny("experiment.seeds=1", 'experiment.methods=["soft"]', "experiment.depths=[]")
    mind_the_gap(scale, tmp_path, tmp_path / "page.md", quiet=True)
    (path,) = (tmp_path / "runs").iterdir()
    record = json.loads(path.read_text())
    assert [point["seconds"] for point in record["points"]] == [0, 2, 4, 5]
    assert record["measured"]["seconds"] == 4


def untimed_step(trainer):
    """Stand in for a step, which looks at the clock itself."""
    trainer.model(torch.zeros(2, 64, dtype=torch.uint8)).sum().backward()
    trainer.step += 1
    return 1.0


def test_first_gradient_is_that_of_the_untrained_network(done):
    scale = tiny()
    spec = next(s for s in scale.runs(SAMPLES) if (s.method, s.seed, s.depth) == ("soft", 0, 2))
    data = load_dataset(scale.source("digits"))
    encoder = fitted_encoder(spec.recipe, data)
    trainer = Trainer(build_model(spec.recipe, encoder, 10, data.image_shape), spec.recipe, data)
    trainer.run_step()
    grads = [float(layer.logits.grad.abs().median()) for layer in logic_layers(trainer.model)]
    paths = [path for path in (done[0] / "runs").iterdir() if path.stem.startswith(
        "digits-soft-depth2-seed0")]  # fmt: skip
    (record,) = (json.loads(path.read_text()) for path in paths)
    assert record["points"][0]["gradient"] == pytest.approx(grads, rel=1e-5)


def test_a_second_call_trains_nothing(done, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Runs, "trained", lambda *_: pytest.fail("trained again"))
    again = mind_the_gap(tiny(), done[0], tmp_path / "page.md")
    assert again["data"] == done[1]["data"]
    said = capsys.readouterr().err
    assert len(re.findall(r"note: \S+ is finished already, and taken as it is\n", said)) == 3 * len(
        METHODS
    )


def test_other_options_are_other_runs(done):
    before = {path.stem for path in (done[0] / "runs").iterdir()}
    for change in ("model.tau=5.0", "experiment.steps=6", "experiment.eval_samples=99"):
        assert not before & {spec.name for spec in tiny(change).runs({"digits": 1293})}
    assert before == {spec.name for spec in tiny("experiment.seeds=2").runs({"digits": 1293})}


def test_a_killed_run_goes_on_and_ends_as_an_undisturbed_one(done, tmp_path, monkeypatch):
    def killed(runs, spec):
        steps = itertools.count(1)

        def kill():
            if next(steps) == 4:
                raise Killed

        return trained(Runs(runs.folder, runs.data, on_step=kill), spec)

    trained = Runs.trained
    changes = ("experiment.seeds=1", "experiment.depths=[2]", "train.checkpoint_minutes=1e-9")
    with monkeypatch.context() as patch:
        patch.setattr(Runs, "trained", killed)
        with pytest.raises(Killed):
            repeat(tmp_path, *changes)
    (unfinished,) = (tmp_path / "runs").iterdir()
    assert [point["step"] for point in json.loads(unfinished.read_text())["points"]] == [0, 2, 4]
    saved = sorted(path.name for path in (tmp_path / "checkpoints").rglob("step-*"))
    assert saved == ["step-00000002", "step-00000003"]

    found = repeat(tmp_path, *changes, train=False)
    assert found["unfinished"] == ["digits, soft, depth 2, seed 0: step 4 of 5"]
    page = (tmp_path / "page.md").read_text()
    assert re.search(r"runs are not at their end, .*:\n\n\* digits, soft, depth 2", page)
    assert found["headline"]["gap_gumbel"] is None

    found = repeat(tmp_path, *changes)["data"]["digits"]
    whole = done[1]["data"]["digits"]
    for name in METHODS:
        assert found["methods"][name]["discrete"]["values"] == [
            whole["methods"][name]["discrete"]["values"][0]
        ]
    assert not list((tmp_path / "checkpoints").iterdir())


def losses(folder, name):
    (path,) = (path for path in (folder / "runs").iterdir() if path.stem.startswith(name))
    points = json.loads(path.read_text())["points"]
    return [{k: v for k, v in p.items() if "seconds" not in k} for p in points]


@pytest.mark.parametrize("at", [3, 4])
def test_a_run_killed_between_measurements_has_the_same_points(done, tmp_path, monkeypatch, at):
    """Losses and gradients since the last measurement are part of what is saved."""
    name = "digits-gumbel_st-depth2-seed0"
    steps, save = itertools.count(1), Trainer.run_step

    def killed(trainer):
        if next(steps) > at:
            raise Killed
        return save(trainer)

    options = {"only": ["gumbel_st:0:depth2"]}
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "run_step", killed)
        with pytest.raises(Killed):
            repeat(tmp_path, "train.checkpoint_minutes=1e-9", **options)
    repeat(tmp_path, **options)
    assert losses(tmp_path, name) == losses(done[0], name)


def test_several_processes_share_a_folder(done, tmp_path, capsys):
    """A run that another process trains is left to it; the page is of all that are there."""
    scale = tiny("experiment.seeds=1", "experiment.depths=[]")
    data = {"digits": load_dataset(scale.source("digits"))}
    spec = scale.runs({"digits": 1293})[1]
    with Runs(tmp_path, data).held(spec) as free:
        assert free
        found = mind_the_gap(scale, tmp_path, tmp_path / "page.md")
    assert f"note: {spec.name} is left to the process that trains it\n" in capsys.readouterr().err
    assert list(found["data"]["digits"]["methods"]) == ["soft", "hard_st", "cage"]
    again = mind_the_gap(scale, tmp_path, tmp_path / "page.md", only=["gumbel_st"], quiet=True)
    assert list(again["data"]["digits"]["methods"]) == list(METHODS)
    assert again["headline"]["seeds"] == 1


def test_page_has_the_figures_the_plots_and_the_paper(done):
    folder, results = done
    page = (folder / "page.md").read_text()
    for link in re.findall(r"\]\(([^)#]+)\)", page):
        assert link.startswith("http") or (folder / link).exists(), link
    figure = results["data"]["digits"]["methods"]["gumbel_st"]["discrete"]
    assert f"{100 * figure['mean']:.2f} ± {100 * figure['spread']:.2f} %" in page
    assert "| optimiser | Adam, learning rate 0.1, constant | Adam, learning rate 0.01" in page
    assert "| gradient to a node's inputs | hard, for the hard methods | hard, in" in page
    assert re.search(
        r"^\| computed on \| soft .* \| packed words, .* kernels \|", page, re.MULTILINE
    )
    for claim in ("**Gap.**", "**Unused gates.**", "**Speed.**", "**Why.**"):
        assert page.count(claim) == 1
    assert page.count("![") == len(PLOTS) == len(list((folder / "page").glob("*.svg")))


def test_page_shows_the_published_figures_beside_ours(copied):
    figures = 'paper.digits={soft={unused_end="49.81 %"}, gumbel_st={unused_end="0.00 %"}}'
    repeat(copied, figures, train=False)
    page = (copied / "page.md").read_text()
    assert re.search(r"^\| unused gates \| .* \| 49\.81 % \| 0\.00 % \|$", page, re.MULTILINE)
    assert "| paper: DLGN | paper: Gumbel LGN |" in page


def test_page_says_what_a_method_has_otherwise(copied):
    change = 'change=[{methods=["cage"], set=["model.tau=7.0"]}]'
    repeat(copied, change, "experiment.seeds=1", "experiment.depths=[]")
    assert "* CAGE has model.tau = 7.0 (2.0).\n" in (copied / "page.md").read_text()


def test_headline_is_of_the_first_data_set(done):
    found, methods = done[1]["headline"], done[1]["data"]["digits"]["methods"]
    assert found["gap_dlgn"] == 100 * methods["soft"]["gap_train"]["mean"]
    assert found["gap_gumbel"] == 100 * methods["gumbel_st"]["gap_train"]["mean"]
    assert found["unused_dlgn"] == 100 * methods["soft"]["unused_end"]["mean"]
    assert found["unused_gumbel"] == 100 * methods["gumbel_st"]["unused_end"]["mean"]
    assert found["seeds"] == 2
    all_reach = methods["gumbel_st"]["seeds_reaching"] == 2
    assert (found["speedup_wall"] is not None) == all_reach


def test_page_leaves_figures_of_an_earlier_format_alone(copied):
    old = copied / "page" / "old.json"
    old.write_text('{"scale": {"name": "old"}}')
    repeat(copied, train=False)
    assert "old" not in re.findall(r"^## Scale `(\w+)`$", (copied / "page.md").read_text(), re.M)
    assert old.read_text() == '{"scale": {"name": "old"}}'


def test_page_gathers_every_scale_that_was_run(copied):
    page = copied / "page.md"
    other = tiny("name=other", "experiment.seeds=1", "experiment.depths=[2]")
    mind_the_gap(other, copied, page, quiet=True)
    assert re.findall(r"^## Scale `(\w+)`$", page.read_text(), re.MULTILINE) == ["cpu", "other"]


@pytest.mark.parametrize("name", PLOTS)
def test_equal_figures_give_equal_plots(done, tmp_path, name):
    for path in (tmp_path / "a.svg", tmp_path / "b.svg"):
        save_plot(PLOTS[name](done[1]["data"]["digits"], done[1]["titles"]), path)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert b"<svg" in (tmp_path / "a.svg").read_bytes()
    save_plot(PLOTS[name](done[1]["data"]["digits"], done[1]["titles"]), tmp_path / "a.png")
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
         "train_mode": value + gap, "soft": value, "discrete": value,
         "unused": [0.5, 0.25], "gradient": [1e-9, 1e-7]}
        for i, value in enumerate(discrete)
    ]  # fmt: skip
    return {
        "method": method,
        "data": "digits",
        "options": {"recipe": {}},
        "measured": {"part": "validation", "samples": 9, "seconds": 1.0},
        "train_samples": 90,
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
    results = summarize(tiny("experiment.depths=[2]"), records, "lgn")
    assert results["headline"]["speedup_wall"] is None  # one seed never reaches it
    found = results["data"]["digits"]["methods"]
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
    found = summarize(tiny("experiment.depths=[2]"), records, "lgn")["data"]["digits"]
    curve = found["curves"]["soft"]
    assert curve["seconds"] == [0, 2]
    assert curve["discrete"] == {
        "mean": [0.1, pytest.approx(0.3)],
        "low": [0.1, 0.2],
        "high": [0.1, 0.4],
    }


def test_runs_under_way_count_where_no_other_is_finished():
    records = [record("soft", 0, [0.1, 0.4]), record("soft", 1, [0.1, 0.9])]
    records[1] |= {"finished": False, "options": {"recipe": {}, "steps": 99}}
    for counted, values in ((records, [0.4]), (records[1:], [0.9])):
        found = summarize(tiny("experiment.depths=[]"), counted, "lgn")
        assert found["data"]["digits"]["methods"]["soft"]["best"]["values"] == values
        assert found["unfinished"] == ["digits, soft, depth 2, seed 1: step 10 of 99"]


def test_unequal_starts_are_an_error():
    records = [record("soft", 0, [0.1, 0.2]), record("hard_st", 0, [0.1, 0.2])]
    records[1]["initial_sha256"] = "another"
    text = "...seed 0 and depth 2 ...same logits and wiring, and soft and hard_st do not"
    with pytest.raises(CheckFailed, match=telling(text)):
        check_equal_starts(records)


def test_a_folder_of_others_is_refused_and_kept(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mine.json").write_text('{"runs": 1}')
    (tmp_path / "results.json").write_text("mine")
    with pytest.raises(LgnError, match=re.escape(str(tmp_path))):
        repeat(tmp_path)
    assert (tmp_path / "runs" / "mine.json").read_text() == '{"runs": 1}'
    assert (tmp_path / "results.json").read_text() == "mine"


def test_a_page_of_others_is_kept_aside(copied):
    (copied / "page.md").write_text("my notes")
    repeat(copied, train=False)
    assert (copied / "page.md.orig").read_text() == "my notes"


def test_page_rejects_a_folder_without_runs(tmp_path):
    text = f"{tmp_path} holds no run ...; train without --no-train"
    with pytest.raises(UsageError, match=telling(text)):
        repeat(tmp_path, "experiment.device=cuda", train=False)


def test_scale_rejects_a_name():
    message = r"^--scale must be appendix, cpu, gpu or a \.toml file, not 'tpu'$"
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
        tiny('experiment.methods=["soft", "magic"]').runs(SAMPLES)


def test_reproduce_rejects_a_missing_matplotlib(tmp_path):
    program = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from pathlib import Path\n"
        "from lgn_train.reproduce.mind_the_gap import mind_the_gap\n"
        "from lgn_train.reproduce.scale import load_scale\n"
        "scale = load_scale('cpu', ['data.sources=[\"digits\"]'])\n"
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
    assert command.endswith("--set 'data.sources=[\"digits\"]' --set experiment.seeds=1")


def test_run_whose_loss_is_no_number_ends(tmp_path, monkeypatch):
    """Whatever a step returns: a number, or a tensor that is still being computed."""
    run_step = Trainer.run_step

    def broken(trainer):
        run_step(trainer)
        return torch.tensor(torch.nan if trainer.step == 3 else 1.0)

    monkeypatch.setattr(Trainer, "run_step", broken)
    message = r"^digits-soft-depth2-seed0-\w+: the loss is no longer a number at step 4; lower"
    with pytest.raises(CheckFailed, match=message):
        repeat(tmp_path, only=["soft:0"])
