"""What a report says of samples: counts that can be counted again, and pages that stay in shape."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import classifiers, random_classifier
from test_export_live_page import NASTY, image_classifier, table_classifier, wide
from test_report_page import read

from lgn_hw import Classifier, Netlist, Thermometer, UsageError
from lgn_hw.features import Features
from lgn_hw.report.answers import answers_on, bits_read
from lgn_hw.report.circuit import FAMILIES, describe_circuit
from lgn_hw.report.circuit_picture import circuit_picture
from lgn_hw.report.compare import compare
from lgn_hw.report.compare_page import comparison_to_html
from lgn_hw.report.gather import gather
from lgn_hw.report.page import to_html
from lgn_hw.report.sample_charts import image_picture, pixel_map
from lgn_hw.report.scatter import named_scatter
from lgn_hw.samples import Samples, vectors_for


def labelled(classifier, count=200, seed=0, right=0.7):
    """Return samples, most of them with the label that the classifier gives them."""
    codes = vectors_for(classifier.features, count - 2, seed)
    rng = np.random.default_rng(seed)
    labels = np.where(
        rng.random(count) < right,
        classifier.predict(codes),
        rng.integers(-1, classifier.num_classes, count),
    )
    return Samples(codes, labels)


def saved(folder, classifier, samples=None):
    """Write a classifier and samples for it into a folder; return the paths."""
    classifier.save(folder / "it.lgn")
    if samples is not None:
        np.savez(folder / "x.npz", x=samples.codes, y=np.maximum(samples.labels, 0), codes=True)
    return folder / "it.lgn", folder / "x.npz"


@settings(max_examples=25, deadline=None)
@given(classifiers())
def test_confusion_counts_each_labelled_sample_once(classifier):
    samples = labelled(classifier, 60)
    found = answers_on(classifier, samples, image=False)
    answer, labels = classifier.predict(samples.codes), samples.labels
    k = range(classifier.num_classes)
    expected = [[int(((labels == a) & (answer == b)).sum()) for b in k] for a in k]
    assert found["confusion"] == expected
    assert found["labelled"] == sum(map(sum, expected)) == (labels >= 0).sum()
    for sample in found["wrong"]:
        i = sample["sample"]
        assert (sample["label"], sample["answer"]) == (labels[i], answer[i])
        assert sample["label"] not in (sample["answer"], -1)
        assert sample["votes"] == classifier.scores(samples.codes)[i].tolist()
    assert len(found["wrong"]) == min(24, ((labels >= 0) & (labels != answer)).sum())


def test_wrong_samples_take_turns_from_the_most_frequent_confusion():
    classifier = image_classifier(3)
    codes = vectors_for(classifier.features, 500, 0)
    answer = classifier.predict(codes)
    labels = answer.copy()
    labels[np.flatnonzero(answer == 0)[:30]] = 1
    labels[np.flatnonzero(answer == 1)[:3]] = 2
    wrong = answers_on(classifier, Samples(codes, labels), image=True)["wrong"]
    pairs = [(sample["label"], sample["answer"]) for sample in wrong]
    assert len(pairs) == 24
    assert pairs[:7] == [(1, 0), (2, 1)] * 3 + [(1, 0)]


def test_turned_is_the_share_of_answers_that_a_feature_changes():
    features = Features.integers([0] * 3, [9] * 3)
    encoder = Thermometer(features, [0, 2], [4, 4])
    # The class is x0 > 4; x2 is read, and votes for both alike; x1 is not read.
    netlist = Netlist(2, np.zeros((0, 6), int), np.zeros(0, np.uint64), [2, 3, 3])
    classifier = Classifier(encoder, netlist, [1, 0, 1], 1.0, ("a", "b"))
    found = answers_on(classifier, Samples(vectors_for(features, 300, 0)), image=True)
    assert bits_read(classifier) == [1, 0, 1]
    assert found["turned"] == [1.0, 0.0, 0.0]
    assert (found["confusion"], found["wrong"]) == (None, [])
    table = answers_on(classifier, Samples(vectors_for(features, 300, 0)), image=False)
    assert 0.35 < table["turned"][0] < 0.65
    assert table["turned"][1:] == [0.0, 0.0]


def evaluate(circuit, bits):
    """Evaluate a drawing's gates by their names; return the votes by class."""
    meaning = {
        "0": 0, "1": 15, "NOR": 1, "a AND NOT b": 2, "NOT b": 3, "b AND NOT a": 4, "NOT a": 5,
        "XOR": 6, "NAND": 7, "AND": 8, "XNOR": 9, "a": 10, "a OR NOT b": 11, "b": 12,
        "b OR NOT a": 13, "OR": 14, "NOT": 1, "BUF": 2,
    }  # fmt: skip
    values = [0, 1, *bits]
    for node in circuit["nodes"]:
        index = sum(values[net] << pin for pin, net in enumerate(node["fanin"]))
        name = node["name"]
        table = int(name.rpartition(" ")[2], 16) if "inputs" in name else meaning[name]
        values.append(table >> index & 1)
    return [(values[net] * count, group) for net, group, count in circuit["votes"]]


