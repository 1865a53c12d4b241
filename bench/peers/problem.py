# SPDX-License-Identifier: MIT
"""Problem lines as vernal-bench reads them, and the files it writes for the peers."""

import io
import os
from dataclasses import dataclass, field

import numpy as np

MODES = {"mlp": "step", "lenet5": "step", "mnistcnn": "step", "conv3x3": "grad", "dpsgd": "grad",
         "gru": "step", "spirals": "step", "transformer": "grad"}


@dataclass
class Problem:
    text: str
    family: str = ""
    dtype: str = "f32"
    dims: list = field(default_factory=list)
    options: dict = field(default_factory=dict)
    mode: str = ""

    def number(self, key, otherwise):
        return int(self.options.get(key, otherwise))

    def word(self, key, otherwise):
        return self.options.get(key, otherwise)

    @property
    def rate(self):
        usual = 1e-6 if self.family == "spirals" else 1e-2 if self.optimiser == "sgd" else 3e-4
        return float(self.options.get("lr", usual))

    @property
    def optimiser(self):
        return self.word("opt", "sgd")


def parse(text):
    family, *words = text.split()
    p = Problem(text, family, mode=MODES.get(family, ""))
    for word in words:
        if "=" in word:
            key, value = word.split("=")
            p.options[key] = value
        elif word in ("f32", "f64"):
            p.dtype = word
        elif word[0].isdigit():
            try:
                p.dims = [int(n) for n in word.split("-")]
            except ValueError:
                raise SystemExit(f"{text}: '{word}' is no list of sizes like 64-256-16") from None
        else:
            p.mode = word
    return p


def leaves(directory):
    """The records of model.eqx, one after the other."""
    with open(os.path.join(directory, "model.eqx"), "rb") as file:
        data = io.BytesIO(file.read())
    size, records = len(data.getvalue()), []
    while data.tell() < size:
        records.append(np.load(data))
    return records


def array(directory, name):
    return np.load(os.path.join(directory, name + ".npy"))
