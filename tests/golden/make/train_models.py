# SPDX-License-Identifier: MIT
"""The models of the training runs."""

import equinox as eqx
import jax
import jax.numpy as jnp

nn, split = eqx.nn, jax.random.split


class RNN(eqx.Module):
    hidden_size: int
    cell: nn.GRUCell
    linear: nn.Linear
    bias: jax.Array

    def __init__(self, hidden, key):
        a, b = split(key)
        self.hidden_size = hidden
        self.cell = nn.GRUCell(2, hidden, key=a)
        self.linear = nn.Linear(hidden, 1, use_bias=False, key=b)
        self.bias = jnp.zeros(1)

    def __call__(self, xs):
        h, _ = jax.lax.scan(lambda h, x: (self.cell(x, h), None), jnp.zeros(self.hidden_size), xs)
        return jax.nn.sigmoid(self.linear(h) + self.bias)


class CNN(eqx.Module):
    conv1: nn.Conv2d
    conv2: nn.Conv2d
    pool: nn.MaxPool2d
    lin: nn.Linear

    def __init__(self, key, channels=1, width=4, features=6, classes=3, kernel=3):
        a, b, c = split(key, 3)
        self.conv1 = nn.Conv2d(channels, width, kernel, padding=1, key=a)
        self.conv2 = nn.Conv2d(width, features, 3, stride=2, key=b)
        self.pool = nn.MaxPool2d(2, 2)
        self.lin = nn.Linear(features, classes, key=c)

    def __call__(self, x):
        x = self.pool(jax.nn.relu(self.conv1(x)))
        x = jax.nn.relu(self.conv2(x)).mean((1, 2))
        return jax.nn.log_softmax(self.lin(x))


class Block(eqx.Module):
    ln1: nn.LayerNorm
    attn: nn.MultiheadAttention
    ln2: nn.LayerNorm
    mlp: nn.MLP

    def __init__(self, dim, heads, key):
        a, b = split(key)
        self.ln1, self.ln2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(heads, dim, key=a)
        self.mlp = nn.MLP(dim, dim, 2 * dim, 1, jax.nn.gelu, key=b)

    def __call__(self, x, mask):
        h = jax.vmap(self.ln1)(x)
        x = x + self.attn(h, h, h, mask)
        return x + jax.vmap(self.mlp)(jax.vmap(self.ln2)(x))


class Transformer(eqx.Module):
    emb: nn.Embedding
    pos: jax.Array
    blocks: list
    ln: nn.LayerNorm
    head: nn.Linear

    def __init__(self, vocab, dim, heads, depth, seq, key):
        e, p, h, *b = split(key, 3 + depth)
        self.emb = nn.Embedding(vocab, dim, key=e)
        self.pos = 0.02 * jax.random.normal(p, (seq, dim))
        self.blocks = [Block(dim, heads, k) for k in b]
        self.ln = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, vocab, key=h)

    def __call__(self, tokens):
        x = jax.vmap(self.emb)(tokens) + self.pos
        mask = jnp.tril(jnp.ones((len(tokens),) * 2, bool))
        for block in self.blocks:
            x = block(x, mask)
        return jax.vmap(self.head)(jax.vmap(self.ln)(x))


class Stateful(eqx.Module):
    norm1: nn.BatchNorm
    sn: nn.SpectralNorm
    norm2: nn.BatchNorm
    lin2: nn.Linear
    lin3: nn.Linear

    def __init__(self, size, width, mode, key):
        a, b, c, d = split(key, 4)
        self.norm1 = nn.BatchNorm(size, "batch", mode=mode)
        self.sn = nn.SpectralNorm(nn.Linear(size, width, key=a), "weight", key=d)
        self.norm2 = nn.BatchNorm(width, "batch", mode=mode)
        self.lin2 = nn.Linear(width, width, key=b)
        self.lin3 = nn.Linear(width, size, key=c)

    def __call__(self, x, state):
        x, state = self.norm1(x, state)
        x, state = self.sn(x, state)
        x, state = self.norm2(jax.nn.relu(x), state)
        return self.lin3(jax.nn.relu(self.lin2(x))), state
