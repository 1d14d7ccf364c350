"""`lgn search`: what its options refuse, what Ctrl-C does, and what it prints."""

import json

import pytest

from lgn_cli.search_data import section_of
from lgn_cli.search_part import capacity_of, timed_part
from lgn_hw.errors import UsageError


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "two kinds.csv"
    rows = [f"{i % 16},{'low' if i % 16 < 8 else 'high'}" for i in range(80)]
    path.write_text("\n".join(["size,kind", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "--luts N, or --part NAME"),
        (("--luts", 10, "--lut", 7), "--lut must be one of 4, 6"),
        (("--part", "up5k-sg48", "--lut", 6), "leave out --lut"),
        (("--part", "hx1k-tq144", "--luts", 2000), "1,280 LUTs; lower --luts 2000"),
        (("--part", "hx9k"), "hx1k-tq144"),
        (("--luts", 10, "--clock-mhz", 12), "--clock-mhz needs --part"),
        (("--luts", 10, "--set", "model.tau=2"), "data.problem=2"),
        (("--luts", 10, "--range", "3:1"), "--range must be low below high"),
    ],
)
def test_search_rejects_options_that_do_not_fit(lgn, csv, tmp_path, options, told):
    code, out, err = lgn("search", csv, "-o", tmp_path / "found", *options)
    assert (code, out) == (2, "")
    assert told in " ".join(err.split())


def test_search_rejects_a_name_that_is_nosection_of(lgn):
    code, _, err = lgn("search", "dgits", "--luts", 10)
    assert code == 2
    assert "There is no file dgits" in err
    assert "mnist-wired-450" in err


def test_data_is_a_file_a_recipe_or_a_name(csv, tmp_path):
    assert section_of(str(csv), "kind", ["0:20"], [])[0] == "two-kinds"
    section = section_of(str(csv), "kind", ["0:20"], [])[1]
    assert (section.path, section.label, section.range) == (str(csv), "kind", (0, 20))
    assert section_of("monk", None, None, ["data.problem=2"])[1].problem == 2
    assert section_of("mnist-wired-450", None, None, [])[1].source == "mnist"
    assert section_of("cifar10", None, None, [])[1].source == "cifar10"


def test_a_part_gives_family_and_luts():
    assert capacity_of("UP5K-sg48") == ("ice40", 5280)
    assert capacity_of("lifcl-40") == ("nexus", 32256)
    assert capacity_of("lcmxo3lf-6900c") == ("machxo2", 6864)
    with pytest.raises(UsageError, match=r"ccgm1a1 has no LUTs .*; give --luts and --lut"):
        capacity_of("ccgm1a1")
    assert capacity_of("iCEstick") == ("ice40", 1280 - 600)
    assert capacity_of("arty_a7_35") == ("xilinx", 20800 - 600)
    assert timed_part("icestick").name == "hx1k-tq144"
    assert timed_part("ulx3s-85f").name == "ecp5-85k"
    assert timed_part("tang-primer-20k").name == "gw2a-18"
    # A MachXO2 of the same size has a delay model, and is another type.
    for name in ("arty-a7-35", "machxo2-1200ze"):
        with pytest.raises(UsageError, match="delay model"):
            timed_part(name)


def test_search_prints_its_front_and_goes_on_after_ctrl_c(lgn, csv, tmp_path, monkeypatch):
    from lgn_train.search import search as module

    inner = module.explore
    common = ("search", csv, "-o", tmp_path / "found", "--luts", 60, "--minutes", 10, "--jobs", 1)
    options = ("--seeds", 1, "--points", 1, "--steps", 30, "--lut", "4", "--json")

    def interrupted(task, folder, clock, *, trials, on_trial):
        inner(task, folder, clock, trials=trials, on_trial=on_trial)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "explore", interrupted)
    code, out, err = lgn(*common, "--trials", 4, *options)
    assert code == 0
    assert "no more trials" in err
    [point] = json.loads(out)
    assert point["luts"] <= 60
    assert point["recommended"]
    code, _, err = lgn(*common, *options)
    assert code == 2
    assert "--resume" in err


def test_search_ends_at_a_second_ctrl_c(lgn, csv, tmp_path, monkeypatch):
    from lgn_train.search import search as module

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "explore", interrupted)
    monkeypatch.setattr(module, "best_designs", interrupted)
    code, out, err = lgn("search", csv, "-o", tmp_path / "found", "--luts", 60, "--jobs", 1)
    assert (code, out) == (130, "")
    assert "--resume goes on in" in err
