# SPDX-License-Identifier: MIT
"""Makes a second set of golden cases of layers, with drawn shapes, seeds and arguments, in the
format of the first one. It needs JAX and Equinox (bench/peers/requirements.txt).

    python tests/golden/make.py FOLDER [SEED]
    VN_GOLDEN_DIR=FOLDER ./dev test golden
"""
import functools
import io
import json
import os
import random
import subprocess
import sys

CASES = 6  # of each class, in each precision


def conv(r, n, transpose=False):
    groups = r.choice([1, 1, 2])
    one = lambda lo, hi: r.choice([r.randint(lo, hi), [r.randint(lo, hi) for _ in range(n)]])
    a = {"in_channels": groups * r.randint(1, 3), "out_channels": groups * r.randint(1, 3),
         "kernel_size": one(1, 3), "stride": one(1, 3), "dilation": one(1, 2),
         "use_bias": r.random() < 0.7, "groups": groups}
    pairs = [[r.randint(0, 2), r.randint(0, 2)] for _ in range(n)]
    a["padding"] = r.choice([0, one(0, 2), pairs, "SAME", "SAME_LOWER", "valid", "same"])
    if transpose:
        stride = a["stride"] if isinstance(a["stride"], list) else [a["stride"]] * n
        a["output_padding"] = [r.randint(0, s - 1) for s in stride]
        if r.random() < 0.3:
            a.update(padding=r.choice(["SAME", "SAME_LOWER"]), output_padding=0,
                     padding_mode="CIRCULAR")
    else:
        a["padding_mode"] = r.choice(["ZEROS", "ZEROS", "REFLECT", "REPLICATE", "CIRCULAR"])
    return a, {"x": [a["in_channels"]] + [r.randint(6, 9) for _ in range(n)]}


def pool(r, n):
    k = [r.randint(1, 3) for _ in range(n)]
    a = {"kernel_size": k, "stride": [r.randint(1, 3) for _ in range(n)],
         "padding": [[r.randint(0, max(0, i - 1)), 0] for i in k]}
    if r.random() < 0.4:
        a.update(use_ceil=True, stride=[r.randint(1, i) for i in k])
    return a, {"x": [r.randint(1, 3)] + [r.randint(5, 8) for _ in range(n)]}


def adaptive(r, n):
    size = [r.randint(4, 9) for _ in range(n)]
    return {"target_shape": [r.randint(1, i) for i in size]}, {"x": [r.randint(1, 3)] + size}


def linear(r):
    i, o = (r.choice([r.randint(0, 9), "scalar"]) for _ in range(2))
    return ({"in_features": i, "out_features": o, "use_bias": r.random() < 0.7},
            {"x": [] if i == "scalar" else [i]})


def mlp(r):
    i, o = (r.choice([r.randint(1, 6), "scalar"]) for _ in range(2))
    a = {"in_size": i, "out_size": o, "width_size": r.randint(1, 9), "depth": r.randint(1, 4),
         "use_bias": r.random() < 0.7, "use_final_bias": r.random() < 0.7,
         "scan": r.random() < 0.4, "activation": r.choice(["tanh", "relu", "PReLU"])}
    return a, {"x": [] if i == "scalar" else [i]}


def cell(r, lstm):
    i, h = r.randint(1, 7), r.randint(1, 7)
    a = {"input_size": i, "hidden_size": h, "use_bias": r.random() < 0.6}
    return a, ({"x": [i], "h": [h], "c": [h]} if lstm else {"x": [i], "h": [h]})


def norm(r):
    shape = [r.randint(2, 5) for _ in range(r.randint(1, 3))]
    return ({"shape": shape, "eps": r.choice([1e-5, 1e-3]), "use_weight": r.random() < 0.6,
             "use_bias": r.random() < 0.6}, {"x": shape})


def group_norm(r):
    g = r.randint(1, 3)
    a = {"groups": g, "channels": g * r.randint(1, 3), "channelwise_affine": r.random() < 0.7}
    return a, {"x": [a["channels"]] + [r.randint(2, 4) for _ in range(r.randint(1, 2))]}


def attention(r):
    q, k, v = (r.randint(2, 6) for _ in range(3))
    a = {"num_heads": r.randint(1, 3), "query_size": q, "key_size": k, "value_size": v,
         "output_size": r.randint(1, 6), "qk_size": r.randint(1, 4), "vo_size": r.randint(1, 4)}
    for name in "query", "key", "value", "output":
        a[f"use_{name}_bias"] = r.random() < 0.5
    n, m = r.randint(1, 6), r.randint(1, 6)
    return a, {"q": [n, q], "k": [m, k], "v": [m, v]}


def rotary(r):
    e = 2 * r.randint(1, 5)
    return {"embedding_size": e}, {"x": [r.randint(1, 9), e]}


