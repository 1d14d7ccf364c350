"""Measure how the code is built: sizes, comments, import chains, and what a change touches.

    python benchmarks/structure.py

Prints JSON: sizes of files and functions, comments and docstrings per 100 lines of code, the
longest chain of imports, files over 300 lines, and which files name something that was added once.
Of the last, one that only uses the thing counts too; CONTRIBUTING.md says what an addition needs.
"""

import argparse
import ast
import io
import json
import statistics
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
SOURCES = {
    "lgn_hw": ROOT / "lgn_hw",
    "lgn_cli": ROOT / "cli" / "lgn_cli",
    "lgn_train": ROOT / "train" / "lgn_train",
    "lgn_sim": ROOT / "sim" / "lgn_sim",
    "lgn_boards": ROOT / "boards" / "lgn_boards",
}
MAX_LINES = 300
# What was added once, the words by which other files know it, and how many files may: its own,
# those that register it, and those that choose it by name.
ADDITIONS = {
    "a head (carry chains)": (4, ("ChainTree", "ChainLayout", 'head="chains"')),
    "a layer (OR pooling)": (2, ("OrPool2d",)),
    "an importer (BLIF)": (1, ("loads(text: str, name: str",)),
    "an estimator (Hard-ST)": (2, ('"hard_st"',)),
}


class Size(NamedTuple):
    """Lines of one file by kind; a line with code and a comment counts as both."""

    lines: int
    code: int
    comments: int
    docstrings: int


def modules() -> dict[str, Path]:
    """Return every module of the five packages by its dotted name."""
    found = {}
    for package, folder in SOURCES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            found[".".join((package, *parts)).removesuffix(".__init__")] = path
    return found


def size_of(path: Path) -> Size:
    """Count the lines of a file."""
    text = path.read_text()
    docstrings: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                docstrings |= {*range(first.lineno, (first.end_lineno or 0) + 1)}
    comments, code = set(), set()
    skip = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        rows = {*range(token.start[0], token.end[0] + 1)}
        if token.type == tokenize.COMMENT:
            comments |= rows
        elif token.type not in skip:
            code |= rows
    code -= docstrings
    return Size(len(text.splitlines()), len(code), len(comments), len(docstrings))


def c_comments() -> float:
    """Return the comment lines per 100 lines of code in the C++ and CUDA sources, all of `//`."""
    paths = [p for folder in SOURCES.values() for p in folder.rglob("csrc/**/*") if p.is_file()]
    lines = [line.strip() for path in paths for line in path.read_text().splitlines()]
    code = sum(bool(line) and not line.startswith("//") for line in lines)
    return round(100 * sum("//" in line for line in lines) / code, 1)


def functions(path: Path) -> Iterator[int]:
    """Yield the lines of every function, its docstring and decorators among them."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (node.end_lineno or node.lineno) - node.lineno + 1


def imports(path: Path, known: Mapping[str, Path]) -> set[str]:
    """Return the project's modules that a file imports when it is imported itself."""
    found: set[str] = set()
    for node in _at_import(ast.parse(path.read_text()).body):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # A module that is named is what is used; its package only says where it lies.
            named = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= named & set(known) if named <= set(known) else named | {node.module}
    return {name for name in found if name in known}


def _at_import(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        for inner in ("body", "orelse", "handlers", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from _at_import(getattr(node, inner, []))


def longest_chain(graph: Mapping[str, set[str]]) -> list[str]:
    """Return the longest chain of modules of which each imports the next.

    Raises graphlib.CycleError where modules import each other in a circle.
    """
    chains: dict[str, list[str]] = {}
    for module in TopologicalSorter(graph).static_order():  # what is imported comes first
        below = [chains[name] for name in sorted(graph[module])]
        chains[module] = [module, *max(below, key=len, default=[])]
    return max(chains.values(), key=len)


def touched(words: Sequence[str], paths: Sequence[Path]) -> list[str]:
    """Return the files that name one of some words in their code."""
    return [
        str(path.relative_to(ROOT))
        for path in paths
        if any(word in path.read_text() for word in words)
    ]


def measure() -> dict[str, object]:
    """Return all figures."""
    known = modules()
    sizes = {name: size_of(path) for name, path in known.items()}
    lengths = sorted(length for path in known.values() for length in functions(path))
    files = sorted(size.lines for size in sizes.values())
    code = sum(size.code for size in sizes.values())
    tests = sum(size_of(path).code for path in (ROOT / "tests").glob("*.py"))
    graph = {name: imports(path, known) for name, path in known.items()}
    return {
        "files": len(files),
        "lines_per_file": _spread(files),
        "lines_per_function": _spread(lengths),
        "functions_under_40_lines": round(sum(n < 40 for n in lengths) / len(lengths), 3),
        "comment_lines_per_100": round(100 * sum(s.comments for s in sizes.values()) / code, 1),
        "c_comment_lines_per_100": c_comments(),
        "docstring_lines_per_100": round(100 * sum(s.docstrings for s in sizes.values()) / code, 1),
        "test_lines_per_line": round(tests / code, 2),
        "longest_import_chain": longest_chain(graph),
        "files_over_300_lines": [name for name, s in sizes.items() if s.lines > MAX_LINES],
        "touched": {
            what: {"most": most, "files": touched(words, list(known.values()))}
            for what, (most, words) in ADDITIONS.items()
        },
    }


def _spread(values: Sequence[int]) -> dict[str, float]:
    """Return the median, the 90 % quantile and the most."""
    return {
        "median": statistics.median(values),
        "90 %": values[int(0.9 * (len(values) - 1))],
        "most": values[-1],
    }


def main() -> None:
    """Print the figures as JSON."""
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    print(json.dumps(measure(), indent=2))


if __name__ == "__main__":
    main()
