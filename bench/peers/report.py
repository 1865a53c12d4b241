# SPDX-License-Identifier: MIT
"""docs/performance.md and its pictures from the results of run.py."""

import os

import problem

TITLES = {"vernal": "Vernal", "jax": "JAX", "torch": "PyTorch"}
COLOURS = {"vernal": "#2f7d4f", "jax": "#8a6fb0", "torch": "#d9793d"}


def seconds(s):
    for scale, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (0, "ns")):
        if s >= scale:
            break
    value = s / (scale or 1e-9)
    return f"{value:.3g} {unit}" if value < 1000 else f"{value:.0f} {unit}"


def best(rows):
    return min(rows, key=lambda row: row["median"]) if rows else None


def flops(result):
    ours = result["vernal"]
    return (ours["gflops"] or 0) * 1e9 * ours["median"]


def percent(result, row):
    ceiling = result["vernal"]["ceiling_gflops"] * 1e9
    return 100 * flops(result) / row["median"] / ceiling if flops(result) else None


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def cell(result, row):
    if not row:
        return "–"
    share = percent(result, row)
    return seconds(row["median"]) + (f" ({share:.0f} %)" if share is not None else "")


def peer_rows(results):
    for text, result in results.items():
        if problem.parse(text).family not in problem.MODES:
            continue
        ours, jax, torch = result["vernal"], best(result.get("jax")), best(result.get("torch"))
        better = best([row for row in (jax, torch) if row])
        yield [f"`{text}`", "**" + cell(result, ours) + "**", cell(result, jax), cell(result, torch),
               f"**{better['median'] / ours['median']:.1f}**" if better else "–",
               " / ".join(seconds(row["first_result_s"]) if row else "–" for row in (ours, jax, torch))]


def variant_rows(results):
    for text, result in results.items():
        rows = [f"{row['variant']}, {row['threads']} thread{'s' * (row['threads'] > 1)}: "
                f"{seconds(row['median'])}" for peer in ("jax", "torch")
                for row in sorted(result.get(peer, []), key=lambda row: row["median"])]
        if rows:
            yield [f"`{text}`", "; ".join(rows)]


def library_rows(results, families, others):
    """Ours, each other's, and the ratio to the best of them."""
    for text, result in results.items():
        if problem.parse(text).family in families:
            ours, theirs = result["vernal"], [result.get(other) for other in others]
            known = [row["median"] for row in theirs if row]
            yield ([f"`{text}`", cell(result, ours)] +
                   [cell(result, row) if row else "–" for row in theirs] +
                   [f"{min(known) / ours['median']:.2f}" if known else "–"])


# ---- pictures

def svg(width, height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'font-family="sans-serif" font-size="12">\n<rect width="{width}" height="{height}" '
            'fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")


def label(x, y, text, anchor="start", size=12):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{text}</text>'


def bars(results):
    """Speed against the better peer's: one row a problem."""
    rows = []
    for text, result in results.items():
        peers = {peer: best(result.get(peer)) for peer in ("jax", "torch")}
        known = [row["median"] for row in peers.values() if row]
        if known:
            base = min(known)
            rows.append((text, {"vernal": base / result["vernal"]["median"]} |
                         {peer: base / row["median"] for peer, row in peers.items() if row}))
    left, width, parts = 400, 460, []
    most = max((value for _, row in rows for value in row.values()), default=1)
    for i, (text, row) in enumerate(rows):
        y = 44 + 46 * i
        parts.append(label(left - 10, y + 22, text, "end", 11))
        for k, name in enumerate(TITLES):
            if name in row:
                w = max(1, width * row[name] / most)
                parts += [f'<rect x="{left}" y="{y + 13 * k}" width="{w:.1f}" height="11" '
                          f'fill="{COLOURS[name]}"/>', label(left + w + 4, y + 13 * k + 10, f"{row[name]:.2g}", size=10)]
    for k, name in enumerate(TITLES):
        parts += [f'<rect x="{left + 90 * k}" y="12" width="12" height="12" fill="{COLOURS[name]}"/>',
                  label(left + 90 * k + 17, 22, TITLES[name])]
    parts.append(label(left - 10, 22, "speed, better peer = 1", "end"))
    return svg(left + width + 50, 54 + 46 * len(rows), parts)


def curve(points, title, x_title):
    """Percent of the ceiling over a logarithmic axis: [(x, percent)]."""
    import math
    left, top, width, height = 60, 40, 560, 240
    lo, hi = math.log10(points[0][0]), math.log10(points[-1][0])
    at = lambda x, p: (left + width * (math.log10(x) - lo) / (hi - lo), top + height * (1 - p / 100))
    parts = [label(left, 24, title, size=14)]
    for p in range(0, 101, 20):
        y = at(points[0][0], p)[1]
        parts += [f'<line x1="{left}" y1="{y}" x2="{left + width}" y2="{y}" stroke="#ddd"/>',
                  label(left - 6, y + 4, f"{p} %", "end")]
    for x, p in points:
        px, py = at(x, p)
        parts += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{COLOURS["vernal"]}"/>',
                  label(px, top + height + 16, f"{x:g}", "middle", 9)]
    line = " ".join("{:.1f},{:.1f}".format(*at(x, p)) for x, p in points)
    parts += [f'<polyline points="{line}" fill="none" stroke="{COLOURS["vernal"]}" stroke-width="2"/>',
              label(left + width / 2, top + height + 34, x_title, "middle")]
    return svg(left + width + 30, top + height + 46, parts)


