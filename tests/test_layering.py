"""Who may import whom; the direction of dependency, read off the source."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = {
    "lgn_hw": ROOT / "lgn_hw",
    "lgn_train": ROOT / "train" / "lgn_train",
    "lgn_sim": ROOT / "sim" / "lgn_sim",
    "lgn_boards": ROOT / "boards" / "lgn_boards",
}
# The longest module prefix that matches decides. The standard library is always allowed.
# The command line stands above the four packages: it may import each, inside its functions.
ALLOWED = {
    "lgn_hw": {"numpy", "lgn_hw"},
    "lgn_hw.cli": {"numpy", "lgn_hw", "typer", "rich", "lgn_train", "lgn_sim", "lgn_boards"},
    "lgn_hw.files": {"lgn_hw", "filelock"},
    "lgn_hw.hdl": {"numpy", "lgn_hw", "amaranth"},
    "lgn_hw.report": {"numpy", "lgn_hw", "jinja2", "markupsafe"},
    "lgn_train": {"numpy", "lgn_hw", "lgn_train", "torch", "pydantic", "safetensors", "rich",
                  "sklearn"},
    "lgn_train.reproduce": {"numpy", "lgn_hw", "lgn_train", "torch", "pydantic", "matplotlib"},
    "lgn_sim": {"numpy", "lgn_hw", "lgn_sim", "cocotb", "cocotb_tools"},
    "lgn_boards": {"numpy", "lgn_hw", "lgn_boards", "amaranth", "amaranth_boards", "serial"},
}  # fmt: skip
# lgn_hw's own layers: whoever is not named may import everything in lgn_hw but these.
ONLY_FROM = {
    "lgn_hw.hdl": (
        "lgn_hw.hdl",
        "lgn_hw.timing",
        "lgn_hw.deliver",
        "lgn_hw.cli",
        "lgn_sim",
        "lgn_boards",
    ),
    "lgn_hw.cli": ("lgn_hw.cli",),
}
MAX_LINES = 300


def modules():
    for package, folder in SOURCES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            yield ".".join((package, *parts)).removesuffix(".__init__"), path


def imports(path):
    """Yield (line, module) of every import in a file, with relative ones refused."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


def within(module, package):
    return module == package or module.startswith(package + ".")


def problems_of(module, path):
    rule = max((name for name in ALLOWED if within(module, name)), key=len)
    for line, name in imports(path):
        place = f"{path.relative_to(ROOT)}:{line}: {module} imports {name}"
        if name.startswith("."):
            yield f"{place}, and imports are absolute here"
        elif name.split(".")[0] not in ALLOWED[rule] | sys.stdlib_module_names:
            yield f"{place}, and may import {sorted(ALLOWED[rule])}"
        for layer, users in ONLY_FROM.items():
            if within(name, layer) and not any(within(module, user) for user in users):
                yield f"{place}, and only {users} may"


def test_modules_import_only_what_their_layer_allows():
    assert not [problem for module, path in modules() for problem in problems_of(module, path)]


def test_layering_finds_a_forbidden_import(tmp_path):
    bad = ROOT / "train" / "lgn_train" / "loop.py"
    assert not list(problems_of("lgn_train.loop", bad))
    assert list(problems_of("lgn_boards.loop", bad)), "torch is not for boards"


def test_modules_state_their_purpose_and_public_names():
    for module, path in modules():
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree), f"{module} opens with no sentence of purpose"
        public = [
            node.name
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        ]
        if public:
            assert "__all__" in path.read_text(), f"{module} has public names and no __all__"


def test_files_stay_short():
    long = [m for m, path in modules() if len(path.read_text().splitlines()) > MAX_LINES]
    assert not long


@pytest.mark.parametrize("heavy", ["torch", "amaranth", "cocotb", "rich", "typer"])
def test_lgn_hw_imports_nothing_heavy(heavy):
    program = f"import lgn_hw, sys; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
