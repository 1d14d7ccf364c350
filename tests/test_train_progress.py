"""Progress: lines for a log, with pace and time left, and silence where it is asked for."""

import pytest

from lgn_train.progress import StepProgress, show_epoch

LINE = {"epoch": 2, "loss": 0.5, "discrete_accuracy": 0.75, "seconds": 0.5}


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test turns."""
    now = [0.0]
    monkeypatch.setattr("lgn_train.progress.time.monotonic", lambda: now[0])
    return now


def test_epoch_shows_figures_pace_and_time_left(clock, capsys):
    with StepProgress(40, 100, done=10) as bar:
        clock[0] = 30.0
        bar.advance(10)
        show_epoch(bar, LINE, 4, samples=1000)
    expected = "epoch 2/4  loss 0.5000  discrete 0.7500  2,000 samples/s  1:00 left\n"
    assert capsys.readouterr().err == expected


def test_the_last_epoch_has_no_time_left(clock, capsys):
    with StepProgress(20, 100) as bar:
        bar.advance(20)
        show_epoch(bar, LINE | {"seconds": 0.0}, 2, samples=10)
    assert capsys.readouterr().err.endswith("discrete 0.7500  10,000 samples/s\n")


def test_time_left_is_at_the_pace_of_this_call(clock):
    with StepProgress(1000, 1, done=900, quiet=True) as bar:
        clock[0] = 7300.0
        bar.advance(50)
        assert bar.left() == "2:01:40 left"


def test_quiet_progress_says_nothing(capsys):
    with StepProgress(2, 1, quiet=True) as bar:
        bar.notice("hear")
        bar.advance()
        show_epoch(bar, LINE, 2, samples=10)
    assert capsys.readouterr() == ("", "")
