# SPDX-License-Identifier: MIT
"""The problems in JAX, Equinox and Optax: one jit with donated buffers, called, or inside a scan."""

import time

import jax

jax.config.update("jax_platforms", "cpu")

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import optax

import problem

KEY = jax.random.PRNGKey(0)
ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "gelu": jax.nn.gelu, "sin": jnp.sin,
               "sigmoid": jax.nn.sigmoid, "softplus": jax.nn.softplus, "silu": jax.nn.silu,
               "identity": lambda x: x}
OPTIMISERS = {"sgd": optax.sgd, "adam": optax.adam, "adamw": optax.adamw}

# ---- models, for one example


def chain(*layers):
    return eqx.nn.Sequential(
        [x if isinstance(x, eqx.Module) else eqx.nn.Lambda(x) for x in layers])


def mlp(p):
    act, layers = ACTIVATIONS[p.word("act", "relu")], []
    for i, (n, m) in enumerate(zip(p.dims, p.dims[1:])):
        layers += ([act] if i else []) + [eqx.nn.Linear(n, m, key=KEY)]
    return chain(*layers)


def lenet5(p):
    nn = eqx.nn
    return chain(nn.Conv2d(1, 6, 5, key=KEY), jax.nn.relu, nn.MaxPool2d(2, 2),
                 nn.Conv2d(6, 16, 5, key=KEY), jax.nn.relu, nn.MaxPool2d(2, 2), jnp.ravel,
                 nn.Linear(256, 120, key=KEY), jax.nn.relu, nn.Linear(120, 84, key=KEY),
                 jax.nn.relu, nn.Linear(84, 10, key=KEY))


def mnistcnn(p):
    nn = eqx.nn
    return chain(nn.Conv2d(1, 3, 4, key=KEY), nn.MaxPool2d(2), jax.nn.relu, jnp.ravel,
                 nn.Linear(1728, 512, key=KEY), jax.nn.sigmoid, nn.Linear(512, 64, key=KEY),
                 jax.nn.relu, nn.Linear(64, 10, key=KEY))


def conv3x3(p):
    layers = []
    for i, (n, m) in enumerate(zip(p.dims, p.dims[1:])):
        layers += ([jax.nn.relu] if i else []) + [eqx.nn.Conv2d(n, m, 3, padding=1, key=KEY)]
    return chain(*layers)


def dpsgd(p):
    nn = eqx.nn
    return chain(nn.Conv2d(1, 16, 8, 2, padding="SAME", key=KEY), jax.nn.relu, nn.MaxPool2d(2),
                 nn.Conv2d(16, 32, 4, 2, key=KEY), jax.nn.relu, nn.MaxPool2d(2), jnp.ravel,
                 nn.Linear(512, 32, key=KEY), jax.nn.relu, nn.Linear(32, 10, key=KEY))


class Recurrent(eqx.Module):
    cell: eqx.nn.GRUCell

    def __call__(self, x):
        h = jnp.zeros(self.cell.hidden_size, x.dtype)
        return jax.lax.scan(lambda h, x: (self.cell(x, h), None), h, x)[0]


def gru(p):
    return Recurrent(eqx.nn.GRUCell(*p.dims, key=KEY))


class Spirals(eqx.Module):
    recurrent: Recurrent
    linear: eqx.nn.Linear
    bias: jax.Array

    def __call__(self, x):
        return jax.nn.sigmoid(self.linear(self.recurrent(x)) + self.bias)


def spirals(p):
    hidden = p.number("hidden", 16)
    return Spirals(Recurrent(eqx.nn.GRUCell(2, hidden, key=KEY)),
                   eqx.nn.Linear(hidden, 1, use_bias=False, key=KEY), jnp.zeros(1))


class Block(eqx.Module):
    norm1: eqx.nn.LayerNorm
    attention: eqx.nn.MultiheadAttention
    norm2: eqx.nn.LayerNorm
    up: eqx.nn.Linear
    down: eqx.nn.Linear

    def __call__(self, x):
        a = jax.vmap(self.norm1)(x)
        x = x + self.attention(a, a, a)
        h = jax.nn.gelu(jax.vmap(self.up)(jax.vmap(self.norm2)(x)))
        return x + jax.vmap(self.down)(h)


def transformer(p):
    width = p.dims[0]
    wide = p.number("mlp", 4 * width)
    return Block(eqx.nn.LayerNorm(width), eqx.nn.MultiheadAttention(p.number("heads", 8), width, key=KEY),
                 eqx.nn.LayerNorm(width), eqx.nn.Linear(width, wide, key=KEY),
                 eqx.nn.Linear(wide, width, key=KEY))


# ---- losses, of a batch


def mean_square(model, x, y):
    return jnp.mean((jax.vmap(model)(x) - y) ** 2)


def square(model, x, y):
    return jnp.mean(jax.vmap(model)(x) ** 2)


def cross_entropy(model, x, y):
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(jax.vmap(model)(x), y))


def binary_cross_entropy(model, x, y):
    p = jax.vmap(model)(x)[:, 0]
    return -jnp.mean(y * jnp.log(p) + (1 - y) * jnp.log(1 - p))


FAMILIES = {"mlp": (mlp, mean_square), "lenet5": (lenet5, cross_entropy),
            "mnistcnn": (mnistcnn, cross_entropy), "conv3x3": (conv3x3, square),
            "dpsgd": (dpsgd, cross_entropy), "gru": (gru, mean_square),
            "spirals": (spirals, binary_cross_entropy), "transformer": (transformer, square)}


