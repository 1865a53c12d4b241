# SPDX-License-Identifier: MIT
"""Drawn constructor arguments of layers, the shapes of their inputs, and words of the call."""

import functools

NAMES = ["relu", "tanh", "sigmoid", "softplus", "silu", "gelu", "selu", "soft_sign", "mish",
         "squareplus", "log_sigmoid", "elu", "celu", "leaky_relu", "hard_tanh", "relu6", "sin",
         "hard_sigmoid", "hard_silu", "square", "exp", "cos", "abs"]


def some(r, probability, **arguments):
    """The arguments, each with that probability: defaults are left out."""
    return {key: value for key, value in arguments.items() if r.random() < probability}


def conv(r, n, transpose=False, base=False):
    groups = r.choice([1, 1, 2])
    one = lambda lo, hi: r.choice([r.randint(lo, hi), [r.randint(lo, hi) for _ in range(n)]])
    a = {"in_channels": groups * r.randint(1, 3), "out_channels": groups * r.randint(1, 3),
         "kernel_size": one(1, 4)}
    a.update(some(r, 0.6, stride=one(1, 3), dilation=one(1, 2), groups=groups))
    groups = a.get("groups", 1)
    a["in_channels"] -= a["in_channels"] % groups
    a.update(some(r, 0.3, use_bias=False))
    pairs = [[r.randint(0, 2), r.randint(0, 2)] for _ in range(n)]
    a.update(some(r, 0.8, padding=r.choice([0, one(0, 2), pairs, "SAME", "SAME_LOWER", "valid",
                                            "same", "VALID", "same_lower"])))
    if transpose:
        stride = a.get("stride", 1)
        stride = stride if isinstance(stride, list) else [stride] * n
        a.update(some(r, 0.6, output_padding=[r.randint(0, s - 1) for s in stride]))
        if r.random() < 0.3:
            a.update(padding=r.choice(["SAME", "SAME_LOWER"]), padding_mode="CIRCULAR")
            a.pop("output_padding", None)
    else:
        a.update(some(r, 0.6, padding_mode=r.choice(["ZEROS", "REFLECT", "REPLICATE", "CIRCULAR",
                                                     "reflect", "circular"])))
    if base:
        a = {"num_spatial_dims": n, **a}
    return a, {"x": [a["in_channels"]] + [r.randint(5, 9) for _ in range(n)]}


def pool(r, n):
    k = [r.randint(1, 3) for _ in range(n)]
    a = {"kernel_size": k}
    a.update(some(r, 0.7, stride=[r.randint(1, 3) for _ in range(n)],
                  padding=[[r.randint(0, max(0, i - 1)), r.randint(0, max(0, i - 1))] for i in k]))
    if r.random() < 0.4:
        a.update(use_ceil=True, stride=[r.randint(1, i) for i in k])
    if r.random() < 0.4:
        a = {"kernel_size": r.randint(1, 3), **some(r, 0.5, stride=r.randint(1, 3), padding=1)}
    return a, {"x": [r.randint(1, 3)] + [r.randint(5, 8) for _ in range(n)]}


def any_pool(r):
    n = r.randint(1, 4)
    a, x = pool(r, n)
    name, init = r.choice([("add", 0.0), ("max", "-inf")])
    return {"init": init, "operation": name, "num_spatial_dims": n, **a}, x


def any_adaptive(r):
    n = r.randint(1, 3)
    a, x = adaptive(r, n)
    return {**a, "num_spatial_dims": n, "operation": r.choice(["max", "mean", "min", "sum"])}, x


def adaptive(r, n):
    size = [r.randint(4, 9) for _ in range(n)]
    target = r.choice([r.randint(1, min(size)), [r.randint(1, i) for i in size]])
    return {"target_shape": target}, {"x": [r.randint(1, 3)] + size}


def linear(r):
    i, o = (r.choice([r.randint(0, 17), r.randint(1, 40), "scalar"]) for _ in range(2))
    return ({"in_features": i, "out_features": o, **some(r, 0.3, use_bias=False)},
            {"x": [] if i == "scalar" else [i]})


