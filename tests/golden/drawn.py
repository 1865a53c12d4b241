# SPDX-License-Identifier: MIT
"""The runner of the golden cases on a set that is drawn now.

    python tests/golden/drawn.py PROGRAM [SEED [BEGINNING_OF_A_NAME...]]

Without a seed, a new one. Runs with the interpreter $VN_PEERS_PYTHON, or that of ./dev bench
--peers; what is not installed is skipped."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PEERS = os.environ.get("VN_PEERS_PYTHON", os.path.join(ROOT, "build/peers/venv/bin/python"))
SKIPPED = 77

if __name__ == "__main__":
    if os.path.exists(PEERS) and os.environ.get("VN_PEERS_STARTED") != PEERS:
        os.environ["VN_PEERS_STARTED"] = PEERS
        os.execv(PEERS, [PEERS, "-B"] + sys.argv)
    missing = [name for name in ("jax", "equinox", "optax") if not importlib.util.find_spec(name)]
    if missing:
        print("skipped: no", ", ".join(missing), "for", sys.executable)
        sys.exit(SKIPPED)
    program, seed = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else str(time.time_ns())
    with tempfile.TemporaryDirectory(prefix="vernal-golden-") as folder:
        print("python tests/golden/make FOLDER", seed, flush=True)
        subprocess.run([sys.executable, "-B", os.path.join(HERE, "make"), folder, seed,
                        *sys.argv[3:]], check=True)
        found = subprocess.run([program], env={**os.environ, "VN_GOLDEN_DIR": folder})
    sys.exit(found.returncode)
