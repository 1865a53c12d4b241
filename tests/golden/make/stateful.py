# SPDX-License-Identifier: MIT
"""Group layers: BatchNorm and SpectralNorm over several steps, the state handed on."""

import equinox as eqx
import jax
import numpy as np

from build import build, perturbed
from case import Writer, drawn, half_squares
from layer_args import some, wrapped

jnp = jax.numpy
TAIL = "; gradients are those of the last training step (incoming state constant)"
OVER_BATCH = "vmap({}, axis_name='{}', in_axes=(0, None), out_axes=(0, None))"


def batch_norm(r):
    n = r.randint(1, 5)
    axes = r.choice(["batch", "batch", ["a", "b"]])
    a = {"axis_name": axes, "input_size": n, "mode": r.choice(["ema", "batch"]),
         **some(r, 0.4, momentum=r.choice([0.5, 0.9]), eps=1e-3),
         **some(r, 0.3, channelwise_affine=False)}
    over = [r.randint(2, 12)] if axes == "batch" else [r.randint(1, 3), r.randint(2, 5)]
    spatial = [r.randint(1, 4) for _ in range(r.randint(0, 3))]
    return a, [r.randint(1, 5), *over, n, *spatial], [axes] if axes == "batch" else axes


def spectral_norm(r):
    layer, shapes = wrapped(r)
    a = {"layer": layer, "weight_name": "weight",
         **some(r, 0.4, num_power_iterations=r.randint(2, 4), eps=1e-6)}
    return a, [r.randint(1, 5)] + shapes["x"], []


def sequential(r):
    n, m = r.randint(1, 5), r.randint(1, 5)
    linear = ["Linear", {"in_features": n, "out_features": m, "use_bias": False},
              r.randint(0, 99)]  # in front of a BatchNorm the gradient of a bias is rounding
    norm = {"axis_name": "batch", "input_size": m, "mode": r.choice(["ema", "batch"])}
    layers = [["SpectralNorm", {"layer": linear, "weight_name": "weight"}, r.randint(0, 99)],
              ["BatchNorm", norm, 0], ["Lambda", {"fn": "tanh"}, 0],
              ["Linear", {"in_features": m, "out_features": 3}, 1]]
    return {"layers": layers}, [r.randint(1, 4), r.randint(2, 9), n], ["batch"]


DRAW = {"BatchNorm": batch_norm, "SpectralNorm": spectral_norm, "Sequential": sequential}


def debiased(layer, state, x, spatial):
    """BatchNorm's inference in mode "batch" with the variance of the averages alone."""
    n, (mean, var) = state.get(layer.batch_counter), state.get(layer.batch_state_index)
    rest = layer.momentum**n
    var = jnp.where(n == 0, 1, (var - rest) / jnp.where(n == 0, 1, 1 - rest))
    mean = jnp.where(n == 0, 0, mean / jnp.where(n == 0, 1, 1 - rest))
    shape = (-1,) + (1,) * spatial
    y = (x - mean.reshape(shape)) / jnp.sqrt(var.reshape(shape) + layer.eps)
    if layer.channelwise_affine:
        y = y * layer.weight.reshape(shape) + layer.bias.reshape(shape)
    return y


def make(root, case, name, r, x64):
    arguments, shape, axes = DRAW[name](r)
    seed = r.randrange(1 << 31)
    numbers = np.random.default_rng(seed)
    x = drawn(numbers, shape) * 2 + 0.5
    w = Writer(root, case, "stateful layer")
    w.head.update(layer=name, seed=seed, x64=x64, args=arguments)
    init = build(name, arguments, seed)
    w.file("eqx_init", init, ".init")
    build_again = lambda: build(name, arguments, seed)
    layer, state = eqx.nn.make_with_state(build_again)()
    layer = perturbed(layer, numbers)
    w.file("eqx", layer)
    w.head["leaves_init"] = [jax.tree_util.keystr(path) for path, _ in
                             jax.tree_util.tree_leaves_with_path(init)]
    w.leaves(layer)
    words = "layer"
    for axis in reversed(axes):
        words = OVER_BATCH.format(words, axis)
    w.head["call"] = f"for k: out[k], state = {words}(x[k], state)" + TAIL
    batch = name == "BatchNorm" and arguments["mode"] == "batch"
    if batch:
        w.head["note"] = ("inference_out is Equinox's; inference_out_debiased uses var = "
                          "(hidden_var - m^n) / (1 - m^n)")

    def step(layer, x, state):
        for axis in reversed(axes):
            layer = jax.vmap(layer, axis_name=axis, in_axes=(0, None), out_axes=(0, None))
        return layer(x, state)

    quiet = eqx.nn.inference_mode(layer)
    w.add("in/x", x)
    w.add_outputs("state0", state)
    last = len(x) - 1
    for k in range(len(x)):
        flat = jax.tree_util.tree_leaves(state), jax.tree_util.tree_structure(state)
        again = lambda: jax.tree_util.tree_unflatten(flat[1], flat[0])
        if k in (0, last):
            w.add(f"inference_before_step{k}", step(quiet, x[k], again())[0])
        if k == last:
            loss = lambda both: half_squares(step(both[0], both[1], again())[0])
            gradients = eqx.filter_grad(loss)((layer, x[k]))
        out, state = step(layer, x[k], again())
        w.add(f"out/{k}", out)
        w.add_outputs(f"state{k + 1}", state)
    w.add_leaves("grad/", gradients[0])
    w.add("grad_in/x", gradients[1])
    flat = jax.tree_util.tree_leaves(state), jax.tree_util.tree_structure(state)
    w.add("inference_out", step(quiet, x[0], jax.tree_util.tree_unflatten(flat[1], flat[0]))[0])
    if batch:
        w.add("inference_out_debiased",
              debiased(layer, jax.tree_util.tree_unflatten(flat[1], flat[0]), x[0],
                       x.ndim - 2 - len(axes)))
    w.close()


def jobs(x64):
    tail = "_f64" if x64 else ""
    for name in DRAW:
        for i in range(5):
            yield (f"layers/stateful_{name.lower()}_{i}{tail}",
                   lambda root, case, r, name=name: make(root, case, name, r, x64))
