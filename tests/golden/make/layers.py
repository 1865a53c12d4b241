# SPDX-License-Identifier: MIT
"""Group layers: stateless layers, called in the ways that the set knows, and Shared."""

import equinox as eqx
import jax
import numpy as np
from equinox.nn._embedding import internal_rope_embedding_cache

from build import build, perturbed
from case import Key, Writer, drawn, half_squares
from layer_args import CLASSES

jnp = jax.numpy
START_AT_ONE = ("LayerNorm", "RMSNorm", "GroupNorm", "WeightNorm", "Sequential")
HALVES = ("Linear", "LayerNorm", "RMSNorm", "GroupNorm")  # cases in bf16 and f16 too
SCAN = {"GRUCell": ("h_0 = 0", "h"), "LSTMCell": ("(h,c)_0 = 0", "hc")}


def scan(layer, xs, every):
    """Step after step, not with lax.scan: of a mapped one XLA for CPUs (JAX 0.10.2) has given
    gradients that differ from those of the loop and from finite differences (GRUCell, f64)."""
    zero = jnp.zeros(layer.hidden_size, xs.dtype)
    h, states = (zero, zero) if isinstance(layer, eqx.nn.LSTMCell) else zero, []
    for x in xs:
        h = layer(x, h)
        states.append(h)
    return jax.tree_util.tree_map(lambda *h: jnp.stack(h), *states) if every else h


def scanned(name, r):
    """(words, function) of a cell run over a sequence."""
    start, states = SCAN[name]
    if r.random() < 0.5:
        words = f"{start}; h_k = layer(x[k], h_{{k-1}}); " + ", ".join(
            f"out/{i} = all {s}_k stacked" for i, s in enumerate(states))
        return words, lambda layer, v: scan(layer, v["x"], True), False
    words = f"vmap over the batch; {start}; scanned over axis 1; " + ", ".join(
        f"out/{i} = last {s}" for i, s in enumerate(states))
    each = lambda layer, v: jax.vmap(lambda xs: scan(layer, xs, False))(v["x"])
    return words, each, True


