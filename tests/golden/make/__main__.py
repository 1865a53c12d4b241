# SPDX-License-Identifier: MIT
"""Makes another set of golden cases, with drawn shapes, seeds and arguments, in the format of the
first one. It needs JAX, Equinox and Optax (bench/peers/requirements.txt).

    python tests/golden/make FOLDER [SEED [BEGINNING_OF_A_NAME...]]
    VN_GOLDEN_DIR=FOLDER ./dev test golden
"""

import os
import random
import subprocess
import sys

REFUSALS = (ValueError, RuntimeError, TypeError, NotImplementedError, IndexError)


def make(root, first_seed, x64, names):
    import jax

    jax.config.update("jax_enable_x64", x64)
    import eqx_files
    import functions
    import layers
    import optim
    import prng
    import stateful
    import train
    import transforms

    made = refused = 0
    for module in prng, functions, layers, stateful, eqx_files, optim, transforms, train:
        for case, write in module.jobs(x64):
            if not case.startswith(names):
                continue
            try:
                write(root, case, random.Random(f"{first_seed} {case}"))
                made += 1
            except REFUSALS as error:
                refused += 1
                print(f"{case}: not made: {type(error).__name__}: {str(error)[:90]}")
    print(f"{made} cases made, {refused} refused by Equinox")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    seed = sys.argv[2] if len(sys.argv) > 2 else "1"
    if os.environ.get("VN_GOLDEN_X64"):
        make(sys.argv[1], seed, os.environ["VN_GOLDEN_X64"] == "1",
             tuple(sys.argv[3:]) or "")
    else:  # x64 is of the whole process
        for mode in "0", "1":
            env = {**os.environ, "VN_GOLDEN_X64": mode, "JAX_PLATFORMS": "cpu"}
            subprocess.run([sys.executable, os.path.dirname(os.path.abspath(__file__)),
                            sys.argv[1], seed, *sys.argv[3:]], env=env, check=True)
