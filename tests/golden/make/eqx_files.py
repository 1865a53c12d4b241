# SPDX-License-Identifier: MIT
"""Group eqx: files alone, of models and of trees with every dtype and kind of leaf."""

import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from build import build
from case import Key, Writer
from layer_args import CLASSES
from train_models import CNN, RNN, Stateful, Transformer

DTYPES = ["float32", "float16", "bfloat16", "int8", "int16", "int32", "uint8", "uint16", "uint32",
          "bool"]


def shape_of(r):
    return [r.randint(0 if r.random() < 0.15 else 1, 3) for _ in range(r.randint(0, 8))]


def array(r, numbers, dtype, shape=None):
    return (8 * numbers.normal(size=shape_of(r) if shape is None else shape)).astype(dtype)


def dtypes_tree(r, numbers, x64):
    more = ["float64", "int64", "uint64"]
    tree = {d: jnp.asarray(array(r, numbers, jnp.dtype(d))) for d in DTYPES + (more if x64 else [])}
    tree.update({f"np_{d}": array(r, numbers, d) for d in more})
    tree["np_scalar"] = np.float32(numbers.normal())
    tree["nested"] = [jnp.asarray(array(r, numbers, "f4")),
                      (None, {"b": jnp.zeros((0, 2)), "a": jnp.ones([1] * 8)})]
    return tree


def fortran_tree(r, numbers, x64):
    shape = lambda: [r.randint(2, 4) for _ in range(r.randint(2, 4))]
    make = lambda d: np.asfortranarray(array(r, numbers, d, shape()))
    return {"a": make("f4"), "b": make("f8"), "c": array(r, numbers, "i4"), "d": [make("i8")]}


def scalars_tree(r, numbers, x64):
    text = "".join(r.choice('abc "\\/\u00e9\u4e2d\n{}:,') for _ in range(r.randint(0, 9)))
    return {"b": [True, False], "f": [r.uniform(-1, 1) * 10.0**r.randint(-300, 300), 0.0, -0.0,
                                     float("inf"), float("-inf"), 1 / 3],
            "i": [0, -1, r.randint(-(1 << 62), 1 << 62), (1 << 63) - 1, -(1 << 63), 1 << 53],
            "s": text, "none": None, "x": jnp.asarray(numbers.normal(size=2).astype("f4")),
            "f2": (), "nested": {"k": (1, [2.5, {"z": True}])}}


def layer_tree(r, numbers, x64):
    name = r.choice(sorted(CLASSES))
    return build(name, CLASSES[name](r)[0], r.randrange(1000))


def stateful_tree(r, numbers, x64):
    width, mode = r.randint(1, 6), r.choice(["ema", "batch"])
    make = lambda: Stateful(3, width, mode, Key(r.randrange(99)))
    which = r.randrange(3)
    if which == 0:
        return make()
    return eqx.nn.make_with_state(make)()[which - 1]


def model_tree(r, numbers, x64):
    key = Key(r.randrange(99))
    return r.choice([lambda: RNN(r.randint(1, 6), key), lambda: CNN(key),
                     lambda: Transformer(5, 4, 2, 1 + r.randrange(3), 3, key)])()


def line_tree(r, numbers, x64):
    return build("MLP", CLASSES["MLP"](r)[0], 3)


TREES = {"dtypes": dtypes_tree, "fortran": fortran_tree, "scalars": scalars_tree,
         "layer": layer_tree, "stateful": stateful_tree, "model": model_tree, "line": line_tree}


def make(root, case, r, x64, kind):
    numbers = np.random.default_rng(r.randrange(1 << 30))
    tree = TREES[kind](r, numbers, x64)
    line = kind == "line"
    w = Writer(root, case, "eqx with a JSON line first" if line else "eqx")
    w.head["note"] = "one line of JSON, then the leaves" if line else ""
    first = json.dumps({"made": "by a test", "numbers": [1, 2.5], "nested": {"a": None}}) + "\n"
    w.leaves(tree)
    w.file("eqx", tree, first=first.encode() if line else b"")
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        if eqx.is_array(leaf):
            w.add("leaf/" + jax.tree_util.keystr(path), leaf)
    w.close()


def jobs(x64):
    tail = "_x64" if x64 else ""
    for kind in TREES:
        for i in range(2 if kind != "layer" else 6):
            yield (f"eqx/{kind}_{i}{tail}",
                   lambda root, case, r, kind=kind: make(root, case, r, x64, kind))
