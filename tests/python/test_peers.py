# SPDX-License-Identifier: MIT
"""Models of Equinox and PyTorch in Vernal and back: the same predictions. Files of the real
safetensors. Runs with the interpreter $VN_PEERS_PYTHON, or that of ./dev bench --peers."""

import os
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PEERS = os.environ.get("VN_PEERS_PYTHON", os.path.join(ROOT, "build/peers/venv/bin/python"))
if os.path.exists(PEERS) and os.environ.get("VN_PEERS_STARTED") != PEERS:
    os.environ["VN_PEERS_STARTED"] = PEERS
    os.execv(PEERS, [PEERS, "-B"] + sys.argv)

import support
from support import Case, np, ve


def module(name):
    try:
        return __import__(name)
    except ModuleNotFoundError:
        return None


eqx, torch, safetensors = module("equinox"), module("torch"), module("safetensors")
SHAPES = {"mlp": (6, 3), "conv": (6, 1, 8, 8), "gru": (6, 5, 2), "lstm": (6, 5, 2),
          "attention": (6, 5, 8), "norm": (6, 3)}


def batch(name):
    return np.random.default_rng(3).normal(size=SHAPES[name]).astype("f4")


def close(y, want):
    np.testing.assert_allclose(y, want, rtol=2e-5, atol=2e-6)


# ---- the models of predict.c in Equinox

def equinox_models():
    import jax
    nn, key = eqx.nn, jax.random.split(jax.random.PRNGKey(7), 3)

    class Conv(eqx.Module):
        conv: nn.Conv2d
        out: nn.Linear
        up: nn.ConvTranspose2d

        def __call__(self, x):
            h = jax.numpy.tanh(self.up(jax.nn.relu(self.conv(x))))
            return self.out(h.ravel())

    class Recurrent(eqx.Module):
        cell: eqx.Module
        out: nn.Linear

        def __call__(self, xs):
            zero = jax.numpy.zeros(4)
            lstm = isinstance(self.cell, nn.LSTMCell)
            h, _ = jax.lax.scan(lambda h, x: (self.cell(x, h), None),
                                (zero, zero) if lstm else zero, xs)
            return self.out(h[0] if lstm else h)

    class Attention(eqx.Module):
        attention: nn.MultiheadAttention
        norm: nn.LayerNorm
        slope: nn.PReLU

        def __call__(self, x):
            return self.slope(jax.vmap(self.norm)(self.attention(x, x, x)))

    biases = {f"use_{name}_bias": True for name in ("query", "key", "value", "output")}
    return {
        "mlp": nn.MLP(3, 2, 8, 2, key=key[0]),
        "conv": Conv(nn.Conv2d(1, 4, (3, 2), padding=1, key=key[0]),
                     nn.Linear(6 * 18 * 20, 3, key=key[1]),
                     nn.ConvTranspose2d(4, 6, 4, stride=2, groups=2, key=key[2])),
        "gru": Recurrent(nn.GRUCell(2, 4, key=key[0]), nn.Linear(4, 1, key=key[1])),
        "lstm": Recurrent(nn.LSTMCell(2, 4, key=key[0]), nn.Linear(4, 1, key=key[1])),
        "attention": Attention(nn.MultiheadAttention(2, 8, **biases, key=key[0]),
                               nn.LayerNorm(8), nn.PReLU(0.3)),
    }