@settings(max_examples=30, deadline=None)
@given(classifiers())
def test_drawing_of_a_small_circuit_computes_its_votes(classifier):
    circuit = describe_circuit(classifier)
    assert circuit["kind"] == "gates"
    codes = vectors_for(classifier.features, 20, 1)
    for sample, expected in zip(codes, classifier.scores(codes).tolist(), strict=True):
        bits = []
        for text in circuit["bits"]:
            name, _, threshold = text.rpartition(" > ")
            value = sample[classifier.features.names.index(name)]
            bits.append(int(value > float(threshold)))
        votes = [0] * classifier.num_classes
        for count, group in evaluate(circuit, bits):
            votes[group] += count
        assert votes == expected
    assert circuit_picture(circuit, classifier.classes).startswith("<svg")


@pytest.mark.parametrize(("layers", "arity"), [((400, 300), 2), ((90,) * 30, 3), ((500,), 6)])
def test_map_of_a_large_circuit_counts_every_gate_and_wire(layers, arity):
    classifier = random_classifier(3, bits=60, layers=layers, arity=arity)
    circuit = describe_circuit(classifier)
    blocks, wires = circuit["blocks"], np.array(circuit["wires"])
    assert len(blocks) <= 10
    gates = sum(block["nodes"] for block in blocks[1:-1])
    assert gates == sum(sum(block["families"].values()) for block in blocks)
    assert set().union(*(block["families"] for block in blocks)) <= set(FAMILIES)
    assert wires[:, -1].sum() == classifier.netlist.num_outputs
    assert wires[:, 1:-1].sum() == arity * gates
    assert not np.tril(wires, -1).any()
    assert len(circuit_picture(circuit, classifier.classes)) < 50_000


def test_image_is_drawn_pixel_by_pixel():
    ends = [(0, 8)] * 4
    assert 'class="shade-8" d="M1,0h1v1h-1z"' in image_picture([0, 8, 0, 0], ends, (1, 2, 2))
    colours = image_picture([0, 8, 8, 8, 0, 8], [(0, 8)] * 6, (3, 1, 2))
    assert re.findall('fill="(#...)"', colours) == ["#0f0", "#fff"]
    faint = pixel_map([0.001, 1.0, 0, 0], (1, 2, 2), "x")
    assert 'class="shade-1" d="M0,0h1v1h-1z"' in faint  # what is not 0 is seen
    assert "<path" not in pixel_map([0, 0, 0, 0], (1, 2, 2), "x")


def test_page_says_nothing_of_classes_without_samples(tmp_path):
    path, _ = saved(tmp_path, image_classifier())
    report = gather(path)
    assert report["answers"] is None
    text, _ = read(to_html(report))
    assert text.count("lgn report it.lgn --data FILE") == 2
    assert "recall of each class" in text
    assert "Pixels that are read" in text
    assert "labelled samples have" not in text


def test_page_shows_matrix_wrong_samples_and_maps(tmp_path):
    classifier = image_classifier()
    samples = labelled(classifier)
    path, data = saved(tmp_path, classifier, samples)
    report = gather(path, data)
    text, tags = read(to_html(json.loads(json.dumps(report))))
    right = sum(row[c] for c, row in enumerate(report["answers"]["confusion"]))
    assert f"{right} of 200 labelled samples have the right answer" in text
    assert "Pixels that turn the answer" in text
    first = report["answers"]["wrong"][0]
    assert f"#{first['sample']}, votes" in text
    assert not {tag for tag, _ in tags} & {"script", "link", "img", "iframe", "object"}


def test_samples_of_the_runs_own_test_are_found(tmp_path):
    classifier = image_classifier()
    samples = labelled(classifier)
    labels = np.maximum(samples.labels, 0)
    accuracy = float((classifier.predict(samples.codes) == labels).mean())
    classifier = replace(classifier, provenance={"accuracy": accuracy})
    path, data = saved(tmp_path, classifier, samples)
    data.rename(tmp_path / "test.npz")
    assert gather(path)["answers"] is None  # whose they are is not known
    (tmp_path / "train.json").write_text(json.dumps({"classifier": "build/it.lgn"}))
    assert gather(path)["answers"]["file"] == "test.npz"
    assert gather(path)["answers"]["labelled"] == 200
    replace(classifier, provenance={"accuracy": 0.5}).save(path)
    assert gather(path)["answers"] is None  # they are of another training


def test_tables_show_names_and_units_of_the_features_that_matter(tmp_path):
    classifier = table_classifier()
    path, data = saved(tmp_path, classifier, labelled(classifier))
    page = to_html(gather(path, data))
    text, _ = read(page)
    assert "<script" not in page
    assert NASTY[0] in text
    assert "Answers that change" in text
    assert "[/x] @data@ <b>" in text


def test_unlabelled_samples_are_said_to_be_so(tmp_path):
    classifier = table_classifier()
    path, data = saved(tmp_path, classifier, labelled(classifier))
    np.savez(data, x=vectors_for(classifier.features, 40, 0), codes=True)
    text, _ = read(to_html(gather(path, data)))
    assert "42 samples, none of them with a label that is a class" in text


