"""The kinds of project texts by name, and whether they go with a design."""

from collections.abc import Sequence

from lgn_hw.classifier import Classifier
from lgn_hw.delivery.design import CoreDesign, Design
from lgn_hw.delivery.projects import fusesoc, litex, pynq
from lgn_hw.errors import UsageError

__all__ = ["PROJECTS", "check_projects", "project_files"]

PROJECTS = ("fusesoc", "litex", "pynq")
# They connect streams and registers, which only this wrapper of a core of whole samples has.
NEED_AXI = {"litex": litex.files, "pynq": pynq.files}


def check_projects(names: Sequence[str], wrapper: str, data_bits: int) -> None:
    """Raise UsageError where there is no such project, or it does not go with the wrapper.

    data_bits: of TDATA.
    """
    for name in names:
        if name not in PROJECTS:
            raise UsageError(f"--project must be one of {', '.join(PROJECTS)}, not {name!r}")
        if name in NEED_AXI and wrapper != "axi":
            raise UsageError(f"--project {name} needs --wrapper axi, not {wrapper}")
    if "pynq" in names and data_bits not in pynq.DMA_BITS:
        widths = ", ".join(map(str, pynq.DMA_BITS))
        raise UsageError(
            f"--project pynq needs a TDATA as wide as AXI DMA has it: --data-bits {widths},"
            f" not {data_bits}"
        )


def project_files(
    classifier: Classifier, design: Design, names: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Return for each named project its texts by path.

    Raises what check_projects raises, and UsageError where the design takes samples in pieces.
    """
    check_projects(names, design.wrapper, design.data_bits)
    texts = {}
    for name in sorted(set(names)):
        if name not in NEED_AXI:
            texts[name] = fusesoc.files(classifier, design)
        elif isinstance(design, CoreDesign):
            texts[name] = NEED_AXI[name](classifier, design)
        else:
            raise UsageError(
                f"--project {name} is for cores that take whole samples, not for --conv stream;"
                " fusesoc is for both"
            )
    return texts
