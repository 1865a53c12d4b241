# SPDX-License-Identifier: MIT
"""Layers of Equinox from the class name and the arguments of a case."""

import inspect

import equinox as eqx
import jax

from case import Key, tuples

jnp = jax.numpy


def activation(name):
    if name == "PReLU":
        return eqx.nn.PReLU()
    return getattr(jax.nn, name, None) or getattr(jnp, name)


def build(name, arguments, seed):
    """Class(arguments, key=PRNGKey(seed))"""
    cls = getattr(eqx.nn, name)
    args = {key: tuples(value) for key, value in arguments.items()}
    for key in "activation", "final_activation", "fn":
        if key in args:
            args[key] = activation(args[key])
    if "operation" in args:
        args["operation"] = getattr(jax.lax if name == "Pool" else jnp, args["operation"])
    if "init" in args:
        args["init"] = float(args["init"])
    if "layers" in args:
        args["layers"] = [build(*spec) for spec in arguments["layers"]]
    if "layer" in args:
        args["layer"] = build(*arguments["layer"])
    if "dtype" in args:
        args["dtype"] = jnp.dtype(args["dtype"])
    for key in "weight", "init_alpha":
        if key in args:
            args[key] = jnp.asarray(arguments[key])
    if name == "PReLU" and "init_alpha" in args and args["init_alpha"].ndim == 0:
        args["init_alpha"] = arguments["init_alpha"]
    if "key" in inspect.signature(cls.__init__).parameters:
        args["key"] = Key(seed)
    return cls(**args)


def perturbed(model, numbers):
    """The model with its inexact arrays moved, for layers that start at ones and zeros."""
    def move(leaf):
        if not eqx.is_inexact_array(leaf):
            return leaf
        return leaf + jnp.asarray(0.3 * numbers.normal(size=leaf.shape)).astype(leaf.dtype)
    return jax.tree_util.tree_map(move, model)
