/* SPDX-License-Identifier: MIT */
/* Evaluation of dot_general, by which operands are mapped (unit: lanes of an entry, 1 or L):
 *
 *   neither     Y[m][n]    = A[m][k] B[k][n]        gemm, gemv, dot
 *   b           Y[m][n][L] = A[m][k] B[k][n][L]     A packed; columns are (n, lane) or lanes
 *   a           Y[m][n][L] = A[m][k][L] B[k][n]     B^T packed; a product for each row of A
 *   both        Y[m][n][L] = A[m][k][L] B[k][n][L]  a product in each lane
 *
 * and of the sum of all that over panels and lanes, where both mapped is a matrix product with
 * the lanes as the long dimension (dW += dY X^T), and one mapped is summed first. */
#include <string.h>

#include "core/ops/dot_geometry.h"
#include "core/ops/ops_common.h"
#include "kernels/onednn/onednn.h"

#define PANELS 16       /* of one call of lane_gemm */
#define PACK_ROWS 96    /* a packed matrix is made of groups of so many rows */
#define SUM_PART 96     /* rows or columns of a part of a sum over lanes */

/* One matrix product; strides in elements, y is contiguous in n, its rows are y_row apart in a
 * sum, else n. */
typedef struct product {
    const vn__real_kernels *real;
    size_t size;
    int64_t m, n, k, lanes;
    int64_t a_row, a_col, b_row, b_col, y_row;
    bool accumulate; /* plain operands only */
    int64_t part, parts; /* parts 0 or 1: the whole product */
    const void *packed; /* the plain operand of a mapped one, from the first group asked for */
    const vn__epilogue *epilogue; /* only where takes_epilogue said so */
    void *work;
} product;

typedef void product_fn(void *y, const void *a, const void *b, const product *p);

static const char *at(const void *x, int64_t element, size_t size)
{
    return (const char *)x + element * (int64_t)size;
}

/* y[n] = sum over k of a[k] B[k][n], a contiguous. False: no kernel for these strides. */
static bool vector_matrix(void *y, const void *a, const void *b, int64_t b_row, int64_t b_col,
                          int64_t n, const product *p)
{
    vn__epilogue epilogue = p->epilogue ? *p->epilogue : (vn__epilogue){ 0 };
    epilogue.accumulate = p->accumulate;
    epilogue.mask_row = 1;
    if (b_col == 1 || n == 1)
        p->real->gemv_t(y, b, b_row, a, p->k, n, &epilogue);
    else if (b_row == 1)
        p->real->gemv(y, b, b_col, a, n, p->k, &epilogue);
    else
        return false;
    return true;
}

/* Does product_plain call gemv or gemv_t? */
static bool one_vector(const product *p)
{
    return (p->m == 1 && (p->a_col == 1 || p->k == 1) &&
            (p->b_col == 1 || p->n == 1 || p->b_row == 1)) ||
           (p->n == 1 && (p->b_row == 1 || p->k == 1) &&
            (p->a_row == 1 || p->m == 1 || p->a_col == 1));
}

static void product_plain(void *y, const void *a, const void *b, const product *p)
{
    if (p->m == 1 && (p->a_col == 1 || p->k == 1) &&
        vector_matrix(y, a, b, p->b_row, p->b_col, p->n, p))
        return;
    if (p->n == 1 && (p->b_row == 1 || p->k == 1) &&
        vector_matrix(y, b, a, p->a_col, p->a_row, p->m, p))
        return;
    if (p->k == 1 && (p->a_row == 1 || p->m == 1) && (p->b_col == 1 || p->n == 1)) {
        p->real->outer(y, p->n, a, b, p->m, p->n, p->accumulate);
        return;
    }
    p->real->gemm(y, p->n, a, p->a_row, p->a_col, b, p->b_row, p->b_col, p->m, p->n, p->k,
                  p->accumulate, p->work);
}

/* The plain operand (side s) of a product with a mapped one: a vector needs no packing. */
static bool is_vector(const product *p, int s)
{
    return s == 0 ? p->m == 1 && (p->a_col == 1 || p->k == 1)
                  : p->n == 1 && (p->b_row == 1 || p->k == 1);
}

