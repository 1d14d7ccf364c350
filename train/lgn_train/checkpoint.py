"""Checkpoints: one folder each, whole or not there, checked when read, no pickle.

Tensors are in safetensors and the rest is JSON: neither can run code when it is read, as pickled
checkpoints can.
"""

import hashlib
import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from lgn_hw.errors import FileFormatError, UsageError
from lgn_hw.files.atomic import write_bytes
from lgn_hw.files.owned_folder import keep_aside

__all__ = ["Checkpoint", "load_checkpoint", "load_newest", "remove_checkpoints", "save_checkpoint"]

KEPT = 2  # the newest, and the one before it for when that is damaged
PREFIX = "step-"
TENSORS, STATE = "state.safetensors", "state.json"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What training continues from: optimiser steps done, tensors by name, and JSON values."""

    step: int
    tensors: dict[str, Tensor]
    state: dict[str, Any]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write folder/step-NNNNNNNN and remove all but the last two; return its path.

    It is written under a temporary name and then renamed, so a crash leaves the old ones. Raises
    UsageError where the disk does not take it, and leaves the old ones then, too.
    """
    final = folder / f"{PREFIX}{checkpoint.step:08d}"
    partial = folder / f".{final.name}.partial"
    for old in _partials(folder):  # of a process that was killed
        shutil.rmtree(old, ignore_errors=True)
    try:
        _write(partial, checkpoint)
        # Left by an earlier run of the same folder: the whole one in hand is newer.
        if final.exists():  # a damaged one that training was resumed before
            _remove(final)
        if final.exists():
            keep_aside(final)
        os.rename(partial, final)
        _sync(folder)
    except OSError as problem:
        shutil.rmtree(partial, ignore_errors=True)
        raise UsageError(_refused(final, problem)) from problem
    for old in _found(folder)[KEPT:]:
        _remove(old)
    return final


def remove_checkpoints(folder: Path) -> None:
    """Remove all checkpoints of a folder, and the folder where nothing else is in it."""
    for path in _found(folder):
        _remove(path)
    for path in _partials(folder):
        shutil.rmtree(path, ignore_errors=True)
    with suppress(OSError):
        folder.rmdir()


def load_newest(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    """Return the newest checkpoint that is whole, and a sentence for each damaged one.

    None where there is no checkpoint. Raises FileFormatError where all of them are damaged.
    """
    damaged: list[str] = []
    for path in _found(folder):
        try:
            return load_checkpoint(path), damaged
        except FileFormatError as problem:
            damaged.append(f"{problem}; going back to the checkpoint before it")
    if damaged:
        raise FileFormatError(
            f"{folder} holds no checkpoint that can be read: "
            + "; ".join(sentence.partition("; going back")[0] for sentence in damaged)
        )
    return None, []


def load_checkpoint(path: Path) -> Checkpoint:
    """Read one checkpoint's folder. Raises FileFormatError where it is damaged."""
    try:
        described = json.loads((path / STATE).read_bytes())
        data = (path / TENSORS).read_bytes()
        state = described["state"]
        # Two digests: damage to either file is found, whichever it is.
        whole = described["sha256"] == _digest(data)
        whole = whole and described["sha256_state"] == _digest(_text(state))
        step = state["step"]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise FileFormatError(f"The checkpoint {path} is damaged ({problem})") from problem
    if not whole:
        raise FileFormatError(f"The checkpoint {path} is damaged (its SHA-256 does not match)")
    return Checkpoint(step, load_tensors(data), state)


def _write(partial: Path, checkpoint: Checkpoint) -> None:
    """Write tensors, then the state with both digests, then have the folder on the disk."""
    # Tensors first, then the state that holds their digest: a folder with a state is complete.
    data = save_tensors({n: t.detach().contiguous() for n, t in checkpoint.tensors.items()})
    state = {"step": checkpoint.step} | checkpoint.state
    described = {"state": state, "sha256_state": _digest(_text(state)), "sha256": _digest(data)}
    write_bytes(partial / TENSORS, data)
    write_bytes(partial / STATE, json.dumps(described, indent=1).encode() + b"\n")
    _sync(partial)


def _refused(path: Path, problem: OSError) -> str:
    """Say why a checkpoint could not be written, and that the one before it is there."""
    older = _found(path.parent)
    kept = f"{older[0].name} before it is unharmed" if older else "there is none before it"
    return (
        f"The checkpoint {path} cannot be written ({problem.strerror}); {kept}; make room on the"
        " disk, then go on with --resume"
    )


def _found(folder: Path) -> list[Path]:
    """Return the checkpoints of a folder, newest first; other files and folders are none."""
    paths = [path for path in folder.glob(f"{PREFIX}*") if _is_checkpoint(path)]
    return sorted(paths, key=lambda path: int(path.name[len(PREFIX) :]), reverse=True)


def _is_checkpoint(path: Path) -> bool:
    """Say whether a folder has the name of a checkpoint and nothing but a checkpoint's files."""
    if not re.fullmatch(rf"{PREFIX}\d{{8,}}", path.name) or path.is_symlink() or not path.is_dir():
        return False
    names = {file.name for file in path.iterdir()}
    return bool(names) and names <= {TENSORS, STATE}


def _partials(folder: Path) -> list[Path]:
    """Return what killed processes have left of checkpoints."""
    named = rf"\.{PREFIX}\d{{8,}}\.partial"
    return [path for path in folder.glob(".*.partial") if re.fullmatch(named, path.name)]


def _remove(path: Path) -> None:
    """Remove a checkpoint's files, and its folder where nothing else is in it."""
    for name in (STATE, TENSORS):
        (path / name).unlink(missing_ok=True)
    with suppress(OSError):
        path.rmdir()


def _text(state: dict[str, Any]) -> bytes:
    """Return the state as canonical JSON, whose digest is kept."""
    return json.dumps(state, sort_keys=True).encode()


def _digest(data: bytes) -> str:
    """Return the SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _sync(folder: Path) -> None:
    """Have the entries of a folder on the disk, so that a rename survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