CLASSES = {
    "Linear": linear, "MLP": mlp, "GRUCell": lambda r: cell(r, False),
    "LSTMCell": lambda r: cell(r, True), "LayerNorm": norm, "RMSNorm": norm,
    "GroupNorm": group_norm, "MultiheadAttention": attention,
    "RotaryPositionalEmbedding": rotary,
}
for dims in 1, 2, 3:
    CLASSES[f"Conv{dims}d"] = functools.partial(conv, n=dims)
    CLASSES[f"ConvTranspose{dims}d"] = functools.partial(conv, n=dims, transpose=True)
    for kind in "Max", "Avg":
        CLASSES[f"{kind}Pool{dims}d"] = functools.partial(pool, n=dims)
        CLASSES[f"Adaptive{kind}Pool{dims}d"] = functools.partial(adaptive, n=dims)


def tuples(value):
    return tuple(map(tuples, value)) if isinstance(value, list) else value


def build(name, arguments, seed):
    import equinox as eqx
    import inspect
    import jax

    cls = getattr(eqx.nn, name)
    args = {key: tuples(value) for key, value in arguments.items()}
    named = {"tanh": jax.numpy.tanh, "relu": jax.nn.relu, "PReLU": eqx.nn.PReLU()}
    if "activation" in args:
        args["activation"] = named[args["activation"]]
    if "key" in inspect.signature(cls.__init__).parameters:
        args["key"] = jax.random.PRNGKey(seed)
    return cls(**args)


class Records:
    """Arrays of a case, as .npy records one after the other."""

    def __init__(self):
        self.file, self.table = io.BytesIO(), []

    def add(self, name, array):
        import numpy as np

        array = np.asarray(array)
        np.lib.format.write_array(self.file, array, version=(1, 0))
        self.table.append({"name": name, "dtype": array.dtype.str, "shape": list(array.shape),
                           "offset": self.file.tell() - array.nbytes, "nbytes": array.nbytes})


def write_case(folder, case, name, arguments, shapes, seed, x64):
    import equinox as eqx
    import jax
    import numpy as np

    numbers = np.random.default_rng(seed)
    dtype = np.float64 if x64 else np.float32
    inputs = {k: jax.numpy.asarray(numbers.normal(size=s).astype(dtype)) for k, s in shapes.items()}
    layer = build(name, arguments, seed)
    lstm = name == "LSTMCell"

    def run(layer, inputs):
        v = [inputs[key] for key in shapes]  # JAX sorts the keys of a dict
        return layer(v[0], tuple(v[1:])) if lstm else layer(*v)

    def loss(both):
        return sum((leaf**2).sum() for leaf in jax.tree_util.tree_leaves(run(*both))) / 2

    records = Records()
    for key, value in inputs.items():
        records.add(f"in/{key}", value)
    for i, leaf in enumerate(jax.tree_util.tree_leaves(run(layer, inputs))):
        records.add(f"out/{i}", leaf)
    d_layer, d_inputs = eqx.filter_grad(loss)((layer, inputs))
    for path, leaf in jax.tree_util.tree_leaves_with_path(d_layer):
        records.add("grad/" + jax.tree_util.keystr(path), leaf)
    for key, leaf in d_inputs.items():
        records.add(f"grad_in/{key}", leaf)
    eqx.tree_serialise_leaves(f"{folder}/{case}.eqx", layer)
    with open(f"{folder}/{case}.npys", "wb") as file:
        file.write(records.file.getvalue())
    call = "layer(x, (h, c))" if lstm else f"layer({', '.join(inputs)})"
    head = {"case": f"layers/{case}", "kind": "layer", "layer": name, "seed": seed, "x64": x64,
            "args": arguments, "call": call, "eqx": f"{case}.eqx"}
    with open(f"{folder}/{case}.json", "w") as file:
        file.write("{\n" + "".join(f" {json.dumps(k)}: {json.dumps(v)},\n" for k, v in head.items()))
        rows = ",\n".join("  " + json.dumps(row) for row in records.table)
        file.write(' "arrays": [\n' + rows + "\n ]\n}\n")


def make(root, first_seed, x64):
    import jax

    jax.config.update("jax_enable_x64", x64)
    folder = f"{root}/layers"
    os.makedirs(folder, exist_ok=True)
    made = refused = 0
    for name, draw in CLASSES.items():
        for i in range(CASES):
            r = random.Random(f"{first_seed} {name} {i} {x64}")
            arguments, shapes = draw(r)
            case = f"{name.lower()}_{i}" + ("_f64" if x64 else "")
            try:
                write_case(folder, case, name, arguments, shapes, r.randrange(1 << 30), x64)
                made += 1
            except (ValueError, RuntimeError, TypeError, NotImplementedError, IndexError) as error:
                refused += 1
                print(f"{case}: not made: {type(error).__name__}: {str(error)[:90]}")
    print(f"{made} cases made, {refused} refused by Equinox")


if __name__ == "__main__":
    if "--x64" in sys.argv or "--x32" in sys.argv:
        make(sys.argv[1], sys.argv[2], "--x64" in sys.argv)
    else:
        seed = sys.argv[2] if len(sys.argv) > 2 else "1"
        for precision in "--x32", "--x64":
            subprocess.run([sys.executable, __file__, sys.argv[1], seed, precision], check=True)
