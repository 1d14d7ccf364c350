"""The lines of a log that an error message shows."""

import pytest

from lgn_hw.tools.tails import last_errors


@pytest.mark.parametrize(
    ("log", "shown"),
    [
        ("", ""),
        ("a\n\nb\n", "  a\n  b"),
        ("1\n2\n3\n4\n5\n6\n", "  2\n  3\n  4\n  5\n  6"),
        ("x\nERROR: p\ny\nERROR: q\nwhere\n", "  ERROR: p\n  ERROR: q\n  where"),
        ("ERROR: p\nERROR: p\n", "  ERROR: p"),
    ],
)
def test_last_errors_show_each_error_once_and_what_follows(log, shown):
    assert last_errors(log) == shown