static int64_t groups_of(int64_t rows) { return (rows + PACK_ROWS - 1) / PACK_ROWS; }

/* The groups that are asked for: all, or the one of this part. */
static int64_t first_group(const product *p) { return p->parts > 1 ? p->part : 0; }
static int64_t last_group(const product *p, int64_t rows)
{
    return p->parts > 1 ? p->part + 1 : groups_of(rows);
}

/* packed: of the first group that is asked for. */
static void pack_side(char *packed, const void *x, int s, const product *p)
{
    const int64_t rows = s == 0 ? p->m : p->n, row = s == 0 ? p->a_row : p->b_col;
    const int64_t col = s == 0 ? p->a_col : p->b_row;
    for (int64_t g = first_group(p); g < last_group(p, rows); g++) {
        const int64_t from = g * PACK_ROWS;
        p->real->pack(packed, at(x, from * row, p->size), row, 0, col,
                      rows - from < PACK_ROWS ? rows - from : PACK_ROWS, 1, p->k);
        packed += p->real->pack_size(PACK_ROWS, p->k);
    }
}

/* y[rows][width] = packed[rows][k] b[k][width], and the epilogue, for the groups that are asked
 * for. */
static void multiply_packed(void *y, int64_t ldy, const void *b, int64_t ldb, int64_t rows,
                            int64_t width, const vn__epilogue *epilogue, const product *p)
{
    const char *packed = p->packed;
    for (int64_t g = first_group(p); g < last_group(p, rows); g++) {
        const int64_t from = g * PACK_ROWS;
        vn__epilogue own = epilogue ? *epilogue : (vn__epilogue){ 0 };
        own.bias = own.bias ? at(own.bias, from, p->size) : NULL;
        own.mask = own.mask ? at(own.mask, from * own.mask_row, p->size) : NULL;
        p->real->gemm_packed((char *)y + from * ldy * (int64_t)p->size, ldy, packed, b, ldb,
                             rows - from < PACK_ROWS ? rows - from : PACK_ROWS, width, p->k,
                             epilogue ? &own : NULL);
        packed += p->real->pack_size(PACK_ROWS, p->k);
    }
}

static int64_t packed_bytes(const product *p, int s)
{
    return (p->real->pack_size(s == 0 ? p->m : p->n, p->k) + 63) & ~(int64_t)63;
}

static void product_b_mapped(void *y, const void *a, const void *b, const product *p)
{
    const int64_t lanes = p->lanes;
    const bool columns = p->b_col == lanes || p->n == 1; /* (n, lane) is one contiguous axis */
    const int64_t calls = columns ? 1 : p->n, width = columns ? p->n * lanes : lanes;
    if (is_vector(p, 0)) {
        for (int64_t j = 0; j < calls; j++)
            p->real->gemv_t((char *)y + j * width * (int64_t)p->size,
                            at(b, j * p->b_col, p->size), p->b_row, a, p->k, width, NULL);
        return;
    }
    vn__epilogue epilogue = p->epilogue ? *p->epilogue : (vn__epilogue){ 0 };
    epilogue.mask_row = p->n * lanes;
    for (int64_t j = 0; j < calls; j++)
        multiply_packed((char *)y + j * width * (int64_t)p->size, p->n * lanes,
                        at(b, j * p->b_col, p->size), p->b_row, p->m, width,
                        p->epilogue ? &epilogue : NULL, p);
}

static void product_a_mapped(void *y, const void *a, const void *b, const product *p)
{
    const int64_t row = p->n * p->lanes;
    const bool vector = is_vector(p, 1);
    vn__epilogue epilogue = p->epilogue ? *p->epilogue : (vn__epilogue){ 0 };
    epilogue.mask_row = p->lanes;
    for (int64_t i = 0; i < p->m; i++) {
        void *const yi = (char *)y + i * row * (int64_t)p->size;
        const void *const ai = at(a, i * p->a_row, p->size);
        if (p->epilogue && p->epilogue->mask)
            epilogue.mask = at(p->epilogue->mask, i * row, p->size);
        if (vector)
            p->real->gemv_t(yi, ai, p->a_col, b, p->k, p->lanes, NULL);
        else
            multiply_packed(yi, p->lanes, ai, p->a_col, p->n, p->lanes,
                            p->epilogue ? &epilogue : NULL, p);
    }
}

