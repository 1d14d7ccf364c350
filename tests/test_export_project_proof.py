"""Exported folders and headers: any file that is not as it was written is found."""

from functools import cache

import numpy as np
import pytest
from strategies import random_classifier

from lgn_hw.export.c_code import c_files, prove_c, write_c
from lgn_hw.export.project_proof import is_project, prove_project
from lgn_hw.export.tiny_tapeout import tiny_tapeout, write_tiny_tapeout
from lgn_hw.files.owned_folder import read_manifest
from lgn_hw.inference import why_not_compiled
from lgn_hw.samples import vectors_for

pytestmark = pytest.mark.skipif(bool(why_not_compiled()), reason="; ".join(why_not_compiled()))


@cache
def small():
    return random_classifier(5, features=6, bits=20, layers=(30, 24), classes=3)


def written(folder, kind):
    if kind == "arduino":
        write_c(small(), folder, "net", layout="arduino")
    else:
        codes = vectors_for(small().features, 5, 0)
        write_tiny_tapeout(small(), folder, tiny_tapeout(small(), codes, name="net"))
    return folder


@pytest.mark.parametrize("kind", ["arduino", "tinytapeout"])
def test_flipped_bits_of_a_project_are_found_in_every_file(tmp_path, kind):
    folder = written(tmp_path / "it", kind)
    assert is_project(folder)
    proof = prove_project(small(), folder)
    assert proof.status == "equal"
    assert len(proof.claims) > 2
    rng = np.random.default_rng(0)
    for name in read_manifest(folder)["sha256"]:
        path = folder / name
        data = path.read_bytes()
        changed = bytearray(data)
        changed[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        proof = prove_project(small(), folder)
        assert proof.status == "different"
        assert name in proof.claims[0].detail
        path.unlink()
        assert prove_project(small(), folder).status == "different"
        path.write_bytes(data)


def test_flipped_bits_of_a_header_are_found():
    files, rng = c_files(small(), "net"), np.random.default_rng(0)
    source, header = files["net.c"], files["net.h"]
    assert prove_c(small(), source, header).status == "equal"
    for place in [0, len(header) - 1, *rng.integers(0, len(header), 20).tolist()]:
        changed = bytearray(header)
        changed[place] ^= 1 << int(rng.integers(8))
        proof = prove_c(small(), source, bytes(changed))
        assert proof.status == "different"
        assert proof.claims[1].what == "the header is as it was written"


def test_lgn_prove_takes_projects_and_headers(lgn, tmp_path):
    small().save(tmp_path / "net.lgn")
    assert lgn("export", tmp_path / "net.lgn", "--to", "c")[0] == 0
    assert lgn("prove", tmp_path / "net.lgn", tmp_path / "net.c")[0] == 0
    header = (tmp_path / "net.h").read_text()
    (tmp_path / "net.h").write_text(header.replace("uint8_t net_feature", "int16_t net_feature"))
    code, _, err = lgn("prove", tmp_path / "net.lgn", tmp_path / "net.c")
    assert code == 1
    assert "the header is as it was written" in " ".join(err.split())
    folder = written(tmp_path / "tt", "tinytapeout")
    assert lgn("prove", tmp_path / "net.lgn", folder)[0] == 0
    (folder / "src" / "project.v").write_text("module tt_um_net; endmodule")
    code, _, err = lgn("prove", tmp_path / "net.lgn", folder)
    assert code == 1
    assert "src/project.v changed; export it again" in " ".join(err.split())
    assert not (tmp_path / "net.lgn.prove").exists()
