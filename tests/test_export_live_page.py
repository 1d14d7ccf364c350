"""The live page: its program is the classifier's, and browsers and Node answer as predict does."""

import base64
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import classifiers, random_classifier

from lgn_hw import CheckFailed, Classifier, UsageError
from lgn_hw.encoder import Thermometer
from lgn_hw.export.live_page import DATA, live_page, prove_live_page, write_live_page
from lgn_hw.export.live_program import program_bytes, same_program
from lgn_hw.export.seal import sealed
from lgn_hw.features import Features
from lgn_hw.netlist import Netlist
from lgn_hw.samples import Samples, vectors_for

NASTY = (
    "</script><script>alert(1)</script>",
    "a \"b\" 'c'",
    "größe ✓ \u2028",
    "[/x] @data@ <b>",
    "\\n%",
)
ANSWER = """
const page = require("fs").readFileSync(0, "utf8");
const part = (id) => page.match(new RegExp(`<script[^>]* ?id="${id}">([^]*?)</script>`))[1];
const data = JSON.parse(part("data"));
const run = new Function("data", part("net") + `
  const net = readNet(bytesOf(data.program));
  return { sha256: sha256(bytesOf(data.program)), scores: scores(net, data.given),
           classes: classify(net, data.given),
           quantized: data.raw.map((row) => row.map((value, f) =>
             quantize(net, f, value, unitOf(data.offset, f), unitOf(data.scale, f)))) };`);
data.given = GIVEN;
data.raw = RAW;
process.stdout.write(JSON.stringify(run(data)));
"""  # fmt: skip


def needs_node():
    if shutil.which("node") is None:
        pytest.skip("node is not installed")


