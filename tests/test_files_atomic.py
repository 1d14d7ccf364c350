"""Files that are whole or not there, on a disk that refuses them."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from lgn_hw.files.atomic import write_bytes, write_text
from lgn_hw.files.own_file import replace_file

REFUSED = """
import resource, sys
from lgn_hw.files.atomic import write_bytes

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_bytes(sys.argv[1], bytes(1001))
except OSError as problem:
    print(problem.filename)
"""


def test_write_replaces_a_file_and_makes_its_folder(tmp_path):
    path = tmp_path / "new" / "file"
    write_text(path, "one\n")
    write_bytes(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="the system has no such limit")
def test_a_file_that_the_disk_refuses_leaves_the_old_one(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    command = [sys.executable, "-c", REFUSED, str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == str(path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"


def test_write_goes_through_links_and_keeps_the_mode(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_bytes(link, b"new")
    assert (link.is_symlink(), real.read_bytes()) == (True, b"new")
    assert real.stat().st_mode & 0o777 == 0o640
    (tmp_path / "dangling").symlink_to(tmp_path / "made")
    write_bytes(tmp_path / "dangling", b"new")
    assert (tmp_path / "made").read_bytes() == b"new"


def test_write_goes_into_a_pipe_or_device(tmp_path):
    write_bytes("/dev/null", b"nothing")
    assert not Path("/dev/null").is_file()
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_bytes(tmp_path / "pipe", b"here")
    assert os.read(reader, 9) == b"here"
    os.close(reader)


def test_refusals_name_the_file_that_was_meant(tmp_path):
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "folder", tmp_path / ("x" * 300)):
        with pytest.raises(OSError, match=r"directory|too long") as caught:
            write_bytes(path, b"")
        assert caught.value.filename == str(path)


def test_only_what_is_ours_is_replaced(tmp_path):
    path = tmp_path / "core.v"
    for old, kept in ((b"// ours", None), (b"// mine", "core.v.orig"), (b"", None)):
        path.write_bytes(old)
        found = replace_file(path, b"new", lambda head: head.startswith(b"// ours"))
        assert (found and found.name, path.read_bytes()) == (kept, b"new")
    assert (tmp_path / "core.v.orig").read_bytes() == b"// mine"
    path.write_bytes(b"equal")
    assert replace_file(path, b"equal", lambda head: False) is None
