"""Checkpoints: whole or not there, the last two kept, damage found and gone around."""

import errno
import os
import re
import shutil

import pytest
import torch
from messages import telling

from lgn_hw.errors import FileFormatError, UsageError
from lgn_hw.files.atomic import write_bytes
from lgn_train.checkpoint import (
    Checkpoint,
    load_checkpoint,
    load_newest,
    remove_checkpoints,
    save_checkpoint,
)


def checkpoint(step):
    return Checkpoint(step, {"a": torch.full((3,), float(step)), "n": torch.tensor(7)}, {"k": [1]})


@pytest.fixture
def three(tmp_path):
    for step in (1, 2, 3):
        save_checkpoint(tmp_path, checkpoint(step))
    return tmp_path


def test_checkpoint_comes_back_as_it_was(tmp_path):
    found = load_checkpoint(save_checkpoint(tmp_path, checkpoint(4)))
    assert found.step == 4
    assert found.state == {"step": 4, "k": [1]}
    assert torch.equal(found.tensors["a"], torch.full((3,), 4.0))
    assert found.tensors["n"].shape == ()


def test_checkpoints_keep_the_last_two(three):
    assert sorted(path.name for path in three.iterdir()) == ["step-00000002", "step-00000003"]


def test_newest_goes_by_number(tmp_path):
    for step in (99_999_999, 100_000_000):
        save_checkpoint(tmp_path, checkpoint(step))
    assert load_newest(tmp_path)[0].step == 100_000_000


def test_newest_is_none_where_there_is_none(tmp_path):
    assert load_newest(tmp_path) == (None, [])


def disk_of(room):
    """Write files as write_bytes does, on a disk that has room for so many bytes."""

    def write(path, data):
        nonlocal room
        room -= len(data)
        if room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_bytes(path, data)

    return write


def flipped(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncated(path):
    path.write_bytes(path.read_bytes()[:-5])


@pytest.mark.parametrize("name", ["state.safetensors", "state.json"])
@pytest.mark.parametrize("damage", [flipped, truncated, lambda path: path.unlink()])
def test_newest_goes_around_a_damaged_checkpoint(three, name, damage):
    damage(three / "step-00000003" / name)
    found, notices = load_newest(three)
    assert found.step == 2
    start = re.escape(f"The checkpoint {three}/step-00000003 is damaged (")
    assert re.fullmatch(
        start + r".*\); going back to the checkpoint before it", notices[0], re.DOTALL
    )


def test_newest_rejects_a_folder_of_damaged_ones(three):
    for path in three.glob("*/state.safetensors"):
        flipped(path)
    start = f"^{re.escape(str(three))} holds no checkpoint that can be read: The checkpoint "
    with pytest.raises(FileFormatError, match=start):
        load_newest(three)


def test_a_partial_checkpoint_is_not_seen_and_does_not_block(three):
    partial = three / ".step-00000004.partial"
    partial.mkdir()
    (partial / "state.json").write_text("{")
    assert load_newest(three)[0].step == 3
    save_checkpoint(three, checkpoint(4))
    assert load_newest(three)[0].step == 4
    assert not partial.exists()


@pytest.mark.parametrize(
    "name", ["step-00000009 (conflicted copy)", "step-9", "step-latest", "step-00000009.orig"]
)
def test_other_names_are_no_checkpoints(three, name):
    shutil.copytree(three / "step-00000003", three / name)
    assert load_newest(three)[0].step == 3
    for step in (4, 5, 6):
        save_checkpoint(three, checkpoint(step))
    remove_checkpoints(three)
    assert {path.name for path in (three / name).iterdir()} == {"state.json", "state.safetensors"}
    assert [path.name for path in three.iterdir()] == [name]


def test_folders_with_files_of_others_are_no_checkpoints_and_stay(three):
    for step, file in (("step-00000900", "pytorch_model.bin"), ("step-00000004", "notes.txt")):
        (three / step).mkdir()
        (three / step / file).write_text("mine")
    (three / "step-00000901").symlink_to(three / "step-00000900")
    for step in (4, 5, 6):
        save_checkpoint(three, checkpoint(step))
    assert load_newest(three)[0].step == 6
    remove_checkpoints(three)
    left = {path.relative_to(three).as_posix() for path in three.rglob("*") if path.is_file()}
    assert left == {"step-00000900/pytorch_model.bin", "step-00000004.orig/notes.txt"}


def test_a_damaged_checkpoint_is_replaced_when_its_epoch_is_trained_again(three):
    flipped(three / "step-00000003" / "state.safetensors")
    save_checkpoint(three, checkpoint(3))
    assert load_newest(three)[1] == []


def test_a_full_disk_loses_no_older_checkpoint(three, monkeypatch):
    before = {path: path.read_bytes() for path in three.rglob("*") if path.is_file()}
    limit = len((three / "step-00000003" / "state.safetensors").read_bytes())
    monkeypatch.setattr("lgn_train.checkpoint.write_bytes", disk_of(limit))
    text = (
        f"... {three}/step-00000004 ... (No space left on device); step-00000003 ...;"
        " make room on the disk, ...--resume"
    )
    with pytest.raises(UsageError, match=telling(text)):
        save_checkpoint(three, checkpoint(4))
    assert {path: path.read_bytes() for path in three.rglob("*") if path.is_file()} == before
    assert load_newest(three)[0].step == 3


def test_a_full_disk_says_where_there_is_no_older_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr("lgn_train.checkpoint.write_bytes", disk_of(0))
    message = r"cannot be written \(No space left on device\); there is none before it; make room"
    with pytest.raises(UsageError, match=message):
        save_checkpoint(tmp_path, checkpoint(1))
    assert not list(tmp_path.iterdir())
