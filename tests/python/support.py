# SPDX-License-Identifier: MIT
"""What the tests of this folder share: the exporter, the program `predict`, a folder, skipping."""

import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIPPED = 77
sys.path.insert(0, os.path.join(ROOT, "python"))


def skip_all(why):
    print("skipped:", why)
    sys.exit(SKIPPED)


try:
    import numpy as np
    import vernal_export as ve
except ModuleNotFoundError as missing:
    if missing.name != "numpy":
        raise
    skip_all(f"no numpy for {sys.executable}")


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="vernal-python-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def same(self, got, want):
        self.assertEqual(list(sorted(got)), list(sorted(want)))
        for name in want:
            self.assertEqual(got[name].dtype, want[name].dtype, name)
            self.assertEqual(got[name].shape, want[name].shape, name)
            self.assertEqual(got[name].tobytes(), want[name].tobytes(), name)

    def predict(self, model, source, target, x):
        """Vernal's predictions for a batch with the model in `source`, written to `target`."""
        ve.write_npz(self.path("x.npz"), {"x": x})
        run = subprocess.run([PROGRAM, model, source, target, self.path("x.npz"),
                              self.path("y.npz")], capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        return ve.read_npz(self.path("y.npz"))["y"]


def main():
    global PROGRAM
    PROGRAM = os.path.abspath(sys.argv[1])
    loader = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    result = unittest.TextTestRunner(verbosity=2).run(loader)
    if result.wasSuccessful() and len(result.skipped) == result.testsRun:
        sys.exit(SKIPPED)
    sys.exit(0 if result.wasSuccessful() else 1)
