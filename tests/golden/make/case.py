# SPDX-License-Identifier: MIT
"""A case of the set: GROUP/NAME.json, its arrays in GROUP/NAME.npys, its files GROUP/NAME*.eqx."""

import io
import json
import math
import os

import equinox as eqx
import jax
import numpy as np

Key = jax.random.PRNGKey


def tuples(value):
    return tuple(map(tuples, value)) if isinstance(value, list) else value


def drawn(numbers, shape, scale=1.0):
    """An array of normal numbers of the default dtype."""
    dtype = np.float64 if jax.config.jax_enable_x64 else np.float32
    return jax.numpy.asarray((scale * numbers.normal(size=shape)).astype(dtype))


def describe(path, leaf):
    """A leaf of a model, as the JSON lists it."""
    row = {"path": jax.tree_util.keystr(path)}
    if isinstance(leaf, (jax.Array, np.ndarray, np.generic)):
        return {**row, "kind": "array", "dtype": leaf.dtype.str, "shape": list(leaf.shape)}
    kinds = {bool: "bool", int: "int", float: "float", str: "string", complex: "complex"}
    kind = kinds.get(type(leaf), "function")
    if kind == "float" and not math.isfinite(leaf):
        leaf = str(leaf)
    if kind == "complex":
        leaf = [leaf.real, leaf.imag]
    return {**row, "kind": kind} if kind == "function" else {**row, "kind": kind, "value": leaf}


class Writer:
    """One case: head holds the JSON's keys in their order."""

    def __init__(self, root, name, kind):
        self.root, self.name = root, name
        self.group, self.base = name.split("/")
        self.head = {"case": name, "kind": kind}
        self.records, self.table = io.BytesIO(), []
        os.makedirs(f"{root}/{self.group}", exist_ok=True)

    def add(self, name, array):
        array = np.asarray(array)
        np.lib.format.write_array(self.records, np.ascontiguousarray(array).reshape(array.shape),
                                  version=(1, 0))
        self.table.append({"name": name, "dtype": array.dtype.str, "shape": list(array.shape),
                           "offset": self.records.tell() - array.nbytes, "nbytes": array.nbytes})

    def add_leaves(self, prefix, tree):
        """The inexact arrays of a tree, by their paths."""
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
            if eqx.is_inexact_array(leaf):
                self.add(prefix + jax.tree_util.keystr(path), leaf)

    def add_outputs(self, prefix, tree):
        for i, leaf in enumerate(jax.tree_util.tree_leaves(tree)):
            self.add(f"{prefix}/{i}", leaf)

    def file(self, key, tree, suffix="", first=b""):
        """Writes the model, and names its file under `key`."""
        name = f"{self.base}{suffix}.eqx"
        with open(f"{self.root}/{self.group}/{name}", "wb") as file:
            file.write(first)
            eqx.tree_serialise_leaves(file, tree)
        self.head[key] = name

    def leaves(self, tree):
        self.head["leaves"] = [describe(*item)
                               for item in jax.tree_util.tree_leaves_with_path(tree)]

    def close(self):
        with open(f"{self.root}/{self.name}.npys", "wb") as file:
            file.write(self.records.getvalue())
        rows = lambda items: "[\n" + ",\n".join("  " + json.dumps(i) for i in items) + "\n ]"
        lines = [f" {json.dumps(key)}: " + (rows(value) if key in ("leaves", "ops") else
                                            json.dumps(value)) for key, value in self.head.items()]
        lines.append(' "arrays": ' + rows(self.table))
        with open(f"{self.root}/{self.name}.json", "w") as file:
            file.write("{\n" + ",\n".join(lines) + "\n}\n")


def half_squares(tree):
    """Half the sum of the squares of all inexact arrays; |z|^2 of complex ones."""
    return sum((abs(leaf)**2).sum() for leaf in jax.tree_util.tree_leaves(tree)) / 2
