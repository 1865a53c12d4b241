# SPDX-License-Identifier: MIT
"""Group prng: functions of PRNGKey(seed) in both layouts of threefry's counters."""

import jax

from case import Key, Writer, tuples

jnp, random = jax.numpy, jax.random
DTYPES = {"float32", "float64", "float16", "bfloat16"}
LEAST = {"int8": (-128, 128), "int16": (-1 << 15, 1 << 15), "int32": (-1 << 31, (1 << 31) - 1),
         "uint8": (0, 256), "uint16": (0, 1 << 16), "uint32": (0, (1 << 32) - 1),
         "int64": (-1 << 63, (1 << 63) - 1), "uint64": (0, (1 << 63) - 1)}
INITIALISERS = ("glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform",
                "lecun_normal")


def shape_of(r):
    return [r.randint(0 if r.random() < 0.1 else 1, 6) for _ in range(r.randint(0, 3))]


def ops_of(r, x64):
    floats = ["float64", "float32"] if x64 else ["float32"]
    words = ["uint8", "uint16", "uint32"] + (["uint64"] if x64 else [])
    integers = [d for d in LEAST if x64 or not d.endswith("64")]
    yield {"fn": "PRNGKey"}
    for num in r.randint(1, 40), [r.randint(1, 4), r.randint(1, 4)], [r.randint(1, 5)]:
        yield {"fn": "split", "num": num}
    for data in r.randrange(1 << 32), r.randrange(100):
        yield {"fn": "fold_in", "data": data}
    for dtype in words:
        yield {"fn": "bits", "shape": shape_of(r), "dtype": dtype}
        yield {"fn": "bits", "shape": [r.randint(1, 40)], "dtype": dtype}
    for dtype in floats + ["float16", "bfloat16"]:
        low = r.uniform(-9, 2)
        yield {"fn": "uniform", "shape": shape_of(r), "dtype": dtype, "minval": 0.0, "maxval": 1.0}
        yield {"fn": "uniform", "shape": [r.randint(1, 90)], "dtype": dtype, "minval": low,
               "maxval": low + r.uniform(0.1, 9)}
    for dtype in floats:
        for name in "normal", "gumbel", "exponential", "laplace", "logistic", "cauchy":
            yield {"fn": name, "shape": shape_of(r), "dtype": dtype}
        low = r.uniform(-3, 1)
        yield {"fn": "truncated_normal", "shape": shape_of(r), "dtype": dtype, "lower": low,
               "upper": low + r.uniform(0.2, 3)}
        # small ones: LAPACK's error grows with the condition
        yield {"fn": "orthogonal", "n": r.randint(1, 3), "dtype": dtype}
        yield {"fn": "orthogonal", "n": r.randint(1, 3), "m": r.randint(4, 6),
               "shape": shape_of(r), "dtype": dtype}
        for name in INITIALISERS:
            yield {"fn": name, "shape": [r.randint(1, 9), r.randint(1, 9)], "dtype": dtype}
        yield {"fn": "he_normal", "shape": [3, 2, r.randint(1, 4), r.randint(1, 4)], "dtype": dtype}
        yield {"fn": "orthogonal_init", "shape": [r.randint(1, 6), r.randint(1, 6)], "dtype": dtype}
    for dtype in integers:
        least, end = LEAST[dtype]
        end = end if x64 else min(end, (1 << 31) - 1)  # bounds are i32 there
        low = r.randint(least, end - 1)
        yield {"fn": "randint", "shape": shape_of(r), "dtype": dtype, "minval": low,
               "maxval": r.randint(low, end)}
        yield {"fn": "randint", "shape": [r.randint(1, 30)], "dtype": dtype, "minval": least,
               "maxval": end}
    for p in r.random(), 0.0, 1.0:
        yield {"fn": "bernoulli", "shape": shape_of(r), "p": p}
    yield {"fn": "permutation", "n": r.randint(1, 500)}
    dims = [r.randint(1, 5) for _ in range(r.randint(1, 3))]
    size = 1
    for d in dims:
        size *= d
    for independent in False, True:
        yield {"fn": "permutation", "x": f"arange({size}).reshape({','.join(map(str, dims))})",
               "axis": r.randrange(len(dims)), "independent": independent}
    n = r.randint(2, 9)
    weights = [r.randint(1, 9) for _ in range(n)]
    p = [i / sum(weights) for i in weights]
    for given in {}, {"p": p}:
        yield {"fn": "choice", "a": n, "shape": shape_of(r), "replace": True, **given}
        yield {"fn": "choice", "a": n, "shape": [r.randint(1, n)], "replace": False, **given}
    logits = [[[r.uniform(-3, 3) for _ in range(4)] for _ in range(3)] for _ in range(2)]
    for axis in 0, 1, -1:
        yield {"fn": "categorical", "logits": logits, "axis": axis}
    yield {"fn": "categorical", "logits": logits[0][0], "axis": -1, "shape": [r.randint(1, 9)]}
    yield {"fn": "categorical", "logits": logits[0], "axis": -1, "shape": [r.randint(1, 4), 3]}
    dtype = r.choice(["int32", "int8", "float32"])
    yield {"fn": "rademacher", "shape": shape_of(r), "dtype": dtype}


def run(op, key):
    a = {k: tuples(v) for k, v in op.items() if k not in ("fn", "array")}
    name = op["fn"]
    if "dtype" in a:
        a["dtype"] = jnp.dtype(a["dtype"])
    if name == "PRNGKey":
        return key
    if name in INITIALISERS or name == "orthogonal_init":
        made = jax.nn.initializers
        f = made.orthogonal() if name == "orthogonal_init" else getattr(made, name)()
        return f(key, a["shape"], a["dtype"])
    if name == "permutation" and "x" in a:
        inside, _, shape = a.pop("x").partition(").reshape(")
        x = jnp.arange(int(inside[len("arange("):]))
        a["x"] = x.reshape(tuple(map(int, shape.rstrip(")").split(","))))
    elif name == "permutation":
        return random.permutation(key, a["n"])
    for given in "p", "logits":
        if isinstance(a.get(given), tuple):
            a[given] = jnp.asarray(a[given])
    return getattr(random, name)(key, **a)


def make(root, case, r, x64, layout):
    seed = r.choice([r.randrange(1 << 31), r.randrange(1 << 32), r.randrange(1 << 50),
                     -r.randrange(1 << 31)])
    jax.config.update("jax_threefry_partitionable", layout == "partitionable")
    try:
        w = Writer(root, case, "prng")
        w.head.update(layout=layout, x64=x64, seed=seed, ops=[])
        for i, op in enumerate(ops_of(r, x64)):
            op = {"array": f"{i}_{op['fn']}", **op}
            w.head["ops"].append(op)
            w.add(op["array"], run(op, Key(seed)))
        w.close()
    finally:
        jax.config.update("jax_threefry_partitionable", True)


def jobs(x64):
    for layout in "partitionable", "original":
        for i in range(2):
            yield (f"prng/{layout}_{'x64' if x64 else 'x32'}_{i}",
                   lambda root, case, r, layout=layout: make(root, case, r, x64, layout))
