# SPDX-License-Identifier: MIT
"""One peer on one problem: says its first loss, then measures whenever it is told to.

    worker.py jax|torch THREADS DIR PROBLEM

prints {"check": loss, "variants": {name: seconds to the first result}}, then for each line
"SECONDS [NAME, ...]" of standard input {name: {"median", "min", "p90"}} with seconds of one run.
Variants are functions run(times) that do their work that many times and wait for it; one with an
attribute steps does that many steps each time.
"""

import json
import os
import sys
import time


def sample(run, times):
    start = time.perf_counter()
    run(times)
    return (time.perf_counter() - start) / (times * getattr(run, "steps", 1))


def measure(run, seconds, shortest=200e-6):
    times = 1
    while sample(run, times) * times * getattr(run, "steps", 1) < shortest:
        times *= 2
    samples, end = [], time.perf_counter() + seconds
    while len(samples) < 3 or time.perf_counter() < end:
        samples.append(sample(run, times))
    samples.sort()
    n = len(samples)
    return {"median": samples[n // 2], "min": samples[0], "p90": samples[n * 9 // 10]}


def say(what):
    print(json.dumps(what), file=OUT, flush=True)


def main():
    peer, threads, directory, text = sys.argv[1:5]
    if threads == "1":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.environ["TORCHINDUCTOR_FORCE_DISABLE_CACHES"] = "1"  # the time to the first result is honest
    if peer == "jax":
        import jax_peer as module
    else:
        import torch_peer as module
    import problem

    p = problem.parse(text)
    check, makers = module.open(p, directory, int(threads))
    runs, first, errors = {}, {}, {}
    for name, make in makers.items():
        start = time.perf_counter()
        try:
            run = make()
            run(1)
        except Exception as error:  # a variant that a peer cannot do is not measured
            errors[name] = f"{type(error).__name__}: {error}"[:300]
            continue
        first[name] = time.perf_counter() - start
        runs[name] = run
    say({"check": check, "variants": first, "errors": errors})
    for line in sys.stdin:
        seconds, names = line.split(maxsplit=1)
        say({name: measure(runs[name], float(seconds)) for name in json.loads(names)})


if __name__ == "__main__":
    OUT = os.fdopen(os.dup(1), "w")  # libraries may print
    os.dup2(2, 1)
    main()
