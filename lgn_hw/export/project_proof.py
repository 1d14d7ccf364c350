"""Prove the folder of a project: every file as it was written, and the circuit or the C in it."""

from pathlib import Path

from lgn_hw.classifier import Classifier
from lgn_hw.export.c_code import prove_c
from lgn_hw.export.combinational import prove_combinational
from lgn_hw.files.owned_folder import read_manifest, sha256_of
from lgn_hw.prove.cec import DEFAULT_TIMEOUT_S
from lgn_hw.prove.equivalence import Claim, Proof
from lgn_hw.prove.watch import Watch

__all__ = ["is_project", "prove_project"]

CIRCUIT = "src/classifier.v"  # of a project for Tiny Tapeout
PROJECTS = ("lgn-export ", "lgn-tinytapeout ")


def is_project(folder: Path) -> bool:
    """Say whether `lgn export` wrote a folder: a library of C, or a project for Tiny Tapeout."""
    manifest = read_manifest(folder)
    return manifest is not None and manifest["format"].startswith(PROJECTS)


def prove_project(
    classifier: Classifier,
    folder: Path,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    watch: Watch | None = None,
) -> Proof:
    """Prove that a folder of is_project() has the classifier in it, and no changed file.

    The files' digests stand in its manifest.json. Raises what prove_c and prove_combinational
    raise.
    """
    manifest = read_manifest(folder)
    assert manifest is not None, "is_project() comes first"
    digests = manifest["sha256"]
    changed = [
        name
        for name, digest in digests.items()
        if not (folder / name).is_file() or sha256_of(folder / name) != digest
    ]
    claim = Claim(
        "every file is as it was written",
        "SHA-256",
        "different" if changed else "equal",
        f"{', '.join(changed)} changed; export it again" if changed else "",
    )
    if changed:
        return Proof((claim,))
    if CIRCUIT in digests:
        proof = prove_combinational(
            classifier,
            (folder / CIRCUIT).read_bytes(),
            "verilog-comb",
            timeout_s=timeout_s,
            watch=watch,
        )
    else:
        source = next(folder / name for name in digests if name.endswith(".c"))
        header = source.with_suffix(".h").read_bytes()
        proof = prove_c(classifier, source.read_bytes(), header, timeout_s=timeout_s, watch=watch)
    return Proof((claim, *proof.claims))
