"""What an integrator must know: the same fields, classes and worked example in every file."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import classifiers

from lgn_hw import Classifier, Netlist, Thermometer
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.delivery.design import make_design
from lgn_hw.delivery.folder import deliver
from lgn_hw.features import Features
from lgn_hw.hdl.verilog import to_verilog
from lgn_hw.ports import describe_ports, example_of, fields_of
from lgn_hw.report.gather import gather
from lgn_hw.report.page import to_html
from lgn_hw.samples import vectors_for

NAMES = ("setosa", 'virginica "x" | y')


def irises():
    features = Features(
        ("petal", "count", "stamp"),
        [0, -5, 0],
        [255, 3, 2**62],
        [-0.42, 0, 0],
        [0.04129411764705882, 1, 1],
    )
    wire = Netlist(1, np.zeros((0, 6), int), np.zeros(0, np.uint64), outputs=[0, 2])
    return Classifier(Thermometer(features, [0], [100]), wire, [0, 1], 1.0, NAMES)


@settings(max_examples=40, deadline=None)
@given(classifiers())
def test_example_is_what_the_classifier_makes_of_the_raw_values(classifier):
    fields, example = fields_of(classifier), example_of(classifier)
    codes = classifier.features.quantize([[float(field.raw) for field in fields]])
    assert codes[0].tolist() == [field.code for field in fields]
    assert int(example.port, 16) == classifier.features.pack(codes)[0]
    assert example.number == classifier.predict(codes)[0]
    assert example.name == classifier.classes[example.number]


def test_fields_say_where_each_feature_is_and_how_a_value_becomes_a_code():
    petal, count, stamp = fields_of(irises())
    assert petal.text == (
        '[7:0] feature "petal", unsigned, 0 to 255, offset -0.42, scale 0.04129411764705882;'
        " example 3.79 is 102"
    )
    assert count.text == '[11:8] feature "count", signed, -5 to 3; example -5'
    assert (stamp.first, stamp.last, stamp.code) == (12, 74, int(stamp.raw))
    port = int(example_of(irises()).port, 16)
    assert (port & 0xFF, port >> 8 & 0xF, port >> 12) == (102, 0b1011, stamp.code)


def test_verilog_header_has_the_fields_the_classes_and_the_example():
    text = to_verilog(irises())
    for field in fields_of(irises()):
        assert f"//   {field.text}\n" in text
    for number, name in enumerate(NAMES):
        assert f"//     {number} {json.dumps(name)}\n" in text
    example = example_of(irises())
    assert f"the values above are i_sample__payload = 75'h\n//   {example.port}\n" in text
    assert f"// and their class is 1, {json.dumps(NAMES[1])}.\n" in text
    assert "(value - offset) / scale" in text


def test_long_samples_have_rows_of_hexadecimal():
    features = Features.integers([0] * 100, [255] * 100)
    wire = Netlist(1, np.zeros((0, 6), int), np.zeros(0, np.uint64), outputs=[0, 2])
    classifier = Classifier(Thermometer(features, [0], [100]), wire, [0, 1], 1.0, ("a", "b"))
    rows = re.findall(r"^//   ([0-9a-f]+)$", to_verilog(classifier), re.MULTILINE)
    assert "".join(rows) == example_of(classifier).port
    assert len(rows[0]) == 64
    assert "(value - offset)" not in to_verilog(classifier)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("delivery") / "d"
    design = make_design(irises(), CoreOptions(), wrapper="stream", data_bits=32, clock_mhz=100)
    deliver(irises(), design, vectors_for(irises().features, 2, 0), path)
    return path


def test_delivered_folder_says_the_same(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    described = describe_ports(irises())
    assert {key: manifest[key] for key in described} == json.loads(json.dumps(described))
    text = (folder / "README.md").read_text()
    assert (
        "| 7:0 | `petal` | 0 to 255, unsigned | -0.42 | 0.04129411764705882 | 3.79 | 102 |" in text
    )
    assert f"    {example_of(irises()).port}\n" in text
    assert '| 1 | `virginica "x" \\| y` |' in text


def test_info_and_report_say_the_same(lgn, tmp_path):
    path = tmp_path / "iris.lgn"
    irises().save(path)
    found = json.loads(lgn("info", path, "--json")[1])
    described = json.loads(json.dumps(describe_ports(irises())))
    assert {key: found[key] for key in described} == described
    shown = re.sub(r"[\s│]+", "", lgn("info", path)[1])
    assert "offset-0.42,scale0.04129411764705882;example3.79is102" in shown
    assert "0setosa1virginica" in shown
    report = gather(path)
    assert report["ports"] == describe_ports(irises())
    page = to_html(report)
    assert "0.04129411764705882" in page
    assert "virginica &#34;x&#34; | y" in page
