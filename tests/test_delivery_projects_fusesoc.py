"""FuseSoC reads the .core file, and simulates with it."""

import shutil
import sys

import pytest
from project_bench import VECTORS, delivery, run

needs_icarus = pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")


@needs_icarus
@pytest.mark.parametrize("wrapper", ["stream", "axi", "parallel"])
def test_fusesoc_shows_and_simulates_the_core(tmp_path, wrapper):
    pytest.importorskip("fusesoc", reason="fusesoc is not installed: pip install fusesoc")
    folder = tmp_path / "delivery"
    _, design, *_ = delivery(folder, "fusesoc", wrapper=wrapper)
    name = f"lgn-hw:classifier:{design.top}"
    fusesoc = (sys.executable, "-m", "fusesoc.main", "--cores-root", str(folder))
    code, said = run([*fusesoc, "core", "show", name], tmp_path)
    assert (code, f"{design.top}.core" in said) == (0, True)
    code, said = run([*fusesoc, "run", "--target=sim", name], tmp_path)
    results = VECTORS if wrapper == "parallel" else 2 * VECTORS
    assert (code, f"PASS: {results} results" in said) == (0, True), said
    expected = folder / "tb" / "expected.hex"
    text = expected.read_text()
    expected.write_text(text[:-2] + f"{int(text[-2], 16) ^ 1:x}\n")
    code, said = run([*fusesoc, "run", "--target=sim", name], tmp_path)
    assert (code != 0, "FAIL: " in said) == (True, True)
