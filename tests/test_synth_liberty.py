"""Liberty files: cells, areas and functions; adders found by what they compute."""

from itertools import product
from pathlib import Path

import pytest

from lgn_hw.errors import FileFormatError, UsageError
from lgn_hw.synth.liberty import read_liberty
from lgn_hw.synth.liberty_function import parsed_function

CELLS = Path(__file__).parent / "cells.lib"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A", lambda a, b, c: a),
        ("A'", lambda a, b, c: 1 - a),
        ("!A & B", lambda a, b, c: (1 - a) & b),
        ("(A+B)' C", lambda a, b, c: (1 - (a | b)) & c),
        ("A ^ B * C", lambda a, b, c: (a ^ b) & c),
        ("A B + C", lambda a, b, c: a & b | c),
        ("!(A | !B)''", lambda a, b, c: 1 - (a | (1 - b))),
        ("1 ^ A", lambda a, b, c: 1 - a),
    ],
)
def test_functions_bind_as_liberty_has_it(text, expected):
    function = parsed_function(text)
    for a, b, c in product((0, 1), repeat=3):
        assert function({"A": a, "B": b, "C": c}) == expected(a, b, c)


@pytest.mark.parametrize("text", ["A &", "(A", "A)", "A # B", ""])
def test_functions_reject_what_is_none(text):
    with pytest.raises(FileFormatError):
        parsed_function(text)


def test_library_finds_nand_and_adders_by_function():
    library = read_liberty(CELLS)
    assert library.name == "small_cells"
    assert library.nand2 == 3.7536
    assert "slow_nand2" not in library.cells
    assert [cell.name for cell in library.cells.values() if cell.storage] == ["dff"]
    full, half = library.full_adder, library.half_adder
    assert (full.cell, full.inputs, full.sum, full.carry) == (
        *("fa", ("A", "B", "CIN")),
        *("SUM", "COUT"),
    )
    assert (half.cell, half.area) == ("ha", 12.512)


def test_library_leaves_out_what_is_not_to_be_used():
    library = read_liberty(CELLS, ("?a", "x*"))
    assert (library.full_adder, library.half_adder) == (None, None)
    assert "xor2" not in library.cells


def test_library_rejects_other_files_and_libraries_without_nand(tmp_path):
    with pytest.raises(FileFormatError, match="no cells with an area"):
        read_liberty(Path(__file__))
    with pytest.raises(FileFormatError, match=r"no NAND of two inputs.*--dont-use"):
        read_liberty(CELLS, ("nand*",))


def test_library_rejects_an_area_that_is_no_number(tmp_path):
    given = tmp_path / "it.lib"
    given.write_text(CELLS.read_text().replace("area : 3.7536", "area : 3,7536"))
    with pytest.raises(FileFormatError, match=r"cell inv .* not '3,7536'; .* decimal point"):
        read_liberty(given)


def test_library_rejects_a_device_that_has_no_end():
    with pytest.raises(UsageError, match=r"^/dev/zero is a device; name a file"):
        read_liberty(Path("/dev/zero"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[: len(text) // 2], r"opens \d+ groups and closes \d+: it is cut short"),
        (lambda text: text + "}", "cut short, or was edited"),
        (lambda text: text.replace("}", "", 1), "cut short, or was edited"),
        (lambda text: text + "\0", "has a byte of 0"),
        (lambda text: text + text, "more than once; leave one of them"),
    ],
)
def test_library_rejects_files_that_end_a_tool_without_a_word(tmp_path, change, message):
    (tmp_path / "it.lib").write_text(change(CELLS.read_text()))
    with pytest.raises(FileFormatError, match=message):
        read_liberty(tmp_path / "it.lib")


def test_library_may_have_braces_in_strings_and_comments(tmp_path):
    text = CELLS.read_text().replace("{", '{ /* a { */ comment : "}}";', 1)
    (tmp_path / "it.lib").write_text(text)
    assert read_liberty(tmp_path / "it.lib").nand2 == 3.7536
