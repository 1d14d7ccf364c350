"""Who may import whom; the direction of dependency, read off the source."""

import ast
import runpy
import subprocess
import sys
from graphlib import CycleError
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parent.parent
# The script that measures how the code is built knows its modules and its imports.
structure = SimpleNamespace(**runpy.run_path(str(ROOT / "benchmarks" / "structure.py")))
# The longest module prefix that matches decides. The standard library is always allowed.
ALLOWED = {
    "lgn_hw": {"numpy", "lgn_hw"},
    "lgn_hw.files": {"lgn_hw", "filelock"},
    "lgn_hw.data": {"numpy", "lgn_hw", "narwhals", "pyarrow"},
    "lgn_hw.hdl": {"numpy", "lgn_hw", "amaranth"},
    "lgn_hw.link.gateware": {"numpy", "lgn_hw", "amaranth"},
    "lgn_hw.prove": {"numpy", "lgn_hw", "pyslang"},
    "lgn_hw.report": {"numpy", "lgn_hw", "jinja2", "markupsafe"},
    "lgn_train": {"numpy", "lgn_hw", "lgn_train", "torch", "pydantic", "safetensors", "rich",
                  "sklearn"},
    "lgn_train.reproduce": {"numpy", "lgn_hw", "lgn_train", "torch", "pydantic", "matplotlib",
                            "filelock"},
    "lgn_train.search": {"numpy", "lgn_hw", "lgn_train", "torch", "optuna", "tomli_w", "filelock"},
    "lgn_sim": {"numpy", "lgn_hw", "lgn_sim", "cocotb", "cocotb_tools"},
    "lgn_boards": {"numpy", "lgn_hw", "lgn_boards", "amaranth", "amaranth_boards", "serial"},
    # The command line may import every package, those beside lgn_hw inside its functions.
    "lgn_cli": {"numpy", "lgn_hw", "lgn_cli", "lgn_train", "lgn_sim", "lgn_boards", "typer",
                "rich"},
}  # fmt: skip
# The rooms of lgn_hw, the lowest first: each may import itself and those before it.
ROOMS = (
    "lgn_hw.version",
    "lgn_hw.errors",
    "lgn_hw.counted",
    "lgn_hw.files",
    "lgn_hw.library_cache",
    "lgn_hw.compiler",
    "lgn_hw.nvcc",
    "lgn_hw.netlist",
    "lgn_hw.data",
    "lgn_hw.features",
    "lgn_hw.image_shape",
    "lgn_hw.encoder",
    "lgn_hw.convolution",
    "lgn_hw.inference",
    "lgn_hw.classifier",
    "lgn_hw.formats",
    "lgn_hw.samples",
    "lgn_hw.ports",
    "lgn_hw.passes",
    "lgn_hw.circuit",
    "lgn_hw.tools",
    "lgn_hw.prove",
    "lgn_hw.export",
    "lgn_hw.imports",
    "lgn_hw.synth",
    "lgn_hw.shrink",
    "lgn_hw.link",
    "lgn_hw.hdl",
    "lgn_hw.link.gateware",
    "lgn_hw.timing",
    "lgn_hw.delivery",
    "lgn_hw.report",
)
# A classifier saves and loads itself; the format needs the classifier, so it is imported late.
UPWARDS = {("lgn_hw.classifier", "lgn_hw.formats.lgn")}
# lgn_train neither sees the hardware description nor the proofs; the link's host side needs no
# Amaranth. Whoever is not named may not import the room.
ONLY_FROM = {
    "lgn_hw.hdl": (
        "lgn_hw.hdl",
        "lgn_hw.link.gateware",
        "lgn_hw.timing",
        "lgn_hw.delivery",
        "lgn_cli",
        "lgn_sim",
        "lgn_boards",
    ),
    "lgn_hw.link.gateware": ("lgn_hw.link.gateware", "lgn_boards"),
}
MAX_LINES = 300
MAX_CHAIN = 15  # modules of which each imports the next


def modules():
    return structure.modules().items()


