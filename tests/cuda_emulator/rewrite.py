"""CUDA's syntax as calls of include/cuda_runtime.h: the same source, line by line."""

import re
import zlib

__all__ = ["rewrite"]

KERNEL = re.compile(r"([A-Za-z_]\w*)\s*(<[^<>;(){}]*>)?\s*$")
DYNAMIC = re.compile(r"extern\s+__shared__\s+([\w ]+?)\s+(\w+)\[\]\s*;")
STATIC = re.compile(r"__shared__\s+([\w ]+?)\s+(\w+)((?:\[[^\]]+\])*)\s*;")


def rewrite(text: str, name: str) -> str:
    """Return C++ of a CUDA source, in which launches and shared memory are calls.

    name: the source's path, to which the compiler's lines refer.
    """
    key = f"__LINE__ + {10000 * (1 + zlib.crc32(name.encode()) % 9999)}"  # of an array of a block
    text = DYNAMIC.sub(r"\1 *\2 = (\1 *)::emu::shared_dynamic();", text)
    text = STATIC.sub(
        rf"using emu_\2 = \1\3; auto &\2 = *(emu_\2 *)::emu::shared_array(sizeof(emu_\2), {key});",
        text,
    )
    done = ""
    while (at := text.find("<<<")) >= 0:
        before, launch, text = _launch(text, at, name)
        done += before + launch
    return f'#line 1 "{name}"\n{done}{text}'


def _launch(text: str, at: int, name: str) -> tuple[str, str, str]:
    """Split at a launch: what stands before it, the call in its place, what stands behind."""
    kernel = KERNEL.search(text[:at])
    end = text.index(">>>", at)
    opening = re.match(r"[\s\\]*", text[end + 3 :])
    assert kernel is not None
    assert opening is not None
    start = end + 3 + opening.end()
    stop = _closing(text, start)
    arguments = text[start + 1 : stop]
    place = f'{{"{name}", EMU_NAME({kernel[1]}), __LINE__}}'
    call = f"{kernel[1]}{kernel[2] or ''}(emu_arguments...)"
    launch = (
        f"::emu::launch({place}, ::emu::Config({text[at + 3 : end]}),"
        f" [&](const auto &...emu_arguments) {{ {call}; }}"
        f"{', ' * bool(arguments.strip())}{arguments})"
    )
    return text[: kernel.start()], launch, text[stop + 1 :]


def _closing(text: str, start: int) -> int:
    """Return where the parenthesis that opens at `start` closes."""
    depth = 0
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if not depth:
            return at
    raise ValueError("a launch does not end")
