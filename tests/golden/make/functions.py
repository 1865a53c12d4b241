# SPDX-License-Identifier: MIT
"""Group functions: element-wise ones with derivatives, those of a matrix with their vjp."""

import jax
import numpy as np

from case import Writer, drawn

jnp, nn = jax.numpy, jax.nn

WHOLE = {
    "relu": nn.relu, "relu6": nn.relu6, "sigmoid": nn.sigmoid, "softplus": nn.softplus,
    "silu": nn.silu, "log_sigmoid": nn.log_sigmoid, "leaky_relu": nn.leaky_relu, "elu": nn.elu,
    "celu": nn.celu, "selu": nn.selu, "gelu_tanh": nn.gelu,
    "gelu_exact": lambda x: nn.gelu(x, approximate=False), "hard_tanh": nn.hard_tanh,
    "hard_sigmoid": nn.hard_sigmoid, "hard_silu": nn.hard_silu, "soft_sign": nn.soft_sign,
    "mish": nn.mish, "squareplus": nn.squareplus, "tanh": jnp.tanh, "erf": jax.lax.erf,
    "sin": jnp.sin, "cos": jnp.cos, "abs": jnp.abs, "square": jnp.square, "arctan": jnp.arctan,
    "sinh_div": lambda x: jnp.sinh(x / 16), "expm1_neg": lambda x: jnp.expm1(-jnp.abs(x)),
    "log1p_abs": lambda x: jnp.log1p(jnp.abs(x)),
}
MORE = {"swish": nn.swish, "arcsinh": jnp.arcsinh, "sign": jnp.sign, "floor": jnp.floor,
        "ceil": jnp.ceil, "cbrt": jnp.cbrt, "erfc": jax.lax.erfc,
        "negative": jnp.negative, "identity": lambda x: x}
POSITIVE = {"log": jnp.log, "sqrt": jnp.sqrt, "rsqrt": jax.lax.rsqrt, "log2": jnp.log2,
            "reciprocal": jnp.reciprocal, "log10": jnp.log10, "log1p": jnp.log1p}
UNIT = {"erf_inv": jax.lax.erf_inv, "arctanh": jnp.arctanh, "arcsin": jnp.arcsin,
        "arccos": jnp.arccos, "tan": jnp.tan, "exp": jnp.exp, "exp2": jnp.exp2,
        "expm1": jnp.expm1, "cosh": jnp.cosh, "sinh": jnp.sinh}


def standardize(x):
    mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(var + 1e-5)


def by_axis(name, f):
    return {f"{name}_axis{k}": (lambda x, k=k: f(x, k)) for k in (0, 1)}


VECTOR = {
    "softmax": nn.softmax, "log_softmax": nn.log_softmax, "logsumexp": nn.logsumexp,
    "standardize": standardize, "max": jnp.max, "min": jnp.min, "std": jnp.std, "var": jnp.var,
    "mean": jnp.mean, "sum": jnp.sum, "var_ddof1": lambda x: x.var(1, ddof=1),
    "norm": jnp.linalg.norm, "flip": lambda x: jnp.flip(x, 1),
    "roll": lambda x: jnp.roll(x, 2, 1), "clip": lambda x: jnp.clip(x, -1, 1),
    "gram": lambda x: x @ x.T / 10,
    **by_axis("softmax", nn.softmax), **by_axis("log_softmax", nn.log_softmax),
    **by_axis("logsumexp", nn.logsumexp), **by_axis("max", jnp.max), **by_axis("min", jnp.min),
    **by_axis("mean", jnp.mean), **by_axis("var", jnp.var), **by_axis("sum", jnp.sum),
    **by_axis("std", jnp.std), **by_axis("prod", lambda x, k: jnp.prod(x / 3, k)),
    **by_axis("cumsum", jnp.cumsum), **by_axis("cumprod", lambda x, k: jnp.cumprod(x / 3, k)),
    **by_axis("sort", jnp.sort),
}


def points(r, numbers, low, high, extra=()):
    values = np.concatenate([numbers.uniform(low, high, r.randint(3, 70)), extra])
    return jnp.asarray(values, jnp.float64 if jax.config.jax_enable_x64 else jnp.float32)


def elementwise(root, case, r, x64):
    numbers = np.random.default_rng(r.randrange(1 << 30))
    w = Writer(root, case, "elementwise")
    some = {**WHOLE, **{key: MORE[key] for key in r.sample(sorted(MORE), 4)}}
    w.head.update(x64=x64, call="out/NAME = NAME(x), grad/NAME = its derivative, grad2/NAME the "
                                "second derivative (f64 only)", functions=list(some),
                  note="sinh_div(x) = sinh(x/16), expm1_neg(x) = expm1(-|x|), log1p_abs(x) = "
                       "log(1+|x|); derivatives at kinks as JAX takes them")

    def write(prefix, name, f, x, order):
        for k, kind in enumerate(("out", "grad", "grad2")[:order + 1]):
            w.add(f"{prefix}{kind}/{name}", jax.vmap(f)(x))
            f = jax.grad(f)

    x = points(r, numbers, -r.uniform(1, 9), r.uniform(1, 9),
               [0.0, r.uniform(10, 90), -r.uniform(10, 90), 1e-5, -1.0, 3.0])
    w.add("in/x", x)
    for name, f in some.items():
        write("", name, f, x, 2 if x64 else 1)
    pos, unit = points(r, numbers, 1e-4, r.choice([2, 100])), points(r, numbers, -0.999, 0.999)
    w.add("in/pos", pos)
    for name, f in POSITIVE.items():
        write("pos_", name, f, pos, 1)
    exponent = r.choice([0.3, 2.5, -1.25])
    write("pos_", f"pow{exponent}", lambda x: x**exponent, pos, 1)
    w.add("in/unit", unit)
    for name, f in UNIT.items():
        write("unit_", name, f, unit, 1)
    w.close()


def vector(root, case, r, x64):
    numbers = np.random.default_rng(r.randrange(1 << 30))
    shape = [r.randint(2, 9), r.randint(3, 20)]
    x, cot = drawn(numbers, shape, 3.0), drawn(numbers, [max(shape)] * 2)
    w = Writer(root, case, "vector")
    w.head.update(x64=x64, call="out/NAME = NAME(x); grad/NAME = vjp of NAME at x applied to "
                                "cot/NAME", note="cot/NAME is the cotangent used",
                  functions=list(VECTOR))
    w.add("in/x", x)
    w.add("in/cot", cot)
    for name, f in VECTOR.items():
        out, back = jax.vjp(f, x)
        cotangent = cot.ravel()[:out.size].reshape(out.shape)
        w.add(f"out/{name}", out)
        w.add(f"cot/{name}", cotangent)
        w.add(f"grad/{name}", back(cotangent)[0])
    w.close()


def jobs(x64):
    tail = "_f64" if x64 else ""
    for f in elementwise, vector:
        for i in range(2):
            yield (f"functions/{f.__name__}_{i}{tail}",
                   lambda root, case, r, f=f: f(root, case, r, x64))
