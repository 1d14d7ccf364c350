"""A simulator that loses its command ends too, though SIGKILL lets the command end nothing."""

import os
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children")

SIMULATOR = """
import os, time
from lgn_sim.cases.parent import end_with_parent
end_with_parent()
print(os.getpid(), flush=True)
time.sleep(600)
"""
COMMAND = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_simulator_ends_with_a_killed_command():
    words = [sys.executable, "-c", COMMAND, SIMULATOR]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as command:
        simulator = int(command.stdout.readline())
        assert is_running(simulator)
        os.kill(command.pid, signal.SIGKILL)
        command.wait()
        deadline = time.monotonic() + 30
        while is_running(simulator) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not is_running(simulator)