def sweeps(rows):
    batch, width = [], []
    for row in rows:
        p = problem.parse(row["problem"])
        if row["problem"].startswith("mlp f32 64-256-256-16"):
            batch.append((p.number("batch", 1), row["percent"], row["median"]))
        else:
            width.append((p.dims[0], row["percent"], row["median"] / p.number("batch", 1)))
    return batch, width


# ---- the page

INTRO = """<!-- generated by ./dev bench --peers -->
# Performance

{machine}

Everything here comes from one command, `./dev bench --peers`, and can be had for any machine by running it there.
Each problem is solved by Vernal, JAX {jax} (Equinox {equinox}, Optax {optax}) and PyTorch {torch} in processes that take turns, with
the same weights and the same data in memory; their first losses agree to 1e-4 before anything is timed. Of each peer the best
counts: JAX called with donated buffers and inside its own scan, PyTorch eager, compiled, channels-last, each on one and on all threads.
Ours is a call of `filter_jit` on trees, with `by=plan` a plan on raw pointers. Times are medians. In brackets: the rate as a share of
the machine's multiply-add ceiling measured in the same run. FLOPs are those of the textbook (`./dev bench --help`), so
a share passes 100 % where fewer are done: 3 x 3 convolutions by Winograd's algorithm.

![speed against the better peer](performance.svg)

"""


def write(results, docs):
    os.makedirs(docs, exist_ok=True)
    problems = results["problems"]
    page = INTRO.format(machine=results["machine"], **results["versions"])
    page += table(["problem", "Vernal", "JAX", "PyTorch", "ratio to the better", "time to the first result"],
                  peer_rows(problems)) + "\n"
    page += "\n## Every variant of the peers\n\n" + table(["problem", "variants"], variant_rows(problems)) + "\n"
    page += "\n## Products of matrices\n\n" + table(
        ["problem", "Vernal", "OpenBLAS", "LIBXSMM", "ratio to the better"],
        library_rows(problems, {"gemm"}, ["openblas", "libxsmm"])) + "\n"
    names = {"exp", "log", "tanh", "sigmoid", "gelu", "erf", "softplus", "sin", "cos"}
    page += "\n## Functions of 4,096 numbers, one thread\n\n" + table(
        ["problem", "Vernal", "SLEEF (1 ULP)", "ratio"], library_rows(problems, names, ["sleef"])) + "\n"
    page += "\n## Fork and join\n\n" + table(
        ["problem", "over the work itself"],
        ([f"`{text}`", seconds(result["vernal"]["median"])] for text, result in problems.items()
         if text.startswith("fork"))) + "\n"
    page += scaling(results["sweep"], docs) if results["sweep"] else ""
    with open(os.path.join(docs, "performance.md"), "w") as file:
        file.write(page)
    with open(os.path.join(docs, "performance.svg"), "w") as file:
        file.write(bars(problems))


STEPS = """
**By batch.** Up to four examples are computed one by one, each as products of a matrix and a vector; of one to three the
gradient is made where the update reads it. From five to eight, and from nine to 16, a step costs the same: vectors of lanes are
computed whole, and what is left is the work that has no examples in it, packing the weights for both directions, their gradient
and their update. From there on several workers take part: 30 examples are two panels of 16 lanes, and panels get wider as there are more of them
(docs/design/plan.md, *Tiles and slots*). Each slot brings totals of its own, as large as the weights, and wide panels use a
weight for more examples, so the cost of an example goes on falling until there are some tiles a slot, at about ten thousand.
From there on it is flat: tiles follow one another, and nothing but the data grows.

**By width.** Below 16 the steps between the kernels, and vectors that features do not fill, are most of the time. Then the share
rises: products grow with the square of the width; biases, activations, the transposes of weight gradients and what is
loaded and stored with the width alone. As values grow, fewer lanes share a panel (128, from 96 on 64, later 32) and
a tile has fewer examples, so a block of weights is used less often before the next, and the share falls again. Where the sums of one slot
pass half a megabyte, and 1.5 MB or what the batch pays for, here between 256 and 384, the stage runs step by step
(docs/design/plan.md, *Wide stages*): values go through the level 3 cache, and each product is a fork and a join. Beyond, weights
and their gradients come from there too.
"""


def scaling(rows, docs):
    batch, width = sweeps(rows)
    for name, points, title, axis in (
            ("batch", batch, "mlp 64-256-256-16: share of the ceiling", "batch"),
            ("width", width, "mlp w-w-w-w: share of the ceiling", "width w")):
        with open(os.path.join(docs, f"performance-{name}.svg"), "w") as file:
            file.write(curve([(x, p) for x, p, _ in points], title, axis))
    return ("\n## Batch and width\n\n![by batch](performance-batch.svg)\n![by width](performance-width.svg)\n" +
            STEPS + "\n" +
            table(["batch", "step", "one example"],
                  ([f"{x:,}", seconds(t), seconds(t / x)] for x, _, t in batch)) + "\n\n" +
            table(["width", "one example", "share of the ceiling"],
                  ([f"{x}", seconds(t), f"{p:.1f} %"] for x, p, t in width)) + "\n")