def test_runs_are_compared_on_the_same_samples(tmp_path):
    paths = []
    for seed, name in ((4, "a"), (5, "b"), (6, "b")):
        folder = tmp_path / str(seed)
        folder.mkdir()
        paths.append(folder / f"{name}.lgn")
        provenance = {"accuracy": seed / 10, "data_sha256": name}
        replace(table_classifier(seed=seed), provenance=provenance).save(paths[-1])
    classifier = table_classifier(seed=4)
    samples = labelled(classifier, right=1)
    np.savez(tmp_path / "x.npz", x=samples.codes, y=samples.labels, codes=True)
    found = compare(paths)
    assert [run["name"] for run in found["runs"]] == ["a", "5/b", "6/b"]
    assert not found["same_data"]
    text, _ = read(comparison_to_html(found))
    assert "were tested on different data" in text
    assert "40.00 %" in text
    found = compare(paths, tmp_path / "x.npz")
    assert found["same_data"]
    assert found["runs"][0]["accuracy"] == 1.0
    assert found["runs"][0]["front"]
    text, _ = read(comparison_to_html(json.loads(json.dumps(found))))
    assert "Accuracy on x.npz, the same samples for all" in text
    assert "lgn fmax X.lgn --part PART measures it" in text
    with pytest.raises(UsageError, match="is given twice; name each classifier once"):
        compare([paths[0], paths[0]])


def test_front_is_what_nothing_beats(tmp_path):
    paths = []
    for name, nodes, accuracy in (("s", 10, 0.5), ("m", 60, 0.4), ("l", 90, 0.9)):
        own = random_classifier(1, layers=(nodes,))
        paths.append(tmp_path / f"{name}.lgn")
        replace(own, provenance={"accuracy": accuracy}).save(paths[-1])
    assert [run["front"] for run in compare(paths)["runs"]] == [True, False, True]


def test_scatter_places_points_by_both_axes():
    picture = named_scatter([("a", 100, 90.0), ("b", 200, 95.0), ("<b>", 10_000, 96.0)], "LUTs")
    places = [
        tuple(map(float, place)) for place in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', picture)
    ]
    (ax, ay), (bx, by), (cx, cy) = places
    assert 0 < ax < bx < cx <= 480
    assert bx - ax < cx - bx  # the axis is logarithmic
    assert 300 > ay > by > cy > 0
    assert "&lt;b&gt;: 10,000, 96.00 %" in picture
    constant = named_scatter([("a", 0, 10.0), ("b", 200, 95.0)], "LUTs")
    places = [float(x) for x in re.findall(r'cx="([\d.]+)"', constant)]
    assert places == sorted(places), "0 LUTs have a place, too"


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_fit_the_window(browser, tmp_path, width):
    many = wide(30, 100)
    nets = [image_classifier(), table_classifier(), many, wide(1, 2), wide(4000, 3, outputs=2)]
    nets.append(table_classifier(classes=("x" * 300, "y" * 300)))
    nets.append(random_classifier(2, features=3, bits=6, layers=(8, 6), classes=3))
    for number, classifier in enumerate(nets):
        folder = tmp_path / str(number)
        folder.mkdir()
        page = folder / "report.html"
        page.write_text(to_html(gather(*saved(folder, classifier, labelled(classifier)))))
        assert page.stat().st_size < 700_000
        browser.errors.clear()
        browser.open(page, width=width, dark=number % 2 == 0)
        assert browser.errors == []
        assert browser.overflow() <= 0, classifier
    folder = tmp_path
    runs = [folder / f"{n}/it.lgn" for n in range(len(nets))]
    (folder / "all.html").write_text(comparison_to_html(compare(runs)))
    browser.open(folder / "all.html", width=width)
    assert browser.overflow() <= 0


def test_report_command_takes_samples_and_several_runs(tmp_path, lgn, monkeypatch):
    monkeypatch.chdir(tmp_path)
    classifier = image_classifier()
    path, data = saved(tmp_path, classifier, labelled(classifier))
    code, out, _ = lgn("report", path, "--data", data, "--json")
    assert code == 0
    assert json.loads(out)["inputs"]["image_shape"] == [1, 8, 8]
    code, out, _ = lgn("report", path, "--data", data, "--image", "none", "--json")
    assert json.loads(out)["inputs"]["image_shape"] is None
    table_classifier().save(tmp_path / "b.lgn")
    code, out, _ = lgn("report", path, tmp_path / "b.lgn")
    assert (code, out) == (0, "comparison.html and comparison.json\n")
    assert "2 logic gate networks" in (tmp_path / "comparison.html").read_text()
    code, _, said = lgn("report", path, tmp_path / "b.lgn", "--image", "8x8")
    assert code == 2
    assert "--image is for the report of one run" in said
    code, _, said = lgn("report", path, "--data", tmp_path / "no.csv")
    assert code == 2
    assert "There is no data file" in said
