"""The two readings of a block: what Amaranth converts is proven to be what is written."""

import pytest
from mutations import FORMS, tiny_classifier

from lgn_hw.circuit.header import read_core_header
from lgn_hw.errors import UsageError
from lgn_hw.hdl.verilog import to_verilog
from lgn_hw.prove.cec import check_equal
from lgn_hw.prove.equivalence import prove_verilog
from lgn_hw.prove.pipeline import combinational


@pytest.mark.parametrize("number", range(len(FORMS)))
def test_amaranths_reading_of_every_form_is_the_written_text(number):
    own, form = tiny_classifier(number, arity=2 + number % 3), FORMS[number]
    texts = [to_verilog(own, form, source=source) for source in ("text", "amaranth")]
    heads = [text.split("\nmodule")[0].splitlines() for text in texts]
    kept = [[line for line in head if not line.startswith("// verilator")] for head in heads]
    assert kept[0] == kept[1]
    written, converted = (combinational(text, "classifier_core") for text in texts)
    [verdict] = check_equal([(written.function, converted.function)])
    assert (verdict.status, written.latency) == ("equal", converted.latency)


@pytest.mark.parametrize("form", FORMS[::6])
def test_amaranths_reading_is_proven_to_be_the_classifier(form):
    own = tiny_classifier(1)
    text = to_verilog(own, form, source="amaranth")
    assert prove_verilog(own, text, read_core_header(text)).status == "equal"


def test_verilog_rejects_another_source():
    with pytest.raises(UsageError, match=r"^Verilog is made from one of text, amaranth, not from"):
        to_verilog(tiny_classifier(1), source="chisel")
