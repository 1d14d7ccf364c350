"""Tables in .csv files: what is read the same in every dialect, and what is refused by row."""

import re

import numpy as np
import pytest

from lgn_hw.data import read_file
from lgn_hw.errors import UsageError

PLAIN = "height,weight,kind\n1.5,20,cat\n-2,30.25,dog\n"


@pytest.fixture
def read(tmp_path):
    def write_and_read(content, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_file(path)

    return write_and_read


def refused(read, content, message):
    def use():
        table = read(content)
        table.matrix(range(len(table.names) - 1))

    with pytest.raises(UsageError, match=re.escape(message)):
        use()


DIALECTS = {
    "byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-16": PLAIN.encode("utf-16"),
    "line ends of Windows": PLAIN.replace("\n", "\r\n"),
    "line ends of old Macs": PLAIN.replace("\n", "\r"),
    "no last line end": PLAIN.rstrip(),
    "spaces after commas": PLAIN.replace(",", " , "),
    "blank rows": PLAIN.replace("\n", "\n\n,,\n"),
    "quoted cells": PLAIN.replace("1.5", '"1.5"').replace("weight", '"weight"'),
    "semicolons": PLAIN.replace(",", ";"),
    "tabs": PLAIN.replace(",", "\t"),
    "a separator stated for Excel": "sep=;\n" + PLAIN.replace(",", ";"),
    "bars": PLAIN.replace(",", "|"),
    "decimal commas": PLAIN.replace(",", ";").replace(".", ","),
    "a comma after every row": PLAIN.replace("\n", ",\n"),
    "exponents": PLAIN.replace("30.25", "3.025e+1").replace("1.5", "+1.5E0"),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_csv_reads_every_dialect_as_the_same_table(read, dialect):
    table = read(DIALECTS[dialect])
    assert list(table.names) == ["height", "weight", "kind"]
    assert table.matrix([0, 1]).tolist() == [[1.5, 20.0], [-2.0, 30.25]]
    assert table.labels(2) == ["cat", "dog"]


def test_csv_tells_of_decimal_commas_and_empty_columns(read):
    assert (
        "commas in numbers are read as decimal points"
        in read(DIALECTS["decimal commas"]).notices[0]
    )
    assert (
        "the empty last column is left out" in read(DIALECTS["a comma after every row"]).notices[0]
    )


def test_csv_labels_have_decimal_commas_too(read):
    assert read("a;b;y\n1,5;2;1,0\n2,5;3;2,0\n").labels(2) == ["1", "2"]


def test_csv_integers_are_exact_and_true_and_false_are_numbers(read):
    table = read("stamp,on,y\n1700000000000000001,TRUE,u\n1700000000000000002,false,v\n")
    assert table.matrix([0, 1]).tolist() == [[1700000000000000001, 1], [1700000000000000002, 0]]
    assert table.matrix([0, 1]).dtype == np.int64


HEADERS = [
    ("5.1,3.5,setosa\n4.9,3.0,setosa\n", "has no header row: its first row holds numbers ('5.1'"),
    ("1,2,3\n4,5,6\n", "has no header row"),
    (",a,y\n0,1,u\n", "column 1 must have a name, not ''; if it counts the rows, leave it out"),
    ("a,,y\n0,1,u\n", "column 2 must have a name"),
    ("Unnamed: 0,a,y\n0,1,u\n", "column 1 must have a name, not 'Unnamed: 0'"),
    ("a,b,a,y\n0,1,2,u\n", "has two columns named 'a'; rename one of them"),
    ("a, a ,y\n0,1,u\n", "has two columns named 'a'"),
    ("", "holds no samples"),
    ("a,b\n", "holds no samples"),
]


@pytest.mark.parametrize(("text", "message"), HEADERS)
def test_csv_rejects_headers(read, text, message):
    refused(read, text, message)


CELLS = [
    ("1_000", "must be a number, not '1_000'; write it like 1234.5"),
    ("0x1F", "must be a number, not '0x1F'"),
    ("\uff15.\uff16", "must be a number"),
    ("12:30", "must be a number, not '12:30'"),
    ("5.69%", "must be a number, not '5.69%'"),
    ('"1,234"', "write it without separators of thousands"),
    ("1e999", "must be a finite number, not '1e999'"),
    ("inf", "must be a finite number, not 'inf'"),
    ("?", "is missing: it must be a number, not '?'; fill it in, or leave the row out"),
    ("N/A", "is missing"),
    ("TRUE", "must be a number, as others of its column are, not 'TRUE'; write 1 and 0"),
    ("red", "turn words into columns of 0 and 1"),
    ("9" * 30, "must fit 64 bits with a sign, not '999999999999999999999999999999'; subtract"),
    ("9" * 5000, "must fit 64 bits with a sign"),
    ("1" * 100_000 + "x", "must be a number"),
]


@pytest.mark.parametrize(("cell", "message"), CELLS)
def test_csv_rejects_cells_by_row_and_column(read, cell, message):
    refused(read, f"a,b,y\n1,2,u\n{cell},4,v\n", "t.csv, row 3, column 'a' ")
    refused(read, f"a,b,y\n1,2,u\n{cell},4,v\n", message)


ROWS = [
    ("a,b,y\n5,69,4,u\n", "row 2 must have 3 cells, as the header has, not 4: is there a dec"),
    ("a,b,y\n5,x,4,u\n", "it has more commas than the header"),
    ("a,b,y\n\n5,u\n", "row 3 must have 3 cells, as the header has, not 2: cells are missing"),
    ('a,b,y\n1,2,u\n"3,4,v\n', "row 3 cannot be read (unexpected end of data)"),
    (b"a,b,y\n1,2,u\n3,4,\xe9t\xe9\n", "row 3 has the byte 0xe9 that is none; save it as"),
    (b"a,b,y\n1,2,u\0\n", "is not a text table: row 2 holds a zero byte"),
    ("a;b;y\n1,5;2;u\n1.5;2;v\n", "column 'a' must be a number, not '1,5'"),
    ("a;b;y\n1,5;2.5;u\n", "has a decimal point, '2.5'"),
    ("t,b,y\n9007199254740993,0.5,u\n", "row 2, column 't' is 9007199254740993, beyond 2^53"),
    ("t,y\n9007199254740993,u\n0.5,v\n", "'9007199254740993' in a column of fractions"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), ROWS)
def test_csv_rejects_rows(read, text, message):
    refused(read, text, message)


def test_csv_names_and_labels_are_composed_unicode(read):
    table = read("caf\u0065\u0301,y\n1,\u0065\u0301\n2,\u00e9\n")
    assert table.names[0] == "caf\u00e9"
    assert table.labels(1) == ["\u00e9", "\u00e9"]


def test_parquet_holds_the_same_table(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame(
        {"n": [1, 2], "v": [0.5, 1.5], "on": [True, False], "kind": ["cat", "dog"], "c": [1.0, 2.0]}
    ).astype({"kind": "category"})
    frame.to_parquet(tmp_path / "t.parquet")
    table = read_file(tmp_path / "t.parquet")
    assert table.matrix([0, 1, 2]).tolist() == [[1, 0.5, 1], [2, 1.5, 0]]
    assert (table.labels(3), table.labels(4)) == (["cat", "dog"], ["1", "2"])
    for column, message in (
        (pandas.Series([1, None], dtype="Int64"), "row 1, column 'a' is missing"),
        (pandas.Series([1.0, None]), "row 1, column 'a' is missing"),
        (pandas.to_datetime(["2020-01-01", "2020-01-02"]), "column 'a' must hold numbers, not"),
        (["red", "blue"], "turn words into columns of 0 and 1"),
    ):
        pandas.DataFrame({"a": column, "y": [0, 1]}).to_parquet(tmp_path / "u.parquet")
        with pytest.raises(UsageError, match=re.escape(message)):
            read_file(tmp_path / "u.parquet").matrix([0])
    (tmp_path / "v.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(UsageError, match=r"is no \.parquet file that can be read"):
        read_file(tmp_path / "v.parquet")
