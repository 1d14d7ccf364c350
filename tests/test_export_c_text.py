"""The text of exported C: whatever classes and features are called, it compiles."""

import shutil
import subprocess
from dataclasses import replace

import pytest
from strategies import random_classifier

from lgn_hw.export.c_code import c_files
from lgn_hw.inference import why_not_compiled

pytestmark = pytest.mark.skipif(bool(why_not_compiled()), reason="; ".join(why_not_compiled()))


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is missing")
@pytest.mark.parametrize(
    "name",
    ["*/ int bad; /*", "/* open", "/*/ both */*", "\\", "a\n#error b", "??/", "a*\\/b", '"%s'],
)
def test_names_in_comments_compile_without_a_warning(tmp_path, name):
    made = random_classifier(5, features=6, bits=20, layers=(30, 24), classes=3)
    names = (name, *made.features.names[1:])
    features = replace(made.features, names=names, scale=[2.0, *made.features.scale[1:]])
    odd = replace(made, encoder=replace(made.encoder, features=features), classes=(name, "b", "c"))
    for path, data in c_files(odd, "net").items():
        (tmp_path / path).write_bytes(data)
    command = ["gcc", "-std=c99", "-trigraphs", "-pedantic", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([*command, "-fsyntax-only", tmp_path / "net.c"], check=True)
