"""A delivered folder with project texts, for the tests of each kind, and what runs in it."""

import importlib.util
import os
import subprocess
from dataclasses import replace

import numpy as np
from amaranth_bench import codes_of
from strategies import random_classifier

from lgn_hw.circuit.options import CoreOptions
from lgn_hw.delivery.design import make_design
from lgn_hw.delivery.folder import deliver
from lgn_hw.features import Features
from lgn_hw.tools.programs import search_path

VECTORS = 20


def classifier_of(seed=1):
    """Return a classifier with codes of several widths, signed ones and scaled ones."""
    own = random_classifier(seed, features=7, bits=20, layers=(20, 20), classes=3)
    low, high = [0, -8, 0, -3, 0, 0, 0], [15, 15, 15, 300, 15, 15, 15]
    offset, scale = [0.0, 0.0, 2.5, 0.0, 0.0, 0.0, -1.0], [1.0, 0.5, 1.0, 1.0, 1.0, 1.0, 0.1]
    features = Features(own.features.names, low, high, offset, scale)
    return replace(own, encoder=replace(own.encoder, features=features))


def delivery(folder, *projects, scores=True, data_bits=32, wrapper="axi"):
    classifier = classifier_of()
    design = make_design(
        classifier, CoreOptions(registers=1, scores=scores),
        wrapper=wrapper, data_bits=data_bits, clock_mhz=50,
    )  # fmt: skip
    codes = codes_of(classifier, VECTORS, np.random.default_rng(0))
    manifest = deliver(classifier, design, codes, folder, projects=projects)
    return classifier, design, codes, manifest


def run(command, folder, **variables):
    environment = {**os.environ, "PATH": search_path(), **variables}
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


def load(path):
    """Import a file under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"delivered_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
