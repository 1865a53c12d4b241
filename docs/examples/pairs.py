# SPDX-License-Identifier: MIT
"""The Python of docs/equinox.md, piece by piece: what Equinox computes is compared with what pairs.c
has written to pairs.txt, found in the current folder. Runs with the interpreter $VN_PEERS_PYTHON, or
that of ./dev bench --peers; without Equinox it is skipped."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PEERS = os.environ.get("VN_PEERS_PYTHON", os.path.join(ROOT, "build/peers/venv/bin/python"))
if os.path.exists(PEERS) and os.environ.get("VN_PEERS_STARTED") != PEERS:
    os.environ["VN_PEERS_STARTED"] = PEERS
    os.execv(PEERS, [PEERS, "-B"] + sys.argv)

os.environ["JAX_PLATFORMS"] = "cpu"
try:
    import json

    import equinox as eqx
    import equinox.internal as eqxi
    import jax
    import jax.nn as jnn
    import jax.numpy as jnp
    import jax.random as jr
    import jax.tree_util as jtu
    import numpy as np
    import optax
except ModuleNotFoundError as error:
    print("skipped:", error)
    sys.exit(77)

with open("pairs.txt") as file:
    rows = (line.split(": ") for line in file)
    ours = {name: np.array(numbers.split(), float) for name, numbers in rows}


def check(name, x, rtol=2e-5):
    np.testing.assert_allclose(ours.pop(name), np.ravel(x), rtol, atol=2e-6, err_msg=name)


# ---- module


class Affine(eqx.Module):
    weight: jax.Array
    bias: jax.Array
    out_size: int = eqx.field(static=True)

    def __init__(self, in_size, out_size, key):
        wkey, bkey = jr.split(key)
        self.weight = jr.normal(wkey, (out_size, in_size))
        self.bias = jr.normal(bkey, (out_size,))
        self.out_size = out_size

    def __call__(self, x):
        return self.weight @ x + self.bias


model = Affine(2, 3, jr.PRNGKey(0))
y = model(jnp.array([1.0, 2.0]))
eqx.tree_pprint(model)
check("module", y)

# ---- filter_jit


@eqx.filter_jit
def predict(model, x, twice):
    y = model(x)
    return 2 * y if twice else y


model = eqx.nn.MLP(2, 3, 8, 2, key=jr.PRNGKey(0))
x = jnp.ones(2)
y = predict(model, x, True)
predict(model, x, False)
check("jit", y)
traced = eqx.debug.assert_max_traces(lambda model, x, twice: model(x), max_traces=9)
for twice in (True, False):
    eqx.filter_jit(traced)(model, x, twice)
check("jit traces", eqx.debug.get_num_traces(traced))

# ---- filter_grad


def loss(model, x, y):
    pred = jax.vmap(model)(x)
    return jnp.mean((pred - y) ** 2), pred


model = eqx.nn.MLP(2, 1, 8, 1, key=jr.PRNGKey(0))
x, y = jr.normal(jr.PRNGKey(1), (5, 2)), jnp.ones((5, 1))
grad = eqx.filter_value_and_grad(loss, has_aux=True)
(value, pred), grads = grad(model, x, y)
weight = grads.layers[0].weight
assert grads.activation is None
check("grad value", value)
check("grad weight", weight)

# ---- partition, combine


@eqx.filter_grad
def part_grad(trained, frozen, x):
    model = eqx.combine(trained, frozen)
    return jnp.sum(model(x) ** 2)


model = eqx.nn.MLP(2, 1, 8, 1, key=jr.PRNGKey(0))
spec = jtu.tree_map(lambda _: False, model)
spec = eqx.tree_at(lambda m: m.layers[-1], spec, True)

trained, frozen = eqx.partition(model, spec)
g = part_grad(trained, frozen, jnp.ones(2))
assert g.layers[0].weight is None
check("partition", g.layers[1].weight)

# ---- tree_at

model = eqx.nn.MLP(2, 1, 8, 1, key=jr.PRNGKey(0))
where = lambda m: (m.layers[0].weight, m.layers[1].weight)
doubled = eqx.tree_at(where, model, replace_fn=lambda w: 2 * w)

no_bias = eqx.tree_at(lambda m: m.layers[0].bias, doubled, None)
new = eqx.nn.Linear(8, 4, key=jr.PRNGKey(1))
wider = eqx.tree_at(lambda m: m.layers[1], no_bias, new)
same = eqx.tree_equal(model, doubled)
assert not same
check("tree_at", wider(jnp.ones(2)))

# ---- vmap


def bilinear(a, m, b):
    return jnp.dot(a, m @ b)


a = jr.normal(jr.PRNGKey(0), (5, 3))
m = jr.normal(jr.PRNGKey(1), (3, 3))
b = jr.normal(jr.PRNGKey(2), (3, 5))
y = eqx.filter_vmap(bilinear, in_axes=(0, None, 1))(a, m, b)

model = eqx.nn.MLP(3, 2, 8, 1, key=jr.PRNGKey(3))
ys = jax.vmap(model)(a)
check("vmap", y)
check("vmap model", ys)

# ---- ensemble


@eqx.filter_vmap
def make(key):
    return eqx.nn.MLP(2, 1, 8, 1, key=key)


@eqx.filter_vmap(in_axes=(eqx.if_array(0), None))
def evaluate(model, x):
    return model(x)


models = make(jr.split(jr.PRNGKey(0), 7))
y = evaluate(models, jnp.ones(2))
check("ensemble", y)

# ---- jvp, vjp, derivatives


def cubes(x):
    return jnp.sum(x**3)


x, v = jnp.array([1.0, 2.0]), jnp.ones(2)
out, tangent = eqx.filter_jvp(cubes, (x,), (v,))
out, vjp_fn = eqx.filter_vjp(cubes, x)
(back,) = vjp_fn(jnp.array(1.0))
hessian = eqx.filter_hessian(cubes)(x)
_, hvp = eqx.filter_jvp(eqx.filter_grad(cubes), (x,), (v,))
check("jvp", tangent)
check("vjp", back)
check("hessian", hessian)
check("hvp", hvp)

# ---- custom_vjp


@eqx.filter_custom_vjp
def log1pexp(x):
    return jnp.log(jnp.exp(x) + 1)


@log1pexp.def_fwd
def log1pexp_fwd(perturbed, x):
    return log1pexp(x), None


@log1pexp.def_bwd
def log1pexp_bwd(residuals, g, perturbed, x):
    return g * jnn.sigmoid(x)


slope = eqx.filter_grad(log1pexp)(jnp.array(100.0))
check("custom_vjp", slope)

# ---- scan


def add_up(sum, x):
    sum = sum + x
    return sum, sum


last, sums = jax.lax.scan(add_up, 0.0, jnp.arange(5.0))
check("scan last", last)
check("scan sums", sums)

# ---- loops


def square_root(x):
    def far_off(guess):
        return jnp.abs(guess**2 - x) > 1e-4

    def newton(guess):
        return 0.5 * (guess + x / guess)

    return eqxi.while_loop(far_off, newton, jnp.array(1.0), kind="bounded", max_steps=20)


f = eqx.filter_value_and_grad(square_root)
x = jnp.array([1.0, 4.0, 100.0])
values, slopes = eqx.filter_jit(eqx.filter_vmap(f))(x)
check("loop values", values)
check("loop slopes", slopes)

# ---- branches


def choose(x):
    return jax.lax.cond(x > 0, jnp.sqrt, jnp.negative, x)


y = eqx.filter_vmap(choose)(jnp.array([-2.0, 4.0, 9.0]))
check("cond", y)

# ---- a recurrent net


def last_state(cell, xs):
    def step(h, x):
        return cell(x, h), None

    h, _ = jax.lax.scan(step, jnp.zeros(4), xs)
    return h


cell = eqx.nn.GRUCell(2, 4, key=jr.PRNGKey(0))
xs = jr.normal(jr.PRNGKey(1), (10, 16, 2))
h = eqx.filter_jit(eqx.filter_vmap(last_state, in_axes=(None, 0)))(cell, xs)
check("gru", h)

# ---- state

model, state = eqx.nn.make_with_state(eqx.nn.BatchNorm)(3, "batch", mode="batch")
over_batch = jax.vmap(model, axis_name="batch", in_axes=(0, None), out_axes=(0, None))
x = jr.normal(jr.PRNGKey(0), (16, 3))
y, state = over_batch(x, state)

trained = eqx.nn.inference_mode(model)
one, after = trained(jnp.zeros(3), state)
check("batch norm", y)

# ---- dropout, inference

k = jr.split(jr.PRNGKey(0), 3)
model = eqx.nn.Sequential([
    eqx.nn.Linear(4, 8, key=k[0]),
    eqx.nn.Dropout(0.5),
    eqx.nn.Linear(8, 2, key=k[1]),
])
x = jnp.ones(4)
noisy = model(x, key=k[2])
y = eqx.nn.inference_mode(model)(x)
check("dropout", noisy)
check("inference", y)

# ---- shared


@eqx.filter_grad
def tied_grad(tied, token):
    embedding, linear = tied()
    return jnp.sum(linear(embedding(token)) ** 2)


embedding = eqx.nn.Embedding(5, 3, key=jr.PRNGKey(0))
linear = eqx.nn.Linear(3, 5, use_bias=False, key=jr.PRNGKey(1))
tied = eqx.nn.Shared((embedding, linear), where=lambda p: p[1].weight,
                     get=lambda p: p[0].weight)
g = tied_grad(tied, jnp.array(2))
check("shared", g.pytree[0].weight)

# ---- training


def mse(model, x, y):
    return jnp.mean((jax.vmap(model)(x) - y) ** 2)


@eqx.filter_jit
def make_step(model, state, x, y):
    loss, grads = eqx.filter_value_and_grad(mse)(model, x, y)
    updates, state = optim.update(grads, state, model)
    model = eqx.apply_updates(model, updates)
    return model, state, loss


x = jr.normal(jr.PRNGKey(0), (64, 2))
y = jnp.sum(jnp.sin(x), axis=1, keepdims=True)
model = eqx.nn.MLP(2, 1, 16, 1, key=jr.PRNGKey(1))
optim = optax.adam(1e-2)
state = optim.init(eqx.filter(model, eqx.is_array))
for _ in range(100):
    model, state, loss = make_step(model, state, x, y)
check("training", loss, rtol=1e-4)

# ---- errors


@eqx.filter_jit
def checked_log(x):
    x = eqx.error_if(x, x <= 0, "x must be positive")
    return jnp.log(x)


check("error_if", checked_log(jnp.array(2.0)))
try:
    y = checked_log(jnp.array(-1.0))
except eqx.EquinoxRuntimeError as error:
    text = str(error)
assert "x must be positive" in text

# ---- files


def make(hyper, key):
    return eqx.nn.MLP(hyper["in_size"], 1, hyper["width"], hyper["depth"], key=key)


def save(path, hyper, model):
    with open(path, "wb") as file:
        file.write((json.dumps(hyper) + "\n").encode())
        eqx.tree_serialise_leaves(file, model)


def load(path):
    with open(path, "rb") as file:
        hyper = json.loads(file.readline().decode())
        like = make(hyper, jr.PRNGKey(0))
        return eqx.tree_deserialise_leaves(file, like)


model = load("pairs.eqx")
check("files", model(jnp.ones(2)))
save("pairs_again.eqx", {"depth": 1, "in_size": 2, "width": 8}, model)
with open("pairs.eqx", "rb") as one, open("pairs_again.eqx", "rb") as other:
    assert one.read() == other.read()

assert not ours, f"only in pairs.c: {sorted(ours)}"
