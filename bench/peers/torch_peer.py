# SPDX-License-Identifier: MIT
"""The problems in PyTorch: eager and compiled, channels-last where there are channels."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import problem

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": lambda: nn.GELU("tanh"),
               "sigmoid": nn.Sigmoid, "softplus": nn.Softplus, "silu": nn.SiLU,
               "identity": nn.Identity}

# ---- models, for a batch


def mlp(p):
    layers = []
    for i, (n, m) in enumerate(zip(p.dims, p.dims[1:])):
        layers += ([ACTIVATIONS[p.word("act", "relu")]()] if i else []) + [nn.Linear(n, m)]
    return nn.Sequential(*layers)


def lenet5(p):
    return nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5),
                         nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 120), nn.ReLU(),
                         nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


def mnistcnn(p):
    return nn.Sequential(nn.Conv2d(1, 3, 4), nn.MaxPool2d(2, 1), nn.ReLU(), nn.Flatten(),
                         nn.Linear(1728, 512), nn.Sigmoid(), nn.Linear(512, 64), nn.ReLU(),
                         nn.Linear(64, 10))


def conv3x3(p):
    layers = []
    for i, (n, m) in enumerate(zip(p.dims, p.dims[1:])):
        layers += ([nn.ReLU()] if i else []) + [nn.Conv2d(n, m, 3, padding=1)]
    return nn.Sequential(*layers)


def dpsgd(p):
    return nn.Sequential(nn.Conv2d(1, 16, 8, 2, padding=3), nn.ReLU(), nn.MaxPool2d(2, 1),
                         nn.Conv2d(16, 32, 4, 2), nn.ReLU(), nn.MaxPool2d(2, 1), nn.Flatten(),
                         nn.Linear(512, 32), nn.ReLU(), nn.Linear(32, 10))


class Recurrent(nn.Module):
    def __init__(self, size, hidden):
        super().__init__()
        self.gru = nn.GRU(size, hidden, batch_first=True)

    def forward(self, x):
        return self.gru(x)[1][0]


class Spirals(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.recurrent, self.linear = Recurrent(2, hidden), nn.Linear(hidden, 1)

    def forward(self, x):
        return torch.sigmoid(self.linear(self.recurrent(x)))[:, 0]


class Block(nn.Module):
    def __init__(self, width, heads, wide):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, wide), nn.Linear(wide, width)

    def forward(self, x):
        b, s, w = x.shape
        qkv = self.qkv(self.norm1(x)).view(b, s, 3, self.heads, w // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v)
        x = x + self.out(a.transpose(1, 2).reshape(b, s, w))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


def gru(p):
    return Recurrent(*p.dims)


def spirals(p):
    return Spirals(p.number("hidden", 16))


def transformer(p):
    return Block(p.dims[0], p.number("heads", 8), p.number("mlp", 4 * p.dims[0]))


# ---- our weights

def put(parameter, value):
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)).reshape(parameter.shape))


def in_order(model, records):
    arrays = [value for value in records if value.ndim]  # numbers: the initial values of pools
    for parameter, value in zip(model.parameters(), arrays, strict=True):
        put(parameter, value)


def put_gru(cell, wi, wh, b, bn):
    put(cell.weight_ih_l0, wi)
    put(cell.weight_hh_l0, wh)
    put(cell.bias_ih_l0, b)
    put(cell.bias_hh_l0, np.concatenate([np.zeros(2 * len(bn), bn.dtype), bn]))


def put_recurrent(model, records):
    put_gru(model.gru, *records)


def put_spirals(model, records):
    put_gru(model.recurrent.gru, *records[:4])
    put(model.linear.weight, records[4])
    put(model.linear.bias, records[5])


def put_block(model, records):
    w1, b1, q, k, v, o, _, _, w2, b2, *rest = records
    for layer, weight, bias in ((model.norm1, w1, b1), (model.norm2, w2, b2),
                                (model.up, *rest[:2]), (model.down, *rest[2:])):
        put(layer.weight, weight)
        put(layer.bias, bias)
    put(model.qkv.weight, np.concatenate([q, k, v]))
    put(model.out.weight, o)


def square(out, y):
    return (out ** 2).mean()


FAMILIES = {"mlp": (mlp, F.mse_loss, in_order), "lenet5": (lenet5, F.cross_entropy, in_order),
            "mnistcnn": (mnistcnn, F.cross_entropy, in_order), "conv3x3": (conv3x3, square, in_order),
            "dpsgd": (dpsgd, F.cross_entropy, in_order), "gru": (gru, F.mse_loss, put_recurrent),
            "spirals": (spirals, F.binary_cross_entropy, put_spirals),
            "transformer": (transformer, square, put_block)}
IMAGES = {"lenet5", "mnistcnn", "conv3x3", "dpsgd"}

# ---- how they are run


def optimiser(p, parameters):
    if p.optimiser == "sgd":
        return torch.optim.SGD(parameters, p.rate, fused=True)
    if p.optimiser == "adam":
        return torch.optim.Adam(parameters, p.rate, fused=True)
    return torch.optim.AdamW(parameters, p.rate, weight_decay=1e-4, fused=True)


def step_variant(p, make_model, loss, x, y, compiled):
    def make():
        model = make_model()
        fn = lambda x, y: loss(model(x), y)
        fn = torch.compile(fn) if compiled else fn
        opt, at = optimiser(p, model.parameters()), [0]

        def run(times):
            for _ in range(times):
                i = at[0] % len(x)
                opt.zero_grad(set_to_none=True)
                fn(x[i], y[i]).backward()
                if p.mode == "step":
                    opt.step()
                at[0] += 1
        return run
    return make


def functional_variant(p, make_model, loss, x, y):
    """The whole step as one compiled function of the parameters: for small models."""
    def make():
        model = make_model()
        rate, state = p.rate, [{k: v.detach().clone() for k, v in model.named_parameters()}, 0]
        value = lambda params, x, y: loss(torch.func.functional_call(model, params, (x,)), y)

        @torch.compile
        def step(params, x, y):
            grads = torch.func.grad(value)(params, x, y)
            return {k: v - rate * grads[k] for k, v in params.items()}

        def run(times):
            with torch.no_grad():
                for _ in range(times):
                    i = state[1] % len(x)
                    state[0] = step(state[0], x[i], y[i])
                    state[1] += 1
        return run
    return make


def clip_variant(make_model, loss, x, y, compiled):
    def make():
        model = make_model()
        params = {k: v.detach() for k, v in model.named_parameters()}
        value = lambda params, x, y: loss(
            torch.func.functional_call(model, params, (x[None],)), y[None])

        def clipped(params, x, y):
            grads = torch.func.vmap(torch.func.grad(value), (None, 0, 0))(params, x, y)
            norm = sum(g.flatten(1).square().sum(1) for g in grads.values()).sqrt()
            scale = 1 / norm.clamp(min=1)
            return {k: torch.tensordot(scale, g, 1) for k, g in grads.items()}
        fn = torch.compile(clipped) if compiled else clipped

        def run(times):
            for _ in range(times):
                fn(params, x[0], y[0])
        return run
    return make


def raw_variant(p, make_model, x, g, compiled):
    def make():
        model = make_model()
        fn = torch.compile(model) if compiled else model
        wanted = [] if p.word("wrt", "all") == "x" else list(model.parameters())
        point = x.clone().requires_grad_(p.mode == "vjp")

        def run(times):
            if p.mode == "call":
                with torch.inference_mode():
                    for _ in range(times):
                        fn(point)
            else:
                for _ in range(times):
                    torch.autograd.grad(fn(point), [point, *wanted], g)
        return run
    return make


def tensors(directory, name):
    value = problem.array(directory, name)
    return torch.from_numpy(value.astype(np.int64) if value.dtype == np.int32 else value)


def open(p, directory, threads):
    torch.set_num_threads(threads)
    if p.dtype == "f64":
        torch.set_default_dtype(torch.float64)
    build, loss, fill = FAMILIES[p.family]
    if p.word("loss", "mse") == "ce":
        loss = F.cross_entropy

    def make_model(memory_format=torch.contiguous_format):
        model = build(p)
        fill(model, problem.leaves(directory))
        return model.to(memory_format=memory_format)
    x, made = tensors(directory, "x"), {}
    if p.mode in ("call", "vjp"):
        g = tensors(directory, "g") if p.mode == "vjp" else None
        for name, compiled in (("eager", False), ("compiled", True)):
            made[name] = raw_variant(p, make_model, x, g, compiled)
        return float(make_model()(x).sum().detach()), made
    y = tensors(directory, "y")
    with torch.no_grad():
        check = float(loss(make_model()(x[0]), y[0]))
    for name, compiled in (("eager", False), ("compiled", True)):
        if p.mode == "clip":
            made[name] = clip_variant(make_model, loss, x, y, compiled)
            continue
        made[name] = step_variant(p, make_model, loss, x, y, compiled)
        if p.family in IMAGES:
            last = torch.channels_last
            made[name + ", channels-last"] = step_variant(
                p, lambda: make_model(last), loss,
                [each.to(memory_format=last) for each in x], y, compiled)
    if p.mode == "step" and p.optimiser == "sgd":
        made["compiled step"] = functional_variant(p, make_model, loss, x, y)
    return check, made
