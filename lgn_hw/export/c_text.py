"""A classifier's program as portable C99: one header, one source, tables that stay in flash."""

import re

import numpy as np

from lgn_hw.classifier import Classifier
from lgn_hw.errors import UsageError
from lgn_hw.export.c_tables import (
    checksum,
    code_type,
    feature_type,
    table_bytes,
    table_text,
    tables_of,
)
from lgn_hw.export.c_templates import BLOCK, HEADER, ONE, RUN, SOURCE
from lgn_hw.export.expressions import expression
from lgn_hw.inference.program import THREE, Program

__all__ = ["WORDS", "header_text", "source_text"]

WORDS = {32: "uint32_t", 64: "uint64_t"}  # samples that are classified together
IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# Of C99, and what the source itself names: a prefix that is one of them would not compile.
KEYWORDS = {
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else",
    "enum", "extern", "float", "for", "goto", "if", "inline", "int", "long", "register",
    "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef",
    "union", "unsigned", "void", "volatile", "while", "main", "word", "slots", "run",
}  # fmt: skip


def header_text(classifier: Classifier, program: Program, name: str, samples: int) -> str:
    """Return the header: types, sizes, functions, and what the classes and features are.

    program: of the engine. name: what functions and types begin with. samples: 32 or 64, the bits
    of a word. Raises UsageError on a name that is no identifier of C.
    """
    _check(name, samples)
    tables = tables_of(program, classifier.features)
    features = classifier.features
    return _filled(
        HEADER,
        NAME=name.upper(),
        name=name,
        digest=classifier.digest,
        features=len(features),
        classes=classifier.num_classes,
        samples=samples,
        table_bytes=table_bytes(tables),
        room_bytes=max(1, program.slots) * samples // 8,
        feature=feature_type(features),
        **_result_types(classifier),
        ranges="\n".join(_ranges(classifier)),
        class_names="\n".join(
            f" *   {c} {_comment(text)}" for c, text in enumerate(classifier.classes)
        ),
    )


def source_text(classifier: Classifier, program: Program, name: str, samples: int) -> str:
    """Return the source; the same program gives the same text.

    Arguments and errors are those of header_text().
    """
    _check(name, samples)
    tables = tables_of(program, classifier.features)
    cases = "\n".join(_case(function) for function in sorted(set(program.function.tolist())))
    # Bit planes of a count: as many as the largest group's number of votes has binary digits.
    planes = int(np.bincount(classifier.group).max(initial=1)).bit_length()
    return _filled(
        SOURCE + RUN + ONE + BLOCK,
        NAME=name.upper(),
        name=name,
        word=WORDS[samples],
        samples=samples,
        runs=len(program.function),
        bits=program.num_bits,
        votes=len(program.votes),
        classes=classifier.num_classes,
        class_bits=(classifier.num_classes - 1).bit_length(),
        planes=max(2, planes),
        slots=max(1, program.slots),
        cases=cases,
        tables="\n".join(table_text(n, kind, values) for n, (kind, values) in tables.items()),
        sums="\n".join(
            f"    for (i = 0; i < LENGTH({n}); ++i) crc = add(crc, (int64_t){n}[i]);"
            for n in tables
        ),
        code=code_type(program.code),
        vote=code_type(program.votes),
        crc=f"{checksum(tables):#010x}",
        **_result_types(classifier),
    )


def _check(name: str, samples: int) -> None:
    """Raise UsageError where the name is no identifier of C, or a word cannot have so many bits."""
    if not IDENTIFIER.fullmatch(name) or name in KEYWORDS:
        raise UsageError(
            f"A name in C must be letters, digits and _, begin with a letter and be no keyword,"
            f" not {name!r}; give another with --name"
        )
    if samples not in WORDS:
        raise UsageError(f"The samples of a word must be 32 or 64, not {samples}")


def _result_types(classifier: Classifier) -> dict[str, str]:
    """Return the narrowest C types for a class number and for a score."""
    votes = np.bincount(classifier.group, minlength=1)
    return {
        "class_type": "uint8_t" if classifier.num_classes <= 256 else "uint16_t",
        "score": "uint16_t" if votes.max(initial=0) < 1 << 16 else "uint32_t",
    }


def _ranges(classifier: Classifier) -> list[str]:
    """Describe the codes: one line where all features are alike, else one for each.

    Raw values become codes by offset and scale; 17 digits give back the same double.
    """
    features = classifier.features
    columns = (features.low, features.high, features.offset, features.scale)
    rows = list(zip(features.names, *(column.tolist() for column in columns), strict=True))
    if len({row[1:] for row in rows}) == 1:
        rows = [("each feature", *rows[0][1:])]
    lines = []
    for name, low, high, offset, scale in rows:
        line = f" *   {_comment(name)}: {low} to {high}"
        if (offset, scale) != (0, 1):
            line += f", the nearest integer to (value - {offset:.17g}) / {scale:.17g}"
        lines.append(line)
    return lines


def _comment(text: str) -> str:
    """Return a name as it can stand in a comment.

    `*/` would end the comment, and `/*` in it is a warning; a backslash at a line's end would join
    the next one, and `??` begins a trigraph in C99.
    """
    for mark, instead in (("\\", "/"), ("\n", " "), ("*/", "* /"), ("/*", "/ *"), ("??", "? ?")):
        text = text.replace(mark, instead)
    return text


def _case(function: int) -> str:
    """Return the case of the interpreter's switch that computes a function."""
    if function < THREE:
        return f"        case {function}: TWO({expression(function, 'ab')})"
    return f"        case {function}: THREE({expression(function - THREE, 'abc')})"


def _filled(template: str, **values: object) -> str:
    """Replace @name@ in a template of C, whose braces are its own.

    In one pass: what is put in is not searched for names again.
    """
    return re.sub(r"@(\w+)@", lambda match: str(values[match[1]]), template)
