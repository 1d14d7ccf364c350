"""Processes share a folder of their command, and a folder of another one is refused at once."""

import pytest

from lgn_hw.errors import UsageError
from lgn_hw.files import shared_folder
from lgn_hw.files.lock import LOCK, FolderInUse, locked
from lgn_hw.files.owned_folder import own_folder, read_manifest
from lgn_hw.files.shared_folder import share_folder


class Clock:
    """A clock that only sleeping moves; `when_asleep` is done in the first sleep."""

    def __init__(self, when_asleep=lambda: None):
        self.now, self.when_asleep = 0.0, when_asleep

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        self.when_asleep()


def test_a_folder_is_marked_and_not_held(tmp_path):
    for _ in range(2):
        share_folder(tmp_path / "it", "reproduce")
        with own_folder(tmp_path / "it", "reproduce"):
            share_folder(tmp_path / "it", "reproduce")


def test_a_folder_of_another_command_is_refused_without_waiting(tmp_path, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(shared_folder, "time", clock)
    with own_folder(tmp_path / "it", "sim"):
        pass
    assert (tmp_path / "it" / LOCK).exists()
    with pytest.raises(UsageError, match=r"belongs to `lgn sim`.*choose a new or empty folder"):
        share_folder(tmp_path / "it", "reproduce")
    assert clock.now == 0


def test_another_process_that_marks_the_folder_is_waited_for(tmp_path, monkeypatch):
    folder = tmp_path / "it"
    folder.mkdir()
    held = locked(folder)
    monkeypatch.setattr(shared_folder, "time", Clock(lambda: held.__exit__(None, None, None)))
    held.__enter__()
    share_folder(folder, "reproduce")
    assert read_manifest(folder)["format"] == "lgn-reproduce 1"


def test_a_process_that_never_ends_is_named(tmp_path, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(shared_folder, "time", clock)
    (tmp_path / "it").mkdir()
    with locked(tmp_path / "it"), pytest.raises(FolderInUse, match=r"is in use by .*--output"):
        share_folder(tmp_path / "it", "reproduce")
    assert clock.now > 10