static void product_both_mapped(void *y, const void *a, const void *b, const product *p)
{
    p->real->lane_matmul(y, p->n * p->lanes, p->lanes, a, p->a_row, p->a_col, b, p->b_row,
                         p->b_col, p->m, p->n, p->k, p->lanes, false);
}

static void *reserve(char **cursor, int64_t bytes)
{
    void *const start = *cursor;
    *cursor += (bytes + 63) & ~(int64_t)63;
    return start;
}

/* Every field by itself: an initialiser would clear the whole struct first. */
static product product_of(const vn_eval *e, const vn__dot *dot, const int64_t unit[2])
{
    const vn_dtype dtype = e->in_aval[0].dtype;
    product p;
    p.real = e->kernels->real[dtype];
    p.size = vn_dtype_size(dtype);
    p.m = dot->m;
    p.n = dot->n;
    p.k = dot->k;
    p.lanes = e->lanes;
    p.a_row = dot->side[0].free * unit[0];
    p.a_col = dot->side[0].contract * unit[0];
    p.b_row = dot->side[1].contract * unit[1];
    p.b_col = dot->side[1].free * unit[1];
    p.y_row = dot->n;
    p.accumulate = false;
    p.part = 0;
    p.parts = 0;
    p.packed = NULL;
    p.epilogue = NULL;
    p.work = NULL;
    return p;
}

/* The operand with the strides of its side: itself, or gathered into scratch. */
static const void *arrange(char **cursor, const void *x, const vn__dot_side *side, int64_t unit,
                           size_t size)
{
    if (!side->gather)
        return x;
    void *const copy = reserve(cursor, side->entries * unit * (int64_t)size);
    vn__dot_gather(copy, x, side, (size_t)unit * size);
    return copy;
}

/* What reads an operand once is no faster in parts, and each would gather for itself. */
static int64_t plain_parts(const vn__dot *dot, const vn_eval *e)
{
    const product p = product_of(e, dot, (int64_t[]){ 1, 1 });
    if (p.m < 2 || p.n < 2 || p.k < 2 || dot->side[0].gather || dot->side[1].gather)
        return 1;
    vn__dot_cut cut;
    vn__dot_cut_of(&cut, dot);
    return cut.parts;
}

/* oneDNN's sgemm, where it is asked for: measured, it is not faster than our kernel. */
static bool wants_onednn(const vn__dot *dot, const vn_eval *e)
{
    if (vn__onednn_use_get() != VN__ONEDNN_ALWAYS || e->lanes > 1 || e->panels ||
        e->in_aval[0].dtype != VN_F32 || vn__onednn_absent())
        return false;
    return plain_parts(dot, e) > 1;
}

void vn__dot_setup(void *memory, const vn_eval *e)
{
    vn__dot *const dot = memory;
    vn__dot_geometry(dot, e->attr, e->in_aval);
    dot->onednn = wants_onednn(dot, e);
}

const char *vn__dot_provider(const void *setup)
{
    return ((const vn__dot *)setup)->onednn ? "oneDNN sgemm" : NULL;
}

static const vn__dot *geometry_of(vn__dot *own, const vn_eval *e)
{
    if (e->setup)
        return e->setup;
    vn__dot_setup(own, e);
    return own;
}

static void plain_block(void *y, int64_t ldy, const void *a, const void *b, const product *p,
                        bool onednn)
{
    if (!onednn || !vn__onednn_gemm(y, ldy, a, p->a_row, p->a_col, b, p->b_row, p->b_col, p->m,
                                    p->n, p->k))
        p->real->gemm(y, ldy, a, p->a_row, p->a_col, b, p->b_row, p->b_col, p->m, p->n, p->k,
                      false, p->work);
}

