# SPDX-License-Identifier: MIT
"""Group train: whole training runs of the set's five models."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

from build import activation
from case import Key, Writer, drawn
from optim import optimiser, optimiser_args
from train_models import CNN, RNN, Stateful, Transformer


def steps_of(loss, tx):
    @eqx.filter_jit
    def step(trained, rest, state, x, y):
        f = eqx.filter_value_and_grad(lambda part: loss(eqx.combine(part, rest), x, y))
        value, g = f(trained)
        updates, state = tx.update(g, state, trained)
        return eqx.apply_updates(trained, updates), state, value
    return step


def run(w, model, loss, tx, batches, spec=eqx.is_inexact_array):
    trained, rest = eqx.partition(model, spec)
    state, step, losses = tx.init(trained), steps_of(loss, tx), []
    for x, y in batches:
        trained, state, value = step(trained, rest, state, x, y)
        losses.append(value)
    w.add("loss", np.stack(losses))
    w.file("eqx_init", model, ".init")
    w.file("eqx_final", eqx.combine(trained, rest), ".final")


def start(root, case, r, x64, steps, call, **head):
    w = Writer(root, case, "training")
    w.head.update(x64=x64, steps=steps, call=call)
    return w, np.random.default_rng(r.randrange(1 << 30))


def shuffled(x, y, size, key, steps):
    """permutation(key), batches while end < size, then (key,) = split(key, 1)"""
    while True:
        order = jax.random.permutation(key, len(x))
        begin, end = 0, size
        while end < len(x):
            yield x[order[begin:end]], y[order[begin:end]]
            steps -= 1
            if steps == 0:
                return
            begin, end = end, end + size
        (key,) = jax.random.split(key, 1)


mean_square = lambda model, x, y: ((jax.vmap(model)(x) - y)**2).mean()


def mlp(root, case, r, x64):
    steps, seed, n = r.choice([20, 50]), r.randrange(1 << 31), r.randint(10, 120)
    w, _ = start(root, case, r, x64, steps, "data_key, model_key = split(PRNGKey(seed)); x = "
                 "normal(data_key, (n, in)); y = [sin(x0) x1, cos(x0 + x1)]; full batch; loss = "
                 "mean((model(x) - y)^2), before each update")
    args = {"in_size": 2, "out_size": 2, "width_size": r.randint(3, 20), "depth": r.randint(1, 3),
            "activation": r.choice(["tanh", "softplus", "gelu", "silu"])}
    name = r.choice(["sgd", "adam", "adamw", "rmsprop", "momentum", "adagrad", "adabelief"])
    opt = {"name": name, "lr": 0.1 if name == "sgd" else 0.01, **optimiser_args(r, name)}
    data_key, model_key = jax.random.split(Key(seed))
    x = jax.random.normal(data_key, (n, 2))
    y = jnp.stack([jnp.sin(x[:, 0]) * x[:, 1], jnp.cos(x[:, 0] + x[:, 1])], 1)
    model = eqx.nn.MLP(**{**args, "activation": activation(args["activation"])}, key=model_key)
    w.leaves(model)
    w.head.update(seed=seed, args=args, optimiser=opt)
    tx = optimiser(name, {k: v for k, v in opt.items() if k != "name"})
    run(w, model, mean_square, tx, [(x, y)] * steps)
    w.add("in/x", x)
    w.add("in/y", y)
    w.close()


def frozen_layer(root, case, r, x64):
    steps, seed, n, size = r.choice([60, 200]), r.randrange(1 << 31), r.randint(200, 2000), r.randint(7, 90)
    w, _ = start(root, case, r, x64, steps, "the frozen_layer example with the partitionable layout: "
                 "only the last Linear is trained; loader as in the rnn case; x = normal(data_key, "
                 "(n, 1)), y = 5x - 2")
    a = {"dataset_size": n, "batch_size": size, "width_size": r.randint(2, 12),
         "depth": r.randint(1, 2), "lr": 0.003}
    data_key, loader_key, model_key = jax.random.split(Key(seed), 3)
    x = jax.random.normal(data_key, (n, 1))
    y = 5 * x - 2
    model = eqx.nn.MLP(1, 1, a["width_size"], a["depth"], key=model_key)
    spec = jax.tree_util.tree_map(lambda _: False, model)
    spec = eqx.tree_at(lambda m: (m.layers[-1].weight, m.layers[-1].bias), spec, (True, True))
    w.leaves(model)
    w.head.update(seed=seed, args=a)
    run(w, model, mean_square, optax.sgd(a["lr"]), shuffled(x, y, size, loader_key, steps), spec)
    w.add("in/x_first8", x[:8])
    w.close()


def rnn(root, case, r, x64):
    steps, seed, points = r.choice([20, 60]), r.randrange(1 << 31), r.randint(5, 20)
    n, size = 8 * r.randint(5, 40), r.randint(5, 32)
    w, _ = start(root, case, r, x64, steps, "data_key, loader_key, model_key = split(PRNGKey(seed), 3); "
                 f"the train_rnn example (spirals of {points} points, GRUCell(2, hidden) + Linear "
                 "without bias + bias, sigmoid, binary cross-entropy, Adam); loader: permutation(key), "
                 "batches while end < size, then (key,) = split(key, 1); in RNN: cell_key, linear_key = "
                 "split(model_key)")
    a = {"dataset_size": n, "batch_size": size, "hidden_size": r.randint(2, 16),
         "lr": r.choice([0.003, 0.01])}
    data_key, loader_key, model_key = jax.random.split(Key(seed), 3)
    t = jnp.linspace(0, 2 * np.pi, points)
    t = t + jax.random.uniform(data_key, (n, 1), minval=0, maxval=2 * np.pi)
    radius = 1 + jnp.linspace(0, 2 * np.pi, points)
    x1, x2 = jnp.sin(t) / radius, jnp.cos(t) / radius
    x1 = x1.at[:n // 2].multiply(-1)
    x, y = jnp.stack([x1, x2], -1), jnp.ones((n, 1)).at[:n // 2].set(0)
    model = RNN(a["hidden_size"], model_key)
    w.leaves(model)
    w.head.update(seed=seed, args=a)

    def loss(model, x, y):
        p = jax.vmap(model)(x)
        return -(y * jnp.log(p) + (1 - y) * jnp.log(1 - p)).mean()

    run(w, model, loss, optax.adam(a["lr"]), shuffled(x, y, size, loader_key, steps))
    w.add("in/x0", x[::n // 8])
    w.close()


def cnn(root, case, r, x64):
    steps, seed = r.choice([10, 25]), r.randrange(1 << 31)
    channels, width, features, classes, kernel = (r.randint(1, 3), r.randint(2, 5), r.randint(3, 8),
                                                  r.randint(2, 5), r.choice([3, 2]))
    w, numbers = start(root, case, r, x64, steps, "a, b, c = split(PRNGKey(seed), 3); "
                       f"Conv2d({channels},{width},{kernel},padding=1,key=a) relu MaxPool2d(2,2) "
                       f"Conv2d({width},{features},3,stride=2,key=b) relu mean over space "
                       f"Linear({features},{classes},key=c) log_softmax; full batch, mean negative "
                       "log-likelihood, AdamW; leaves in the order conv1, conv2, pool, lin")
    n, size = r.randint(5, 30), r.randint(8, 13)
    x = drawn(numbers, [n, channels, size, size])
    y = jnp.asarray(numbers.integers(0, classes, n), jnp.int32)
    a = {"lr": r.choice([0.01, 0.003]), "weight_decay": r.choice([1e-4, 0.01])}
    model = CNN(Key(seed), channels, width, features, classes, kernel)
    w.leaves(model)
    w.head.update(seed=seed, args=a)

    def loss(model, x, y):
        return -jnp.take_along_axis(jax.vmap(model)(x), y[:, None], 1).mean()

    run(w, model, loss, optax.adamw(a["lr"], weight_decay=a["weight_decay"]), [(x, y)] * steps)
    w.add("in/x", x)
    w.add("in/y", y)
    w.close()


def transformer(root, case, r, x64):
    steps, seed, heads = r.choice([8, 20]), r.randrange(1 << 31), r.randint(1, 3)
    clip = r.choice([1.0, 0.5])
    w, numbers = start(root, case, r, x64, steps, "e, p, h, *b = split(PRNGKey(seed), 3 + depth); "
                       "Embedding(key=e), pos = 0.02 normal(p, (seq, dim)), pre-norm blocks (a, b = "
                       "split(block_key): MultiheadAttention key a, MLP(dim, dim, 2 dim, 1, gelu) key b; "
                       "causal mask), LayerNorm, Linear(key=h); next-token cross-entropy over the batch; "
                       f"clip_by_global_norm({clip:g}) then Adam; tree order: emb, pos, blocks (ln1, "
                       "attn, ln2, mlp), ln, head")
    a = {"vocab": r.randint(3, 15), "dim": heads * r.randint(2, 5), "heads": heads,
         "depth": r.randint(1, 3), "seq": r.randint(2, 8), "lr": r.choice([0.01, 0.003]), "clip": clip}
    tokens = jnp.asarray(numbers.integers(0, a["vocab"], (r.randint(2, 9), a["seq"] + 1)), jnp.int32)
    model = Transformer(*(a[k] for k in ("vocab", "dim", "heads", "depth", "seq")), Key(seed))
    w.leaves(model)
    w.head.update(seed=seed, args=a)

    def loss(model, x, y):
        logp = jax.nn.log_softmax(jax.vmap(model)(x), -1)
        return -jnp.take_along_axis(logp, y[..., None], -1).mean()

    tx = optax.chain(optax.clip_by_global_norm(clip), optax.adam(a["lr"]))
    run(w, model, loss, tx, [(tokens[:, :-1], tokens[:, 1:])] * steps)
    w.add("in/tokens", tokens)
    w.close()


def stateful(root, case, r, x64):
    steps, seed, size = r.choice([5, 15]), r.randrange(1 << 31), r.randint(2, 5)
    w = Writer(root, case, "training")
    a = {"mode": r.choice(["ema", "batch"]), "width": r.randint(2, 12), "lr": r.choice([0.003, 0.01])}
    w.head.update(x64=x64, steps=steps, seed=seed, args=a)
    x = drawn(np.random.default_rng(seed), [r.randint(10, 24), size])
    make = lambda: Stateful(size, a["width"], a["mode"], Key(seed))
    model, state = eqx.nn.make_with_state(make)()
    flat, structure = jax.tree_util.tree_flatten(state)
    again = jax.tree_util.tree_unflatten(structure, flat)
    over = dict(axis_name="batch", in_axes=(0, None), out_axes=(0, None))
    before = jax.vmap(lambda x, s: model.sn(*model.norm1(x, s)), **over)(x, again)[0]
    if (before > 0).all(0).any():
        raise ValueError("a neuron is always on: behind it BatchNorm leaves its bias no gradient "
                         "but rounding, which Adam makes as large as any")
    w.leaves(model)
    w.head["call"] = (
        f"a, b, c, d = split(PRNGKey(seed), 4); BatchNorm({size}) SpectralNorm(Linear({size}, width, "
        "key=a), key=d) relu BatchNorm(width) Linear(key=b) relu Linear(key=c); y = sin(x) + 1; mean "
        "squared error, Adam, full batch, state threaded through; state leaves in tree order")

    @eqx.filter_value_and_grad(has_aux=True)
    def loss(model, state):
        out, state = jax.vmap(model, **over)(x, state)
        return ((out - jnp.sin(x) - 1)**2).mean(), state

    w.file("eqx_init", make(), ".init")
    w.add_outputs("state0", state)
    w.add("in/x", x)
    tx = optax.adam(a["lr"])
    memory, losses = tx.init(eqx.filter(model, eqx.is_inexact_array)), []
    for _ in range(steps):
        (value, state), g = loss(model, state)
        updates, memory = tx.update(g, memory)
        model = eqx.apply_updates(model, updates)
        losses.append(value)
    w.add("loss", np.stack(losses))
    w.file("eqx_final", model, ".final")
    w.file("eqx_final_state", state, ".state")
    w.add_outputs("state_final", state)
    w.add("inference_out", jax.vmap(eqx.nn.inference_mode(model), **over)(x, state)[0])
    w.close()


def jobs(x64):
    tail = "_f64" if x64 else ""
    for f, count in (mlp, 4), (frozen_layer, 1), (rnn, 2), (cnn, 2), (transformer, 2), (stateful, 3):
        for i in range(count):
            yield (f"train/{f.__name__}_{i}{tail}",
                   lambda root, case, r, f=f: f(root, case, r, x64))