def mlp(r):
    i, o = (r.choice([r.randint(1, 6), "scalar"]) for _ in range(2))
    a = {"in_size": i, "out_size": o, "width_size": r.randint(1, 17), "depth": r.randint(0, 4)}
    a.update(some(r, 0.6, activation=r.choice(NAMES + ["PReLU"] * 4)))
    a.update(some(r, 0.4, final_activation=r.choice(NAMES + ["PReLU"] * 4)))
    a.update(some(r, 0.3, use_bias=False, use_final_bias=False, scan=True))
    return a, {"x": [] if i == "scalar" else [i]}


def cell(r, lstm):
    i, h = r.randint(1, 7), r.randint(1, 7)
    a = {"input_size": i, "hidden_size": h, **some(r, 0.4, use_bias=False)}
    return a, ({"x": [i], "h": [h], "c": [h]} if lstm else {"x": [i], "h": [h]})


def norm(r):
    shape = [r.randint(2, 5) for _ in range(r.randint(1, 3))]
    given = shape[0] if len(shape) == 1 and r.random() < 0.5 else shape
    return ({"shape": given, **some(r, 0.4, eps=r.choice([1e-6, 1e-3, 0.1]), use_weight=False,
                                    use_bias=False)}, {"x": shape})


def group_norm(r):
    g = r.randint(1, 4)
    a = {"groups": g, "channels": g * r.randint(1, 3)}
    fewest = 0 if a["channels"] > g else 1
    x = [a["channels"]] + [r.randint(2, 4) for _ in range(r.randint(fewest, 3))]
    a.update(some(r, 0.4, eps=1e-3))
    if r.random() < 0.4:
        a["channelwise_affine"] = False
        if r.random() < 0.5:
            del a["channels"]
    return a, {"x": x}


def attention(r):
    heads = r.randint(1, 4)
    if r.random() < 0.4:
        q = heads * r.randint(1, 4)
        a, shapes = {"num_heads": heads, "query_size": q}, {"x": [r.randint(1, 7), q]}
    else:
        q, k, v = (heads * r.randint(1, 3) for _ in range(3))
        n, m = r.randint(1, 6), r.randint(1, 6)
        a = {"num_heads": heads, "query_size": q, "key_size": k, "value_size": v}
        a.update(some(r, 0.5, output_size=r.randint(1, 9), qk_size=r.randint(1, 5),
                      vo_size=r.randint(1, 5)))
        shapes = {"q": [n, q], "k": [m, k], "v": [m, v]}
    for name in "query", "key", "value", "output":
        a.update(some(r, 0.4, **{f"use_{name}_bias": True}))
    a.update(some(r, 0.3, dropout_p=r.choice([0.1, 0.5, 0.75]), inference=True))
    return a, shapes


def rotary(r):
    e = 2 * r.randint(1, 5)
    return ({"embedding_size": e, **some(r, 0.5, theta=r.choice([100.0, 500000.0, 7.5]))},
            {"x": [r.randint(1, 9), e]})


def embedding(r):
    n, size = r.randint(1, 9), r.randint(1, 6)
    if r.random() < 0.3:
        rows = [[r.randint(-8, 8) / 4 for _ in range(size)] for _ in range(n)]
        return {"weight": rows}, {"i": []}
    return {"num_embeddings": n, "embedding_size": size}, {"i": []}


def dropout(r):
    shape = [r.randint(1, 6) for _ in range(r.randint(0, 3))]
    return (some(r, 0.6, p=r.choice([0.0, 0.2, 0.7, 0.9]), inference=r.random() < 0.5),
            {"x": shape})


def prelu(r):
    shape = [r.randint(1, 5) for _ in range(r.randint(1, 3))]
    alpha = r.choice([0.1, -0.5, [r.randint(1, 9) / 8 for _ in range(shape[-1])]])
    return some(r, 0.7, init_alpha=alpha), {"x": shape}


def identity(r):
    return {}, {"x": [r.randint(1, 4) for _ in range(r.randint(0, 4))]}