/* The blocks of one part, or of all, of a product of plain operands. */
static void plain_part(const vn_eval *e, const vn__dot *dot, const product *p)
{
    vn__dot_cut cut;
    vn__dot_cut_of(&cut, dot);
    const int64_t of_one = cut.down * cut.across, blocks = dot->batches * of_one;
    const int64_t parts = e->parts > 1 ? e->parts : 1, part = parts > 1 ? e->part : 0;
    const int64_t end = (part + 1) * blocks / parts;
    for (int64_t u = part * blocks / parts; u < end; u++) {
        const int64_t i = u / of_one, row = u % of_one / cut.across * cut.rows;
        const int64_t col = u % cut.across * cut.cols;
        const int64_t a = vn__dot_batch_offset(dot, &dot->side[0], i) + row * p->a_row;
        const int64_t b = vn__dot_batch_offset(dot, &dot->side[1], i) + col * p->b_col;
        const int64_t y = (i * p->m + row) * p->n + col;
        product block = *p;
        block.m = p->m - row < cut.rows ? p->m - row : cut.rows;
        block.n = p->n - col < cut.cols ? p->n - col : cut.cols;
        plain_block((char *)e->out[0] + y * (int64_t)p->size, p->n, at(e->in[0], a, p->size),
                    at(e->in[1], b, p->size), &block, dot->onednn);
    }
}

/* The plain operand x of batch i as the kernel wants it: prepared, or left in scratch by the
 * evaluation before, or packed now. NULL: a vector is taken as it is. */
static const void *packed_side(const vn_eval *e, const vn__dot *dot, int64_t i, const void *x,
                               const product *p)
{
    const int s = e->mapped[0] ? 1 : 0;
    if (is_vector(p, s))
        return NULL;
    if (e->prepared)
        return (const char *)e->prepared + i * packed_bytes(p, s) +
               p->real->pack_size(first_group(p) * PACK_ROWS, p->k);
    if (!e->again || dot->batches > 1)
        pack_side(p->work, x, s, p);
    return p->work;
}

void vn__dot_eval(const vn_eval *e)
{
    if (vn__eval_shared(e, vn__dot_eval))
        return;
    static product_fn *const by_mapped[2][2] = {
        { product_plain, product_b_mapped },
        { product_a_mapped, product_both_mapped },
    };
    const bool lanes = e->lanes > 1;
    const bool mapped[2] = { lanes && e->mapped[0], lanes && e->mapped[1] };
    const int64_t unit[2] = { mapped[0] ? e->lanes : 1, mapped[1] ? e->lanes : 1 };
    vn__dot own;
    const vn__dot *const dot = geometry_of(&own, e);
    product p = product_of(e, dot, unit);
    p.epilogue = e->epilogue;
    p.part = e->part;
    p.parts = e->parts;
    char *cursor = e->scratch;
    const void *const a = arrange(&cursor, e->in[0], &dot->side[0], unit[0], p.size);
    const void *const b = arrange(&cursor, e->in[1], &dot->side[1], unit[1], p.size);
    p.work = cursor;
    if (e->lanes == 1 && (e->parts > 1 || dot->onednn)) {
        plain_part(e, dot, &p);
        return;
    }
    for (int64_t i = 0; i < dot->batches; i++) {
        const void *const ai = at(a, vn__dot_batch_offset(dot, &dot->side[0], i) * unit[0], p.size);
        const void *const bi = at(b, vn__dot_batch_offset(dot, &dot->side[1], i) * unit[1], p.size);
        if (mapped[0] != mapped[1])
            p.packed = packed_side(e, dot, i, mapped[0] ? bi : ai, &p);
        by_mapped[mapped[0]][mapped[1]](
            (char *)e->out[0] + i * p.m * p.n * e->lanes * (int64_t)p.size, ai, bi, &p);
    }
}

/* The kernels of packed products and of one vector end as they are told. The bias of a dense
 * layer goes by the rows of the packed matrix: out [m] or [m][n] with n of them. */
