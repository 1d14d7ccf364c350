"""Write a classifier as C99, proven: the tables are read back from the text, and shown equal.

The C is an interpreter with tables, as the engine is (inference.program): the tables hold all that
differs between classifiers, and they are what the proof reads.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from lgn_hw.classifier import Classifier
from lgn_hw.errors import FileFormatError, UsageError
from lgn_hw.export.c_library import library_files
from lgn_hw.export.c_tables import read_tables
from lgn_hw.export.c_text import header_text, source_text
from lgn_hw.export.seal import is_sealed, sealed, text_of
from lgn_hw.files.atomic import write_bytes
from lgn_hw.files.own_file import kept_notice, replace_file
from lgn_hw.files.owned_folder import own_folder
from lgn_hw.inference import Engine
from lgn_hw.prove.cec import DEFAULT_TIMEOUT_S
from lgn_hw.prove.equivalence import Claim, Proof, prove_classifiers
from lgn_hw.prove.watch import Watch

__all__ = ["LAYOUTS", "c_files", "prove_c", "write_c"]

LAYOUTS = ("plain", "arduino")
WHOLE, TABLES = "the file is as it was written", "the tables count every vote once, for its class"
HEADER = "the header is as it was written"


def c_files(
    classifier: Classifier, name: str, *, samples: int = 32, layout: str = "plain"
) -> dict[str, bytes]:
    """Return the files by their paths: NAME.h and NAME.c.

    samples: 32 or 64, how many classify_block takes. layout: arduino makes a library's folder of
    them, for Arduino and PlatformIO. Raises UsageError on a name, samples or a layout that cannot
    be, ToolNotFound where there is no C++ compiler to make the program with.

    The text is the same for equal classifiers, so that its checksum names it. A block's word has a
    bit for each sample: 64 are faster where the machine has 64-bit registers, 32 on
    microcontrollers.
    """
    if layout not in LAYOUTS:
        raise UsageError(f"The layout must be one of {', '.join(LAYOUTS)}, not {layout!r}")
    program = _engine(classifier).program
    files = {
        f"{name}.h": sealed(header_text(classifier, program, name, samples).encode(), *COMMENT),
        f"{name}.c": sealed(source_text(classifier, program, name, samples).encode(), *COMMENT),
    }
    return files if layout == "plain" else library_files(classifier, name, files)


def prove_c(
    classifier: Classifier,
    source: bytes,
    header: bytes | None = None,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    watch: Watch | None = None,
) -> Proof:
    """Prove that the C source, and so the program in its tables, is the classifier.

    What is proven is what the tables say; that C runs them so is tested, with every function.

    source: NAME.c as bytes. header: NAME.h, which has no tables; its checksum is looked at where it
    is given. timeout_s: for each call of the SAT solver. Raises FileFormatError where it is no C
    that was written here. The proof of a changed file says no more than that, because tables that
    pass it might still be read by changed code.
    """
    whole = tuple(
        Claim(what, "SHA-256", "equal" if is_sealed(data) else "different", CHANGED)
        for what, data in ((WHOLE, source), (HEADER, header))
        if data is not None
    )
    if any(claim.status == "different" for claim in whole):
        return Proof(whole)
    # Of the compiled program only `output` is used below, which C does not say; the rest is read
    # from the text.
    made = _engine(classifier).program
    text = text_of(source)
    # The one number that is no table: how many words the interpreter keeps.
    slots = re.search(r"^static word slots\[(\d+)\];$", text, re.MULTILINE)
    if slots is None:
        raise FileFormatError("The file is no C that lgn export wrote")
    program = read_tables(text, int(slots[1]), made.output, "the file")
    # How votes are counted is not part of the netlist that is proven below: it is compared here.
    counted = program.counts_outputs(classifier.group)
    tables = Claim(TABLES, "comparison", "equal" if counted else "different", "export it again")
    if not counted:
        return Proof((*whole, tables))
    read = replace(
        classifier,
        encoder=replace(
            classifier.encoder,
            feature=program.feature.astype(np.int32),
            threshold=program.threshold.astype(np.int64),
        ),
        netlist=program.netlist(),
    )
    proof = prove_classifiers(classifier, read, timeout_s=timeout_s, watch=watch)
    return Proof((*whole, tables, *proof.claims))


def write_c(
    classifier: Classifier,
    folder: Path,
    name: str,
    *,
    samples: int = 32,
    layout: str = "plain",
    timeout_s: float = DEFAULT_TIMEOUT_S,
    watch: Watch | None = None,
    tell: Callable[[list[str]], None] = lambda kept: None,
) -> tuple[list[Path], Proof]:
    """Write the files of c_files into a folder once they are proven; return their paths.

    The folder of a library is lgn's own (see files.owned_folder); beside the two plain files there
    may be others. Files that somebody edited are kept under another name, which tell() receives
    in sentences. Raises CheckFailed where the proof fails, and writes nothing; UsageError for a
    library's folder that holds other files.
    """
    files = c_files(classifier, name, samples=samples, layout=layout)
    source, header = (
        next(data for path, data in files.items() if path.endswith(f"{name}.{kind}"))
        for kind in ("c", "h")
    )
    # Before anything is written: what cannot be proven must not lie in a firmware folder.
    proof = prove_c(classifier, source, header, timeout_s=timeout_s, watch=watch)
    proof.check()
    if layout == "plain":
        for path, data in files.items():
            tell(kept_notice(folder / path, replace_file(folder / path, data, is_sealed)))
    else:
        with own_folder(folder, "export") as owned, owned.work() as work:
            for path, data in files.items():
                write_bytes(work / path, data)
        tell(owned.notices())
    return [folder / path for path in files], proof


COMMENT = ("/* ", " */")
CHANGED = "its last line has another checksum; export it again"


def _engine(classifier: Classifier) -> Engine:
    """Return the compiled engine; its absence is said with the remedy.

    Its program is only made by the compiler of the engine, in C++; so C cannot be exported without
    one, although the C itself needs none.
    """
    parts = classifier.encoder, classifier.netlist, classifier.group, classifier.num_classes
    return Engine(*parts)
