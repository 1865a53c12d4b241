# SPDX-License-Identifier: MIT
"""Files between NumPy and Vernal; layouts of PyTorch that need no PyTorch; the command line."""

import io
import contextlib
import json

import support
from support import Case, np, ve


def mlp():
    rng = np.random.default_rng(0)
    sizes = [(8, 3), (8, 8), (2, 8)]
    arrays = {}
    for i, (rows, columns) in enumerate(sizes):
        arrays[f"layers.{i}.weight"] = rng.normal(size=(rows, columns)).astype("f4")
        arrays[f"layers.{i}.bias"] = rng.normal(size=rows).astype("f4")
    return arrays


def mlp_call(p, x):
    for i in range(3):
        x = x @ p[f"layers.{i}.weight"].T + p[f"layers.{i}.bias"]
        x = np.maximum(x, 0) if i < 2 else x
    return x


def every_dtype():
    return {code.strip("<"): np.arange(6).astype(code).reshape(2, 3) if code != "V2"
            else np.arange(6, dtype="u2").view("V2").reshape(2, 3) for code in ve.TYPES.values()}


class Files(Case):
    def test_a_model_comes_back_and_predicts_the_same(self):
        x = np.random.default_rng(1).normal(size=(7, 3)).astype("f4")
        for suffix in (".safetensors", ".npz", ".eqx"):
            source, target = self.path("in" + suffix), self.path("out" + suffix)
            ve.write(source, mlp())
            y = self.predict("mlp", source, target, x)
            np.testing.assert_allclose(y, mlp_call(mlp(), x), rtol=1e-5, atol=1e-6)
            self.same(ve.read(target, list(mlp())), mlp())

    def test_safetensors_are_the_same_bytes_from_both_sides(self):
        source, target = self.path("in.safetensors"), self.path("out.safetensors")
        ve.write(source, mlp())
        self.predict("mlp", source, target, np.zeros((1, 3), "f4"))
        with open(source, "rb") as a, open(target, "rb") as b:
            self.assertEqual(a.read(), b.read())

    def test_every_dtype_in_every_format(self):
        for suffix in (".safetensors", ".npz", ".eqx"):
            ve.write(self.path("x" + suffix), every_dtype())
            self.same(ve.read(self.path("x" + suffix), list(every_dtype())), every_dtype())

    def test_orders_and_byte_orders(self):
        x = {"a": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "b": np.arange(3, dtype=">i4")}
        for suffix in (".safetensors", ".npz"):
            ve.write(self.path("x" + suffix), x)
            got = ve.read(self.path("x" + suffix))
            np.testing.assert_array_equal(got["a"], x["a"])
            np.testing.assert_array_equal(got["b"], x["b"])

    def test_metadata_and_hyperparameters(self):
        ve.write_safetensors(self.path("x.safetensors"), mlp(), {"by": "é\""})
        self.assertEqual(ve.read_safetensors(self.path("x.safetensors"))[1], {"by": "é\""})
        ve.write_eqx(self.path("x.eqx"), [np.zeros(3)], {"width": 8})
        arrays, hyper = ve.read_eqx(self.path("x.eqx"))
        self.assertEqual((len(arrays), hyper), (1, {"width": 8}))

    def test_damaged_files_give_a_sentence(self):
        ve.write(self.path("x.safetensors"), mlp())
        with open(self.path("x.safetensors"), "rb") as file:
            data = file.read()
        for n in range(0, len(data), 7):
            with open(self.path("y.safetensors"), "wb") as file:
                file.write(data[:n])
            with self.assertRaises(ve.ExportError):
                ve.read(self.path("y.safetensors"))
        with self.assertRaisesRegex(ve.ExportError, "x: .safetensors has no dtype complex128"):
            ve.write(self.path("z.safetensors"), {"x": np.zeros(2, complex)})
        with self.assertRaisesRegex(ve.ExportError, "no dtype clongdouble|no dtype complex256"):
            ve.write(self.path("z.npz"), {"x": np.zeros(2, np.clongdouble)})
        with self.assertRaisesRegex(ve.ExportError, "the suffix is none of"):
            ve.read(self.path("x.txt"))


