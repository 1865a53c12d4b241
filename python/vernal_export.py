#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Models between Vernal, Equinox and PyTorch. Needs NumPy only.

A model is a dict of arrays by name, "layers.0.weight": what vn_state_dict makes and
vn_load_state_dict takes in C. Such dicts lie in .safetensors and .npz files; .eqx files (Equinox's
tree_serialise_leaves) hold the arrays alone, in the order of the leaves.

    from vernal_export import from_torch, from_equinox, write
    write("model.safetensors", from_torch(module))        # a torch module or its state_dict
    write("model.npz", from_equinox(model))               # an Equinox model

    to_torch(read("model.safetensors"), like=module)      # for module.load_state_dict
    to_equinox(model, read("model.npz"))                  # the model with these arrays

bfloat16, which NumPy does not have, is the dtype V2 here.

What differs from PyTorch, by kind of layer (the values of --layer PREFIX=KIND):

plain           Linear, Embedding, LayerNorm, GroupNorm, RMSNorm: the same.
conv            bias [out] becomes [out, 1, ..]; the weight is the same.
conv_transpose  weight [in, out/groups, k..] becomes [out, in/groups, k..] and is mirrored in every
                spatial axis; conv_transpose:2 for two groups; the bias as above. A state_dict does
                not tell it from conv, so it must be named there (not if the module is given).
gru             The rows are the same: reset, update, new. bias = bias_ih + bias_hh for the first
                two thirds and bias_ih for the last; bias_n is the last third of bias_hh.
lstm            The rows are the same: i, f, g, o. bias = bias_ih + bias_hh.
                GRU and LSTM of one layer become one cell; of several, a list of cells 0, 1, ..
                (0_reverse, .. for the other direction).
multihead_attention
                in_proj_weight (or q_, k_, v_proj_weight) becomes query_proj, key_proj and
                value_proj, in_proj_bias their biases, out_proj output_proj.
batch_norm      running_mean, running_var become the state of mode "ema":
                ema_state_index.init.0 and .1; ema_first_time_index.init is false;
                num_batches_tracked is dropped. PyTorch's momentum is 1 - Equinox's. Predictions in
                inference are the same; training is not, because "ema" normalises with averages.
prelu           weight becomes negative_slope; [1] becomes []. (One slope a channel broadcasts
                along the last axis: reshape it to [channels, 1, ..] for images.)

