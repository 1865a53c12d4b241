# SPDX-License-Identifier: MIT
"""The Python of docs/howto/files.md, on the files that files.c wrote."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../python"))
try:
    import numpy as np
except ModuleNotFoundError:
    print("skipped: no numpy")
    sys.exit(77)
from vernal_export import from_torch, read, read_safetensors, to_torch, write

arrays = read("model.safetensors")
print(arrays["layers.0.weight"].shape)
arrays["layers.0.weight"] *= 0.5
write("scaled.npz", arrays)

state = {"0.weight": np.ones((8, 1, 3, 3), "f4"), "0.bias": np.zeros(8, "f4")}
rename = {r"^(\d+)\.": r"layers.\1."}
model = from_torch(state, rename=rename)
assert model["layers.0.bias"].shape == (8, 1, 1)
assert to_torch(model, like=state, rename=rename)["0.bias"].shape == (8,)

assert read_safetensors("model.safetensors")[1] == {"trained_on": "noise"}
assert set(read("scaled.npz")) == set(arrays)
