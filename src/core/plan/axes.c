/* SPDX-License-Identifier: MIT */
/* Which mapped axes can be lanes: those that never occur together with a larger one. The others
 * are loops. So are, in the body of a loop or a branch, those of its inputs and results, which
 * lie in memory as the program around it has them. */
#include "core/plan/axes.h"

bool vn__axis_larger(const vn__tape *tape, int a, int b)
{
    const int64_t x = vn__tape_axis(tape, a)->size, y = vn__tape_axis(tape, b)->size;
    return x > y || (x == y && a < b);
}

int vn__largest_axis(const vn__tape *tape, uint64_t axes)
{
    int best = -1;
    for (int a = 0; a < VN__MAX_AXES && axes >> a; a++)
        if ((axes >> a & 1) && (best < 0 || vn__axis_larger(tape, a, best)))
            best = a;
    return best;
}

uint64_t vn__loop_axes(const vn__tape *tape)
{
    uint64_t loops = 0;
    for (int64_t i = 0; i < tape->n_value; i++) {
        const uint64_t axes = tape->value[i].axes;
        if (axes)
            loops |= axes & ~(1ull << vn__largest_axis(tape, axes));
    }
    return loops;
}

uint64_t vn__lane_axes(const vn__tape *tape)
{
    uint64_t used = 0, outer = 0;
    for (int64_t i = 0; i < tape->n_value; i++)
        used |= tape->value[i].axes;
    for (int64_t i = 0; i < tape->n_input; i++)
        outer |= tape->value[tape->input[i]].axes;
    for (int64_t j = 0; j < tape->n_output; j++)
        outer |= tape->value[tape->output[j]].axes;
    return used & ~vn__loop_axes(tape) & ~outer;
}
