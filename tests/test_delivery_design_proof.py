"""A file with a wrapper: the core is proven, the wrapper is the written one, or it is refused."""

import pytest
from mutations import mutants, tiny_classifier

from lgn_hw.circuit.header import read_core_header
from lgn_hw.circuit.options import CoreOptions
from lgn_hw.delivery import design_proof
from lgn_hw.delivery.design import make_design
from lgn_hw.delivery.design_proof import prove_design
from lgn_hw.prove.equivalence import Claim, Proof


def design(wrapper, data_bits=8, name="core"):
    options = CoreOptions(registers=1)
    own = tiny_classifier(1)
    return make_design(own, options, wrapper=wrapper, data_bits=data_bits, clock_mhz=100, name=name)


@pytest.mark.parametrize("wrapper", ["axi", "parallel", "stream"])
def test_design_is_proven(wrapper):
    proof = prove_design(tiny_classifier(1), design(wrapper).text)
    assert proof.status == "equal"
    assert (proof.claims[-1].method == "letter by letter") == (wrapper != "stream")


@pytest.fixture
def proven_core(monkeypatch):
    """Take the core for proven: wrappers are what these tests are about."""
    monkeypatch.setattr(
        design_proof, "prove_verilog", lambda *_, **__: Proof((Claim("core", "", "equal"),))
    )


@pytest.mark.parametrize("wrapper", ["axi", "parallel"])
@pytest.mark.parametrize(
    ("data_bits", "edits"),
    [(8, 20), *(pytest.param(n, 60, marks=pytest.mark.slow) for n in (8, 24))],
)
def test_every_edit_of_a_wrapper_is_refused(proven_core, wrapper, data_bits, edits):
    made = design(wrapper, data_bits)
    assert prove_design(tiny_classifier(1), made.text).status == "equal"
    edited = [text for _, text in mutants(made.wrapper_text, edits, 1)]
    assert len(edited) == edits
    for text in edited:
        assert prove_design(tiny_classifier(1), f"{text}\n{made.core}").status == "refused"


def test_other_modules_are_refused(proven_core):
    text = design("stream").text + "module other(input a, output b); assign b = a; endmodule\n"
    [_, claim] = prove_design(tiny_classifier(1), text).claims
    assert claim.status == "refused"
    assert "other are not those that `lgn verilog --wrapper` writes around core" in claim.detail


def test_wrapper_in_a_comment_is_none(proven_core):
    made = design("parallel")
    hidden = f"/*\n{made.wrapper_text}\n*/\nmodule core_parallel(); endmodule\n{made.core}"
    assert read_core_header(hidden).top == "core"
    assert prove_design(tiny_classifier(1), hidden).status == "refused"


def test_wrapper_behind_a_comment_in_a_string_is_none(proven_core):
    """To a reader who knows no strings the next comment opens nowhere, and its text is code."""
    made = design("parallel")
    opened = '(* src = "//" *) /*\n'
    other = made.wrapper_text.replace("o_class", "o_klass")
    hidden = f"{other}\n{opened}{made.wrapper_text}\n*/\n{made.core}"
    assert read_core_header(hidden).top == "core"
    assert prove_design(tiny_classifier(1), hidden).status == "refused"
