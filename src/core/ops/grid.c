/* SPDX-License-Identifier: MIT */
/* Walking and copying strided arrays. */
#include "core/ops/grid.h"

void vn__grid_push(vn__grid *grid, int64_t dim, const int64_t stride[])
{
    const int d = grid->rank++;
    grid->dim[d] = dim;
    for (int k = 0; k < grid->count; k++)
        grid->stride[k][d] = stride[k];
}

static void set_dim(vn__grid *grid, int to, int from)
{
    grid->dim[to] = grid->dim[from];
    for (int k = 0; k < grid->count; k++)
        grid->stride[k][to] = grid->stride[k][from];
}

/* Dimension `outer` continues where `inner` ends, in all arrays. */
static bool joins(const vn__grid *grid, int outer, int inner)
{
    for (int k = 0; k < grid->count; k++)
        if (grid->stride[k][outer] != grid->stride[k][inner] * grid->dim[inner])
            return false;
    return true;
}

void vn__grid_collapse(vn__grid *grid)
{
    int rank = 0;
    for (int d = 0; d < grid->rank; d++) {
        if (grid->dim[d] == 1)
            continue;
        if (rank > 0 && joins(grid, rank - 1, d)) {
            const int64_t dim = grid->dim[rank - 1];
            set_dim(grid, rank - 1, d);
            grid->dim[rank - 1] *= dim;
        } else {
            set_dim(grid, rank++, d);
        }
    }
    grid->rank = rank;
}

void vn__grid_walk(const vn__grid *grid, int inner,
                   void (*visit)(void *context, const int64_t offset[]), void *context)
{
    int64_t index[VN__GRID_RANK] = { 0 }, offset[VN__GRID_ARRAYS] = { 0 };
    for (int d = 0; d < grid->rank; d++)
        if (grid->dim[d] == 0)
            return;
    for (;;) {
        visit(context, offset);
        int d = grid->rank - inner - 1;
        for (; d >= 0; d--) {
            index[d]++;
            for (int k = 0; k < grid->count; k++)
                offset[k] += grid->stride[k][d];
            if (index[d] < grid->dim[d])
                break;
            for (int k = 0; k < grid->count; k++)
                offset[k] -= grid->stride[k][d] * grid->dim[d];
            index[d] = 0;
        }
        if (d < 0)
            return;
    }
}

/* ----------------------------------------------------------------------------- copy */

typedef struct copy {
    const vn__grid *grid;
    char *dst;
    const char *src;
    int64_t size;
    const vn__kernels *kernels;
} copy;

static void visit_copy(void *context, const int64_t offset[])
{
    const copy *const c = context;
    const vn__grid *const g = c->grid;
    const int col = g->rank - 1, row = g->rank - 2;
    c->kernels->copy(c->dst + offset[0] * c->size, g->stride[0][row], g->stride[0][col],
                     c->src + offset[1] * c->size, g->stride[1][row], g->stride[1][col],
                     g->dim[row], g->dim[col], c->size);
}

/* The other dimension of the rectangles that are copied at once: the one along which the source
 * is contiguous if the columns are not (a transpose), else the longest. */
static int best_row(const vn__grid *grid)
{
    const int col = grid->rank - 1;
    int best = 0;
    for (int d = 0; d < col; d++) {
        if (grid->stride[1][col] != 1 && grid->stride[1][d] == 1)
            return d;
        if (grid->dim[d] > grid->dim[best])
            best = d;
    }
    return best;
}

/* One element for a run of the result. */
static void visit_fill(void *context, const int64_t offset[])
{
    const copy *const c = context;
    vn__spread_lanes(c->dst + offset[0] * c->size, c->src + offset[1] * c->size, 1,
                     c->grid->dim[c->grid->rank - 1], (size_t)c->size);
}

void vn__grid_copy(void *dst, const void *src, vn__grid *grid, size_t size,
                   const vn__kernels *kernels)
{
    vn__grid_collapse(grid);
    const int run = grid->rank - 1;
    if (run >= 0 && grid->stride[0][run] == 1 && grid->stride[1][run] == 0) {
        vn__grid_walk(grid, 1, visit_fill, &(copy){ grid, dst, src, (int64_t)size, kernels });
        return;
    }
    while (grid->rank < 2) { /* rows of one element at the front keep the columns last */
        grid->rank++;
        for (int d = grid->rank - 1; d > 0; d--)
            set_dim(grid, d, d - 1);
        grid->dim[0] = 1;
    }
    const int row = best_row(grid), last = grid->rank - 2;
    vn__grid ordered = *grid;
    for (int d = row; d < last; d++)
        set_dim(&ordered, d, d + 1);
    ordered.dim[last] = grid->dim[row];
    for (int k = 0; k < grid->count; k++)
        ordered.stride[k][last] = grid->stride[k][row];
    copy c = { &ordered, dst, src, (int64_t)size, kernels };
    vn__grid_walk(&ordered, 2, visit_copy, &c);
}
