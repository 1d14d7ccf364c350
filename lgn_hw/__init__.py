"""Turn logic gate networks into hardware: netlist, classifier, and what is built from them.

The names here are the public interface of this package, with those of lgn_train, lgn_sim and
lgn_boards beside it; everything else may move between versions (CHANGELOG.md says how). The order
of the rooms, and which may import which, is in docs/architecture.md.
"""

from lgn_hw.classifier import Classifier
from lgn_hw.encoder import Thermometer
from lgn_hw.errors import (
    CheckFailed,
    ClassifierError,
    FileFormatError,
    LgnError,
    NetlistError,
    ToolError,
    ToolNotFound,
    UsageError,
)
from lgn_hw.netlist import Netlist
from lgn_hw.netlist.evaluate import evaluate, evaluate_reference
from lgn_hw.version import __version__

__all__ = [
    "Classifier",
    "Netlist",
    "Thermometer",
    "evaluate",
    "evaluate_reference",
    "LgnError",
    "NetlistError",
    "ClassifierError",
    "FileFormatError",
    "CheckFailed",
    "ToolError",
    "ToolNotFound",
    "UsageError",
    "__version__",
]