def lambda_(r):
    return {"fn": r.choice(NAMES)}, identity(r)[1]


def inner(r, n):
    """Layers from n features to others, as [class, arguments, seed], and how many others."""
    kind = r.choice(["Linear", "MLP", "LayerNorm", "RMSNorm", "Lambda", "Dropout", "Identity"])
    m = r.randint(1, 6)
    arguments = {"Linear": {"in_features": n, "out_features": m},
                 "MLP": {"in_size": n, "out_size": m, "width_size": 3, "depth": r.randint(0, 2)},
                 "LayerNorm": {"shape": n, "use_bias": r.random() < 0.5}, "RMSNorm": {"shape": [n]},
                 "Lambda": {"fn": r.choice(NAMES)}, "Dropout": {"p": r.choice([0.0, 0.4])},
                 "Identity": {}}[kind]
    return [kind, arguments, r.randint(0, 99)], m if kind in ("Linear", "MLP") else n


def sequential(r):
    n = width = r.randint(1, 6)
    layers = []
    for _ in range(r.randint(1, 5)):
        layer, width = inner(r, width)
        layers.append(layer)
    if r.random() < 0.3:
        layer, width = inner(r, width)
        layers.append(["Sequential", {"layers": [layer]}, 0])
    if r.random() < 0.3:
        c = r.randint(1, 3)
        layers = [["Conv2d", {"in_channels": c, "out_channels": 2, "kernel_size": 2}, 5],
                  ["Lambda", {"fn": "relu"}, 0],
                  ["MaxPool2d", {"kernel_size": 2, "stride": 2}, 0],
                  ["AvgPool2d", {"kernel_size": [1, 2]}, 0],
                  ["GroupNorm", {"groups": 1, "channels": 2}, 0]]
        return {"layers": layers}, {"x": [c, 7, 6]}
    return {"layers": layers}, {"x": [n]}


def wrapped(r):
    """A layer with a weight to normalise, as [class, arguments, seed], and its x."""
    if r.random() < 0.5:
        i = r.randint(1, 6)
        return (["Linear", {"in_features": i, "out_features": r.randint(1, 6),
                            **some(r, 0.3, use_bias=False)}, r.randint(0, 99)], {"x": [i]})
    n = r.randint(1, 3)
    a, x = conv(r, n, transpose=r.random() < 0.3)
    name = "ConvTranspose" if "output_padding" in a else "Conv"
    return [f"{name}{n}d", a, r.randint(0, 99)], x


def weight_norm(r):
    layer, x = wrapped(r)
    return ({"layer": layer, **some(r, 0.5, weight_name="weight"),
             **some(r, 0.5, axis=r.choice([0, 1, None]))}, x)


CLASSES = {
    "Linear": linear, "MLP": mlp, "GRUCell": lambda r: cell(r, False), "Identity": identity,
    "LSTMCell": lambda r: cell(r, True), "LayerNorm": norm, "RMSNorm": norm,
    "GroupNorm": group_norm, "MultiheadAttention": attention, "Dropout": dropout,
    "RotaryPositionalEmbedding": rotary, "Embedding": embedding, "PReLU": prelu,
    "Lambda": lambda_, "Sequential": sequential, "WeightNorm": weight_norm,
    "Conv": lambda r: conv(r, r.randint(1, 3), base=True),
    "Pool": any_pool, "AdaptivePool": any_adaptive,
    "ConvTranspose": lambda r: conv(r, r.randint(1, 3), transpose=True, base=True),
}
for dims in 1, 2, 3:
    CLASSES[f"Conv{dims}d"] = functools.partial(conv, n=dims)
    CLASSES[f"ConvTranspose{dims}d"] = functools.partial(conv, n=dims, transpose=True)
    for kind in "Max", "Avg":
        CLASSES[f"{kind}Pool{dims}d"] = functools.partial(pool, n=dims)
        CLASSES[f"Adaptive{kind}Pool{dims}d"] = functools.partial(adaptive, n=dims)
