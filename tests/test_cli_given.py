"""`lgn_cli.given`: an option that the chosen form of a command does not use is refused."""

import pytest
from strategies import random_classifier


@pytest.fixture
def net(tmp_path):
    random_classifier(3, layers=(30,), classes=3).save(tmp_path / "it.lgn")
    return tmp_path / "it.lgn"


@pytest.mark.parametrize(
    ("to", "others", "told"),
    [
        ("c", ("--lut", "4"), "--to c takes no --lut 4"),
        ("c", ("--tiles", "1x1", "--examples", "3"), "no --tiles 1x1 and no --examples 3"),
        ("html", ("--name", "net"), "--to html takes no --name net"),
        ("blif", ("--layout", "arduino"), "--to blif takes no --layout arduino"),
        ("aiger", ("--image", "2x2"), "--to aiger takes no --image 2x2"),
        ("verilog-comb", ("--samples", "64"), "--to verilog-comb takes no --samples 64"),
        ("tinytapeout", ("--lut", "6"), "--to tinytapeout takes no --lut 6"),
    ],
)
def test_export_refuses_options_of_other_languages(lgn, net, to, others, told):
    code, _, err = lgn("export", net, "--to", to, *others)
    assert code == 2
    assert f"{told}; leave out what it does not take" in err
    assert [path.name for path in net.parent.iterdir()] == ["it.lgn"]


def test_export_refuses_a_classifier_without_a_language_and_a_run_with_one(lgn, net):
    code, _, err = lgn("export", net)
    assert (code, "say with --to what it shall become" in err) == (2, True)
    code, _, err = lgn("export", net.parent, "--to", "c")
    assert (code, "--to takes a .lgn file" in err) == (2, True)
    code, _, err = lgn("export", net.parent, "--lut", "4")
    assert (code, "The export of a run takes no --lut 4" in err) == (2, True)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--verilog", "it.v", "--lut", "4"), "--verilog takes no --lut 4"),
        (("--verilog", "it.v", "--scores"), "--verilog takes no --scores"),
        (("--liberty", "x.lib", "--conv", "stream"), "leave out --conv stream"),
    ],
)
def test_synth_refuses_what_would_not_count(lgn, net, options, told):
    code, _, err = lgn("synth", net, *options)
    assert code == 2
    assert told in err


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("net.blif", ("--top", "m"), "A .blif file takes no --top m"),
        ("net.v", ("--connections", "c.npz"), "A .v file takes no --connections c.npz"),
        ("net.json", ("--votes", "out"), "A .json file takes no --votes out"),
        ("net.npz", ("--parametrization", "raw"), "A .npz file takes no --parametrization raw"),
        ("net.pth", ("--timeout", "5"), "A .pth file takes no --timeout 5"),
    ],
)
def test_import_refuses_options_of_other_files(lgn, tmp_path, name, options, told):
    (tmp_path / name).write_bytes(b"")
    code, _, err = lgn("import", tmp_path / name, *options)
    assert code == 2
    assert told in err


def test_an_option_with_its_default_is_given_too(lgn, net):
    code, _, err = lgn("export", net, "--to", "html", "--lut", "6")
    assert (code, "--to html takes no --lut 6" in err) == (2, True)
