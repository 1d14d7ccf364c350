"""The C header: it compiles without a warning, and packs as Python does."""

import re
import shutil
import subprocess

import pytest
from project_bench import delivery, run

from lgn_hw.circuit.header import pack_results
from lgn_hw.hdl.wrappers import REGISTERS

needs_gcc = pytest.mark.skipif(not shutil.which("g++"), reason="g++ is not installed")


MAIN = """
#include <stdio.h>
#include "classifier_core.h"

int main(void)
{
  int64_t codes[CLASSIFIER_CORE_FEATURES];
  uint8_t sample[CLASSIFIER_CORE_SAMPLE_BYTES], result[CLASSIFIER_CORE_RESULT_BYTES];
  for (;;) {
    for (unsigned i = 0; i < CLASSIFIER_CORE_FEATURES; i++) {
      long long code;
      if (scanf("%lld", &code) != 1) return 0;
      codes[i] = code;
    }
    classifier_core_pack(codes, sample);
    for (unsigned i = 0; i < sizeof sample; i++) printf("%02x", sample[i]);
    for (unsigned i = 0; i < sizeof result; i++) {
      unsigned byte;
      if (scanf("%2x", &byte) != 1) return 1;
      result[i] = (uint8_t)byte;
    }
    printf(" %u", classifier_core_class(result));
#if CLASSIFIER_CORE_SCORES
    for (unsigned i = 0; i < CLASSIFIER_CORE_CLASSES; i++)
      printf(" %u", classifier_core_votes(result, i));
#endif
    printf("\\n");
  }
}
"""


@needs_gcc
@pytest.mark.parametrize("compiler", [("gcc", "-std=c99"), ("g++", "-std=c++17", "-x", "c++")])
@pytest.mark.parametrize("scores", [True, False])
def test_c_header_packs_as_the_circuit_does(tmp_path, compiler, scores):
    classifier, design, codes, _ = delivery(tmp_path, "pynq", scores=scores)
    header = (tmp_path / "pynq" / "classifier_core.h").read_text()
    defined = dict(re.findall(r"^#define CLASSIFIER_CORE_(\w+) (\w+?)u?$", header, re.MULTILINE))
    assert {name: int(defined[f"REG_{name.upper()}"], 16) for name in REGISTERS} == dict(REGISTERS)
    (tmp_path / "main.c").write_text(MAIN)
    strict = ["-Wall", "-Wextra", "-Werror", "-I", "pynq"]
    code, said = run([*compiler, *strict, "main.c", "-o", "main"], tmp_path)
    assert code == 0, said
    space = int(defined["RESULT_BYTES"])
    results = pack_results(design.header, classifier.scores(codes))
    # Beyond a range the end is meant.
    outside = codes + (codes == classifier.features.high) * 5
    lines = [
        f"{' '.join(map(str, row))} {word.to_bytes(space, 'little').hex()}"
        for row, word in zip(outside, results, strict=True)
    ]
    done = subprocess.run(
        [tmp_path / "main"], input="\n".join(lines), capture_output=True, text=True, check=True
    )
    packets = [
        word.to_bytes(int(defined["SAMPLE_BYTES"]), "little").hex()
        for word in classifier.features.pack(codes)
    ]
    votes = classifier.scores(codes)
    right = [
        " ".join([packet, str(number), *(map(str, row) if scores else ())])
        for packet, number, row in zip(packets, classifier.predict(codes), votes, strict=True)
    ]
    assert done.stdout.splitlines() == right