def imports(path):
    """Yield (line, module) of every import in a file, with relative ones refused."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


def within(module, package):
    return module == package or module.startswith(package + ".")


def room_of(module):
    """Return the longest room that a module is in; None outside lgn_hw, and for its front door."""
    return max((room for room in ROOMS if within(module, room)), key=len, default=None)


def is_upwards(module, name):
    here, there = room_of(module), room_of(name)
    if here is None or there is None or (module, name) in UPWARDS:
        return False
    return ROOMS.index(there) > ROOMS.index(here)


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
        if is_upwards(module, name):
            yield f"{place}, and arrows run down: {room_of(name)} is above {room_of(module)}"


def test_modules_import_only_what_their_layer_allows():
    assert not [problem for module, path in modules() for problem in problems_of(module, path)]


def test_layering_finds_a_forbidden_import():
    bad = ROOT / "train" / "lgn_train" / "loop.py"
    assert not list(problems_of("lgn_train.loop", bad))
    assert list(problems_of("lgn_boards.loop", bad)), "torch is not for boards"


def test_layering_finds_an_arrow_that_runs_up():
    circuit = ROOT / "lgn_hw" / "circuit" / "circuit.py"
    assert not list(problems_of("lgn_hw.circuit.circuit", circuit))
    assert list(problems_of("lgn_hw.netlist.circuit", circuit)), "circuit is above netlist"


def test_chains_of_imports_stay_short():
    """No circle among modules, and few files between what a user calls and lgn_hw.errors."""
    known = structure.modules()
    assert structure.imports(ROOT / "lgn_hw" / "netlist" / "__init__.py", known) == {
        "lgn_hw.netlist.netlist"
    }
    chain = structure.longest_chain(
        {name: structure.imports(path, known) for name, path in known.items()}
    )
    assert len(chain) <= MAX_CHAIN, " > ".join(chain)
    assert structure.longest_chain({"a": {"b"}, "b": {"c"}, "c": set()}) == ["a", "b", "c"]
    with pytest.raises(CycleError):
        structure.longest_chain({"a": {"b"}, "b": {"a"}})


def test_every_module_is_in_a_room():
    assert not [m for m, _ in modules() if m.startswith("lgn_hw.") and not room_of(m)]
    assert not [room for room in ROOMS if room not in {m for m, _ in modules()}]


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


def test_longer_files_beside_the_modules_say_why():
    folders = {ROOT / "benchmarks", *structure.SOURCES.values()}
    kinds = {".h", ".cuh", ".cpp", ".cu"}
    texts = {
        path: path.read_text()
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in kinds or (path.suffix == ".py" and folder.name == "benchmarks")
    }
    long = {path: text for path, text in texts.items() if len(text.splitlines()) > MAX_LINES}
    assert len(texts) > 40
    assert not [path.name for path, text in long.items() if "Over 300 lines" not in text[:2500]]


@pytest.mark.parametrize("heavy", ["torch", "amaranth", "cocotb", "rich", "typer", "narwhals"])
def test_lgn_hw_imports_nothing_heavy(heavy):
    program = f"import lgn_hw, sys; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def texts_without_encoding(path):
    """Yield the lines of a file where text is read or written in the locale's encoding."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or any(k.arg == "encoding" for k in node.keywords):
            continue
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        if {"text", "universal_newlines"} & given.keys():
            yield node.lineno
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("read_text", "write_text"):
            yield node.lineno
        path_open = isinstance(node.func, ast.Attribute) and node.func.attr == "open"
        if path_open and isinstance(node.func.value, ast.Name | ast.Attribute):
            owner = node.func.value
            path_open = (owner.id if isinstance(owner, ast.Name) else owner.attr) not in BINARY
        if path_open or (isinstance(node.func, ast.Name) and node.func.id == "open"):
            modes = [*node.args, *given.values()]
            if not any(isinstance(m, ast.Constant) and "b" in str(m.value) for m in modes):
                yield node.lineno


BINARY = ("os", "tarfile", "gzip", "Device", "Image", "cls")  # whose open() gives no text


def test_text_is_read_and_written_as_utf_8(tmp_path):
    found = [
        f"{module}:{line}" for module, path in modules() for line in texts_without_encoding(path)
    ]
    assert not found
    bad = tmp_path / "bad.py"
    bad.write_text(
        'p.read_text()\nopen("x", "w")\nrun(text=True)\nopen("x", "rb")\n', encoding="utf-8"
    )
    assert list(texts_without_encoding(bad)) == [1, 2, 3]
