"""Write the deliverable folder.

The same arguments give the same bytes, so that a delivery can be made again and compared by its
manifest.
"""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lgn_hw.classifier import Classifier
from lgn_hw.delivery import constraints, scripts
from lgn_hw.delivery.design import Design
from lgn_hw.delivery.projects.kinds import project_files
from lgn_hw.delivery.readme import readme
from lgn_hw.files.atomic import write_text
from lgn_hw.files.owned_folder import own_folder
from lgn_hw.tools.yosys import yosys_version
from lgn_hw.version import __version__

__all__ = ["deliver"]

STATIC = Path(__file__).parent / "files"


def deliver(
    classifier: Classifier,
    design: Design,
    codes: NDArray[Any],
    folder: Path,
    tell: Callable[[list[str]], None] = lambda kept: None,
    *,
    projects: Sequence[str] = (),
) -> dict[str, Any]:
    """Write the folder of a design and return its manifest.

    codes: the vectors of the testbench, codes[samples, features]. projects: names of
    projects.kinds.PROJECTS, whose texts are written too. The same arguments and versions
    give the same bytes. Files that an earlier delivery left and this one does not have are
    removed; other files stay, and edited ones are renamed, which tell() receives in sentences.
    Raises UsageError where the folder holds files and no delivery (see files.owned_folder), and
    what projects.kinds.check_projects raises.
    """
    files = _files(classifier, design, codes, projects)
    # No date and no path: the same call gives the same manifest on any machine.
    facts = _facts(classifier, design, len(codes))
    with own_folder(folder, "verilog") as owned, owned.work(facts) as work:
        for name, text in files.items():
            write_text(work / name, text)
    tell(owned.notices())
    return owned.manifest


def _files(
    classifier: Classifier, design: Design, codes: NDArray[Any], projects: Sequence[str]
) -> dict[str, str]:
    """Return all files but the manifest, by path.

    Samples and results are packed as the core's ports have them, by the same functions that the
    testbenches of this project use.
    """
    vectors = design.vectors(classifier, codes)
    texts = project_files(classifier, design, projects)
    return {
        **design.files,
        "filelist.f": "".join(f"{name}\n" for name in design.files),
        "tb/testbench.v": _static(design.testbench),
        "tb/parameters.vh": _parameters(design, len(codes)),
        "tb/samples.hex": _hex(vectors.sent, vectors.sent_bits),
        "tb/expected.hex": _hex(vectors.expected, vectors.expected_bits),
        "tb/test_cocotb.py": _static(design.cocotb),
        **constraints.files(design),
        **scripts.files(design),
        **{path: text for project in texts.values() for path, text in project.items()},
        "README.md": readme(classifier, design, len(codes), texts),
    }


def _facts(classifier: Classifier, design: Design, vectors: int) -> dict[str, Any]:
    """Return what the manifest says besides the files' digests."""
    return {
        "classifier": design.digest,
        "top": design.top,
        "wrapper": design.wrapper,
        "latency_cycles": design.latency,
        "options": {
            **design.options,
            "clock_mhz": design.clock_mhz,
        },
        "shape": design.shape,
        **design.describe(classifier),
        "vectors": vectors,
        "tools": {
            "lgn-hw": __version__,
            "amaranth": version("amaranth"),
            # The version alone: the commit and the compiler behind it differ from build to build.
            "yosys": " ".join(yosys_version().split()[1:2]),
        },
    }


def _static(name: str) -> str:
    """Return a file that is the same in every delivery."""
    return (STATIC / name).read_text(encoding="utf-8")


def _parameters(design: Design, vectors: int) -> str:
    """Write what the testbench includes: the top's name and one constant per line."""
    constants = {name.upper(): value for name, value in design.shape.items()}
    constants |= {"LATENCY": design.latency, "SAMPLES": vectors}
    constants |= design.constants
    lines = [f"`define {name} {text}".rstrip() for name, text in design.macros.items()]
    lines += [f"localparam {name} = {value};" for name, value in constants.items()]
    return "\n".join(lines) + "\n"


def _hex(words: Sequence[int], bits: int) -> str:
    """Write one word per line, with a 1 above its highest bit: a missing word cannot pass as 0."""
    digits = -(-(bits + 1) // 4)
    return "".join(f"{word | 1 << bits:0{digits}x}\n" for word in words)