def in_node(page, codes, raw=()):
    program = ANSWER.replace("GIVEN", json.dumps(np.asarray(codes).tolist()))
    program = program.replace("RAW", json.dumps(np.asarray(raw).tolist()))
    done = subprocess.run(["node", "-e", program], input=page, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def data_of(page):
    return json.loads(DATA.search(page.decode())[1])


def image_classifier(classes=10):
    """Return a classifier of images of 8 x 8 pixels."""
    names = [f"pixel_{row}_{column}" for row in range(8) for column in range(8)]
    own = random_classifier(7, features=64, bits=150, layers=(200, 200), classes=classes)
    features = Features.integers([0] * 64, [16] * 64, names)
    encoder = Thermometer(features, own.encoder.feature, own.encoder.threshold)
    return Classifier(encoder, own.netlist, own.group, 1.0, own.classes)


def table_classifier(classes=NASTY[:3], names=NASTY, seed=4):
    """Return a classifier of a table with scaled features, wide ranges and names of all kinds."""
    n = len(names)
    low = [0, -(2**31), 0, -5, 0][:n]
    high = [255, 2**31 - 1, 2**40, 5, 1][:n]
    features = Features(names, low, high, [0, 0, 0, 1.5, 0][:n], [0.1, 1, 1, 0.25, 1][:n])
    rng = np.random.default_rng(seed)
    feature = rng.integers(0, n, 24)
    threshold = rng.integers(features.low[feature], features.high[feature])
    own = random_classifier(seed, bits=24, layers=(30, 30), classes=len(classes), arity=3)
    group = np.arange(30) % len(classes)
    encoder = Thermometer(features, feature, threshold)
    return Classifier(encoder, own.netlist, group, 1.0, classes)


@settings(deadline=None)
@given(classifiers())
def test_program_of_any_classifier_comes_back(classifier):
    assert same_program(classifier, program_bytes(classifier))


def test_program_of_another_classifier_is_another():
    own, data = table_classifier(), program_bytes(table_classifier())
    assert same_program(own, data)
    flipped = Classifier(own.encoder, own.netlist.with_flipped_bit(3, 1), own.group, 1, own.classes)
    moved = Classifier(own.encoder, own.netlist, (own.group + 1) % 3, 1, own.classes)
    for other in (flipped, moved, table_classifier(seed=5)):
        assert not same_program(other, data)
    assert not same_program(own, data + b"\0")
    assert not same_program(own, data[:-1])


@settings(max_examples=15, deadline=None)
@given(classifiers())
def test_node_answers_as_predict_does_for_any_classifier(classifier):
    needs_node()
    codes = vectors_for(classifier.features, 70, 1)
    found = in_node(live_page(classifier, "it"), codes)
    assert found["scores"] == classifier.scores(codes).tolist()
    assert found["classes"] == classifier.predict(codes).tolist()


def test_node_quantizes_as_features_do():
    needs_node()
    classifier, rng = table_classifier(), np.random.default_rng(2)
    features = classifier.features
    codes = vectors_for(features, 200, 3)
    raw = features.offset + features.scale * (codes + rng.choice([0, 0.5, -0.5, 0.3], codes.shape))
    found = in_node(live_page(classifier, "it"), codes, raw)
    assert found["quantized"] == features.quantize(raw).tolist()
    assert found["scores"] == classifier.scores(codes).tolist()


def test_node_computes_tables_of_six_inputs():
    needs_node()
    classifier = random_classifier(5, bits=40, layers=(60, 60), classes=4, arity=6)
    codes = vectors_for(classifier.features, 100, 0)
    assert in_node(live_page(classifier, "x"), codes)["scores"] == classifier.scores(codes).tolist()


def test_page_is_the_same_bytes_each_time_and_asks_for_nothing():
    page = live_page(table_classifier(), "it")
    assert page == live_page(table_classifier(), "it")
    assert not re.search(rb"https?:|@import|url\(|\bsrc=|\bhref=|fetch\(|XMLHttp|WebSocket", page)


def test_names_cannot_end_a_script():
    page = live_page(table_classifier(), NASTY[0], samples=None)
    text = page.decode()
    assert text.count("<script") == text.count("</script>") == 3
    assert "&lt;/script&gt;" in text
    data = data_of(page)
    assert (data["features"], data["classes"]) == (list(NASTY), list(NASTY[:3]))


def test_examples_are_spread_over_the_samples_with_their_labels():
    classifier = image_classifier()
    codes = vectors_for(classifier.features, 98, 0)
    labels = np.arange(100) % 10
    page = live_page(classifier, "it", samples=Samples(codes, labels), examples=5)
    data = data_of(page)
    assert data["labels"] == labels[np.linspace(0, 99, 5).astype(int)].tolist()
    assert len(base64.b64decode(data["samples"])) == 5 * 64
    with pytest.raises(UsageError, match="at least 1, not 0"):
        live_page(classifier, "it", samples=Samples(codes, labels), examples=0)


def test_proof_finds_a_changed_page_and_a_forged_program(tmp_path):
    classifier = table_classifier()
    page = live_page(classifier, "it")
    assert prove_live_page(classifier, page).status == "equal"
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(page), 50).tolist():
        changed = bytearray(page)
        changed[place] ^= 1 << int(rng.integers(7))
        assert prove_live_page(classifier, bytes(changed)).status == "different"
    other = live_page(table_classifier(seed=9), "it")
    assert prove_live_page(classifier, other).status == "different"
    body = page[: page.rindex(b"<!-- ")]
    forged = sealed(body.replace(b"counts[best] ? c", b"counts[best] ? 0"), "<!-- ", " -->")
    with pytest.raises(CheckFailed, match="the interpreter in the page is lgn's"):
        prove_live_page(classifier, forged).check()


def test_writing_keeps_a_file_that_is_no_live_page(tmp_path):
    path = tmp_path / "it.html"
    path.write_text("mine")
    _, kept = write_live_page(table_classifier(), path)
    assert kept.read_text() == "mine"
    assert write_live_page(table_classifier(classes=("a", "b")), path)[1] is None


def one_comparison(low, high, threshold):
    """Return a classifier of one feature that gives b above the threshold, else a."""
    netlist = Netlist(1, np.zeros((0, 6), int), np.zeros(0, np.uint64), [2, 0])
    encoder = Thermometer(Features.integers([low], [high]), [0], [threshold])
    return Classifier(encoder, netlist, [1, 0], 1.0, ("a", "b"))


@pytest.mark.parametrize(("low", "high"), [(0, 2**60), (-(2**60), 0), (-(2**53), 1)])
def test_page_rejects_ranges_that_javascript_cannot_count(low, high):
    rule = rf"2\^53, and feature 'x0' is {low} to {high}; divide it"
    with pytest.raises(UsageError, match=rule):
        live_page(one_comparison(low, high, low + 5), "it")