bool vn__dot_takes_epilogue(const void *attr, const vn_aval in[], const bool mapped[],
                            int64_t lanes, const vn_aval *bias)
{
    vn__dot dot;
    vn__dot_geometry(&dot, attr, in);
    const bool a = lanes > 1 && mapped[0], b = lanes > 1 && mapped[1];
    const int64_t unit[2] = { a ? lanes : 1, b ? lanes : 1 };
    const vn_eval e = { .attr = attr, .lanes = lanes, .in_aval = in,
                        .kernels = vn__kernels_get() };
    const product p = product_of(&e, &dot, unit);
    if (dot.batches != 1 || (a && b) || dot.k == 0)
        return false;
    if (b)
        return !is_vector(&p, 0) && (p.n == 1 || (p.b_col == lanes && !bias)) &&
               (!bias || vn_shape_size(bias->shape) == p.m);
    if (a)
        return !is_vector(&p, 1) &&
               (!bias || (bias->shape.rank == 1 && bias->shape.dim[0] == p.n));
    return one_vector(&p) && (!bias || vn_shape_size(bias->shape) == p.m * p.n);
}

/* The plain operand of a mapped one is packed once for all tiles. */
static bool preparable(product *p, const vn__dot *dot, const vn_eval *e, int *side)
{
    if (e->lanes == 1 || e->mapped[0] == e->mapped[1])
        return false;
    const int64_t unit[2] = { e->mapped[0] ? e->lanes : 1, e->mapped[1] ? e->lanes : 1 };
    *p = product_of(e, dot, unit);
    *side = e->mapped[0] ? 1 : 0;
    return !dot->side[*side].gather && !is_vector(p, *side);
}

size_t vn__dot_prepare_size(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                            int64_t lanes)
{
    product p;
    vn__dot dot;
    int side;
    const vn_eval e = { .attr = attr,
                        .n_in = n_in,
                        .lanes = lanes,
                        .mapped = mapped,
                        .in_aval = in,
                        .kernels = vn__kernels_get() };
    vn__dot_geometry(&dot, attr, in);
    return preparable(&p, &dot, &e, &side) ? (size_t)(dot.batches * packed_bytes(&p, side)) : 0;
}

void vn__dot_prepare(void *memory, const vn_eval *e)
{
    product p;
    vn__dot own;
    const vn__dot *const dot = geometry_of(&own, e);
    int side;
    if (!preparable(&p, dot, e, &side))
        return;
    p.part = e->part;
    p.parts = e->parts;
    for (int64_t i = 0; i < dot->batches; i++)
        pack_side((char *)memory + i * packed_bytes(&p, side) +
                      p.real->pack_size(first_group(&p) * PACK_ROWS, p.k),
                  at(e->in[side], vn__dot_batch_offset(dot, &dot->side[side], i), p.size), side,
                  &p);
}

static int64_t longer_side(const vn__dot *dot) { return dot->m > dot->n ? dot->m : dot->n; }

int64_t vn__dot_parts(const void *attr, const vn_aval in[], const bool mapped[], int64_t lanes,
                      bool sum)
{
    product p;
    vn__dot dot;
    int side;
    const vn_eval e = { .attr = attr, .lanes = lanes, .in_aval = in, .mapped = mapped,
                        .kernels = vn__kernels_get() };
    vn__dot_geometry(&dot, attr, in);
    if (lanes == 1)
        return sum ? 1 : plain_parts(&dot, &e);
    if (dot.batches != 1 || dot.k == 0)
        return 1;
    if (sum)
        return mapped[0] && mapped[1] ? (longer_side(&dot) + SUM_PART - 1) / SUM_PART : 1;
    return preparable(&p, &dot, &e, &side) ? groups_of(side == 0 ? p.m : p.n) : 1;
}

/* C (+)= sum over panels, k and lanes: the longer of k and panels goes into the kernel. */
static void sum_product(void *c, const void *a, int64_t a_panel, const void *b, int64_t b_panel,
                        int64_t panels, bool fresh, const product *p)
{
    const bool k_inside = p->k > panels;
    const int64_t inner = k_inside ? p->k : panels, outer = k_inside ? panels : p->k;
    const int64_t a_inner = k_inside ? p->a_col : a_panel,
                  a_outer = k_inside ? a_panel : p->a_col;
    const int64_t b_inner = k_inside ? p->b_row : b_panel,
                  b_outer = k_inside ? b_panel : p->b_row;
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i += PANELS) {
            const int64_t count = inner - i < PANELS ? inner - i : PANELS;
            p->real->lane_gemm(c, p->y_row, at(a, o * a_outer + i * a_inner, p->size), a_inner,
                               p->a_row, at(b, o * b_outer + i * b_inner, p->size), b_inner,
                               p->b_col, p->m, p->n, p->lanes, count, fresh && o + i == 0,
                               p->work);
        }
}

