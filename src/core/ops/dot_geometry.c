/* SPDX-License-Identifier: MIT */
/* Axes of a dot product to the strides of a batch of matrix products. */
#include "core/ops/dot_geometry.h"

#include <string.h>

#include "core/ops/ops_common.h"

vn_axes vn__dot_free_axes(vn_shape shape, const vn_axes *contract, const vn_axes *batch)
{
    vn_axes free = { 0 };
    for (int i = 0; i < shape.rank; i++)
        if (!vn__axes_has(*contract, i) && !vn__axes_has(*batch, i))
            free.axis[free.count++] = i;
    return free;
}

static int64_t size_of(const vn_axes *axes, vn_shape shape)
{
    int64_t size = 1;
    for (int i = 0; i < axes->count; i++)
        size *= shape.dim[axes->axis[i]];
    return size;
}

/* True if the axes, in this order, step through memory with one stride. */
static bool one_stride(int64_t *out, const vn_axes *axes, vn_shape shape,
                       const int64_t stride[])
{
    int64_t expected = 0;
    *out = 1;
    for (int i = axes->count - 1; i >= 0; i--) {
        const int a = axes->axis[i];
        if (shape.dim[a] == 1)
            continue;
        if (expected == 0)
            *out = stride[a];
        else if (stride[a] != expected)
            return false;
        expected = stride[a] * shape.dim[a];
    }
    return true;
}

static void append_axes(vn__dot_side *side, const vn_axes *axes, vn_shape shape,
                        const int64_t stride[])
{
    for (int i = 0; i < axes->count; i++) {
        side->size[side->rank] = shape.dim[axes->axis[i]];
        side->stride[side->rank++] = stride[axes->axis[i]];
    }
}

static void side_init(vn__dot_side *side, vn_shape shape, const vn_axes *contract,
                      const vn_axes *batch)
{
    const vn_axes free = vn__dot_free_axes(shape, contract, batch);
    int64_t stride[VN_MAX_RANK], step = size_of(contract, shape);
    vn__strides(stride, shape);
    side->entries = vn_shape_size(shape);
    side->rank = 0;
    append_axes(side, batch, shape, stride);
    append_axes(side, &free, shape, stride);
    append_axes(side, contract, shape, stride);
    side->gather = !one_stride(&side->free, &free, shape, stride) ||
                   !one_stride(&side->contract, contract, shape, stride);
    if (side->gather) {
        side->contract = 1;
        side->free = step;
        step *= size_of(&free, shape);
    }
    for (int i = batch->count - 1; i >= 0; i--) {
        side->batch[i] = side->gather ? step : stride[batch->axis[i]];
        step *= shape.dim[batch->axis[i]];
    }
}

void vn__dot_geometry(vn__dot *dot, const vn_dot_dims *dims, const vn_aval in[2])
{
    const vn_shape a = in[0].shape, b = in[1].shape;
    side_init(&dot->side[0], a, &dims->contract_a, &dims->batch_a);
    side_init(&dot->side[1], b, &dims->contract_b, &dims->batch_b);
    dot->n_batch = dims->batch_a.count;
    for (int i = 0; i < dot->n_batch; i++)
        dot->batch_size[i] = a.dim[dims->batch_a.axis[i]];
    const vn_axes free_a = vn__dot_free_axes(a, &dims->contract_a, &dims->batch_a);
    const vn_axes free_b = vn__dot_free_axes(b, &dims->contract_b, &dims->batch_b);
    dot->batches = size_of(&dims->batch_a, a);
    dot->m = size_of(&free_a, a);
    dot->n = size_of(&free_b, b);
    dot->k = size_of(&dims->contract_a, a);
    dot->onednn = false;
}

int64_t vn__dot_batch_offset(const vn__dot *dot, const vn__dot_side *side, int64_t b)
{
    int64_t offset = 0;
    for (int i = dot->n_batch - 1; i >= 0; i--) {
        offset += b % dot->batch_size[i] * side->batch[i];
        b /= dot->batch_size[i];
    }
    return offset;
}