class Layouts(Case):
    """from_torch and back on state_dicts of NumPy arrays."""

    def there_and_back(self, state, want, **options):
        got = ve.from_torch(state, **options)
        self.assertEqual({name: x.shape for name, x in got.items()}, want)
        back = ve.to_torch(got, state, **options)
        self.assertEqual(list(back), list(state))
        return got, back

    def test_conv(self):
        rng = np.random.default_rng(0)
        state = {"c.weight": rng.normal(size=(4, 2, 3, 3)), "c.bias": rng.normal(size=4)}
        _, back = self.there_and_back(state, {"c.weight": (4, 2, 3, 3), "c.bias": (4, 1, 1)})
        self.same(back, state)
        state = {"c.weight": rng.normal(size=(4, 3, 5))}
        got, back = self.there_and_back(state, {"c.weight": (6, 2, 5)},
                                        layers={"c": "conv_transpose:2"})
        self.same(back, state)
        self.assertEqual(got["c.weight"][4, 1, 0], state["c.weight"][3, 1, 4])

    def test_recurrent(self):
        rng = np.random.default_rng(0)
        for rows, kind in ((3, "gru"), (4, "lstm")):
            state = {name + suffix: rng.normal(size=shape)
                     for suffix in ("_l0", "_l1")
                     for name, shape in (("weight_ih", (rows * 4, 4)), ("weight_hh", (rows * 4, 4)),
                                         ("bias_ih", (rows * 4,)), ("bias_hh", (rows * 4,)))}
            want = {}
            for i in "01":
                want.update({i + ".weight_ih": (rows * 4, 4), i + ".weight_hh": (rows * 4, 4),
                             i + ".bias": (rows * 4,)})
                if kind == "gru":
                    want[i + ".bias_n"] = (4,)
            got, back = self.there_and_back(state, want)
            again = ve.from_torch(back)  # the sum of the biases is what is kept
            for name in got:
                np.testing.assert_allclose(again[name], got[name], rtol=1e-15)

    def test_attention_and_norm(self):
        rng = np.random.default_rng(0)
        state = {"a.in_proj_weight": rng.normal(size=(6, 2)), "a.in_proj_bias": rng.normal(size=6),
                 "a.out_proj.weight": rng.normal(size=(2, 2)), "a.out_proj.bias": rng.normal(size=2),
                 "n.weight": np.ones(3), "n.bias": np.zeros(3), "n.running_mean": np.ones(3),
                 "n.running_var": np.ones(3), "n.num_batches_tracked": np.array(5),
                 "p.weight": np.ones(1)}
        want = {f"a.{p}_proj.weight": (2, 2) for p in ("query", "key", "value", "output")}
        want.update({f"a.{p}_proj.bias": (2,) for p in ("query", "key", "value", "output")})
        want.update({"n.weight": (3,), "n.bias": (3,), "n.ema_first_time_index.init": (),
                     "n.ema_state_index.init.0": (3,), "n.ema_state_index.init.1": (3,),
                     "p.negative_slope": ()})
        _, back = self.there_and_back(state, want, layers={"p": "prelu"})
        self.same(back, state)

    def test_names_that_do_not_fit(self):
        state = {"0.weight": np.ones((2, 2)), "0.bias": np.ones(2)}
        got = ve.from_torch(state, rename={r"^(\d)": r"layers.\1"})
        self.assertEqual(list(got), ["layers.0.weight", "layers.0.bias"])
        self.same(ve.to_torch(got, state, rename={r"^(\d)": r"layers.\1"}), state)
        with self.assertRaisesRegex(ve.ExportError, "0.weight is missing among the 2 arrays"):
            ve.to_torch(got, state)
        with self.assertRaisesRegex(ve.ExportError, "extra belongs to no leaf"):
            ve.to_torch({**state, "extra": np.ones(1)}, state)
        with self.assertRaisesRegex(ve.ExportError, r"0.bias: \[2\] in `like`, \[3\]"):
            ve.to_torch({**state, "0.bias": np.ones(3)}, state)
        with self.assertRaisesRegex(ve.ExportError, "no layer 7"):
            ve.from_torch(state, layers={"7": "conv"})
        with self.assertRaisesRegex(ve.ExportError, "no kind of layer"):
            ve.from_torch(state, layers={"0": "nonsense"})
        with self.assertRaisesRegex(ve.ExportError, "plain recurrent"):
            ve.from_torch({"weight_ih_l0": np.ones((2, 2)), "weight_hh_l0": np.ones((2, 2))})


class CommandLine(Case):
    def run_it(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = ve.main(list(arguments))
        return status, out.getvalue(), err.getvalue()

    def test_show(self):
        ve.write(self.path("x.npz"), {"w": np.zeros((2, 3), "f4"), "h": np.zeros(2, "V2")})
        status, out, _ = self.run_it("show", self.path("x.npz"))
        self.assertEqual((status, out), (0, "float32[2, 3]\tw\nbf16[2]\th\n"))
        ve.write_eqx(self.path("x.eqx"), [np.zeros(2)], {"a": 1})
        self.assertEqual(self.run_it("show", self.path("x.eqx"))[1], '{"a": 1}\nfloat64[2]\t0\n')

    def test_convert_through_all_formats(self):
        ve.write(self.path("a.npz"), mlp())
        with open(self.path("names"), "w", encoding="utf-8") as file:
            file.write("\n".join(mlp()) + "\n")
        steps = [("a.npz", "b.safetensors"), ("b.safetensors", "c.eqx"), ("c.eqx", "d.npz")]
        for source, target in steps:
            status, _, err = self.run_it("convert", self.path(source), self.path(target),
                                         "--names", self.path("names"))
            self.assertEqual((status, err), (0, ""))
        self.same(ve.read(self.path("d.npz")), mlp())

    def test_layouts_of_torch(self):
        state = {"0.weight": np.ones((2, 1, 3), "f4"), "0.bias": np.ones(2, "f4")}
        ve.write(self.path("t.safetensors"), state)
        rename = ("--rename", r"^(\d)=layers.\1", "--layer", "0=conv_transpose:2")
        self.assertEqual(self.run_it("convert", self.path("t.safetensors"), self.path("v.npz"),
                                     "--from-torch", *rename)[0], 0)
        self.assertEqual(ve.read(self.path("v.npz"))["layers.0.bias"].shape, (2, 1))
        self.assertEqual(self.run_it("convert", self.path("v.npz"), self.path("u.safetensors"),
                                     "--to-torch", self.path("t.safetensors"), *rename)[0], 0)
        self.same(ve.read(self.path("u.safetensors")), state)

    def test_faults_are_sentences(self):
        for arguments, words in (
                (("show", self.path("none.npz")), "none.npz"),
                (("show", self.path("none.txt")), "the suffix is none of"),
                (("convert", self.path("none.npz"), "x.npz", "--layer", "a"), "NAME=VALUE")):
            status, _, err = self.run_it(*arguments)
            self.assertEqual(status, 1)
            self.assertIn(words, err)
            self.assertTrue(err.startswith("vernal_export: ") and err.count("\n") == 1)
        with self.assertRaises(SystemExit), contextlib.redirect_stdout(io.StringIO()) as out:
            ve.main(["--help"])
        self.assertIn("conv_transpose", out.getvalue())


if __name__ == "__main__":
    support.main()