def attention_extras(r, arguments, shapes):
    """A mask, a key or rotated heads for a call of attention: (words, masked, keywords)."""
    heads, size = arguments["num_heads"], arguments["query_size"]
    q, kv = shapes.get("q", shapes.get("x"))[0], shapes.get("k", shapes.get("x"))[0]
    dropping = arguments.get("dropout_p", 0) > 0 and not arguments.get("inference", False)
    keywords, words = {}, ""
    if dropping:
        seed = r.randint(0, 1000)
        keywords, words = {"key": Key(seed)}, f"key=PRNGKey({seed})"
    each = arguments.get("qk_size", size // heads)
    if not dropping and each % 2 == 0 and r.random() < 0.3:
        rope = eqx.nn.RotaryPositionalEmbedding(each)
        turn = jax.vmap(rope, in_axes=1, out_axes=1)
        keywords = {"process_heads": lambda q, k, v: (turn(q), turn(k), v)}
        words = f"RotaryPositionalEmbedding({each})"
    mask = r.choice([None, [q, kv], [heads, q, kv]])
    return words, mask, keywords


def called(name, r, arguments, shapes, half):
    """(words of the call, layer, inputs -> result, shapes of the inputs, mask's shape)"""
    names, keywords, mask, tail = list(shapes), {}, None, ""
    if name in SCAN and r.random() < 0.5:
        words, run, batched = scanned(name, r)
        lead = [r.randint(1, 4), r.randint(2, 9)] if batched else [r.randint(1, 9)]
        return words, run, {"x": lead + shapes["x"]}, None
    if name == "MultiheadAttention":
        extra, mask, keywords = attention_extras(r, arguments, shapes)
        names = names * 3 if names == ["x"] else names
        names += ["mask"] if mask else []
        if extra.startswith("Rotary"):
            tail = f", process_heads = {extra} over axis 1 of the query and key heads"
        elif extra:
            names.append(extra)
    elif name in ("Dropout", "Sequential") and not arguments.get("inference", False):
        seed = r.randint(0, 1000)
        keywords = {"key": Key(seed)}
        names.append(f"key=PRNGKey({seed})")
    if name == "LSTMCell":
        names, tail = ["x", "(h, c)"], "; out/0 = h, out/1 = c"
    elif name == "Sequential":
        tail = "; 'layers' lists [class, args, seed]"

    def run(layer, v):
        if name == "LSTMCell":
            return layer(v["x"], (v["h"], v["c"]))
        return layer(*[v[n] for n in names if n in v], **keywords)

    plain = f"layer({', '.join(names)}){tail}"
    if keywords or mask or half or r.random() < 0.6:  # JAX sums examples in bf16 itself
        return plain, run, shapes, mask
    n = r.randint(1, 9)
    return ("vmap(" + plain.replace("layer(", "layer)(", 1),
            lambda layer, v: jax.vmap(lambda one: run(layer, one))(v),
            {key: [n] + shape for key, shape in shapes.items()}, None)


def inputs_of(name, arguments, shapes, mask, numbers, dtype):
    v = {}
    for key, shape in shapes.items():
        v[key] = drawn(numbers, shape)
        v[key] = v[key].astype(dtype) if dtype else v[key]
    if name == "Embedding":
        n = arguments.get("num_embeddings") or len(arguments["weight"])
        v["i"] = jnp.asarray(numbers.integers(-n - 2, n + 2, size=shapes["i"]), jnp.int32)
    if mask:
        v["mask"] = jnp.asarray(numbers.random(mask) < 0.6)
    return v


def make_layer(root, case, name, r, x64, dtype=None):
    arguments, shapes = CLASSES[name](r)
    seed = r.choice([r.randrange(1 << 31), r.randrange(1 << 40), -r.randrange(1 << 31)])
    numbers = np.random.default_rng(r.randrange(1 << 30))
    if dtype and (not name.endswith("Norm") or r.random() < 0.5):
        arguments["dtype"] = dtype
    words, run, shapes, mask = called(name, r, arguments, shapes, dtype is not None)
    inputs = inputs_of(name, arguments, shapes, mask, numbers, dtype)
    layer = build(name, arguments, seed)
    w = Writer(root, case, "layer")
    w.head.update(layer=name, seed=seed, x64=x64, args=arguments, call=words)
    if name in START_AT_ONE:
        init, layer = layer, perturbed(layer, numbers)
        w.file("eqx", layer)
        w.file("eqx_init", init, ".init")
    else:
        w.file("eqx", layer)
    w.leaves(layer)
    internal_rope_embedding_cache.clear()  # it knows no theta
    for key, value in inputs.items():
        w.add(f"in/{key}", value)
    w.add_outputs("out", run(layer, inputs))
    apart = {k: v for k, v in inputs.items() if not eqx.is_inexact_array(v)}
    moving = {k: v for k, v in inputs.items() if k not in apart}
    loss = lambda both: half_squares(run(both[0], {**both[1], **apart}))
    d_layer, d_inputs = eqx.filter_grad(loss)((layer, moving))
    w.add_leaves("grad/", d_layer)
    for key, leaf in d_inputs.items():
        w.add(f"grad_in/{key}", leaf)
    if name == "MLP" and arguments["depth"] == 0 and "final_activation" in arguments:
        act = layer.final_activation
        if isinstance(act, eqx.nn.PReLU):
            raise ValueError("a PReLU that Equinox skips")
        w.add_outputs("out_final_activation_applied", act(run(layer, inputs)))
    w.close()


def make_shared(root, case, r, x64):
    n, size = r.randint(1, 9), r.randint(1, 6)
    seed = r.randrange(1 << 20)
    a, b = jax.random.split(Key(seed))
    numbers = np.random.default_rng(seed)
    pair = (eqx.nn.Embedding(n, size, key=a), eqx.nn.Linear(size, n, key=b))
    shared = eqx.nn.Shared(pair, lambda p: p[1].weight, lambda p: p[0].weight)
    i = jnp.asarray(numbers.integers(0, n, size=r.randint(1, 12)), jnp.int32)

    def run(shared):
        emb, lin = shared()
        return jax.vmap(lambda k: lin(jnp.tanh(emb(k))))(i)

    w = Writer(root, case, "shared")
    w.head.update(seed=seed, x64=x64, args={"num_embeddings": n, "embedding_size": size},
                  call="(emb, lin) = Shared((Embedding, Linear), where=lin.weight, "
                       "get=emb.weight)(); out[k] = lin(tanh(emb(i[k])))")
    w.leaves(shared)
    w.file("eqx", shared)
    w.add("in/i", i)
    w.add_outputs("out", run(shared))
    w.add_leaves("grad/", eqx.filter_grad(lambda s: half_squares(run(s)))(shared))
    w.close()


def jobs(x64):
    """(name of the case, function of (root, case, random numbers)) of each."""
    tail = "_f64" if x64 else ""
    for name in CLASSES:
        for i in range(4):
            yield (f"layers/{name.lower()}_{i}{tail}",
                   lambda root, case, r, name=name: make_layer(root, case, name, r, x64))
    for i in range(3):
        yield f"layers/shared_{i}{tail}", lambda root, case, r: make_shared(root, case, r, x64)
    for name in () if x64 else HALVES:
        for dtype in "bfloat16", "float16":
            for i in range(2):
                yield (f"layers/{dtype}_{name.lower()}_{i}",
                       lambda root, case, r, name=name, dtype=dtype:
                       make_layer(root, case, name, r, x64, dtype))
