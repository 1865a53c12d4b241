# SPDX-License-Identifier: MIT
"""Group optim: optimisers on one small problem, and schedules."""

import inspect

import jax
import numpy as np
import optax

from case import Writer, drawn
from layer_args import some

jnp = jax.numpy
OPTAX = {"cosine_decay": optax.cosine_decay_schedule, "cosine": optax.cosine_decay_schedule,
         "warmup_cosine_decay": optax.warmup_cosine_decay_schedule,
         "warmup_cosine": optax.warmup_cosine_decay_schedule,
         "exponential_decay": optax.exponential_decay, "exponential": optax.exponential_decay,
         "linear": optax.linear_schedule, "polynomial": optax.polynomial_schedule,
         "piecewise_constant": optax.piecewise_constant_schedule,
         "onecycle_cosine": optax.cosine_onecycle_schedule,
         "onecycle_linear": optax.linear_onecycle_schedule, "constant": optax.constant_schedule,
         "warmup_exponential_decay": optax.warmup_exponential_decay_schedule,
         "warmup_constant": optax.warmup_constant_schedule}


def schedule_args(r, name):
    """Arguments of the schedule, defaults left out, but in their place where they are given."""
    steps, value = r.randint(3, 30), lambda: r.randint(1, 40) / 20
    if "onecycle" in name:
        a = {"transition_steps": r.randint(8, 50), "peak_value": value(),
             **some(r, 0.5, pct_start=r.choice([0.2, 0.45]), div_factor=r.choice([5.0, 25.0]),
                    final_div_factor=r.choice([10.0, 1000.0]))}
        return {**a, **some(r, 0.5, pct_final=0.9)} if "linear" in name else a
    if name == "constant":
        return {"value": value()}
    if name == "piecewise_constant":
        at = sorted(r.sample(range(1, 40), r.randint(1, 4)))
        return {"init_value": value(), "boundaries_and_scales": {str(k): value() for k in at}}
    if name.startswith("warmup"):
        a = {"init_value": r.choice([0.0, 0.1]), "peak_value": value(), "warmup_steps": steps}
        if name == "warmup_constant":
            return a
        if "cosine" in name:
            return {**a, "decay_steps": steps + r.randint(1, 30),
                    **some(r, 0.5, end_value=0.03, exponent=r.choice([0.5, 2.0]))}
        return {**a, "transition_steps": r.randint(2, 9), "decay_rate": 0.6,
                **some(r, 0.4, transition_begin=r.randint(0, 6), staircase=True, end_value=0.05)}
    if "cosine" in name:
        return {"init_value": value(), "decay_steps": steps,
                **some(r, 0.5, alpha=r.choice([0.0, 0.1]), exponent=r.choice([0.5, 1.0, 3.0]))}
    if "exponential" in name:
        rate = r.choice([0.5, 0.9, 1.2])
        return {"init_value": value(), "transition_steps": r.randint(1, 12), "decay_rate": rate,
                **some(r, 0.4, transition_begin=r.randint(0, 9), staircase=True,
                       end_value=9.0 if rate > 1 else 0.2)}
    a = {"init_value": value(), "end_value": r.choice([0.0, 0.3, 2.5])}
    if name == "polynomial":
        a["power"] = r.choice([1, 2, 3, 0.5])
    return {**a, "transition_steps": steps, **some(r, 0.5, transition_begin=r.randint(0, 9))}


def schedule(name, a):
    a = dict(a)
    if "boundaries_and_scales" in a:
        a["boundaries_and_scales"] = {int(k): v for k, v in a["boundaries_and_scales"].items()}
    return OPTAX[name](**a)


def optimiser_args(r, name):
    betas = some(r, 0.5, b1=r.choice([0.0, 0.5, 0.8, 0.95]), b2=r.choice([0.9, 0.99]))
    eps = some(r, 0.5, eps=r.choice([1e-3, 1e-6]))
    return {
        "sgd": {}, "momentum": {"momentum": r.choice([0.5, 0.95])},
        "nesterov": {"momentum": r.choice([0.5, 0.95]), "nesterov": True},
        "adam": {**betas, **eps, **some(r, 0.4, eps_root=r.choice([0.0, 1e-6]), nesterov=True)},
        "adamw": {**betas, **eps, **some(r, 0.5, weight_decay=r.choice([0.0, 0.01, 0.3])),
                  **some(r, 0.3, nesterov=True)},
        "nadam": {**betas, **eps},
        "adabelief": {**betas, **some(r, 0.5, eps=1e-6, eps_root=1e-8, nesterov=True)},
        "rmsprop": {**some(r, 0.5, decay=r.choice([0.5, 0.99]), eps=1e-4,
                           initial_scale=r.choice([0.0, 0.5])),
                    **some(r, 0.4, eps_in_sqrt=False, centered=True,
                           momentum=r.choice([None, 0.0, 0.7])),
                    **some(r, 0.3, nesterov=True, bias_correction=True)},
        "lion": {**betas, **some(r, 0.5, weight_decay=0.1)},
        "adagrad": {**some(r, 0.5, initial_accumulator_value=r.choice([0.0, 1.0]), eps=1e-5)},
    }[name]


