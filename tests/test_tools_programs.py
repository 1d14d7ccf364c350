"""External programs are found, and asked for their version whatever way they answer."""

import sys

import pytest

from lgn_hw.tools.programs import answer_of, find_program


def test_answer_holds_both_streams_and_the_status():
    code = "import sys; print('one'); print('two', file=sys.stderr); sys.exit(3)"
    answer = answer_of([sys.executable, "-c", code])
    assert (answer.stdout, answer.stderr, answer.returncode) == ("one\n", "two\n", 3)


def test_answer_of_a_program_that_reads_is_not_waited_for():
    answer = answer_of([sys.executable, "-c", "print(len(input()))"])
    assert answer.returncode == 1
    assert "EOFError" in answer.stderr


def test_answer_of_a_program_that_is_not_there_raises():
    assert find_program("no-such-program-of-lgn") is None
    with pytest.raises(OSError, match="no-such-program-of-lgn"):
        answer_of(["/no-such-program-of-lgn"])