Sequential puts its layers into the field `layers`: "0.weight" becomes "layers.0.weight". A module
tells where; for a state_dict say it with rename.
"""

import argparse
import json
import os
import re
import struct
import sys

import numpy as np

BF16 = np.dtype("V2")

# The dtypes of .safetensors in the order of the file, the last one first.
TYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "I16": "<i2", "U16": "<u2", "F16": "<f2", "BF16": "V2",
    "I32": "<i4", "U32": "<u4", "F32": "<f4", "C64": "<c8", "F64": "<f8", "I64": "<i8", "U64": "<u8",
}
RANK = {np.dtype(code): i for i, code in enumerate(TYPES.values())}
C128 = np.dtype("<c16")  # only in .npz


class ExportError(ValueError):
    """A file or a model that does not fit, in a sentence."""


def plain(x):
    """Anything array-like as a contiguous little-endian array of a dtype that Vernal has."""
    if type(x).__module__.split(".")[0] == "torch":
        x = x.detach().cpu().contiguous()
        x = x.view(__import__("torch").int16).numpy().view(BF16) if str(x.dtype) == "torch.bfloat16" \
            else x.numpy()
    x = np.asarray(x)
    if x.dtype.name == "bfloat16":
        x = x.view(BF16)
    x = np.asarray(x, x.dtype.newbyteorder("<"), order="C")
    if x.dtype not in RANK and x.dtype != C128:
        raise ExportError(f"Vernal has no dtype {x.dtype}")
    return x


# ------------------------------------------------------------------------------------------ files


def write_safetensors(path, arrays, metadata=None):
    arrays = {name: plain(x) for name, x in arrays.items()}
    header = {"__metadata__": metadata} if metadata else {}
    names = list(TYPES)
    for name, x in arrays.items():
        if x.dtype not in RANK:
            raise ExportError(f"{path}: {name}: .safetensors has no dtype {x.dtype}")
    order = sorted(arrays, key=lambda name: (-RANK[arrays[name].dtype], name.encode()))
    at = 0
    for name in order:
        x = arrays[name]
        header[name] = {"dtype": names[RANK[x.dtype]], "shape": list(x.shape),
                        "data_offsets": [at, at + x.nbytes]}
        at += x.nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            file.write(arrays[name].tobytes())


def read_safetensors(path):
    """(arrays, metadata)"""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    try:
        (length,) = struct.unpack_from("<Q", data)
        header = json.loads(data[8:8 + length].decode())
        metadata = header.pop("__metadata__", {})
        arrays = {}
        for name, entry in header.items():
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            if not 8 + length <= begin <= end <= len(data):
                raise ExportError(f"{path}: {name} lies outside of the file")
            if entry["dtype"] not in TYPES:
                raise ExportError(f"{path}: {name}: Vernal has no dtype {entry['dtype']}")
            x = np.frombuffer(data[begin:end], TYPES[entry["dtype"]])
            arrays[name] = x.reshape(entry["shape"])
    except (struct.error, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError,
            AttributeError) as error:
        raise ExportError(f"{path}: no safetensors file: {error}") from error
    return arrays, metadata


def write_npz(path, arrays):
    with open(path, "wb") as file:
        np.savez(file, **{name: plain(x) for name, x in arrays.items()})


def read_npz(path):
    with np.load(path, allow_pickle=False) as file:
        return {name: plain(file[name]) for name in file.files}


def write_eqx(path, arrays, hyper=None):
    """Arrays in the order of the model's leaves, with a line of JSON before them if `hyper`."""
    with open(path, "wb") as file:
        if hyper is not None:
            file.write(json.dumps(hyper).encode() + b"\n")
        for x in arrays:
            np.lib.format.write_array(file, plain(x), version=(1, 0), allow_pickle=False)


def read_eqx(path):
    """(list of arrays, what the line of JSON before them says or None)"""
    with open(path, "rb") as file:
        hyper, size = None, os.fstat(file.fileno()).st_size
        if file.read(1) == b"{":
            file.seek(0)
            hyper = json.loads(file.readline())
        else:
            file.seek(0)
        arrays = []
        while file.tell() < size:
            arrays.append(plain(np.lib.format.read_array(file, allow_pickle=False)))
    return arrays, hyper


def read_torch(path):
    import torch
    return {name: plain(x) for name, x in
            torch.load(path, map_location="cpu", weights_only=True).items()}


def write_torch(path, arrays):
    import torch
    torch.save({name: tensor(x) for name, x in arrays.items()}, path)


def read(path, names=None):
    """The dict of arrays in a file; .eqx has no names: `names` gives them, else they count."""
    suffix = os.path.splitext(path)[1]
    if suffix == ".safetensors":
        return read_safetensors(path)[0]
    if suffix == ".npz":
        return read_npz(path)
    if suffix in (".pt", ".pth", ".bin"):
        return read_torch(path)
    if suffix != ".eqx":
        raise ExportError(f"{path}: the suffix is none of .safetensors .npz .eqx .pt .pth .bin")
    arrays = read_eqx(path)[0]
    names = [str(i) for i in range(len(arrays))] if names is None else list(names)
    if len(names) != len(arrays):
        raise ExportError(f"{path}: {len(arrays)} leaves, but {len(names)} names")
    return dict(zip(names, arrays))


def write(path, arrays, names=None):
    """The dict to a file; .eqx takes the arrays in the order of `names`, else of the dict."""
    suffix = os.path.splitext(path)[1]
    if suffix == ".safetensors":
        write_safetensors(path, arrays)
    elif suffix == ".npz":
        write_npz(path, arrays)
    elif suffix in (".pt", ".pth", ".bin"):
        write_torch(path, arrays)
    elif suffix == ".eqx":
        missing = [name for name in names or () if name not in arrays]
        if missing:
            raise ExportError(f"{missing[0]} is missing among the {len(arrays)} arrays")
        write_eqx(path, [arrays[name] for name in (names or arrays)])
    else:
        raise ExportError(f"{path}: the suffix is none of .safetensors .npz .eqx .pt .pth .bin")


