"""Edits of emitted Verilog: no verdict is `equal` where a simulation finds a difference."""

import shutil
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import pytest
from mutations import CORE, FORMS, KINDS, mutants, outcome, tiny_classifier

from lgn_hw.hdl.verilog import to_verilog

pytestmark = pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")


def tasks(forms, count, folder):
    """Return so many mutants of a core in each form, of classifiers that differ."""
    for number, form in enumerate(forms):
        arity = 2 + number % 2
        text = to_verilog(tiny_classifier(number, arity=arity), form, name=CORE)
        for index, (kind, mutant) in enumerate(mutants(text, count, number)):
            yield number, arity, form, kind, mutant, str(folder / f"{number}-{index}")


def check(found, folder):
    """Count verdicts against simulations; keep each text that is called equal and is not."""
    wrong = [(kind, text) for kind, said, seen, text in found if said == "equal"
             and seen != "same"]  # fmt: skip
    for index, (kind, text) in enumerate(wrong):
        (folder / f"wrong{index}-{kind.replace(' ', '-')}.v").write_text(text)
    counts = Counter((said, seen) for _, said, seen, _ in found)
    print(f"\n{len(found)} mutants: " + ", ".join(
        f"{said}/simulates {seen} {n}" for (said, seen), n in sorted(counts.items())
    ))  # fmt: skip
    assert not wrong, f"{len(wrong)} mutants are called equal; they are in {folder}"
    return counts


def test_mutants_of_a_core_are_found(tmp_path):
    with ProcessPoolExecutor(1) as pool:
        found = list(pool.map(outcome, tasks(FORMS[2:3], len(KINDS), tmp_path)))
    counts = check(found, tmp_path)
    assert counts["refused", "differs"]
    assert counts["different", "differs"] > 3


@pytest.mark.slow
def test_mutants_of_every_form_are_found(tmp_path):
    with ProcessPoolExecutor() as pool:
        found = list(pool.map(outcome, tasks(FORMS, 90, tmp_path), chunksize=10))
    counts = check(found, tmp_path)
    assert len(found) > 2000
    assert counts["different", "differs"] > 500
    assert counts["equal", "same"] > 20
