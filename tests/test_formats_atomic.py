"""Files that are whole or not there, on a disk that refuses them."""

import resource
import subprocess
import sys

import pytest

from lgn_hw.formats.atomic import write_bytes, write_text

REFUSED = """
import resource, sys
from lgn_hw.formats.atomic import write_bytes

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