@unittest.skipUnless(eqx, "no equinox")
class Equinox(Case):
    def test_models_predict_the_same_and_come_back(self):
        import jax
        for name, model in equinox_models().items():
            x = batch(name)
            want = np.asarray(jax.vmap(model)(x))
            other = jax.tree_util.tree_map(lambda a: a * 0 if eqx.is_array(a) else a, model)
            for suffix in (".safetensors", ".npz"):
                with self.subTest(model=name, suffix=suffix):
                    source, target = self.path("in" + suffix), self.path("out" + suffix)
                    ve.write(source, ve.from_equinox(model))
                    close(self.predict(name, source, target, x), want)
                    back = ve.to_equinox(other, ve.read(target))
                    self.assertTrue(eqx.tree_equal(back, model))
            with self.subTest(model=name, suffix=".eqx"):
                source, target = self.path("in.eqx"), self.path("out.eqx")
                eqx.tree_serialise_leaves(source, model)
                close(self.predict(name, source, target, x), want)
                with open(source, "rb") as a, open(target, "rb") as b:
                    self.assertEqual(a.read(), b.read())
                arrays = list(ve.from_equinox(model, numbers=True).values())
                ve.write_eqx(self.path("own.eqx"), arrays)
                with open(source, "rb") as a, open(self.path("own.eqx"), "rb") as b:
                    self.assertEqual(a.read(), b.read())

    def test_what_does_not_fit_is_named(self):
        model = equinox_models()["mlp"]
        arrays = ve.from_equinox(model)
        with self.assertRaisesRegex(ve.ExportError, "layers.0.bias: float32"):
            ve.to_equinox(model, {**arrays, "layers.0.bias": np.zeros(3)})
        with self.assertRaisesRegex(ve.ExportError, "x belongs to no leaf"):
            ve.to_equinox(model, {**arrays, "x": np.zeros(3)})
        arrays.pop("layers.2.weight")
        with self.assertRaisesRegex(ve.ExportError, "layers.2.weight is missing"):
            ve.to_equinox(model, arrays)

    def test_bfloat16(self):
        import jax.numpy as jnp
        tree = {"a": jnp.arange(3, dtype=jnp.bfloat16)}
        ve.write(self.path("x.safetensors"), ve.from_equinox(tree))
        self.assertTrue(eqx.tree_equal(
            ve.to_equinox(tree, ve.read(self.path("x.safetensors"))), tree))


# ---- the same in PyTorch

def torch_models():
    nn = torch.nn
    torch.manual_seed(7)

    class Conv(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 4, (3, 2), padding=1)
            self.up = nn.ConvTranspose2d(4, 6, 4, stride=2, groups=2)
            self.out = nn.Linear(6 * 18 * 20, 3)

        def forward(self, x):
            return self.out(torch.tanh(self.up(torch.relu(self.conv(x)))).flatten(1))

    class Recurrent(nn.Module):
        def __init__(self, cell):
            super().__init__()
            self.cell, self.out = cell(2, 4, batch_first=True), nn.Linear(4, 1)

        def forward(self, x):
            return self.out(self.cell(x)[0][:, -1])

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
            self.norm, self.slope = nn.LayerNorm(8), nn.PReLU()

        def forward(self, x):
            return self.slope(self.norm(self.attention(x, x, x)[0]))

    class Norm(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.norm = nn.Linear(3, 3), nn.BatchNorm1d(3)

        def forward(self, x):
            return self.norm(self.linear(x))

    class Mlp(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(3, 8), nn.Linear(8, 8), nn.Linear(8, 2)])

        def forward(self, x):
            for layer in self.layers[:-1]:
                x = torch.relu(layer(x))
            return self.layers[-1](x)

    models = {"mlp": Mlp(), "conv": Conv(), "gru": Recurrent(nn.GRU),
              "lstm": Recurrent(nn.LSTM), "attention": Attention(), "norm": Norm()}
    for model in models.values():
        for x in model.state_dict().values():
            if x.is_floating_point():
                x += 0.1 * torch.rand_like(x)
    models["norm"](torch.randn(20, 3))  # so that the averages are some
    return {name: model.eval() for name, model in models.items()}


LAYERS = {"conv": {"up": "conv_transpose:2"}, "attention": {"slope": "prelu"}}