void vn__dot_gather(void *out, const void *x, const vn__dot_side *side, size_t bytes)
{
    int64_t index[VN_MAX_RANK] = { 0 }, offset = 0;
    char *to = out;
    for (int64_t i = 0; i < side->entries; i++, to += bytes) {
        memcpy(to, (const char *)x + (size_t)offset * bytes, bytes);
        for (int d = side->rank - 1; d >= 0; d--) {
            offset += side->stride[d];
            if (++index[d] < side->size[d])
                break;
            offset -= side->size[d] * side->stride[d];
            index[d] = 0;
        }
    }
}

/* ------------------------------------------------------------------------------- parts */

#define PART_FLOPS 1e6 /* a part is worth handing to another thread */
#define PARTS      16  /* as many as there may be of lower or narrower blocks */
#define MOST_PARTS 64

static int64_t count_of(int64_t size, int64_t block) { return (size + block - 1) / block; }

#define SHARED_ROWS 96 /* of a block that reads B in strips, at most; */
#define FEWEST_ROWS 24 /* and about at least; */
#define EVEN_PARTS  4  /* from three on a multiple of so many: workers have as many each */

/* Many rows: B is packed for all of them, and each packs its rows of A once. */
static void cut_rows(vn__dot_cut *cut, const vn__dot *dot)
{
    const int64_t even = count_of(dot->m, PARTS * FEWEST_ROWS) * FEWEST_ROWS;
    const int64_t least = count_of(dot->m, even < SHARED_ROWS ? even : SHARED_ROWS);
    const int64_t blocks = least < 3 ? least : count_of(least, EVEN_PARTS) * EVEN_PARTS;
    cut->shared = true;
    cut->rows = dot->m > 0 ? count_of(dot->m, blocks) : FEWEST_ROWS;
    cut->cols = dot->n;
    cut->down = count_of(dot->m, cut->rows);
    cut->across = 1;
}

static void cut_blocks(vn__dot_cut *cut, const vn__dot *dot, double want)
{
    static const int64_t sizes[][2] = { /* what both sides pack again for each block grows */
        { 192, 512 }, { 192, 256 }, { 96, 256 }, { 48, 256 }, { 48, 128 }, { 24, 64 },
    };
    cut->shared = false;
    for (int i = 0; i < (int)(sizeof sizes / sizeof sizes[0]); i++) {
        cut->rows = sizes[i][0];
        cut->cols = sizes[i][1];
        cut->down = count_of(dot->m, cut->rows);
        cut->across = count_of(dot->n, cut->cols);
        if ((double)(dot->batches * cut->down * cut->across) >= want)
            break;
    }
}

/* Parts that the work is worth. */
static double most_parts(const vn__dot *dot)
{
    return 2.0 * (double)dot->batches * (double)dot->m * (double)dot->n * (double)dot->k /
           PART_FLOPS;
}

static void count_parts(vn__dot_cut *cut, const vn__dot *dot)
{
    const int64_t blocks = dot->batches * cut->down * cut->across;
    const double most = most_parts(dot);
    cut->parts = blocks < MOST_PARTS ? blocks : MOST_PARTS;
    cut->parts = (double)cut->parts > most ? (int64_t)most : cut->parts;
    cut->parts = cut->parts < 1 ? 1 : cut->parts;
}

void vn__dot_cut_rows(vn__dot_cut *cut, const vn__dot *dot)
{
    cut_rows(cut, dot);
    count_parts(cut, dot);
}

void vn__dot_cut_of(vn__dot_cut *cut, const vn__dot *dot)
{
    const double most = most_parts(dot);
    if (dot->batches == 1 && dot->m >= PARTS * FEWEST_ROWS)
        cut_rows(cut, dot);
    else
        cut_blocks(cut, dot, most < PARTS ? most : PARTS);
    count_parts(cut, dot);
}