static void sum_batches(const vn_eval *e, const vn__dot *dot, void *out, const void *a,
                        int64_t a_panel, const void *b, int64_t b_panel, int64_t panels,
                        bool fresh, const product *p)
{
    for (int64_t i = 0; i < dot->batches; i++)
        sum_product((char *)out + i * dot->m * dot->n * (int64_t)p->size,
                    at(a, vn__dot_batch_offset(dot, &dot->side[0], i) * e->lanes, p->size),
                    a_panel,
                    at(b, vn__dot_batch_offset(dot, &dot->side[1], i) * e->lanes, p->size),
                    b_panel, panels, fresh, p);
}

/* A copy of the rows with zeros in the lanes that do not count. */
static const void *masked(char **cursor, const void *x, int64_t entries, const vn_eval *e,
                          size_t size)
{
    char *const copy = reserve(cursor, entries * e->lanes * (int64_t)size);
    const size_t row = (size_t)e->lanes * size, keep = (size_t)e->valid * size;
    for (int64_t i = 0; i < entries; i++) {
        memcpy(copy + (size_t)i * row, (const char *)x + (size_t)i * row, keep);
        memset(copy + (size_t)i * row + keep, 0, row - keep);
    }
    return copy;
}

static int smaller_side(const vn__dot *dot)
{
    return dot->side[1].entries < dot->side[0].entries;
}

/* The rows or columns of the result that this part has: of whichever there are more. from:
 * where the operands' begin. */
static void take_part(const vn_eval *e, const vn__dot *dot, product *p, void **out,
                      int64_t from[2])
{
    const bool cut = e->parts > 1, rows = dot->m > dot->n;
    const int64_t first = cut ? e->part * SUM_PART : 0, left = longer_side(dot) - first;
    const int64_t count = cut && left > SUM_PART ? SUM_PART : left;
    *out = (char *)e->out[0] + first * (rows ? dot->n : 1) * (int64_t)p->size;
    from[0] = rows ? first * p->a_row : 0;
    from[1] = rows ? 0 : first * p->b_col;
    p->m = rows ? count : p->m;
    p->n = rows ? p->n : count;
}

static void sum_both_mapped(const vn_eval *e, const vn__dot *dot, product *p)
{
    void *out;
    int64_t from[2];
    take_part(e, dot, p, &out, from);
    const bool gather = dot->side[0].gather || dot->side[1].gather;
    const bool partial = e->valid < e->lanes;
    const int64_t full = e->panels - (partial ? 1 : 0);
    const int64_t panel[2] = { e->panel_bytes[0] / (int64_t)p->size,
                               e->panel_bytes[1] / (int64_t)p->size };
    if (e->fresh && (e->panels == 0 || p->k == 0)) /* nothing to begin with */
        memset(e->out[0], 0, (size_t)(dot->batches * dot->m * dot->n) * p->size);
    char *cursor = e->scratch;
    p->work = reserve(&cursor, p->real->lane_gemm_scratch(p->m, p->n, p->lanes, PANELS));
    if (!gather && full > 0)
        sum_batches(e, dot, out, at(e->in[0], from[0], p->size), panel[0],
                    at(e->in[1], from[1], p->size), panel[1], full, e->fresh, p);
    char *const rest = cursor;
    for (int64_t t = gather ? 0 : full; t < e->panels; t++) {
        const void *x[2];
        cursor = rest;
        for (int s = 0; s < 2; s++) {
            x[s] = at(e->in[s], t * panel[s], p->size);
            if (t == full && s == smaller_side(dot))
                x[s] = masked(&cursor, x[s], dot->side[s].entries, e, p->size);
            x[s] = arrange(&cursor, x[s], &dot->side[s], e->lanes, p->size);
        }
        sum_batches(e, dot, out, at(x[0], from[0], p->size), 0, at(x[1], from[1], p->size), 0,
                    1, e->fresh && t == 0, p);
    }
}