# ---------------------------------------------------------------------------------------- Equinox


def named_leaves(model):
    """[(name, leaf)] in the order of the leaves; the names are those of vn_state_dict."""
    import jax
    name = lambda key: str(next(getattr(key, a) for a in ("name", "key", "idx") if hasattr(key, a)))
    leaves = jax.tree_util.tree_flatten_with_path(model)[0]
    return [(".".join(map(name, path)), leaf) for path, leaf in leaves]


def has_name(leaf, numbers):
    """Arrays have a name; with numbers, Python's bool, int, float and complex (c128[]) too."""
    return hasattr(leaf, "dtype") or (
        numbers and isinstance(leaf, (bool, int, float, complex)))


def from_equinox(model, numbers=False):
    """The arrays of an Equinox model (any pytree) by name."""
    return {name: plain(leaf) for name, leaf in named_leaves(model) if has_name(leaf, numbers)}


def to_equinox(like, arrays, numbers=False):
    """The model `like` with these arrays in the places of its own."""
    import jax
    arrays, leaves = dict(arrays), []
    for name, leaf in named_leaves(like):
        if has_name(leaf, numbers):
            x = take(arrays, name)
            if hasattr(leaf, "dtype"):
                x = x.view(np.dtype(leaf.dtype)) if x.dtype == BF16 else x
                if x.shape != leaf.shape or x.dtype != leaf.dtype:
                    raise ExportError(f"{name}: {leaf.dtype}{list(leaf.shape)} in `like`, "
                                      f"{x.dtype}{list(x.shape)} in the dict")
                leaf = jax.numpy.asarray(x)
            else:
                leaf = type(leaf)(x.item())
        leaves.append(leaf)
    nothing_left(arrays)
    return jax.tree_util.tree_unflatten(jax.tree_util.tree_structure(like), leaves)


def take(arrays, name):
    if name not in arrays:
        raise ExportError(f"{name} is missing among the {len(arrays)} arrays")
    return arrays.pop(name)


def nothing_left(arrays):
    if arrays:
        raise ExportError(f"{next(iter(arrays))} belongs to no leaf of the model")


# ---------------------------------------------------------------------------------------- PyTorch
# A rule turns the parameters of one layer over, by their local names: `forth` from PyTorch,
# `back` to the names and shapes of `like`.


def plain_forth(p, _):
    return dict(p)


def plain_back(p, like, _):
    return {name: p[name].reshape(like[name].shape) for name in like}


def conv_forth(p, _):
    ones = (1,) * (p["weight"].ndim - 2)
    return {name: x.reshape(x.shape + ones) if name == "bias" else x for name, x in p.items()}


def flip(x):
    return x[(slice(None), slice(None)) + (slice(None, None, -1),) * (x.ndim - 2)]


