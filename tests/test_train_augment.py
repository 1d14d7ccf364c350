"""Augmentation: images are moved and mirrored, the same way for equal seeds."""

import pytest
import torch

from lgn_hw.errors import UsageError
from lgn_train import Recipe
from lgn_train.augment import Augmentation
from lgn_train.data import load_digits
from lgn_train.encoding import fitted_encoder
from lgn_train.loop import Trainer
from lgn_train.model import build_model

SHAPE = (2, 5, 6)
CODES = torch.arange(1, 61).repeat(40, 1).to(torch.uint8)
EVERY = torch.arange(40)


def augmentation(shift=0, flip=False, seed=3, epoch=1):
    return Augmentation(SHAPE, 40, shift, flip, border=(0,), seed=seed, epoch=epoch)


def test_augmentation_without_options_changes_nothing():
    assert torch.equal(augmentation()(CODES, EVERY), CODES)


def test_augmentation_shifts_each_image_whole_and_fills_the_border():
    moved = augmentation(shift=2)(CODES, EVERY).view(-1, *SHAPE)
    padded = torch.nn.functional.pad(CODES[0].view(SHAPE), [2, 2, 2, 2])
    windows = {(r, c): padded[:, r : r + 5, c : c + 6] for r in range(5) for c in range(5)}
    found = [[at for at, window in windows.items() if torch.equal(window, one)] for one in moved]
    assert all(len(places) == 1 for places in found)
    assert len({places[0] for places in found}) > 10


def test_augmentation_flips_about_half_of_the_images():
    flipped = augmentation(flip=True)(CODES, EVERY).view(-1, *SHAPE)
    image = CODES[0].view(SHAPE)
    same = sum(torch.equal(one, image) for one in flipped)
    mirrored = sum(torch.equal(one, image.flip(2)) for one in flipped)
    assert same + mirrored == 40
    assert 10 < same < 30


def test_augmentation_mirrors_images_that_were_moved():
    moved = augmentation(shift=2)(CODES, EVERY).view(-1, *SHAPE)
    both = augmentation(shift=2, flip=True)(CODES, EVERY).view(-1, *SHAPE)
    same = [torch.equal(*pair) for pair in zip(moved, both, strict=True)]
    mirrored = [torch.equal(one.flip(2), other) for one, other in zip(moved, both, strict=True)]
    assert all(a != b for a, b in zip(same, mirrored, strict=True))
    assert 10 < sum(mirrored) < 30


def test_augmentation_is_a_function_of_seed_epoch_and_sample():
    whole = augmentation(shift=2, flip=True)(CODES, EVERY)
    some = torch.tensor([7, 31, 7])
    assert torch.equal(augmentation(shift=2, flip=True)(CODES[some], some), whole[some])
    assert not torch.equal(augmentation(shift=2, flip=True, epoch=2)(CODES, EVERY), whole)
    assert not torch.equal(augmentation(shift=2, flip=True, seed=4)(CODES, EVERY), whole)


def test_augmentation_needs_images():
    values = {
        "name": "tables",
        "data": {"source": "digits"},
        "model": {"layers": [40]},
        "train": {"epochs": 1, "shift": 1},
    }
    recipe, data = Recipe.of(values, "test"), load_digits()
    object.__setattr__(data, "image_shape", None)
    model = build_model(recipe, fitted_encoder(recipe, data), 10)
    with pytest.raises(
        UsageError,
        match=r"^train\.shift and train\.flip need images; .*leave them out$",
    ):
        Trainer(model, recipe, data)