def clipped(loss):
    """(mean loss, sum of the examples' gradients, each of norm at most 1)"""
    def one(model, x, y):
        value, grad = jax.value_and_grad(loss)(model, x[None], y[None])
        scale = 1 / jnp.maximum(optax.global_norm(grad), 1)
        return value, jax.tree.map(lambda g: g * scale, grad)

    def all_of(model, x, y):
        value, grad = jax.vmap(one, in_axes=(None, 0, 0))(model, x, y)
        return jnp.mean(value), jax.tree.map(lambda g: jnp.sum(g, 0), grad)
    return all_of


# ---- how they are run


def wait(tree):
    jax.block_until_ready(tree)


def repeated(call):
    """run(times) of a function that returns arrays"""
    def run(times):
        for _ in range(times):
            out = call()
        wait(out)
    return run


def step_variants(p, loss, arrays, static, x, y):
    opt = OPTIMISERS[p.optimiser](p.rate)
    n = x.shape[0]
    batches, called = [(x[i], y[i]) for i in range(n)], []

    def step(carry, batch):
        arrays, state = carry
        value, grad = jax.value_and_grad(lambda a: loss(eqx.combine(a, static), *batch))(arrays)
        update, state = opt.update(grad, state, arrays)
        return (optax.apply_updates(arrays, update), state), value

    def fresh():
        copy = jax.tree.map(lambda a: a + 0, arrays)
        return copy, opt.init(copy)

    def call():
        compiled, at = jax.jit(step, donate_argnums=0), [fresh(), 0]

        def run(times):
            for _ in range(times):
                at[0], value = compiled(at[0], batches[at[1] % n])
                at[1] += 1
            wait(value)
        called.append(run)
        return run

    def scan():  # as many steps as take about 50 ms
        begin = time.perf_counter()
        called[0](3)
        length = int(min(max(0.05 / ((time.perf_counter() - begin) / 3), 2), 256))

        def many(carry):
            if n == 1:
                return jax.lax.scan(lambda c, _: step(c, (x[0], y[0])), carry, None, length)
            turn = lambda c, i: step(c, (x[i % n], y[i % n]))
            return jax.lax.scan(turn, carry, jnp.arange(length))
        compiled, at = jax.jit(many, donate_argnums=0), [fresh()]

        def run(times):
            for _ in range(times):
                at[0], values = compiled(at[0])
            wait(values)
        run.steps = length
        return run

    def filtered():
        @eqx.filter_jit(donate="all-except-first")
        def fn(batch, model, state):
            value, grad = eqx.filter_value_and_grad(loss)(model, *batch)
            update, state = opt.update(grad, state, eqx.filter(model, eqx.is_inexact_array))
            return value, eqx.apply_updates(model, update), state
        a, s = fresh()
        at = [eqx.combine(a, static), s, 0]

        def run(times):
            for _ in range(times):
                value, at[0], at[1] = fn(batches[at[2] % n], at[0], at[1])
                at[2] += 1
            wait(value)
        return run

    made = {"call": call, "scan": scan}
    return made | ({"filter_jit": filtered} if p.family == "mlp" else {})


def gradient(p, loss, static):
    full = lambda a, x, y: loss(eqx.combine(a, static), x, y)
    return clipped(full) if p.mode == "clip" else jax.value_and_grad(full)


def grad_variants(p, loss, arrays, static, x, y):
    fn = gradient(p, loss, static)
    return {"call": lambda: repeated(lambda f=jax.jit(fn): f(arrays, x[0], y[0]))}


def raw_variants(p, arrays, static, x, g):
    def model(a, x):
        return eqx.combine(a, static)(x)

    def pull(a, x, g):
        out, back = jax.vjp(model, a, x)
        return out, back(g)

    def pull_x(a, x, g):
        out, back = jax.vjp(lambda x: model(a, x), x)
        return out, back(g)
    if p.mode == "call":
        return {"call": lambda: repeated(lambda f=jax.jit(model): f(arrays, x))}
    fn = pull_x if p.word("wrt", "all") == "x" else pull
    return {"call": lambda: repeated(lambda f=jax.jit(fn): f(arrays, x, g))}


def open(p, directory, threads):
    jax.config.update("jax_enable_x64", p.dtype == "f64")
    build, loss = FAMILIES[p.family]
    if p.word("loss", "mse") == "ce":
        loss = cross_entropy
    model = eqx.tree_deserialise_leaves(directory + "/model.eqx", build(p))
    arrays, static = eqx.partition(model, eqx.is_inexact_array)
    x = jnp.asarray(problem.array(directory, "x"))
    if p.mode in ("call", "vjp"):
        g = jnp.asarray(problem.array(directory, "g")) if p.mode == "vjp" else None
        return float(jnp.sum(model(x))), raw_variants(p, arrays, static, x, g)
    y = jnp.asarray(problem.array(directory, "y"))
    check, grad = jax.jit(gradient(p, loss, static))(arrays, x[0], y[0])
    ours, norm = float(problem.array(directory, "norm")), float(optax.global_norm(grad))
    if abs(norm - ours) > 1e-3 * norm:
        raise SystemExit(f"norm of the gradient {norm}, ours {ours}")
    makers = step_variants if p.mode == "step" else grad_variants
    return float(check), makers(p, loss, arrays, static, x, y)