def swap(weight, groups):
    """[g a, b, k..] to [g b, a, k..], group by group, mirrored; its own inverse."""
    g, (a, b), k = groups, weight.shape[:2], weight.shape[2:]
    return flip(weight.reshape((g, a // g, b) + k).swapaxes(1, 2).reshape((g * b, a // g) + k))


def conv_transpose_forth(p, groups):
    return conv_forth({**p, "weight": swap(p["weight"], groups)}, groups)


def conv_transpose_back(p, like, groups):
    return plain_back({**p, "weight": swap(p["weight"], groups)}, like, groups)


def batch_norm_forth(p, _):
    out = {name: p[name] for name in ("weight", "bias") if name in p}
    if "running_mean" in p:
        out["ema_first_time_index.init"] = np.array(False)
        out["ema_state_index.init.0"] = p["running_mean"]
        out["ema_state_index.init.1"] = p["running_var"]
    return out


def batch_norm_back(p, like, _):
    names = {"running_mean": "ema_state_index.init.0", "running_var": "ema_state_index.init.1"}
    return {name: like[name] if name == "num_batches_tracked" else p[names.get(name, name)]
            for name in like}


def cells(p):
    """{place: {name: array}} of a recurrent layer: "" for a cell or the only layer."""
    out = {}
    for name, x in p.items():
        match = re.fullmatch(r"((?:weight|bias)_(?:ih|hh))(?:_l(\d+)(_reverse)?)?", name)
        if not match:
            raise ExportError(f"{name} of a recurrent layer has no counterpart")
        out.setdefault((match[2] or "") + (match[3] or ""), {})[match[1]] = (name, x)
    return {"" if len(out) == 1 else place + ".": cell for place, cell in out.items()}


def recurrent_forth(p, biases):
    out = {}
    for place, cell in cells(p).items():
        for name, (_, x) in cell.items():
            if name.startswith("weight"):
                out[place + name] = x
        if "bias_ih" in cell:
            for name, x in biases(cell["bias_ih"][1], cell["bias_hh"][1]).items():
                out[place + name] = x
    return out


def recurrent_back(p, like, split):
    out = {}
    for place, cell in cells(like).items():
        biases = split({name: p.get(place + name) for name in ("bias", "bias_n")}) \
            if "bias_ih" in cell else {}
        for name, (full, _) in cell.items():
            out[full] = biases[name] if name in biases else p[place + name]
    return {name: out[name] for name in like}


def gru_biases(ih, hh):
    n = ih.shape[0] // 3
    return {"bias": np.concatenate([ih[:2 * n] + hh[:2 * n], ih[2 * n:]]), "bias_n": hh[2 * n:]}


def gru_split(p):
    return {"bias_ih": p["bias"],
            "bias_hh": np.concatenate([np.zeros_like(p["bias"][:2 * len(p["bias_n"])]), p["bias_n"]])}


def lstm_biases(ih, hh):
    return {"bias": ih + hh}


def lstm_split(p):
    return {"bias_ih": p["bias"], "bias_hh": np.zeros_like(p["bias"])}


PROJECTIONS = ("query_proj", "key_proj", "value_proj")


def attention_forth(p, _):
    out = {}
    weights = np.split(p["in_proj_weight"], 3) if "in_proj_weight" in p \
        else [p[name + "_proj_weight"] for name in "qkv"]
    biases = np.split(p["in_proj_bias"], 3) if "in_proj_bias" in p else [None] * 3
    for name, weight, bias in zip(PROJECTIONS, weights, biases):
        out[name + ".weight"] = weight
        if bias is not None:
            out[name + ".bias"] = bias
    for name in ("weight", "bias"):
        if "out_proj." + name in p:
            out["output_proj." + name] = p["out_proj." + name]
    for name in ("bias_k", "bias_v"):
        if name in p:
            raise ExportError(f"{name} of attention has no counterpart")
    return out


def attention_back(p, like, _):
    out = {}
    for name in like:
        if name.startswith("in_proj_"):
            out[name] = np.concatenate([p[f"{proj}.{name[8:]}"] for proj in PROJECTIONS])
        elif name.startswith("out_proj."):
            out[name] = p["output_proj." + name[9:]]
        else:
            out[name] = p[PROJECTIONS["qkv".index(name[0])] + ".weight"]
    return out


def prelu_forth(p, _):
    return {"negative_slope": p["weight"].reshape(() if p["weight"].size == 1 else -1)}


def prelu_back(p, like, _):
    return {"weight": p["negative_slope"].reshape(like["weight"].shape)}


RULES = {
    "plain": (plain_forth, plain_back),
    "conv": (conv_forth, plain_back),
    "conv_transpose": (conv_transpose_forth, conv_transpose_back),
    "batch_norm": (batch_norm_forth, batch_norm_back),
    "gru": (lambda p, _: recurrent_forth(p, gru_biases),
            lambda p, like, _: recurrent_back(p, like, gru_split)),
    "lstm": (lambda p, _: recurrent_forth(p, lstm_biases),
             lambda p, like, _: recurrent_back(p, like, lstm_split)),
    "multihead_attention": (attention_forth, attention_back),
    "prelu": (prelu_forth, prelu_back),
}

# Classes of torch.nn that are not plain.
CLASSES = {
    **{f"Conv{n}d": "conv" for n in (1, 2, 3)},
    **{f"ConvTranspose{n}d": "conv_transpose" for n in (1, 2, 3)},
    **{f"BatchNorm{n}d": "batch_norm" for n in (1, 2, 3)},
    "GRU": "gru", "GRUCell": "gru", "LSTM": "lstm", "LSTMCell": "lstm",
    "MultiheadAttention": "multihead_attention", "PReLU": "prelu",
}
REFUSED = {"RNN": "a plain recurrent layer", "RNNCell": "a plain recurrent layer",
           "InstanceNorm1d": "instance norm", "InstanceNorm2d": "instance norm"}


def guess(names):
    """The kind of a layer from its parameters (dict of arrays by local name)."""
    if "running_mean" in names:
        return "batch_norm"
    if "in_proj_weight" in names or "q_proj_weight" in names:
        return "multihead_attention"
    for suffix in ("", "_l0"):
        if "weight_ih" + suffix in names:
            rows, columns = names["weight_hh" + suffix].shape
            kind = {3: "gru", 4: "lstm"}.get(rows // columns)
            if not kind:
                raise ExportError("a plain recurrent layer has no counterpart")
            return kind
    return "conv" if "weight" in names and names["weight"].ndim > 2 else "plain"


def below(state, prefix):
    return {name[len(prefix):]: x for name, x in state.items() if name.startswith(prefix)}


def layers_of_module(module):
    """[(prefix in PyTorch, prefix in Vernal, kind, groups)], attention before its parts."""
    out = []

    def visit(node, torch_prefix, vernal_prefix):
        name = type(node).__name__
        if name in REFUSED:
            raise ExportError(f"{torch_prefix}{name}: {REFUSED[name]} has no counterpart")
        if hasattr(node, "parametrizations"):
            raise ExportError(f"{torch_prefix}{name}: remove its parametrizations first")
        kind = CLASSES.get(name, "plain")
        out.append((torch_prefix, vernal_prefix, kind, getattr(node, "groups", 1)))
        inner = "layers." if name == "Sequential" else ""
        for child_name, child in node.named_children():
            if kind == "plain":
                visit(child, f"{torch_prefix}{child_name}.", f"{vernal_prefix}{inner}{child_name}.")

    visit(module, "", "")
    return out


def layers_of_state(state, layers):
    """The same from names alone."""
    prefixes = {name[:name.rfind(".") + 1] for name in state}
    whole = {prefix for prefix in prefixes if guess(below(state, prefix)) == "multihead_attention"}
    prefixes = sorted(p for p in prefixes if not any(p != w and p.startswith(w) for w in whole))
    known = {prefix if prefix.endswith(".") or not prefix else prefix + ".": kind
             for prefix, kind in (layers or {}).items()}
    for prefix in known:
        if prefix not in prefixes:
            raise ExportError(f"no layer {prefix[:-1]}")
    out = []
    for prefix in prefixes:
        kind, _, groups = known.get(prefix, "").partition(":")
        local = {name: x for name, x in below(state, prefix).items()
                 if "." not in name or prefix in whole}
        out.append((prefix, prefix, kind or guess(local), int(groups or 1)))
    return out


def walk(like, layers):
    """(state, [(Vernal's prefix, rule, groups, local parameters, their full names)])"""
    module = hasattr(like, "named_children")
    state = {name: plain(x) for name, x in (like.state_dict() if module else like).items()}
    found = layers_of_module(like) if module else layers_of_state(state, layers)
    out, left = [], set(state)
    for torch_prefix, vernal_prefix, kind, groups in found:
        if kind not in RULES:
            raise ExportError(f"no kind of layer {kind}; there are {', '.join(RULES)}")
        deep = kind == "multihead_attention"
        local = {name: x for name, x in below(state, torch_prefix).items()
                 if torch_prefix + name in left and (deep or "." not in name)}
        left -= {torch_prefix + name for name in local}
        if local:
            out.append((torch_prefix, vernal_prefix, RULES[kind], groups, local))
    nothing_left({name: None for name in sorted(left)})
    return state, out


def renamed(arrays, rename):
    for pattern, replacement in (rename or {}).items():
        arrays = {re.sub(pattern, replacement, name): x for name, x in arrays.items()}
    return arrays


def from_torch(model, layers=None, rename=None):
    """The arrays of a torch module, or of a state_dict, by Vernal's names, in its layouts.

    layers: {prefix: kind} where a state_dict does not say it; rename: {regex: replacement}.
    """
    out = {}
    for _, prefix, (forth, _), groups, local in walk(model, layers)[1]:
        out.update((prefix + name, plain(x)) for name, x in forth(local, groups).items())
    return renamed(out, rename)


def to_torch(arrays, like, layers=None, rename=None):
    """The state_dict of `like` (a torch module or a state_dict) with Vernal's arrays, as tensors
    if `like` holds tensors. layers and rename as they were given to from_torch."""
    left, out = dict(arrays), {}
    state, found = walk(like, layers)
    for torch_prefix, prefix, (forth, back), groups, local in found:
        mine = {}
        for name, x in forth(local, groups).items():
            full = next(iter(renamed({prefix + name: x}, rename)))
            mine[name] = take(left, full)
            if mine[name].shape != x.shape:
                raise ExportError(f"{full}: {list(x.shape)} in `like`, "
                                  f"{list(mine[name].shape)} in the dict")
        out.update((torch_prefix + name, x) for name, x in back(mine, local, groups).items())
    nothing_left(left)
    values = like.state_dict().values() if hasattr(like, "state_dict") else like.values()
    tensors = any(type(x).__module__.split(".")[0] == "torch" for x in values)
    return {name: tensor(out[name]) if tensors else plain(out[name]) for name in state}


def tensor(x):
    import torch
    x = plain(x).copy()
    return torch.from_numpy(x.view(np.int16)).view(torch.bfloat16) if x.dtype == BF16 \
        else torch.from_numpy(x)


# ------------------------------------------------------------------------------------ command line


def pairs(items):
    for item in items:
        if "=" not in item:
            raise ExportError(f"{item} is not of the form NAME=VALUE")
    return dict(item.split("=", 1) for item in items)


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip()]


def show(options):
    if options.file.endswith(".eqx") and read_eqx(options.file)[1] is not None:
        print(json.dumps(read_eqx(options.file)[1]))
    for name, x in read(options.file).items():
        print(f"{'bf16' if x.dtype == BF16 else x.dtype}{list(x.shape)}\t{name}")


def convert(options):
    names = lines(options.names) if options.names else None
    layers, rename = pairs(options.layer), pairs(options.rename)
    arrays = read(options.input, names)
    if options.from_torch:
        arrays = from_torch(arrays, layers, rename)
    elif options.to_torch:
        arrays = to_torch(arrays, read(options.to_torch), layers, rename)
    else:
        arrays = renamed(arrays, rename)
    write(options.output, arrays, names)


def parser():
    summary, _, notes = __doc__.partition("\n")
    top = argparse.ArgumentParser(description=summary, epilog=notes,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="command", required=True)
    one = commands.add_parser("show", help="list the arrays of a file")
    one.add_argument("file")
    one.set_defaults(run=show)
    two = commands.add_parser("convert", help="turn a file into another, by their suffixes")
    two.add_argument("input", help=".safetensors .npz .eqx, with torch installed .pt .pth .bin")
    two.add_argument("output")
    way = two.add_mutually_exclusive_group()
    way.add_argument("--from-torch", action="store_true", help="the input has PyTorch's layouts")
    way.add_argument("--to-torch", metavar="LIKE",
                     help="the output gets PyTorch's layouts, as in this file of PyTorch")
    two.add_argument("--layer", action="append", default=[], metavar="PREFIX=KIND",
                     help="what a layer is, where names do not tell")
    two.add_argument("--rename", action="append", default=[], metavar="REGEX=REPLACEMENT",
                     help="change Vernal's names")
    two.add_argument("--names", metavar="FILE",
                     help="the names of the leaves of an .eqx file, in order, one a line")
    two.set_defaults(run=convert)
    return top


def main(arguments=None):
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except (ExportError, OSError, ValueError, ImportError) as error:
        print(f"vernal_export: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