def optimiser(name, a):
    a, build = dict(a), {"momentum": "sgd", "nesterov": "sgd"}.get(name, name)
    f = getattr(optax, build)
    own = {k: a.pop(k) for k in list(a) if k in inspect.signature(f).parameters}
    limit, rate = a.pop("clip_by_global_norm", None), a.pop("lr", None)
    made = f(schedule(a.pop("schedule"), a) if rate is None else rate, **own)
    return optax.chain(optax.clip_by_global_norm(limit), made) if limit else made


NAMES = ["sgd", "momentum", "nesterov", "adam", "adamw", "nadam", "adabelief", "rmsprop", "lion",
         "adagrad"]


def make(root, case, r, x64):
    name = r.choice(NAMES)
    a = some(r, 0.3, clip_by_global_norm=r.choice([0.05, 0.3, 10.0]))
    if r.random() < 0.4:
        kind = r.choice(["cosine_decay", "warmup_cosine_decay", "exponential_decay", "linear",
                         "polynomial", "piecewise_constant"])
        a["schedule"] = kind
        a.update({k: v / 20 if k.endswith("value") else v
                  for k, v in schedule_args(r, kind).items()})
    else:
        a["lr"] = r.choice([0.2, 0.05, 0.01, 1e-3])
    a.update(optimiser_args(r, name))
    parts = ["clip"] * ("clip_by_global_norm" in a)
    parts += [a["schedule"].split("_")[0]] if "schedule" in a else []
    numbers = np.random.default_rng(r.randrange(1 << 30))
    rows, i, o, steps = r.randint(3, 20), r.randint(1, 9), r.randint(1, 7), r.choice([20, 5, 33])
    x, y = drawn(numbers, [rows, i]), drawn(numbers, [rows, o], 0.5)
    p = {"b": drawn(numbers, [o]), "w": drawn(numbers, [o, i], 0.5)}
    w = Writer(root, case, "optimiser")
    w.head.update(x64=x64, optimiser="_".join(parts + [name]), args=a,
                  call=f"p = {{b, w}}; loss = mean((tanh(X w^T + b) - Y)^2); {steps} steps; "
                       "loss/grads are taken before each update; params after it")
    for key, value in ("X", x), ("Y", y), ("w0", p["w"]), ("b0", p["b"]):
        w.add(f"in/{key}", value)
    loss = lambda p: ((jnp.tanh(x @ p["w"].T + p["b"]) - y)**2).mean()
    tx = optimiser(name, a)
    state, run = tx.init(p), {k: [] for k in ("loss", "grad_w", "grad_b", "w", "b")}

    @jax.jit
    def step(p, state):
        value, g = jax.value_and_grad(loss)(p)
        updates, state = tx.update(g, state, p)
        return optax.apply_updates(p, updates), state, value, g

    for _ in range(steps):
        p, state, value, g = step(p, state)
        for key, item in zip(run, (value, g["w"], g["b"], p["w"], p["b"])):
            run[key].append(item)
    if not all(np.isfinite(item).all() for item in run["w"]):
        raise ValueError("a step is no number: the root of a rounding below 0")
    for key, items in run.items():
        w.add(key, np.stack(items))
    w.close()


def make_schedules(root, case, r, n):
    """Many schedules, in f64 whatever the mode of the set: only made in x64 mode."""
    w = Writer(root, case, "schedules")
    w.head.update(call=f"NAME[k] = schedule(k), k = 0..{n - 1} (f64)", schedules={})
    for kind in OPTAX:
        for i in range(2):
            name = kind if i == 0 else f"{kind}_{i}"
            w.head["schedules"][name] = a = schedule_args(r, kind)
            w.add(name, np.asarray([schedule(kind, a)(k) for k in range(n)], np.float64))
    w.close()


def jobs(x64):
    tail = "_f64" if x64 else ""
    for i in range(16):
        yield f"optim/run_{i}{tail}", lambda root, case, r: make(root, case, r, x64)
    if x64:
        for i in range(2):
            yield (f"optim/schedules_{i}",
                   lambda root, case, r: make_schedules(root, case, r, r.randint(20, 60)))
