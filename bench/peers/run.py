# SPDX-License-Identifier: MIT
"""Runs the problems of vernal-bench with its peers, interleaved, and writes docs/performance.md.

    run.py BENCH [--rounds N] [--time S] [--sweep] [problem | family]...

BENCH is the program vernal-bench. Every solver of a problem is a process of its own that waits while
the others run; in each round each of them measures for S seconds. Nothing is timed before all agree
on the first loss to 1e-4. Results are kept in build/peers/results.json by problem, so that a few
problems can be measured again.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import problem
import report

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RESULTS = os.path.join(ROOT, "build", "peers", "results.json")
TOLERANCE = 1e-4


class Solver:
    """A process that answers a line of JSON for each line it gets, and one at first."""

    def __init__(self, name, command, log):
        self.name, self.best, self.facts = name, {}, None
        self.process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=log)

    def read(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line.strip() else None

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.read()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def keep(best, name, now):
    """Of several rounds the one with the lowest median."""
    if name not in best or now["median"] < best[name]["median"]:
        best[name] = now


def candidates(best):
    """Variants that may still be the best: the others are not measured again."""
    limit = 1.5 * min(each["median"] for each in best.values())
    return [name for name, each in best.items() if each["median"] <= limit]


def open_peers(text, directory, threads, log):
    """One after the other: compiling takes all cores."""
    for peer in ("jax", "torch"):
        for count in sorted({1, threads}, reverse=True):
            command = [sys.executable, os.path.join(HERE, "worker.py"), peer, str(count), directory, text]
            solver = Solver((peer, count), command, log)
            solver.facts = solver.read()
            if not solver.facts or not solver.facts["variants"]:
                print(f"  {peer} on {count}: failed, see {log.name}")
                solver.close()
                continue
            for name, error in solver.facts["errors"].items():
                print(f"  {peer} on {count}, {name}: {error}")
            yield solver


def measure_with_peers(bench, text, threads, args, log):
    with tempfile.TemporaryDirectory() as directory:
        ours = Solver("vernal", [bench, "--serve", "--save", directory, text], log)
        ours.facts = ours.read()
        if not ours.facts:
            print(f"  vernal-bench failed, see {log.name}")
            return None
        peers = list(open_peers(text, directory, threads, log))
        for each in peers:
            check, other = ours.facts["check"], each.facts["check"]
            if abs(check - other) > TOLERANCE * max(abs(check), abs(other)):
                raise SystemExit(f"{text}: first loss {check}, of {each.name} {other}")
        for _ in range(args.rounds):
            keep(ours.best, "step", ours.ask(str(args.time)))
            for each in peers:
                names = candidates(each.best) if each.best else list(each.facts["variants"])
                for name, now in each.ask(f"{args.time} {json.dumps(names)}").items():
                    keep(each.best, name, now)
        for each in [ours, *peers]:
            each.close()
    result = {"vernal": ours.best["step"]}
    for peer, count in [each.name for each in peers]:
        rows = next(each for each in peers if each.name == (peer, count))
        for name, best in rows.best.items():
            result.setdefault(peer, []).append(
                best | {"variant": name, "threads": count, "first_result_s": rows.facts["variants"][name]})
    return result


def measure_alone(bench, text, others, args, log):
    """Ours against libraries that vernal-bench itself calls (by=...)."""
    best = {}
    for _ in range(args.rounds):
        for by in ["", *others]:
            line = text + (f" by={by}" if by else "")
            run = subprocess.run([bench, "--json", "--time", str(args.time), line], text=True,
                                 stdout=subprocess.PIPE, stderr=log)
            if run.stdout.strip():
                keep(best, by or "vernal", json.loads(run.stdout))
    return best if "vernal" in best else None


def sweep(bench, args, log):
    """Time of one example by batch and by width."""
    lines = [f"mlp f32 64-256-256-16 batch={10**i * k} step" for i in range(7) for k in (1, 3)
             if 10**i * k <= 10**6]
    lines += [f"mlp f32 {w}-{w}-{w}-{w} batch={max(64, min(8192, 2**21 // w))} step"
              for w in (2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048)]
    run = subprocess.run([bench, "--json", "--time", str(args.time / 2), *lines], text=True,
                         stdout=subprocess.PIPE, stderr=log)
    return [json.loads(line) for line in run.stdout.splitlines()]


def versions():
    import importlib.metadata as metadata
    return {name: metadata.version(name) for name in ("jax", "equinox", "optax", "torch")}


def load():
    if os.path.exists(RESULTS):
        with open(RESULTS) as file:
            return json.load(file)
    return {"problems": {}, "sweep": []}


def save(results, order):
    known = results["problems"]
    results["problems"] = {text: known[text] for text in [*order, *known] if text in known}
    with open(RESULTS, "w") as file:
        json.dump(results, file, indent=1)
    report.write(results, os.path.join(ROOT, "docs"))


def listed(bench):
    return subprocess.run([bench, "--list"], text=True, stdout=subprocess.PIPE,
                          check=True).stdout.splitlines()


def chosen(lines, names):
    if not names:
        return lines
    return [line for line in lines if line.split()[0] in names or line in names] + \
           [name for name in names if " " in name and name not in lines]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", help="the program vernal-bench")
    parser.add_argument("names", nargs="*", help="a family, or a problem in quotes; all without")
    parser.add_argument("--rounds", type=int, default=3, help="the best counts (default 3)")
    parser.add_argument("--time", type=float, default=0.5, help="seconds of one round (default 0.5)")
    parser.add_argument("--sweep", action="store_true", help="the charts over batch and width")
    args = parser.parse_intermixed_args()
    bench = os.path.abspath(args.bench)
    order = listed(bench)
    families = {line.split()[0] for line in order}
    for name in args.names:
        if name.split()[0] not in families:
            parser.error(f"'{name}' is none of the families {', '.join(sorted(families))}")
    texts = [] if args.sweep and not args.names else chosen(order, args.names)
    problems = [problem.parse(text) for text in texts]  # all, before minutes of measuring
    os.makedirs(os.path.dirname(RESULTS), exist_ok=True)
    results = load()
    results["versions"] = versions()
    results["machine"] = subprocess.run([bench, "--machine"], text=True, stdout=subprocess.PIPE,
                                        check=True).stdout.strip()
    threads = len(os.sched_getaffinity(0))
    with open(os.path.join(os.path.dirname(RESULTS), "log.txt"), "a") as log:
        for p in problems:
            print(p.text, flush=True)
            if p.family in problem.MODES:
                result = measure_with_peers(bench, p.text, threads, args, log)
            else:
                others = {"gemm": ["openblas", "libxsmm"], "fork": []}.get(p.family, ["sleef"])
                result = measure_alone(bench, p.text, others, args, log)
            if result:
                results["problems"][p.text] = result
                save(results, order)
        if args.sweep:
            results["sweep"] = sweep(bench, args, log)
            save(results, order)


if __name__ == "__main__":
    main()
