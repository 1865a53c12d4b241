# SPDX-License-Identifier: MIT
"""The public names of the installed Equinox, one a line, as docs/names.txt holds them; 77 where it
is not installed. Runs with the interpreter $VN_PEERS_PYTHON, or that of ./dev bench --peers.

To bring the list up to date: python docs/names.py > docs/names.txt"""

import os
import sys
import types

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PEERS = os.environ.get("VN_PEERS_PYTHON", os.path.join(ROOT, "build/peers/venv/bin/python"))
if os.path.exists(PEERS) and os.environ.get("VN_PEERS_STARTED") != PEERS:
    os.environ["VN_PEERS_STARTED"] = PEERS
    os.execv(PEERS, [PEERS, "-B"] + sys.argv)

try:
    import equinox
    import equinox.debug
    import equinox.internal
    import equinox.nn
except ModuleNotFoundError:
    sys.exit(77)


def foreign(thing):
    """A module of another package, which dir() shows because it was imported there."""
    return isinstance(thing, types.ModuleType) and not thing.__name__.startswith("equinox.")


def names(module, prefix):
    return [prefix + name for name in dir(module)
            if not name.startswith("_") and not foreign(getattr(module, name))]


print("# Equinox " + equinox.__version__)
print("\n".join(names(equinox, "") + names(equinox.nn, "nn.") + names(equinox.debug, "debug.") +
                names(equinox.internal, "internal.")))
