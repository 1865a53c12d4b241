# SPDX-License-Identifier: MIT
"""Group transforms: derivatives, vmap, custom rules and loops at drawn sizes."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from build import activation, build
from case import Key, Writer, drawn, half_squares
from layer_args import some

SMOOTH = ["tanh", "softplus", "sigmoid", "silu", "gelu", "sin"]
half = lambda x: 0.5 * (x**2).sum()


def start(root, case, r, x64):
    w = Writer(root, case, "transforms")
    w.head["x64"] = x64
    return w, np.random.default_rng(r.randrange(1 << 30))


def arrays(root, case, r, x64):
    w, numbers = start(root, case, r, x64)
    n, many = r.randint(4, 9), r.randint(1, 12)
    lo = r.randint(0, n - 1)
    hi = r.randint(lo + 1, 2 * n)
    rows, columns = r.randint(0, n - 2), r.randint(0, n - 3)
    w.head["call"] = (
        f"gradients in the named input of: gather 0.5 sum(A[idx]^2); scatter_add 0.5 sum((0 at[idx] "
        f"add of A[:,0] cut/tiled: zeros({n}).at[idx].add(v{many}))^2); einsum "
        f"sum(einsum('ij,kj,k->i', A, A, b)^2)/2; concat 0.5 sum(concat(b, 2b)[{lo}:{hi}]^2); "
        f"dynslice 0.5 sum(A[{rows}:{rows + 2}, {columns}:{columns + 3}]^2); take_along 0.5 "
        f"sum(take_along_axis(A, argsort(A))^2 * arange); matmul_chain 0.5 sum((A @ tanh(A) @ b)^2); "
        f"solve 0.5 sum(solve(S, b)^2) in S and b; cholesky sum(tril(cholesky(S))) in S")
    A, b, v = drawn(numbers, [n, n]), drawn(numbers, [n]), drawn(numbers, [many])
    S = A @ A.T + n * jnp.eye(n)
    idx = jnp.asarray(numbers.integers(0, n, many), jnp.int32)
    for key, value in ("A", A), ("S", S), ("b", b), ("idx", idx), (f"v{many}", v):
        w.add(f"in/{key}", value)
    g, along = jax.grad, lambda A: jnp.take_along_axis(A, jnp.argsort(A, -1), -1)**2
    w.add("gather", g(lambda A: half(A[idx]))(A))
    w.add("scatter_add", g(lambda v: half(jnp.zeros(n).at[idx].add(v)))(v))
    w.add("einsum", g(lambda A: half(jnp.einsum("ij,kj,k->i", A, A, b)))(A))
    w.add("concat", g(lambda b: half(jnp.concatenate([b, 2 * b])[lo:hi]))(b))
    w.add("dynslice", g(lambda A: half(A[rows:rows + 2, columns:columns + 3]))(A))
    w.add("take_along", g(lambda A: 0.5 * (along(A) * jnp.arange(n)).sum())(A))
    w.add("matmul_chain", g(lambda A: half(A @ jnp.tanh(A) @ b))(A))
    w.add("solve", g(lambda S: half(jnp.linalg.solve(S, b)))(S))
    w.add("solve_b", g(lambda b: half(jnp.linalg.solve(S, b)))(b))
    w.add("cholesky", g(lambda S: jnp.tril(jnp.linalg.cholesky(S)).sum())(S))
    w.close()


@jax.custom_jvp
def steep(v):
    return (v > 0).astype(v.dtype)


@steep.defjvp
def steep_jvp(primals, tangents):
    s = jax.nn.sigmoid(primals[0])
    return steep(primals[0]), s * (1 - s) * tangents[0]


def custom(root, case, r, x64):
    w, numbers = start(root, case, r, x64)
    limit = r.choice([0.1, 0.5, 2.0])
    w.head.update(args={"limit": limit}, call=(
        "clip = gradient of 0.5 sum(clipgrad(v)^2), clipgrad = identity whose vjp clips the cotangent "
        "to +-limit; step = gradient of sum(v steep(v)), steep = Heaviside (0 at 0) with surrogate "
        "derivative s(1-s), s = sigmoid; stop = gradient of sum(stop_gradient(v) v^2); straight = "
        "gradient of sum((v + stop_gradient(round(v) - v))^2); cond = gradient of cond(sum(v) > 0, "
        "sum(v^2), sum(v^3)); where = gradient of sum(where(v > 0, v^2, -v)); norm0 = gradient of "
        "sqrt(sum(v^2) + 1e-12)"))
    v = drawn(numbers, [r.randint(1, 3)] * (r.random() < 0.3) + [r.randint(1, 12)])
    v = v.at[..., 0].set(0) if r.random() < 0.5 else v
    clipgrad = jax.custom_vjp(lambda x: x)
    clipgrad.defvjp(lambda x: (x, None), lambda _, ct: (jnp.clip(ct, -limit, limit),))
    stop, sums = jax.lax.stop_gradient, lambda f: lambda v: f(v).sum()
    cond = lambda v: jax.lax.cond(v.sum() > 0, sums(jnp.square), sums(lambda v: v**3), v)
    w.add("in/v", v)
    for name, f in {
            "clip": lambda v: half(clipgrad(v)), "step": sums(lambda v: v * steep(v)),
            "stop": sums(lambda v: stop(v) * v**2),
            "straight": sums(lambda v: (v + stop(jnp.round(v) - v))**2), "cond": cond,
            "where": sums(lambda v: jnp.where(v > 0, v**2, -v)),
            "norm0": lambda v: jnp.sqrt((v**2).sum() + 1e-12)}.items():
        w.add(name, jax.grad(f)(v))
    w.close()


def mlp_args(r, scalar=False):
    a = {"in_size": r.randint(1, 6), "out_size": "scalar" if scalar else r.randint(1, 6),
         "width_size": r.randint(1, 12), "depth": r.randint(1, 3)}
    return {**a, **some(r, 0.7, activation=r.choice(SMOOTH)),
            **some(r, 0.3, final_activation=r.choice(SMOOTH), use_bias=False),
            **some(r, 0.3, scan=a["depth"] > 1)}


def mlp(root, case, r, x64):
    w, numbers = start(root, case, r, x64)
    a, seed = mlp_args(r), r.randrange(1 << 31)
    m = build("MLP", a, seed)
    w.head.update(seed=seed, args=a, call="m = MLP(args, key=PRNGKey(seed)); out = m(x); jvp_x: "
                  "tangent tx; jvp_model: tangents tangent/*; jvp_both; vjp/*, vjp_x: cotangent ct; "
                  "jacfwd, jacrev: dm/dx (out, in); jac_model/*: jacobian of m(x) in the leaves")
    w.file("eqx", m)
    x, tx, ct = (drawn(numbers, [a[k]]) for k in ("in_size", "in_size", "out_size"))
    for key, value in ("x", x), ("tx", tx), ("ct", ct):
        w.add(f"in/{key}", value)
    arrays_, static = eqx.partition(m, eqx.is_inexact_array)
    tm = jax.tree_util.tree_map(lambda leaf: drawn(numbers, leaf.shape), arrays_)
    f = lambda leaves, x: eqx.combine(leaves, static)(x)
    w.add_leaves("tangent/", tm)
    w.add("out", m(x))
    w.add("jvp_x", jax.jvp(lambda x: f(arrays_, x), (x,), (tx,))[1])
    w.add("jvp_model", jax.jvp(lambda m: f(m, x), (arrays_,), (tm,))[1])
    w.add("jvp_both", jax.jvp(f, (arrays_, x), (tm, tx))[1])
    back = jax.vjp(f, arrays_, x)[1](ct)
    w.add_leaves("vjp/", back[0])
    w.add("vjp_x", back[1])
    w.add("jacfwd", jax.jacfwd(f, 1)(arrays_, x))
    w.add("jacrev", jax.jacrev(f, 1)(arrays_, x))
    w.add_leaves("jac_model/", jax.jacrev(f)(arrays_, x))
    w.close()


def scalar_mlp(root, case, r, x64):
    w, numbers = start(root, case, r, x64)
    a, seed = mlp_args(r, scalar=True), r.randrange(1 << 31)
    m = build("MLP", a, seed)
    w.head.update(seed=seed, args=a, call="s = MLP(args, key=PRNGKey(seed)); value, grad, hessian (in, "
                  "in) of s at x; hvp = hessian @ tx; grad_model/*; laplacian = trace; grad_of_grad/*: "
                  "gradient in the leaves of 0.5 |ds/dx|^2; third: derivative of hvp along tx; "
                  "hess_final_bias_row/*: row of the model's Hessian for the last bias")
    w.file("eqx", m)
    x, tx = drawn(numbers, [a["in_size"]]), drawn(numbers, [a["in_size"]])
    w.add("in/x", x)
    w.add("in/tx", tx)
    grad, hessian = jax.grad(m), jax.hessian(m)
    hvp = lambda x: jax.jvp(grad, (x,), (tx,))[1]
    w.add("value", m(x))
    w.add("grad", grad(x))
    w.add("hessian", hessian(x))
    w.add("hvp", hvp(x))
    w.add("laplacian", jnp.trace(hessian(x)))
    w.add("third", jax.jvp(hvp, (x,), (tx,))[1])
    g = eqx.filter_grad(lambda m: m(x))
    w.add_leaves("grad_model/", g(m))
    w.add_leaves("grad_of_grad/", eqx.filter_grad(lambda m: half(jax.grad(m)(x)))(m))
    w.add_leaves("hess_final_bias_row/", eqx.filter_grad(lambda m: g(m).layers[-1].bias.sum())(m))
    w.close()


def vmap(root, case, r, x64):
    w, numbers = start(root, case, r, x64)
    models, seed = r.randint(1, 9), r.randrange(1 << 31)
    a = mlp_args(r)
    w.head.update(seed=seed, args={**a, "models": models}, call="ensemble = vmap(MLP)(split("
                  "PRNGKey(seed), models)); each: model k on x[k]; shared: every model on x[0]; "
                  "all_pairs (models, n, out); perex/*: per-example gradients of 0.5|m0(x)|^2 with m0 = "
                  "MLP(key=PRNGKey(seed)); axis outputs: vmap(m0, out_axes=1)")
    args = {k: activation(v) if k.endswith("activation") else v for k, v in a.items()}
    make = lambda key: eqx.nn.MLP(**args, key=key)
    many, one = eqx.filter_vmap(make)(jax.random.split(Key(seed), models)), make(Key(seed))
    x = drawn(numbers, [models, a["in_size"]])
    w.file("eqx", many)
    w.add("in/x", x)
    call = lambda m, x: m(x)
    w.add("each", eqx.filter_vmap(call)(many, x))
    w.add("shared", eqx.filter_vmap(call, in_axes=(eqx.if_array(0), None))(many, x[0]))
    w.add("all_pairs", eqx.filter_vmap(lambda m: jax.vmap(m)(x))(many))
    each = eqx.filter_vmap(eqx.filter_grad(lambda m, x: half(m(x))), in_axes=(None, 0))
    w.add_leaves("perex/", each(one, x))
    w.add("out_axis1", jax.vmap(one, out_axes=1)(x))
    w.close()


def loops(root, case, r, x64):
    w, numbers = start(root, case, r, x64)
    n, hidden, size, seed = r.randint(1, 5), r.randint(1, 9), r.randint(2, 14), r.randrange(1 << 30)
    width, depth, act = r.randint(2, 9), r.randint(1, 2), r.choice(["tanh", "softplus", "sigmoid"])
    steps = r.randint(3, 14)
    a = {"steps": steps, "checkpoints": r.randint(1, steps), "while_limit": r.randint(1, steps + 2)}
    w.head.update(seed=seed, args=a, call=(
        "scan: cell = GRUCell(in, hidden, key=PRNGKey(seed)) over xs from h = 0, loss = 0.5 |h_last|^2 "
        "+ 0.5 sum of all h^2, gradients scan_grad/*, scan_grad_xs (checkpointed or not gives the "
        f"same); while: y <- y + 0.1 m(y) with m = MLP(hidden, hidden, {width}, {depth}, {act}, "
        "key=PRNGKey(seed+1)) while step < while_limit and step < steps, loss = 0.5 |y|^2, gradients "
        "while_grad/*, while_grad_y0; while_jvp: tangent of y along ty0"))
    cell = eqx.nn.GRUCell(n, hidden, key=Key(seed))
    m = build("MLP", {"in_size": hidden, "out_size": hidden, "width_size": width, "depth": depth,
                      "activation": act}, seed + 1)
    w.file("eqx", (cell, m))
    xs, y0, ty0 = drawn(numbers, [size, n]), drawn(numbers, [hidden]), drawn(numbers, [hidden])

    def scan(cell, xs):
        step = lambda h, x: (cell(x, h),) * 2
        return jax.lax.scan(step, jnp.zeros(hidden), xs)

    def loop(m, y):
        for _ in range(min(a["steps"], a["while_limit"])):
            y = y + 0.1 * m(y)
        return y

    w.add("in/xs", xs)
    w.add("in/y0", y0)
    w.add("scan_hs", scan(cell, xs)[1])
    g = eqx.filter_grad(lambda both: half_squares(scan(*both)))((cell, xs))
    w.add_leaves("scan_grad/", g[0])
    w.add("scan_grad_xs", g[1])
    w.add("while_y", loop(m, y0))
    g = eqx.filter_grad(lambda both: half(loop(*both)))((m, y0))
    w.add_leaves("while_grad/", g[0])
    w.add("while_grad_y0", g[1])
    w.add("in/ty0", ty0)
    w.add("while_jvp", jax.jvp(lambda y: loop(m, y), (y0,), (ty0,))[1])
    w.close()


def jobs(x64):
    tail = "_f64" if x64 else ""
    for f in arrays, custom, mlp, scalar_mlp, vmap, loops:
        for i in range(2):
            yield (f"transforms/{f.__name__}_{i}{tail}",
                   lambda root, case, r, f=f: f(root, case, r, x64))
