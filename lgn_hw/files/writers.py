"""Commands and the folders that they write: as a reader would type them, and where."""

from pathlib import Path

__all__ = ["command_line_of", "default_folder"]

# A folder is marked with one word; these commands write folders of several kinds.
LINES = {
    "cells": "synth --liberty",
    "stream": "synth --conv stream",
    "streamsim": "sim --conv stream",
    "tinytapeout": "export --to tinytapeout",
}


def command_line_of(kind: str) -> str:
    """Return the command that writes folders of a kind: `lgn synth` for synth."""
    return f"lgn {LINES.get(kind, kind)}"


def default_folder(classifier: Path, command: str) -> Path:
    """Return where a command writes if not told: net.lgn.sim beside net.lgn."""
    return classifier.with_name(f"{classifier.name}.{command}")
