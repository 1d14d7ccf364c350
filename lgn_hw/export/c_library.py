"""A library's folder around the C, as Arduino and PlatformIO want it.

The file names and keys are those of Arduino's library specification and of PlatformIO's
library.json.
"""

import json

from lgn_hw.classifier import Classifier
from lgn_hw.counted import counted
from lgn_hw.version import __version__

__all__ = ["library_files"]

SKETCH = """\
// Classifies one sample and prints its class: fill `sample` from your sensor.
#include <{name}.h>

static {name}_feature sample[{NAME}_FEATURES];

void setup() {{
  Serial.begin(115200);
  if ({name}_check() != 0) Serial.println("the tables in flash are damaged");
}}

void loop() {{
  Serial.println({name}_classify(sample));
  delay(1000);
}}
"""


def library_files(classifier: Classifier, name: str, files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files under src/, beside what describes them, and an example.

    files: the header and the source by name. Returns all files of the library by their paths.
    """
    sentence = (
        f"A logic gate network with {counted(len(classifier.features), 'feature')} and"
        f" {classifier.num_classes} classes"
    )
    properties = {
        "name": name,
        "version": __version__,
        "author": "lgn-hw",
        "maintainer": "lgn-hw",
        "sentence": sentence,
        "paragraph": f"Written by lgn export from the classifier {classifier.digest}.",
        "category": "Data Processing",
        "url": "",
        "architectures": "*",
        "includes": f"{name}.h",
    }
    manifest = {
        "name": name,
        "version": __version__,
        "description": sentence,
        "frameworks": "*",
        "platforms": "*",
        "headers": f"{name}.h",
    }
    lines = "".join(f"{key}={value}\n" for key, value in properties.items())
    sketch = SKETCH.format(name=name, NAME=name.upper())
    return {f"src/{path}": data for path, data in files.items()} | {
        "library.properties": lines.encode(),
        "library.json": (json.dumps(manifest, indent=2) + "\n").encode(),
        "examples/classify/classify.ino": sketch.encode(),
    }