@pytest.mark.parametrize(("low", "high"), [(-(2**53), 0), (0, 2**53), (-(2**52) - 1, 2**52 - 1)])
def test_node_counts_to_the_ends_of_the_widest_ranges(low, high):
    needs_node()
    for threshold in (low, low + 2, high - 2, high - 1):
        classifier = one_comparison(low, high, threshold)
        codes = np.array([[low], [threshold], [threshold + 1], [high]])
        found = in_node(live_page(classifier, "it"), codes)
        assert found["classes"] == classifier.predict(codes).tolist()


def test_export_command_writes_a_page_that_prove_reads(tmp_path, lgn):
    classifier = table_classifier()
    classifier.save(tmp_path / "it.lgn")
    codes = vectors_for(classifier.features, 30, 1)
    np.savez(tmp_path / "x.npz", x=codes, y=classifier.predict(codes), codes=np.array(True))
    code, out, _ = lgn("export", tmp_path / "it.lgn", "--to", "html", "--data",
                       tmp_path / "x.npz", "--examples", 7, "--json")  # fmt: skip
    assert (code, json.loads(out)["files"]) == (0, [str(tmp_path / "it.html")])
    assert len(data_of((tmp_path / "it.html").read_bytes())["labels"]) == 7
    assert lgn("prove", tmp_path / "it.lgn", tmp_path / "it.html")[0] == 0
    table_classifier(seed=8).save(tmp_path / "other.lgn")
    assert lgn("prove", tmp_path / "other.lgn", tmp_path / "it.html")[0] == 1
    code, _, said = lgn("export", tmp_path / "it.lgn", "--to", "html", "-o", tmp_path / "it.c")
    assert code == 2
    assert "ends in .html" in said


def opened(browser, tmp_path, classifier, **options):
    """Open a classifier's page as a reader of this window; nothing may go wrong on it."""
    how = {k: options.pop(k) for k in ("width", "dark", "touch") if k in options}
    path = tmp_path / "page.html"
    write_live_page(classifier, path, **options)
    browser.errors.clear()
    browser.open(path, **how)
    browser.settle()
    assert browser.errors == []
    assert browser.overflow() <= 0
    assert browser.run("document.getElementById('checked').textContent") == "✓ checked"


def shown_class(browser):
    browser.settle()
    return browser.run("document.getElementById('class').textContent")


def test_browser_answers_as_predict_does(browser, tmp_path):
    for classifier in (image_classifier(), table_classifier()):
        opened(browser, tmp_path, classifier)
        codes = vectors_for(classifier.features, 300, 5)
        found = browser.run(f"lgn.scores({json.dumps(codes.tolist())})")
        assert found == classifier.scores(codes).tolist()
        assert (
            shown_class(browser)
            == classifier.classes[classifier.predict([browser.run("lgn.codes()")])[0]]
        )


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_drawing_with_mouse_and_keys_shows_the_class_of_the_image(browser, tmp_path, width, dark):
    classifier = image_classifier()
    opened(browser, tmp_path, classifier, shape=(1, 8, 8), width=width, dark=dark)
    box = browser.run("(({x, y, width}) => [x, y, width])(pad.getBoundingClientRect())")
    x, y, side = box

    def mouse(kind, right, down):
        browser.send("Input.dispatchMouseEvent", type=kind, x=x + right * side, y=y + down * side,
                     button="left", buttons=1, clickCount=1)  # fmt: skip

    mouse("mousePressed", 0.5, 0.1)
    for step in range(2, 10):
        mouse("mouseMoved", 0.5, step / 10)
    mouse("mouseReleased", 0.5, 0.9)
    codes = np.array(browser.run("lgn.codes()"))
    assert (codes.reshape(8, 8)[1:7, 3:5] > 0).all()
    assert (codes.reshape(8, 8)[:, [0, 7]] == 0).all()
    assert shown_class(browser) == classifier.classes[classifier.predict(codes[None])[0]]
    browser.run("document.getElementById('clear').click(); pad.focus()")
    assert not any(browser.run("lgn.codes()"))
    for key in ("ArrowDown", "ArrowUp", "ArrowLeft", " "):
        browser.key(key)
    assert np.flatnonzero(browser.run("lgn.codes()")).tolist() == [8 * 3 + 3]
    browser.key("Backspace")
    assert not any(browser.run("lgn.codes()"))


