"""The exceptions of the toolkit; each message names the rule, the value and the remedy."""

__all__ = [
    "CheckFailed",
    "ClassifierError",
    "FileFormatError",
    "LgnError",
    "NetlistError",
    "ToolError",
    "ToolNotFound",
    "ToolTimeout",
    "UsageError",
]


class LgnError(Exception):
    """The base of everything that the toolkit refuses or fails at on purpose.

    exit_code: what the command line returns for it: 1 a check that failed, 2 wrong input, 3 a
    program that is missing, 4 one that failed.
    """

    exit_code = 2


class UsageError(LgnError, ValueError):
    """An option, recipe or data file that cannot be used as given."""


class NetlistError(LgnError, ValueError):
    """An ill-formed netlist."""


class ClassifierError(LgnError, ValueError):
    """An ill-formed classifier, or samples that it cannot take."""


class FileFormatError(LgnError, ValueError):
    """A file that is foreign, newer, truncated or corrupted."""


class CheckFailed(LgnError):
    """A check that ran and found a difference."""

    exit_code = 1


class ToolNotFound(LgnError):
    """An external program or optional package that is missing; says how to install it."""

    exit_code = 3


class ToolError(LgnError):
    """An external program that failed; carries its last error lines and its log."""

    exit_code = 4


class ToolTimeout(ToolError):
    """An external program that was ended because it took too long."""
