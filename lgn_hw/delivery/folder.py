"""Write the deliverable folder."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

import lgn_hw
from lgn_hw.circuit.header import options_to_json, pack_results
from lgn_hw.classifier import Classifier
from lgn_hw.delivery import constraints, scripts
from lgn_hw.delivery.design import Design
from lgn_hw.delivery.readme import readme
from lgn_hw.errors import UsageError
from lgn_hw.formats.atomic import write_text
from lgn_hw.hdl.wrappers import IDENTITY, REGISTERS
from lgn_hw.ports import describe_ports
from lgn_hw.tools.yosys import yosys_version

__all__ = ["MANIFEST", "deliver"]

MANIFEST = "manifest.json"
FORMAT = "lgn-deliverable 1"
STATIC = Path(__file__).parent / "files"


def deliver(
    classifier: Classifier, design: Design, codes: NDArray[Any], folder: Path
) -> dict[str, Any]:
    """Write the folder of a design and return its manifest.

    codes: the vectors of the testbench, codes[samples, features]. The same arguments and versions
    give the same bytes. Files that an earlier delivery left and this one does not have are
    removed; other files stay. Raises UsageError where the folder holds files and no delivery.
    """
    files = _files(classifier, design, codes)
    manifest = _manifest(classifier, design, files, len(codes))
    _clear(folder)
    for name, text in files.items():
        write_text(folder / name, text)
    write_text(folder / MANIFEST, json.dumps(manifest, indent=2) + "\n")
    return manifest


def _files(classifier: Classifier, design: Design, codes: NDArray[Any]) -> dict[str, str]:
    header = design.header
    samples = classifier.features.pack(codes)
    results = pack_results(header, classifier.scores(codes))
    return {
        **design.files,
        "filelist.f": "".join(f"{name}\n" for name in design.files),
        "tb/testbench.v": (STATIC / f"testbench_{design.wrapper}.v").read_text(),
        "tb/parameters.vh": _parameters(design, len(codes)),
        "tb/samples.hex": _hex(samples, header.sample_bits),
        "tb/expected.hex": _hex(results, header.result_bits),
        "tb/test_cocotb.py": (STATIC / "test_cocotb.py.txt").read_text(),
        **constraints.files(design),
        **scripts.files(design),
        "README.md": readme(classifier, design, len(codes)),
    }


def _manifest(
    classifier: Classifier, design: Design, files: Mapping[str, str], vectors: int
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "classifier": design.header.digest,
        "top": design.top,
        "wrapper": design.wrapper,
        "latency_cycles": design.latency,
        "options": {
            **options_to_json(design.header.options),
            "clock_mhz": design.clock_mhz,
        },
        "shape": design.shape,
        **describe_ports(classifier),
        "vectors": vectors,
        "tools": {
            "lgn-hw": lgn_hw.__version__,
            "amaranth": version("amaranth"),
            "yosys": " ".join(yosys_version().split()[1:2]),
        },
        "sha256": {name: hashlib.sha256(files[name].encode()).hexdigest() for name in files},
    }


def _parameters(design: Design, vectors: int) -> str:
    """Write what the testbench includes: the top's name and a constant a line."""
    constants = {name.upper(): value for name, value in design.shape.items()}
    constants |= {"LATENCY": design.latency, "SAMPLES": vectors}
    if design.wrapper == "axi":
        addressed = ("id", "samples", "results", "malformed")
        constants |= {f"{name.upper()}_ADDRESS": REGISTERS[name] for name in addressed}
        constants["ID"] = IDENTITY
    lines = [f"`define TOP {design.top}"]
    lines += ["`define SCORES"] if design.header.scores else []
    lines += [f"localparam {name} = {value};" for name, value in constants.items()]
    return "\n".join(lines) + "\n"


def _hex(words: Sequence[int], bits: int) -> str:
    """Write a word a line, with a 1 above its highest bit: a missing word cannot pass as 0."""
    digits = -(-(bits + 1) // 4)
    return "".join(f"{word | 1 << bits:0{digits}x}\n" for word in words)


def _clear(folder: Path) -> None:
    """Remove the files that an earlier manifest lists."""
    if not folder.exists() or not any(folder.iterdir()):
        return
    manifest = folder / MANIFEST
    if not manifest.exists():
        raise UsageError(
            f"{folder} holds files and no {MANIFEST} of an earlier delivery; choose a new folder"
        )
    for name in json.loads(manifest.read_text())["sha256"]:
        (folder / name).unlink(missing_ok=True)
