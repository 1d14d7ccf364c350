"""C99 of a classifier: compiled, run, equal to predict; and its proof finds faults."""

import re
import shutil
import subprocess
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import classifiers, random_classifier
from test_inference_engine import classifier_on, codes_of

from lgn_hw import CheckFailed, Classifier, Netlist, Thermometer, UsageError
from lgn_hw.export.c_code import c_files, prove_c, write_c
from lgn_hw.export.c_tables import feature_type, read_tables
from lgn_hw.export.seal import is_sealed, sealed
from lgn_hw.features import Features
from lgn_hw.inference import Engine, why_not_compiled
from lgn_hw.inference.program import Program

pytestmark = pytest.mark.skipif(bool(why_not_compiled()), reason="; ".join(why_not_compiled()))
WARNINGS = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror")
COMPILERS = ("gcc", "clang", "arm-none-eabi-gcc")
# Prints each sample's class and scores, then the classes of blocks, then the check's answer.
HOST = """
#include <stdio.h>
#include "net.h"
static const net_feature x[] = {SAMPLES};
int main(void) {
  const int n = sizeof x / sizeof *x / NET_FEATURES;
  net_score scores[NET_CLASSES];
  net_class classes[NET_SAMPLES];
  int i, c;
  for (i = 0; i < n; ++i) {
    printf("%d", (int)net_classify(x + i * NET_FEATURES));
    net_scores(x + i * NET_FEATURES, scores);
    for (c = 0; c < NET_CLASSES; ++c) printf(" %d", (int)scores[c]);
    printf("\\n");
  }
  for (i = 0; i < n; i += NET_SAMPLES) {
    const int count = n - i < NET_SAMPLES ? n - i : NET_SAMPLES;
    net_classify_block(x + i * NET_FEATURES, count, classes);
    for (c = 0; c < count; ++c) printf("%d\\n", (int)classes[c]);
  }
  printf("%d\\n", net_check());
  return 0;
}
"""
# What a Cortex-M needs to start, and to print by semihosting.
START = """
extern int main(void);
static void call(int number, const void *argument) {
  register int r0 __asm__("r0") = number;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}
void say(const char *text) { call(4, text); }
static void reset(void) {
  main();
  call(0x18, (const void *)0x20026);
  for (;;) {}
}
__attribute__((section(".vectors"), used)) static const void *const vectors[2] = {
  (const void *)0x20400000, (const void *)reset};
"""
LAYOUT = """
MEMORY { FLASH (rx) : ORIGIN = 0, LENGTH = 4M  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 4M }
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) } > FLASH
  .data : { *(.data*) } > RAM
  .bss : { *(.bss*) *(COMMON) } > RAM
}
"""
ARM = """
#include "net.h"
void say(const char *text);
static const net_feature x[] = {SAMPLES};
static void number(unsigned value) {
  char digits[12];
  int i = 11;
  digits[i] = 0;
  do digits[--i] = (char)('0' + value % 10); while (value /= 10);
  say(digits + i);
  say("\\n");
}
int main(void) {
  const int n = sizeof x / sizeof *x / NET_FEATURES;
  net_class classes[NET_SAMPLES];
  int i, c;
  for (i = 0; i < n; ++i) number(net_classify(x + i * NET_FEATURES));
  for (i = 0; i < n; i += NET_SAMPLES) {
    const int count = n - i < NET_SAMPLES ? n - i : NET_SAMPLES;
    net_classify_block(x + i * NET_FEATURES, count, classes);
    for (c = 0; c < count; ++c) number(classes[c]);
  }
  number((unsigned)net_check());
  return 0;
}
"""
QEMU = ("qemu-system-arm", "-M", "mps2-an386", "-cpu", "cortex-m4", "-nographic", "-monitor",
        "none", "-serial", "none", "-semihosting", "-kernel")  # fmt: skip


@cache
def trained_like():
    return random_classifier(3, features=20, bits=70, layers=(80, 80), classes=10)


