"""Folders that a command owns: what of others is never removed, replaced or mixed in."""

import json
import os
import re

import pytest

from lgn_hw.errors import ToolError, UsageError
from lgn_hw.files.owned_folder import MANIFEST, own_folder, read_manifest


def deliver(folder, files, command="sim", problem=None):
    """Write files as a command does, to the end or a problem; return the names kept aside."""
    with own_folder(folder, command) as owned:
        with owned.work() as work:
            for name, text in files.items():
                (work / name).parent.mkdir(parents=True, exist_ok=True)
                (work / name).write_text(text, encoding="utf-8")
            if problem:
                raise problem
        return [aside.name for _, aside in owned.kept]


def texts(folder):
    """Return the visible files of a folder, without the mark."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in (MANIFEST, ".lgn.lock")
    }


def test_folder_is_made_marked_and_written_again(tmp_path):
    deliver(tmp_path / "new", {"core.v": "one", "tb/a.hex": "1"})
    assert deliver(tmp_path / "new", {"core.v": "two"}) == []
    assert texts(tmp_path / "new") == {"core.v": "two"}
    assert not (tmp_path / "new" / "tb").exists()
    assert read_manifest(tmp_path / "new")["format"] == "lgn-sim 1"


@pytest.mark.parametrize("mark", [None, '{"name": "webapp"}', "not json", "[1]", '{"format": 3}'])
def test_folder_of_others_is_refused_and_left_as_it_was(tmp_path, mark):
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "tb.vvp").write_text("mine", encoding="utf-8")
    if mark is not None:
        (tmp_path / MANIFEST).write_text(mark, encoding="utf-8")
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}
    with pytest.raises(UsageError, match=r"holds files that lgn did not write \(build.*--output"):
        deliver(tmp_path, {"core.v": "x"})
    assert {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")} == before


def test_a_refusal_names_commands_that_can_be_typed(tmp_path):
    deliver(tmp_path / "area", {"a": "1"}, "cells")
    told = r"belongs to `lgn synth --liberty`, not to `lgn export --to tinytapeout`;"
    with pytest.raises(UsageError, match=told):
        deliver(tmp_path / "area", {"a": "2"}, "tinytapeout")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="for what `lgn sim --conv stream` writes"):
        deliver(tmp_path / "file", {"a": "2"}, "streamsim")


def test_folder_of_another_command_is_refused(tmp_path):
    deliver(tmp_path / "run", {"a": "1"}, "train")
    with pytest.raises(UsageError, match=r"belongs to `lgn train`, not to `lgn sim`; choose a new"):
        deliver(tmp_path / "run", {"a": "2"})
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"file is a file; name a folder"):
        deliver(tmp_path / "file", {"a": "2"})


def test_edited_files_and_those_of_others_are_kept(tmp_path):
    deliver(tmp_path / "f", {"pins.pcf": "old", "tb/bench.v": "old", "gone.v": "old", "same": "s"})
    for name in ("pins.pcf", "gone.v"):
        (tmp_path / "f" / name).write_text("edited", encoding="utf-8")
    (tmp_path / "f" / "new.v").write_text("mine", encoding="utf-8")
    (tmp_path / "f" / "notes").write_text("mine", encoding="utf-8")
    files = {"pins.pcf": "new", "tb/bench.v": "new", "new.v": "new", "same": "s"}
    assert sorted(deliver(tmp_path / "f", files)) == ["new.v.orig", "pins.pcf.orig"]
    kept = {"pins.pcf.orig": "edited", "new.v.orig": "mine", "gone.v": "edited", "notes": "mine"}
    assert texts(tmp_path / "f") == files | kept
    (tmp_path / "f" / "pins.pcf").write_text("edited again", encoding="utf-8")
    assert deliver(tmp_path / "f", files) == ["pins.pcf.orig2"]
    assert texts(tmp_path / "f")["pins.pcf.orig"] == "edited"


def test_folder_in_the_place_of_a_file_is_kept(tmp_path):
    deliver(tmp_path / "f", {"a": "1"})
    (tmp_path / "f" / "core.v").mkdir()
    (tmp_path / "f" / "core.v" / "x").write_text("mine", encoding="utf-8")
    (tmp_path / "f" / "tb").write_text("mine", encoding="utf-8")
    deliver(tmp_path / "f", {"core.v": "new", "tb/b.v": "new"})
    found = {"core.v": "new", "core.v.orig/x": "mine", "tb/b.v": "new", "tb.orig": "mine"}
    assert texts(tmp_path / "f") == found


@pytest.mark.parametrize("name", ["../precious.txt", "{outside}", "a/../../precious.txt", ".", ""])
def test_manifest_reaches_nothing_outside_its_folder(tmp_path, name):
    precious = tmp_path / "precious.txt"
    precious.write_text("mine", encoding="utf-8")
    name = name.format(outside=precious)
    digest = "58e78ad2b1a6ca5f2d8b9d5fa0d3a0e6f1c3e5f7a9b1c3d5e7f9a1b3c5d7e9f1"
    (tmp_path / "f").mkdir()
    mark = {
        "format": "lgn-sim 1",
        "sha256": {name: digest},
        "unfinished": ["../precious.txt", ".."],
    }
    (tmp_path / "f" / MANIFEST).write_text(json.dumps(mark), encoding="utf-8")
    deliver(tmp_path / "f", {"core.v": "new"})
    assert precious.read_text(encoding="utf-8") == "mine"


def test_manifest_with_the_right_digest_reaches_nothing_outside_either(tmp_path):
    import hashlib

    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x").write_bytes(b"mine")
    digest = hashlib.sha256(b"mine").hexdigest()
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "link").symlink_to(tmp_path / "out")
    names = ("../out/x", str(tmp_path / "out" / "x"), "link/x")
    mark = {"format": "lgn-sim 1", "sha256": dict.fromkeys(names, digest)}
    (tmp_path / "f" / MANIFEST).write_text(json.dumps(mark), encoding="utf-8")
    deliver(tmp_path / "f", {"core.v": "new"})
    assert (tmp_path / "out" / "x").read_bytes() == b"mine"
    with pytest.raises(UsageError, match=r"link/x leads out of .*f; remove the link"):
        deliver(tmp_path / "f", {"link/x": "new"})
    assert (tmp_path / "out" / "x").read_bytes() == b"mine"


def test_links_are_written_through_and_modes_stay(tmp_path):
    deliver(tmp_path / "f", {"a": "old", "b": "old"})
    (tmp_path / "real").write_text("old", encoding="utf-8")
    (tmp_path / "f" / "a").unlink()
    (tmp_path / "f" / "a").symlink_to(tmp_path / "real")
    (tmp_path / "f" / "b").chmod(0o600)
    assert deliver(tmp_path / "f", {"a": "new", "b": "new"}) == []
    assert (tmp_path / "f" / "a").is_symlink()
    assert (tmp_path / "real").read_text(encoding="utf-8") == "new"
    assert (tmp_path / "f" / "b").stat().st_mode & 0o777 == 0o600
    (tmp_path / "real").write_text("edited", encoding="utf-8")
    assert deliver(tmp_path / "f", {"a": "newer"}) == ["a.orig"]
    assert (tmp_path / "f" / "a.orig").read_text(encoding="utf-8") == "edited"
    deliver(tmp_path / "f", {"b": "only"})
    assert (tmp_path / "f" / "a").is_symlink()


def test_failed_run_leaves_the_earlier_files_and_its_log_until_the_next(tmp_path):
    deliver(tmp_path / "f", {"core.v": "good"})
    with pytest.raises(ToolError):
        deliver(tmp_path / "f", {"log": "why"}, problem=ToolError("no"))
    (log,) = (tmp_path / "f").glob("unfinished-*/log")
    found = {"core.v": "good", log.relative_to(tmp_path / "f").as_posix(): "why"}
    assert texts(tmp_path / "f") == found
    deliver(tmp_path / "f", {"core.v": "better"})
    assert texts(tmp_path / "f") == {"core.v": "better"}


def test_full_disk_changes_nothing_and_can_be_repeated(tmp_path):
    with pytest.raises(OSError, match="full"):
        deliver(tmp_path / "f", {"a": "half"}, problem=OSError("the disk is full"))
    assert texts(tmp_path / "f") == {}
    deliver(tmp_path / "f", {"a": "whole"})
    assert texts(tmp_path / "f") == {"a": "whole"}


def test_killed_run_is_cleared_away_by_the_next(tmp_path):
    pid = os.fork()
    if not pid:
        with own_folder(tmp_path / "f", "sim") as owned, owned.work() as work:
            (work / "a").write_text("half", encoding="utf-8")
            os._exit(9)
    os.waitpid(pid, 0)
    (tmp_path / "f" / ".lgn-01234567.partial").write_text("half", encoding="utf-8")
    (tmp_path / "f" / "unfinished-thesis").mkdir()
    deliver(tmp_path / "f", {"a": "whole"})
    names = {path.name for path in (tmp_path / "f").iterdir()}
    assert names == {"a", MANIFEST, ".lgn.lock", "unfinished-thesis"}


def test_folder_in_use_is_refused_with_who_holds_it(tmp_path):
    with own_folder(tmp_path / "f", "sim"):
        message = (
            rf"f is in use by `.*` \(process {os.getpid()} on \S+, since [\d :-]+\); wait until"
        )
        with pytest.raises(UsageError, match=message):
            deliver(tmp_path / "f", {"a": "2"})
    deliver(tmp_path / "f", {"a": "2"})


def test_empty_folder_may_hold_what_git_and_macos_put_there(tmp_path):
    (tmp_path / ".gitkeep").touch()
    (tmp_path / ".DS_Store").touch()
    deliver(tmp_path, {"a": "1"})
    assert re.search(r"lgn-sim 1", (tmp_path / MANIFEST).read_text(encoding="utf-8"))
