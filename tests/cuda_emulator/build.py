"""Build the CUDA source for the CPU with g++, once for all tests that need it."""

import fcntl
import hashlib
import os
import subprocess
from pathlib import Path

from cuda_emulator.rewrite import rewrite

__all__ = ["FLAVOURS", "build"]

HERE = Path(__file__).parent
COMMON = ("-std=c++17", "-g", "-fPIC", "-w", "-ffp-contract=off", "-fno-strict-aliasing")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined",
              "-fno-sanitize=vptr,pointer-overflow")  # fmt: skip
# Options of all parts, and of the kernels alone.
FLAVOURS = {
    "plain": (("-O1",), ()),
    "coverage": (("-O1", "-DEMU_COVERAGE"), ("--coverage", "-fprofile-update=single")),
    "asan": (("-O1", *SANITIZERS), ()),
    # Only the hooks of the thread sanitizer: trace.cpp is what they call, not its library.
    "trace": (("-O1", "-DEMU_TRACE"), ("-fsanitize=thread", "-fno-tree-vectorize")),
}


def build(sources: Path, flavour: str) -> Path:
    """Return the library with the C interface of the one .cu file in a folder of sources.

    It lies in a folder of its own, with the object files beside it, named after all that it is
    made of; what was built before is not built again. LGN_EMULATOR_CACHE names another place.
    """
    (main,) = sources.glob("*.cu")
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lgn-hw"
    base = Path(os.environ.get("LGN_EMULATOR_CACHE", usual / "emulator"))
    folder = base / f"{flavour}-{_digest(sources, flavour)}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process may build it now
        made = folder / f"{main.stem}.so"
        if not made.exists():
            _compile(sources, main.stem, flavour, folder)
    return made


def _compile(sources: Path, name: str, flavour: str, target: Path) -> None:
    (target / "cuda").mkdir(exist_ok=True)
    for source in [*sources.rglob("*.cu"), *sources.rglob("*.cuh")]:
        place = target / source.relative_to(sources)
        rewritten = place.with_suffix(".cpp") if place.suffix == ".cu" else place
        rewritten.write_text(rewrite(source.read_text(), str(source)))
    for header in sources.glob("*.h"):
        (target / header.name).write_text(f'#include "{header}"\n')
    both, kernels_only = FLAVOURS[flavour]
    parts = [target / f"{name}.cpp", HERE / "emu.cpp"]
    parts += [HERE / "trace.cpp"] if flavour == "trace" else []
    for part in parts:
        extra = (*kernels_only, "-D__CUDACC__") if part.parent == target else ()
        includes = ("-I", str(HERE / "include"), "-I", str(HERE))
        compiled = str(target / f"{part.stem}.o")
        _run("g++", *COMMON, *both, *extra, *includes, "-c", str(part), "-o", compiled)
    objects = [str(target / f"{part.stem}.o") for part in parts]
    link = ("--coverage",) if flavour == "coverage" else ()
    partial = target / "partial.so"
    _run("g++", "-shared", *both, *link, *objects, "-ldl", "-o", str(partial))
    partial.rename(target / f"{name}.so")


def _run(*command: str) -> None:
    without = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}  # a sanitizer's library
    subprocess.run(command, check=True, env=without)


def _digest(sources: Path, flavour: str) -> str:
    found = hashlib.sha256(repr(FLAVOURS[flavour]).encode() + str(sources).encode())
    files = [*sources.rglob("*"), *HERE.rglob("*")]
    for path in sorted(p for p in files if p.suffix in {".cu", ".cuh", ".h", ".cpp", ".py"}):
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:20]