def needs(program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def written(folder, classifier, **options):
    for path, data in c_files(classifier, "net", **options).items():
        (folder / path).write_bytes(data)


def numbers(codes):
    return ", ".join(str(code) if abs(code) < 2**31 else f"{code}LL" for code in codes.ravel())


def compiled(folder, compiler, *options):
    done = subprocess.run([compiler, *options], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def check_on_host(folder, classifier, codes, compiler="gcc", **options):
    needs(compiler)
    written(folder, classifier, **options)
    (folder / "host.c").write_text(HOST.replace("SAMPLES}", numbers(codes) + "}"))
    compiled(folder, compiler, *WARNINGS, "-O1", "-c", "net.c", "-o", "net.o")
    compiled(folder, compiler, "-w", "host.c", "net.o", "-o", "host")
    said = subprocess.run([folder / "host"], capture_output=True, text=True, check=True).stdout
    lines = said.splitlines()
    expected, scores = classifier.predict(codes), classifier.scores(codes)
    rows = np.array([line.split() for line in lines[: len(codes)]], int)
    assert np.array_equal(rows[:, 0], expected)
    assert np.array_equal(rows[:, 1:], scores)
    assert lines[len(codes) : -1] == [str(c) for c in expected]
    assert lines[-1] == "0"


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("level", ["-O0", "-O2", "-Os"])
def test_c_compiles_without_a_warning(tmp_path, compiler, level):
    needs(compiler)
    for samples in (32, 64):
        written(tmp_path, trained_like(), samples=samples)
        compiled(tmp_path, compiler, *WARNINGS, level, "-c", "net.c", "-o", "net.o")


def test_c_header_can_be_included_from_cpp(tmp_path):
    needs("g++")
    written(tmp_path, trained_like())
    (tmp_path / "it.cpp").write_text('#include "net.h"\nint main() { return net_check(); }\n')
    compiled(tmp_path, "gcc", "-c", "net.c", "-o", "net.o")
    compiled(tmp_path, "g++", "-Wall", "-Werror", "it.cpp", "net.o", "-o", "it")
    assert subprocess.run([tmp_path / "it"], check=False).returncode == 0


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("samples", [32, 64])
def test_c_answers_as_predict_does(tmp_path, compiler, samples):
    codes = codes_of(trained_like().features, 150)
    check_on_host(tmp_path, trained_like(), codes, compiler, samples=samples)


@settings(max_examples=6, deadline=None)
@given(classifiers(), st.sampled_from([32, 64]))
def test_c_of_any_classifier_answers_as_predict_does(tmp_path_factory, classifier, samples):
    folder = tmp_path_factory.mktemp("c")
    check_on_host(folder, classifier, codes_of(classifier.features, 70), samples=samples)


def test_c_computes_every_function_of_three_inputs(tmp_path):
    fanin = np.tile([2, 3, 4, 0, 0, 0], (256, 1))
    netlist = Netlist(3, fanin, np.arange(256, dtype=np.uint64), np.arange(5, 261))
    encoder = Thermometer(Features.integers([0] * 3, [1] * 3), [0, 1, 2], [0, 0, 0])
    names = [str(c) for c in range(256)]
    codes = np.array(list(np.ndindex(2, 2, 2)))
    check_on_host(tmp_path, Classifier(encoder, netlist, np.arange(256), 1.0, names), codes)


@pytest.mark.parametrize(
    ("low", "high", "name"),
    [(0, 255, "uint8_t"), (-128, 127, "int8_t"), (0, 256, "uint16_t"), (-1, 255, "int16_t"),
     (0, 2**32 - 1, "uint32_t"), (-1, 2**31 - 1, "int32_t"), (-(2**40), 2**40, "int64_t")],
)  # fmt: skip
def test_c_features_have_the_narrowest_type(tmp_path, low, high, name):
    features = Features.integers([low] * 6, [high] * 6)
    assert feature_type(features) == name
    from strategies import random_netlist

    classifier = classifier_on(features, random_netlist(1, 20, (30, 30)))
    check_on_host(tmp_path, classifier, codes_of(features, 40))


def test_c_runs_on_a_cortex_m4(tmp_path):
    needs("arm-none-eabi-gcc")
    needs("qemu-system-arm")
    codes = codes_of(trained_like().features, 50)
    written(tmp_path, trained_like())
    (tmp_path / "arm.c").write_text(ARM.replace("SAMPLES}", numbers(codes) + "}"))
    (tmp_path / "start.c").write_text(START)
    (tmp_path / "layout.ld").write_text(LAYOUT)
    cpu = ("-mcpu=cortex-m4", "-mthumb")
    compiled(tmp_path, "arm-none-eabi-gcc", *WARNINGS, *cpu, "-O2", "-c", "net.c")
    compiled(tmp_path, "arm-none-eabi-gcc", "-w", *cpu, "-O2", "-nostartfiles", "-T", "layout.ld",
             "arm.c", "start.c", "net.o", "-o", "arm.elf")  # fmt: skip
    done = subprocess.run(
        [*QEMU, tmp_path / "arm.elf"], capture_output=True, text=True, timeout=120, check=True
    )
    expected = [str(c) for c in trained_like().predict(codes)]
    assert (done.stdout + done.stderr).split() == [*expected, *expected, "0"]


def test_header_states_sizes_and_what_a_code_is():
    text = c_files(trained_like(), "net")["net.h"].decode()
    program = Engine(trained_like().encoder, trained_like().netlist, trained_like().group, 10)
    assert "#define NET_FEATURES 20\n" in text
    assert f"#define NET_ROOM_BYTES {4 * program.size['slots']} " in text
    assert re.search(r"#define NET_TABLE_BYTES \d+ ", text)
    assert "each feature: 0 to 15\n" in text


def test_program_comes_back_from_its_tables():
    classifier = trained_like()
    program = Engine(classifier.encoder, classifier.netlist, classifier.group, 10).program
    source = c_files(classifier, "net")["net.c"].decode()
    read = read_tables(source, program.slots, program.output, "it")
    assert isinstance(read, Program)
    for field in ("function", "count", "code", "feature", "threshold", "votes", "constant"):
        assert np.array_equal(getattr(read, field), getattr(program, field)), field


def test_proof_of_c_holds():
    assert prove_c(trained_like(), c_files(trained_like(), "net")["net.c"]).status == "equal"


def test_proof_of_c_finds_any_flipped_bit():
    source = c_files(trained_like(), "net")["net.c"]
    rng = np.random.default_rng(0)
    for place in [0, len(source) - 1, *rng.integers(0, len(source), 300).tolist()]:
        changed = bytearray(source)
        changed[place] ^= 1 << int(rng.integers(8))
        assert not is_sealed(bytes(changed))
    assert prove_c(trained_like(), bytes(changed)).status == "different"


@pytest.mark.parametrize("array", ["CODE", "RUN_FUNCTION", "BIT_THRESHOLD", "VOTE"])
def test_proof_of_c_reads_the_tables_themselves(array):
    """A changed table with a right checksum is found, too: the proof does not trust the writer."""
    text = c_files(trained_like(), "net")["net.c"].decode()
    text = text[: text.rindex("/* sha256")]
    start = text.index(f" {array}[")
    place = re.compile(r"\d+").search(text, text.index("{", start))
    changed = {"RUN_FUNCTION": "14" if place[0] != "14" else "8"}.get(array, str(int(place[0]) ^ 1))
    forged = text[: place.start()] + changed + text[place.end() :]
    proof = prove_c(trained_like(), sealed(forged.encode(), "/* ", " */"))
    assert proof.status == "different"


def test_nothing_is_written_where_the_proof_fails(tmp_path, monkeypatch):
    other = random_classifier(4, features=20, bits=70, layers=(80, 80), classes=10)
    source = c_files(other, "net")
    monkeypatch.setattr("lgn_hw.export.c_code.c_files", lambda *_, **__: source)
    with pytest.raises(CheckFailed):
        write_c(trained_like(), tmp_path, "net")
    assert not list(tmp_path.iterdir())


def test_arduino_layout_is_a_library(tmp_path):
    paths, _ = write_c(trained_like(), tmp_path, "net", layout="arduino")
    names = {str(path.relative_to(tmp_path)) for path in paths}
    assert names == {"src/net.h", "src/net.c", "library.properties", "library.json",
                     "examples/classify/classify.ino"}  # fmt: skip
    assert "name=net\n" in (tmp_path / "library.properties").read_text()


@pytest.mark.parametrize("name", ["", "9net", "a-b", "while"])
def test_c_rejects_a_name_that_is_none(name):
    with pytest.raises(UsageError, match="give another with --name"):
        c_files(trained_like(), name)


def test_c_rejects_other_words_and_layouts():
    with pytest.raises(UsageError, match="must be 32 or 64, not 16"):
        c_files(trained_like(), "net", samples=16)
    with pytest.raises(UsageError, match="must be one of plain, arduino, not 'flat'"):
        c_files(trained_like(), "net", layout="flat")


def test_a_name_is_that_of_the_files_too(lgn, tmp_path):
    trained_like().save(tmp_path / "some.lgn")
    assert lgn("export", tmp_path / "some.lgn", "--to", "c", "--name", "net")[0] == 0
    assert {path.name for path in tmp_path.iterdir()} == {"some.lgn", "net.c", "net.h"}
    code, _, err = lgn("export", tmp_path / "some.lgn", "--to", "c", "--name", "9 nets")
    assert (code, "'9 nets'" in err, "give another with --name" in " ".join(err.split())) == (
        2,
        1,
        1,
    )
