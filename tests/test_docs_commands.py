"""The commands of README and docs run in the order in which they stand, and print what is shown."""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# The demo comes first: it makes what the other pages read.
FIRST = [ROOT / "docs" / "demo.md", ROOT / "README.md"]
PAGES = [*FIRST, *sorted({*(ROOT / "docs").glob("*.md")} - {*FIRST})]
# What cannot run here, and why; each must be found in the pages, or its line is stale.
NOT_RUN = {
    r"LGN_DATA=|mnist": "needs data sets",
    r"mind-the-gap": "takes hours",
    r"--port auto|lgn flash": "needs a board",
    r"lgn search .*(--minutes|icestick)": "takes minutes to hours",
    r"\bX\.lgn|\bRECIPE\b|\bCLASSIFIER\b": "names what the reader has",
}
# What differs from run to run: times and rates.
TIMES = {
    r"\d+(:\d\d)+ left": "TIME left",
    r"[\d,]+ samples/s": "RATE samples/s",
    r"(?<![\w.])[\d.]+ ?s\b": "TIME s",
    r"\bseconds [\d.]+": "seconds TIME",
    r"\btime [\d.]+ seconds": "time TIME seconds",
}


@dataclass(frozen=True)
class Command:
    """A command of a page, and the lines that the page shows below it."""

    page: str
    line: int
    words: str
    shown: tuple[str, ...]

    @property
    def reason(self):
        """Say why it is not run, or nothing."""
        return next((why for found, why in NOT_RUN.items() if re.search(found, self.words)), None)


def commands_of(page):
    """Return the commands of a page's indented blocks, with what `$` commands print."""
    found, shown, prompt = [], None, False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        text = line[4:] if line.startswith("    ") else None
        if text is None:
            shown, prompt = None, False
        elif match := re.fullmatch(
            r"(\$ )?((?:\w+=\S+ )?(?:lgn |torchrun |python \w+\.py$).*?)(?:\s{2,}#.*)?", text
        ):
            shown, prompt = [], bool(match[1])
            found.append((number, match[2], shown))
        elif shown is not None and prompt and not text.startswith("$ "):
            shown.append(text)
    name = page.relative_to(ROOT).as_posix()
    return [Command(name, number, words, tuple(lines)) for number, words, lines in found]


COMMANDS = [command for page in PAGES for command in commands_of(page)]


def files_of(page):
    """Return the files that a page tells its reader to save: blocks with a title, by name."""
    block = r'^```\w+ title="([\w.]+)"\n(.*?)^```$'
    return dict(re.findall(block, page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))


def plain(lines):
    """Return lines without frames, times and widths."""
    text = re.sub(r"[^\S\n]+", " ", re.sub(r"[\u2500-\u257f]", " ", "\n".join(lines)))
    for time, name in TIMES.items():
        text = re.sub(time, name, text)
    return [line.strip() for line in text.splitlines() if line.strip()]


def missing(shown, printed):
    """Return the shown lines that were not printed, in order; `...` stands for any lines."""
    left = iter(plain(printed))
    return [line for line in plain(shown) if line != "..." and line not in left]


def test_every_reason_not_to_run_is_needed():
    words = [command.words for command in COMMANDS]
    assert len(words) > 20
    stale = [found for found in NOT_RUN if not any(re.search(found, word) for word in words)]
    assert not stale


def test_commands_are_read_with_what_they_print():
    assert (
        missing(["a 1.5 s", "...", "┌─┐", "│ b 2 │"], ["a 9.25 s", "x", "| c", "│ b   2 │"]) == []
    )
    assert missing(["b 2"], ["b 3"]) == ["b 2"]
    assert any(command.shown for command in COMMANDS)


@pytest.mark.parametrize(
    "command",
    [c for c in COMMANDS if c.reason is None and re.search(r"\blgn ", c.words)],
    ids=lambda c: f"{c.page}:{c.line}",
)
def test_commands_have_options_that_there_are(command, lgn):
    """Every word that starts with `--` stands in the command's help; this one is quick."""
    words = shlex.split(command.words)
    help_text = lgn(words[words.index("lgn") + 1], "--help")[1]
    options = [word.partition("=")[0] for word in words if word.startswith("-") and word != "-"]
    assert [option for option in options if option not in help_text] == []


def test_every_search_of_the_pages_has_a_folder_of_its_own():
    """One that another command filled before is refused, and the slow test below runs them all."""
    searches = [c.words for c in COMMANDS if c.words.startswith("lgn search") and not c.reason]
    folders = [m[1] for words in searches if (m := re.search(r"(?:-o|--output) (\S+)", words))]
    assert len(folders) == len(set(folders)) > 1


@pytest.mark.slow
def test_commands_run_in_order_and_print_what_the_pages_show(tmp_path):
    (tmp_path / "train").symlink_to(ROOT / "train")
    (tmp_path / "cells.lib").symlink_to(ROOT / "tests" / "cells.lib")
    write_tumours(tmp_path / "tumours.csv")
    for page in PAGES:
        for name, text in files_of(page).items():
            (tmp_path / name).write_text(text, encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "COLUMNS": "80"}
    wrong = []
    for command in COMMANDS:
        if command.reason is not None:
            continue
        done = subprocess.run(
            ["sh", "-c", command.words],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        place = f"{command.page}:{command.line}: {command.words}"
        if done.returncode:
            wrong.append(f"{place}\n  ended with {done.returncode}: {done.stdout[-400:]}")
        for line in missing(command.shown, done.stdout.splitlines()):
            wrong.append(f"{place}\n  shows what was not printed: {line}")
    assert not wrong, "\n".join(wrong)


def write_tumours(path):
    """Write the table that README trains on: scikit-learn's breast cancer samples."""
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    names = [name.replace(" ", "_") for name in data.feature_names]
    rows = [
        ",".join([*map(str, values), str(data.target_names[label])])
        for values, label in zip(data.data.tolist(), data.target, strict=True)
    ]
    path.write_text("\n".join([",".join([*names, "diagnosis"]), *rows]) + "\n", encoding="utf-8")