def test_fingers_draw(browser, tmp_path):
    opened(browser, tmp_path, image_classifier(), shape=(1, 8, 8), width=390, touch=True)
    x, y, side = browser.run("(({x, y, width}) => [x, y, width])(pad.getBoundingClientRect())")
    for kind, down in (("touchStart", 0.3), ("touchMove", 0.7), ("touchEnd", None)):
        points = [] if down is None else [{"x": x + side / 2, "y": y + down * side}]
        browser.send("Input.dispatchTouchEvent", type=kind, touchPoints=points)
    codes = np.array(browser.run("lgn.codes()")).reshape(8, 8)
    assert (codes[3:5, 3:5] > 0).all()


def test_sliders_and_typed_values_are_codes_of_the_features(browser, tmp_path):
    classifier = table_classifier()
    opened(browser, tmp_path, classifier)
    browser.run("""{
      const number = document.getElementById("value-3");
      number.value = "0.88"; number.dispatchEvent(new Event("input"));
      const range = document.querySelectorAll("#sliders input[type=range]")[0];
      range.value = 200; range.dispatchEvent(new Event("input"));
    }""")
    codes = browser.run("lgn.codes()")
    assert (codes[0], codes[3]) == (200, round((0.88 - 1.5) / 0.25))
    assert shown_class(browser) == classifier.classes[classifier.predict([codes])[0]]
    assert browser.run("document.getElementById('value-0').value") == "20"


def test_a_changed_program_is_refused_by_the_page(browser, tmp_path):
    path = tmp_path / "page.html"
    write_live_page(table_classifier(), path)
    program = data_of(path.read_bytes())["program"]
    changed = "B" if program[40] == "A" else "A"
    path.write_text(path.read_text().replace(program, program[:40] + changed + program[41:]))
    browser.open(path)
    assert browser.run("document.getElementById('checked').textContent") == "✗ changed"
    assert "export it again" in browser.run("document.getElementById('problem').textContent")
    assert browser.run("typeof window.lgn") == "undefined"
    browser.errors.clear()


def wide(features, classes, bits=300, outputs=None):
    """Return a classifier of many features and classes; not all classes have votes."""
    rng = np.random.default_rng(1)
    own = random_classifier(1, bits=bits, layers=(150, 120), classes=classes)
    names = [f"sensor {i}" for i in range(features)]
    encoder = Thermometer(
        Features.integers([0] * features, [15] * features, names),
        rng.integers(0, features, bits),
        rng.integers(0, 15, bits),
    )  # fmt: skip
    group = np.arange(120) % min(classes, outputs or classes)
    names = [f"a class with quite a long name, number {c}" for c in range(classes)]
    return Classifier(encoder, own.netlist, group, 1.0, names)


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_of_odd_classifiers_fit(browser, tmp_path, width):
    for classifier in (
        wide(1, 2), wide(4000, 2), wide(30, 100), wide(5, 3, outputs=2),
        table_classifier(classes=("x" * 300, "y" * 300)),
    ):  # fmt: skip
        opened(browser, tmp_path, classifier, width=width)
        best = classifier.predict([browser.run("lgn.codes()")])[0]
        assert shown_class(browser) == classifier.classes[best]
        assert browser.run("document.querySelectorAll('#sliders input').length") <= 80


@pytest.mark.slow
def test_trained_digits_answer_alike_on_all_test_samples(browser, tmp_path, lgn):
    folder = tmp_path / "digits"
    assert lgn("train", "train/recipes/digits.toml", "--output", folder)[0] == 0
    classifier = Classifier.load(folder / "digits.lgn")
    with np.load(folder / "test.npz") as file:
        codes = file["x"]
    opened(browser, tmp_path, classifier, shape=(1, 8, 8))
    found = browser.run(f"lgn.scores({json.dumps(codes.tolist())})")
    assert found == classifier.scores(codes).tolist()