@unittest.skipUnless(torch, "no torch")
class PyTorch(Case):
    def test_models_predict_the_same_and_come_back(self):
        for name, model in torch_models().items():
            x = batch(name)
            with torch.no_grad():
                want = model(torch.from_numpy(x)).numpy()
            for like, layers in ((model, None), (model.state_dict(), LAYERS.get(name))):
                with self.subTest(model=name, of=type(like).__name__):
                    source, target = self.path("in.safetensors"), self.path("out.npz")
                    ve.write(source, ve.from_torch(like, layers))
                    close(self.predict(name, source, target, x), want)
                    state = ve.to_torch(ve.read(target), like, layers)
                    other = torch_models()[name]
                    for tensor in other.state_dict().values():
                        tensor.zero_()
                    other.load_state_dict(state)
                    with torch.no_grad():
                        close(other(torch.from_numpy(x)).numpy(), want)

    def test_sequential_becomes_layers(self):
        nn = torch.nn
        model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 1)))
        arrays = ve.from_torch(model)
        self.assertEqual(list(arrays), ["layers.0.weight", "layers.0.bias",
                                        "layers.2.layers.0.weight", "layers.2.layers.0.bias"])
        back = ve.to_torch(arrays, model)
        self.assertTrue(all(torch.equal(back[k], v) for k, v in model.state_dict().items()))

    def test_deep_recurrent_layers(self):
        for cls in (torch.nn.GRU, torch.nn.LSTM):
            model = cls(2, 4, num_layers=2, bidirectional=True)
            back = ve.to_torch(ve.from_torch(model), model)
            other = cls(2, 4, num_layers=2, bidirectional=True)
            other.load_state_dict(back)
            x = torch.randn(5, 3, 2)
            close(other(x)[0].detach().numpy(), model(x)[0].detach().numpy())

    def test_what_has_no_counterpart_is_named(self):
        with self.assertRaisesRegex(ve.ExportError, "plain recurrent"):
            ve.from_torch(torch.nn.RNN(2, 2))
        with self.assertRaisesRegex(ve.ExportError, "bias_k of attention"):
            ve.from_torch(torch.nn.MultiheadAttention(2, 1, add_bias_kv=True))
        weighted = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 2))
        with self.assertRaisesRegex(ve.ExportError, "parametrizations"):
            ve.from_torch(weighted)

    def test_files_of_torch_and_bfloat16(self):
        state = {"w": torch.randn(3).to(torch.bfloat16), "n": torch.tensor(3)}
        torch.save(state, self.path("x.pt"))
        status = ve.main(["convert", self.path("x.pt"), self.path("y.safetensors")])
        status += ve.main(["convert", self.path("y.safetensors"), self.path("z.pt")])
        got = torch.load(self.path("z.pt"))
        self.assertEqual(status, 0)
        self.assertTrue(torch.equal(got["w"], state["w"]) and torch.equal(got["n"], state["n"]))


@unittest.skipUnless(safetensors, "no safetensors")
class Safetensors(Case):
    def test_both_write_the_same_bytes(self):
        from safetensors.numpy import load_file, save_file
        arrays = {code: np.arange(6).astype(code).reshape(3, 2)
                  for code in ("?", "u1", "i1", "i2", "u2", "f2", "i4", "u4", "f4", "f8", "i8", "u8")}
        arrays.update({"é\"\\\n": np.zeros((0, 2), "f4"), "scalar": np.array(1.5)})
        ve.write_safetensors(self.path("a.safetensors"), arrays, {"by": "é"})
        save_file(arrays, self.path("b.safetensors"), {"by": "é"})
        with open(self.path("a.safetensors"), "rb") as a, \
                open(self.path("b.safetensors"), "rb") as b:
            self.assertEqual(a.read(), b.read())
        self.same(ve.read(self.path("b.safetensors")), load_file(self.path("a.safetensors")))

    def test_files_of_vernal_are_read(self):
        from safetensors.numpy import load_file
        arrays = {f"layers.{i}.{name}": np.ones(shape, "f4") for i, (rows, columns) in
                  enumerate([(8, 3), (8, 8), (2, 8)])
                  for name, shape in (("weight", (rows, columns)), ("bias", (rows,)))}
        ve.write(self.path("a.npz"), arrays)
        self.predict("mlp", self.path("a.npz"), self.path("b.safetensors"), np.ones((1, 3), "f4"))
        self.same(load_file(self.path("b.safetensors")), arrays)


if __name__ == "__main__":
    support.main()
