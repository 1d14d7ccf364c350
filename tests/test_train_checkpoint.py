"""Checkpoints: whole or not there, the last two kept, damage found and gone around."""

import re

import pytest
import torch

from lgn_hw.errors import FileFormatError
from lgn_train.checkpoint import Checkpoint, load_checkpoint, load_newest, save_checkpoint


def checkpoint(epoch):
    return Checkpoint(
        epoch, {"a": torch.full((3,), float(epoch)), "n": torch.tensor(7)}, {"k": [1]}
    )


@pytest.fixture
def three(tmp_path):
    for epoch in (1, 2, 3):
        save_checkpoint(tmp_path, checkpoint(epoch))
    return tmp_path


def test_checkpoint_comes_back_as_it_was(tmp_path):
    found = load_checkpoint(save_checkpoint(tmp_path, checkpoint(4)))
    assert found.epoch == 4
    assert found.state == {"epoch": 4, "k": [1]}
    assert torch.equal(found.tensors["a"], torch.full((3,), 4.0))
    assert found.tensors["n"].shape == ()


def test_checkpoints_keep_the_last_two(three):
    assert sorted(path.name for path in three.iterdir()) == ["epoch-0002", "epoch-0003"]


def test_newest_goes_by_number(tmp_path):
    for epoch in (9999, 10000):
        save_checkpoint(tmp_path, checkpoint(epoch))
    assert load_newest(tmp_path)[0].epoch == 10000


def test_newest_is_none_where_there_is_none(tmp_path):
    assert load_newest(tmp_path) == (None, [])


def flipped(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncated(path):
    path.write_bytes(path.read_bytes()[:-5])


@pytest.mark.parametrize("name", ["state.safetensors", "state.json"])
@pytest.mark.parametrize("damage", [flipped, truncated, lambda path: path.unlink()])
def test_newest_goes_around_a_damaged_checkpoint(three, name, damage):
    damage(three / "epoch-0003" / name)
    found, notices = load_newest(three)
    assert found.epoch == 2
    start = re.escape(f"The checkpoint {three}/epoch-0003 is damaged (")
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
    partial = three / ".epoch-0004.partial"
    partial.mkdir()
    (partial / "state.json").write_text("{")
    assert load_newest(three)[0].epoch == 3
    save_checkpoint(three, checkpoint(4))
    assert load_newest(three)[0].epoch == 4
    assert not partial.exists()


def test_a_damaged_checkpoint_is_replaced_when_its_epoch_is_trained_again(three):
    flipped(three / "epoch-0003" / "state.safetensors")
    save_checkpoint(three, checkpoint(3))
    assert load_newest(three)[1] == []