/* The result += the products of plain operands. */
static void add_products(const vn_eval *e, const vn__dot *dot, const void *const in[2],
                         char *cursor, product *p)
{
    const void *const a = arrange(&cursor, in[0], &dot->side[0], 1, p->size);
    const void *const b = arrange(&cursor, in[1], &dot->side[1], 1, p->size);
    p->work = cursor;
    p->accumulate = true;
    for (int64_t i = 0; i < dot->batches; i++)
        product_plain((char *)e->out[0] + i * p->m * p->n * (int64_t)p->size,
                      at(a, vn__dot_batch_offset(dot, &dot->side[0], i), p->size),
                      at(b, vn__dot_batch_offset(dot, &dot->side[1], i), p->size), p);
}

/* The product is linear: the mapped operand s is summed first. */
static void sum_one_mapped(const vn_eval *e, const vn__dot *dot, int s, product *p)
{
    char *cursor = e->scratch;
    const int64_t entries = dot->side[s].entries;
    void *const sum = reserve(&cursor, entries * (int64_t)p->size);
    if (e->fresh)
        memset(e->out[0], 0, (size_t)(dot->batches * p->m * p->n) * p->size);
    memset(sum, 0, (size_t)entries * p->size);
    for (int64_t t = 0; t < e->panels; t++)
        p->real->lane_sum(sum, (const char *)e->in[s] + t * e->panel_bytes[s], e->lanes,
                          entries, t == e->panels - 1 ? e->valid : e->lanes);
    const void *x[2] = { e->in[0], e->in[1] };
    x[s] = sum;
    add_products(e, dot, x, cursor, p);
}

/* One example without lanes: the product adds to the result. */
static void sum_alone(const vn_eval *e, const vn__dot *dot, product *p)
{
    if (e->fresh)
        memset(e->out[0], 0, (size_t)(dot->batches * p->m * p->n) * p->size);
    add_products(e, dot, (const void *[]){ e->in[0], e->in[1] }, e->scratch, p);
}

void vn__dot_eval_sum(const vn_eval *e)
{
    vn__dot own;
    const vn__dot *const dot = geometry_of(&own, e);
    const bool both = e->mapped[0] && e->mapped[1];
    const int64_t unit = both ? e->lanes : 1;
    product p = product_of(e, dot, (int64_t[]){ unit, unit });
    if (e->lanes == 1)
        sum_alone(e, dot, &p);
    else if (both)
        sum_both_mapped(e, dot, &p);
    else
        sum_one_mapped(e, dot, e->mapped[0] ? 0 : 1, &p);
}

static int64_t largest(int64_t a, int64_t b) { return a > b ? a : b; }

size_t vn__dot_scratch(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                       int64_t lanes)
{
    (void)n_in;
    const vn__real_kernels *const real = vn__kernels_get()->real[in[0].dtype];
    vn__dot dot;
    vn__dot_geometry(&dot, attr, in);
    const bool both = lanes > 1 && mapped && mapped[0] && mapped[1];
    int64_t entries = 0, work = both ? 0 : real->gemm_scratch(dot.m, dot.n, dot.k);
    for (int s = 0; s < 2; s++) {
        const bool unit = lanes > 1 && mapped && mapped[s];
        if (dot.side[s].gather)
            entries += dot.side[s].entries * (unit ? lanes : 1) + 64;
        if (unit && s == smaller_side(&dot)) /* masked */
            entries += dot.side[s].entries * lanes + 64;
        else if (unit) /* summed */
            entries += dot.side[s].entries + 64;
    }
    if (lanes > 1) {
        work = largest(work, real->pack_size(dot.m, dot.k));
        work = largest(work, real->pack_size(dot.n, dot.k));
        work = largest(work, real->lane_gemm_scratch(dot.m, dot.n, lanes, PANELS));
    }
    return (size_t)(entries * (int64_t)vn_dtype_size(in[0].dtype) + work + 64);
}
