"""Train a small convolutional network of floats on a recipe's images, as a teacher for it.

    python -m lgn_train.teacher RECIPE -o build/teacher.npz

The file holds its logits of the recipe's training part; `[train] teacher` names it. With MNIST 5
epochs take some minutes on one core.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from lgn_hw.errors import LgnError, UsageError
from lgn_train import rng
from lgn_train.augment import augmentation_of
from lgn_train.data.dataset import Dataset
from lgn_train.distillation import write_teacher
from lgn_train.recipe import Recipe
from lgn_train.rng import Stream
from lgn_train.sources import load_dataset

__all__ = ["TeacherNet", "main", "train_teacher"]

BATCH = 128
RATE, WEIGHT_DECAY = 3e-3, 0.05
MEASURED_AT_ONCE = 500


@final
class TeacherNet(nn.Module):
    """Two convolutions at each of three sizes of the image, then a mean and a linear layer.

    float[batch, channels, rows, columns] to logits[batch, classes]; width: kernels of the first
    two convolutions, doubled at each size.
    """

    def __init__(self, channels: int, classes: int, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for stage in range(3):
            wide = width << stage
            for before in (channels, wide):
                # No bias: batch normalisation that follows has one of its own.
                layers += [nn.Conv2d(before, wide, 3, padding=1, bias=False),
                           nn.BatchNorm2d(wide), nn.ReLU()]  # fmt: skip
            layers += [nn.MaxPool2d(2)] if stage < 2 else []
            channels = wide
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.head(self.body(x).mean(dim=(2, 3)))
        return found


def train_teacher(
    recipe: Recipe, data: Dataset, epochs: int, width: int, half: bool = False
) -> tuple[NDArray[np.float32], float]:
    """Return logits[training samples, classes] and the accuracy on data.measured.

    The images are augmented as the recipe says. half: compute in bfloat16, which is quick where a
    processor has AMX. Raises UsageError where the samples are no images.
    """
    if data.image_shape is None:
        raise UsageError("A teacher needs images; the data set has none")
    torch.manual_seed(recipe.seed)
    model = TeacherNet(data.image_shape[0], len(data.classes), width)
    # The order of dimensions in which convolutions on a CPU are fastest.
    model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    steps = epochs * -(-len(data.x_train) // BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    x, y = torch.from_numpy(np.ascontiguousarray(data.x_train)), torch.from_numpy(data.y_train)
    change = augmentation_of(recipe, data)
    for epoch in range(epochs):
        if change is not None:
            change.go_to(epoch)
        order = rng.permutation(recipe.seed, epoch, Stream.ORDER, len(x))
        total = 0.0
        model.train()
        for batch in torch.split(order, BATCH):
            codes = x[batch] if change is None else change(x[batch], batch)
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                logits = model(_images(codes, data))
            # The loss in float32: bfloat16 has eight bits of mantissa, too few for its sum.
            loss = F.cross_entropy(logits.float(), y[batch].long())
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            total += loss.item() * len(batch)
        print(f"epoch {epoch + 1}/{epochs}  loss {total / len(x):.4f}", flush=True)
    _part, x_measured, y_measured = data.measured
    found = _logits(model, x_measured, data, half).argmax(axis=1)
    return _logits(model, data.x_train, data, half), float((found == y_measured).mean())


def _images(codes: Tensor, data: Dataset) -> Tensor:
    """Return float[batch, channels, rows, columns] from 0 to 1."""
    assert data.image_shape is not None
    # One range for all pixels, so that their relations stay.
    low, high = int(data.features.low.min()), int(data.features.high.max())
    images = (codes.float() - low) / max(1, high - low)
    return images.view(-1, *data.image_shape).to(memory_format=torch.channels_last)


@torch.no_grad()
def _logits(
    model: TeacherNet, x: NDArray[np.integer], data: Dataset, half: bool
) -> NDArray[np.float32]:
    model.eval()
    found = []
    for codes in torch.split(torch.from_numpy(np.ascontiguousarray(x)), MEASURED_AT_ONCE):
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            found.append(model(_images(codes, data)).float())
    logits: NDArray[np.float32] = torch.cat(found).numpy()
    return logits


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser("python -m lgn_train.teacher", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("recipe", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.npz")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--width", type=int, default=16, help="kernels of the first layers")
    parser.add_argument("--bfloat16", action="store_true", help="quick where a processor has AMX")
    given = parser.parse_args(arguments)
    try:
        for name in ("epochs", "width"):
            if getattr(given, name) < 1:
                raise UsageError(f"--{name} must be 1 or more, not {getattr(given, name)}")
        recipe = Recipe.load(given.recipe, given.set)
        data = load_dataset(recipe.data)
        logits, accuracy = train_teacher(recipe, data, given.epochs, given.width, given.bfloat16)
        write_teacher(given.output, logits, data)
    except (LgnError, OSError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    part, _, y = data.measured
    print(f"{given.output}: {accuracy:.4f} of {len(y)} samples of the {part} part")
    return 0


if __name__ == "__main__":
    sys.exit(main())
