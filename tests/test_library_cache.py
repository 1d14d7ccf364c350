"""Compiled libraries: damage is found before it is loaded, and no cache is no hindrance."""

import os
import shutil
import subprocess
import sys

import pytest

from lgn_hw.library_cache import cached_library

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
SOURCE = "int answer(void) { return 42; }"


@pytest.fixture
def make(tmp_path):
    """Compile a small library; the list counts how often."""
    made = []

    def compile_to(path):
        made.append(path)
        command = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(path)]
        subprocess.run(command, input=SOURCE.encode(), check=True)

    compile_to.made = made
    return compile_to


def cut(path):
    path.write_bytes(path.read_bytes()[:5000])


def emptied(path):
    path.write_bytes(b"")


def garbage(path):
    path.write_bytes(os.urandom(9000))


def flipped(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_library_is_made_once(make, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "c ä"))
    assert [cached_library("lib", make).answer() for _ in range(3)] == [42, 42, 42]
    assert len(make.made) == 1
    names = [path.name for path in (tmp_path / "c ä" / "lgn-hw" / "kernels").iterdir()]
    assert names == ["lib.so"]


@pytest.mark.parametrize("damage", [cut, emptied, garbage, flipped])
def test_damaged_library_is_made_again(make, tmp_path, monkeypatch, damage):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = tmp_path / "lgn-hw" / "kernels" / "lib.so"
    path.parent.mkdir(parents=True)
    make(path)  # never loaded here, as a loaded file must not be cut
    damage(path)
    assert cached_library("lib", make).answer() == 42


@pytest.mark.parametrize("place", ["a file", "no home"])
def test_library_is_made_for_the_process_where_there_is_no_cache(
    make, tmp_path, monkeypatch, place
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    if place == "no home":
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setattr("pathlib.Path.home", no_home)
    name = place.replace(" ", "-")
    assert [cached_library(name, make).answer() for _ in range(2)] == [42, 42]
    assert len(make.made) == 1
    assert (tmp_path / "file").is_file()


def no_home():
    raise RuntimeError("Could not determine home directory.")


def test_private_library_is_removed_when_the_process_ends():
    program = (
        "from lgn_hw.library_cache import _private_folder as f; print(f());"
        "print(f().stat().st_mode & 0o777)"
    )
    command = [sys.executable, "-c", program]
    said = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    folder, mode = said.split()
    assert (mode, os.path.exists(folder)) == (str(0o700), False)
