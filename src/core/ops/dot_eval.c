/* SPDX-License-Identifier: MIT */
/* Evaluation of dot_general, by which operands are mapped (unit: lanes of an entry, 1 or L):
 *
 *   neither     Y[m][n]    = A[m][k] B[k][n]        gemm, gemv, dot; B shared: in strips
 *   b           Y[m][n][L] = A[m][k] B[k][n][L]     A packed; columns are (n, lane) or lanes
 *   a           Y[m][n][L] = A[m][k][L] B[k][n]     B^T packed; a product for each row of A
 *   both        Y[m][n][L] = A[m][k][L] B[k][n][L]  a product in each lane */
#include "core/ops/dot_product.h"
#include "core/ops/ops_common.h"
#include "kernels/onednn/onednn.h"
#include "kernels/provider.h"

#define PACK_ROWS   96 /* a packed matrix is made of groups of about so many rows at most, */
#define UNIT_ROWS   6  /* of whole blocks of the kernels of 6 rows: lower ones wait for sums, */
#define MANY_GROUPS 5  /* from so many on of a multiple of EVEN_GROUPS: workers have as many */
#define EVEN_GROUPS 4
#define FEW_COLUMNS 384 /* up to so many columns a plain operand in rows is not packed */

typedef void product_fn(void *y, const void *a, const void *b, const vn__product *p);

/* The plain operand (side s) of a product with a mapped one: a vector needs no packing. */
static bool is_vector(const vn__product *p, int s)
{
    return s == 0 ? p->m == 1 && (p->a_col == 1 || p->k == 1)
                  : p->n == 1 && (p->b_row == 1 || p->k == 1);
}

static int64_t groups_of(int64_t rows)
{
    const int64_t groups = (rows + PACK_ROWS - 1) / PACK_ROWS;
    return groups < MANY_GROUPS ? groups
                                : (groups + EVEN_GROUPS - 1) / EVEN_GROUPS * EVEN_GROUPS;
}

/* The first row of group g, of the last but one: the end. */
static int64_t group_start(int64_t rows, int64_t g)
{
    const int64_t units = (rows + UNIT_ROWS - 1) / UNIT_ROWS;
    const int64_t start = g * units / groups_of(rows) * UNIT_ROWS;
    return start < rows ? start : rows;
}

/* The groups that are asked for: all, or the one of this part. */
static int64_t first_group(const vn__product *p) { return p->parts > 1 ? p->part : 0; }
static int64_t last_group(const vn__product *p, int64_t rows)
{
    return p->parts > 1 ? p->part + 1 : groups_of(rows);
}

static int64_t rows_of(const vn__product *p, int s) { return s == 0 ? p->m : p->n; }

/* Bytes of the packed side before the first group that is asked for. */
static int64_t bytes_before(const vn__product *p, int s)
{
    return p->real->pack_size(group_start(rows_of(p, s), first_group(p)), p->k);
}

/* packed: of the first group that is asked for. */
static void pack_side(char *packed, const void *x, int s, const vn__product *p)
{
    const int64_t rows = rows_of(p, s), row = s == 0 ? p->a_row : p->b_col;
    const int64_t col = s == 0 ? p->a_col : p->b_row;
    for (int64_t g = first_group(p); g < last_group(p, rows); g++) {
        const int64_t from = group_start(rows, g), count = group_start(rows, g + 1) - from;
        p->real->pack(packed, vn__element(x, from * row, p->size), row, 0, col, count, 1, p->k);
        packed += p->real->pack_size(count, p->k);
    }
}

/* y[rows][width] = plain[rows][k] b[k][width], and the epilogue, for the groups that are asked
 * for. lda: from row to row of the plain operand, where it lies. */
static void multiply_plain(void *y, int64_t ldy, int64_t lda, const void *b, int64_t ldb,
                           int64_t rows, int64_t width, const vn__epilogue *epilogue,
                           const vn__product *p)
{
    const char *packed = p->packed;
    for (int64_t g = first_group(p); g < last_group(p, rows); g++) {
        const int64_t from = group_start(rows, g), count = group_start(rows, g + 1) - from;
        vn__epilogue own = epilogue ? *epilogue : (vn__epilogue){ 0 };
        own.bias = own.bias ? vn__element(own.bias, from, p->size) : NULL;
        own.mask = own.mask ? vn__element(own.mask, from * ldy, p->size) : NULL;
        char *const to = (char *)y + from * ldy * (int64_t)p->size;
        if (!packed) {
            p->real->gemm_lying(to, ldy, vn__element(p->lying, from * lda, p->size), lda, b,
                                ldb, count, width, p->k, epilogue ? &own : NULL);
            continue;
        }
        p->real->gemm_packed(to, ldy, packed, b, ldb, count, width, p->k,
                             epilogue ? &own : NULL);
        packed += p->real->pack_size(count, p->k);
    }
}

static int64_t packed_bytes(const vn__product *p, int s)
{
    return (p->real->pack_size(s == 0 ? p->m : p->n, p->k) + 63) & ~(int64_t)63;
}

static int64_t strips_bytes(const vn__product *p)
{
    return (p->real->pack_strips_size(p->n, p->k) + 63) & ~(int64_t)63;
}

static void product_b_mapped(void *y, const void *a, const void *b, const vn__product *p)
{
    const int64_t lanes = p->lanes;
    const bool columns = p->b_col == lanes || p->n == 1; /* (n, lane) is one contiguous axis */
    const int64_t calls = columns ? 1 : p->n, width = columns ? p->n * lanes : lanes;
    if (is_vector(p, 0)) {
        for (int64_t j = 0; j < calls; j++)
            p->real->gemv_t((char *)y + j * width * (int64_t)p->size,
                            vn__element(b, j * p->b_col, p->size), p->b_row, a, p->k, width,
                            NULL);
        return;
    }
    for (int64_t j = 0; j < calls; j++)
        multiply_plain((char *)y + j * width * (int64_t)p->size, p->n * lanes, p->a_row,
                       vn__element(b, j * p->b_col, p->size), p->b_row, p->m, width,
                       p->epilogue, p);
}

static void product_a_mapped(void *y, const void *a, const void *b, const vn__product *p)
{
    const int64_t row = p->n * p->lanes;
    const bool vector = is_vector(p, 1);
    vn__epilogue epilogue = p->epilogue ? *p->epilogue : (vn__epilogue){ 0 };
    for (int64_t i = 0; i < p->m; i++) {
        void *const yi = (char *)y + i * row * (int64_t)p->size;
        const void *const ai = vn__element(a, i * p->a_row, p->size);
        if (p->epilogue && p->epilogue->mask)
            epilogue.mask = vn__element(p->epilogue->mask, i * row, p->size);
        if (vector)
            p->real->gemv_t(yi, ai, p->a_col, b, p->k, p->lanes, NULL);
        else
            multiply_plain(yi, p->lanes, p->b_col, ai, p->a_col, p->n, p->lanes,
                           p->epilogue ? &epilogue : NULL, p);
    }
}

static void product_both_mapped(void *y, const void *a, const void *b, const vn__product *p)
{
    p->real->lane_matmul(y, p->n * p->lanes, p->lanes, a, p->a_row, p->a_col, b, p->b_row,
                         p->b_col, p->m, p->n, p->k, p->lanes, false);
}

/* The plain operand of a mapped one is packed once for all tiles: as the left one of the
 * product, or, where an example has no lanes, the right one in strips. */
static bool preparable(vn__product *p, const vn__dot *dot, const vn_eval *e, int *side)
{
    if (e->mapped[0] == e->mapped[1])
        return false;
    const bool lanes = e->lanes > 1;
    const int64_t unit[2] = { lanes && e->mapped[0] ? e->lanes : 1,
                              lanes && e->mapped[1] ? e->lanes : 1 };
    *p = vn__product_of(e, dot, unit);
    *side = e->mapped[0] ? 1 : 0;
    if (dot->side[*side].gather)
        return false;
    return lanes ? !is_vector(p, *side) : *side == 1 && p->m > 1 && !vn__product_is_vector(p);
}

/* Without lanes the products of all examples with one matrix share its strips. */
static void cut_of(vn__dot_cut *cut, const vn__dot *dot, const vn_eval *e)
{
    vn__product p;
    int side;
    if (e->lanes == 1 && preparable(&p, dot, e, &side))
        vn__dot_cut_rows(cut, dot);
    else
        vn__dot_cut_of(cut, dot);
}

/* What reads an operand once is no faster in parts, and each would gather for itself. */
static int64_t plain_parts(const vn__dot *dot, const vn_eval *e)
{
    const vn__product p = vn__product_of(e, dot, (int64_t[]){ 1, 1 });
    if (p.m < 2 || p.n < 2 || p.k < 2 || dot->side[0].gather || dot->side[1].gather)
        return 1;
    vn__dot_cut cut;
    cut_of(&cut, dot, e);
    return cut.parts;
}

/* oneDNN's sgemm, where it is asked for: measured, it is not faster than our kernel. */
static bool wants_onednn(const vn__dot *dot, const vn_eval *e)
{
    if (vn__use_get(VN__ONEDNN) != VN__ALWAYS || e->lanes > 1 || e->panels ||
        e->in_aval[0].dtype != VN_F32 || vn__onednn_absent())
        return false;
    return plain_parts(dot, e) > 1;
}

static void plain_block(void *y, int64_t ldy, const void *a, const void *b,
                        const vn__product *p, bool onednn)
{
    if (p->packed)
        p->real->gemm_strips(y, ldy, a, p->a_row, p->a_col, p->packed, p->m, p->n, p->k, false,
                             p->work);
    else if (!onednn || !vn__onednn_gemm(y, ldy, a, p->a_row, p->a_col, b, p->b_row, p->b_col,
                                         p->m, p->n, p->k))
        p->real->gemm(y, ldy, a, p->a_row, p->a_col, b, p->b_row, p->b_col, p->m, p->n, p->k,
                      false, p->work);
}

static bool is_plain(const vn_eval *e)
{
    return e->lanes == 1 && !e->mapped[0] && !e->mapped[1];
}

/* Do the parts of a product of plain operands read one B in strips? */
static bool shares_strips(const vn__dot *dot, const vn_eval *e)
{
    vn__dot_cut cut;
    vn__dot_cut_of(&cut, dot);
    return is_plain(e) && cut.shared && plain_parts(dot, e) > 1 && !wants_onednn(dot, e);
}

/* Part of the strips of B, or all of them. */
static void prepare_strips(void *strips, const void *b, const vn_eval *e, const vn__product *p)
{
    enum { UNIT = 32 };
    int64_t from;
    const int64_t end = UNIT * vn__eval_share(&from, e, (p->n + UNIT - 1) / UNIT);
    if (UNIT * from < end)
        p->real->pack_strips(strips, b, p->b_row, p->b_col, p->n, p->k, UNIT * from,
                             end < p->n ? end : p->n);
}

/* The blocks of one part, or of all, of a product of plain operands. */
static void plain_part(const vn_eval *e, const vn__dot *dot, const vn__product *p)
{
    vn__dot_cut cut;
    cut_of(&cut, dot, e);
    const int64_t of_one = cut.down * cut.across, blocks = dot->batches * of_one;
    int64_t u;
    const int64_t end = vn__eval_share(&u, e, blocks);
    for (; u < end; u++) {
        const int64_t i = u / of_one, row = u % of_one / cut.across * cut.rows;
        const int64_t col = u % cut.across * cut.cols;
        const int64_t a = vn__dot_batch_offset(dot, &dot->side[0], i) + row * p->a_row;
        const int64_t b = vn__dot_batch_offset(dot, &dot->side[1], i) + col * p->b_col;
        const int64_t y = (i * p->m + row) * p->n + col;
        vn__product block = *p;
        block.m = p->m - row < cut.rows ? p->m - row : cut.rows;
        block.n = p->n - col < cut.cols ? p->n - col : cut.cols;
        block.packed = e->prepared ? (const char *)e->prepared + i * strips_bytes(p) : NULL;
        plain_block((char *)e->out[0] + y * (int64_t)p->size, p->n,
                    vn__element(e->in[0], a, p->size), vn__element(e->in[1], b, p->size),
                    &block, dot->onednn);
    }
}

/* Rows that are contiguous and meet few columns need no packing. */
static bool lies_well(const vn_eval *e, const vn__product *p, int s)
{
    const int64_t row = s == 0 ? p->a_row : p->b_col, col = s == 0 ? p->a_col : p->b_row;
    return col == 1 && row >= p->k && e->examples > 0 &&
           e->examples * (s == 0 ? p->n : p->m) <= FEW_COLUMNS;
}

/* The plain operand x of batch i as the kernel wants it: prepared, where it lies, left in
 * scratch by the evaluation before, or packed now. A vector is taken as it is. */
static void set_plain_side(vn__product *p, const vn_eval *e, const vn__dot *dot, int64_t i,
                           const void *x)
{
    const int s = e->mapped[0] ? 1 : 0;
    p->packed = NULL;
    p->lying = x;
    if (is_vector(p, s) || (!e->prepared && lies_well(e, p, s)))
        return;
    p->packed = p->work;
    if (e->prepared)
        p->packed = (const char *)e->prepared + i * packed_bytes(p, s) + bytes_before(p, s);
    else if (!e->again || dot->batches > 1)
        pack_side(p->work, x, s, p);
}

/* An example without lanes times a matrix that all examples share. */
static void products_of_strips(const vn_eval *e, const vn__dot *dot, const void *a,
                               const vn__product *p)
{
    for (int64_t i = 0; i < dot->batches; i++)
        p->real->gemm_strips(
            (char *)e->out[0] + i * p->m * p->n * (int64_t)p->size, p->n,
            vn__element(a, vn__dot_batch_offset(dot, &dot->side[0], i), p->size), p->a_row,
            p->a_col, (const char *)e->prepared + i * strips_bytes(p), p->m, p->n, p->k, false,
            p->work);
}

/* The usual product on lanes, where the setup knew its only call. */
static bool is_one_call(const vn_eval *e)
{
    const vn__dot *const dot = e->setup;
    return dot && dot->call.rows && e->prepared && e->parts <= 1;
}

static void one_call(const vn_eval *e)
{
    const vn__dot_call *const c = &((const vn__dot *)e->setup)->call;
    e->kernels->real[e->in_aval[0].dtype]->gemm_packed(e->out[0], c->ldy, e->prepared,
                                                       e->in[1 - c->packed], c->ldb, c->rows,
                                                       c->width, c->k, e->epilogue);
}

void vn__dot_eval(const vn_eval *e)
{
    if (is_one_call(e)) {
        one_call(e);
        return;
    }
    if (vn__eval_shared(e, vn__dot_eval))
        return;
    static product_fn *const by_mapped[2][2] = {
        { vn__product_plain, product_b_mapped },
        { product_a_mapped, product_both_mapped },
    };
    const bool lanes = e->lanes > 1;
    const bool mapped[2] = { lanes && e->mapped[0], lanes && e->mapped[1] };
    const int64_t unit[2] = { mapped[0] ? e->lanes : 1, mapped[1] ? e->lanes : 1 };
    vn__dot own;
    const vn__dot *const dot = vn__dot_geometry_of(&own, e);
    vn__product p = vn__product_of(e, dot, unit);
    p.epilogue = e->epilogue;
    p.part = e->part;
    p.parts = e->parts;
    char *cursor = e->scratch;
    const void *const a = vn__dot_arrange(&cursor, e->in[0], &dot->side[0], unit[0], p.size);
    const void *const b = vn__dot_arrange(&cursor, e->in[1], &dot->side[1], unit[1], p.size);
    p.work = cursor;
    if (e->lanes == 1 && (e->parts > 1 || dot->onednn)) {
        plain_part(e, dot, &p);
        return;
    }
    if (e->lanes == 1 && e->prepared) {
        products_of_strips(e, dot, a, &p);
        return;
    }
    for (int64_t i = 0; i < dot->batches; i++) {
        const void *const ai =
            vn__element(a, vn__dot_batch_offset(dot, &dot->side[0], i) * unit[0], p.size);
        const void *const bi =
            vn__element(b, vn__dot_batch_offset(dot, &dot->side[1], i) * unit[1], p.size);
        if (mapped[0] != mapped[1])
            set_plain_side(&p, e, dot, i, mapped[0] ? bi : ai);
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
    const vn_eval e = {
        .attr = attr, .lanes = lanes, .in_aval = in, .kernels = vn__kernels_get()
    };
    const vn__product p = vn__product_of(&e, &dot, unit);
    if (dot.batches != 1 || (a && b) || dot.k == 0)
        return false;
    if (b)
        return !is_vector(&p, 0) && (p.n == 1 || (p.b_col == lanes && !bias)) &&
               (!bias || vn_shape_size(bias->shape) == p.m);
    if (a)
        return !is_vector(&p, 1) &&
               (!bias || (bias->shape.rank == 1 && bias->shape.dim[0] == p.n));
    return vn__product_is_vector(&p) && (!bias || vn_shape_size(bias->shape) == p.m * p.n);
}

static vn__dot_call call_of(const vn__dot *dot, const vn_eval *e)
{
    const vn__dot_call more = { 0 };
    vn__product p;
    int s;
    if (e->lanes == 1 || dot->batches != 1 || dot->side[0].gather || dot->side[1].gather ||
        !preparable(&p, dot, e, &s) || groups_of(rows_of(&p, s)) != 1)
        return more;
    const int64_t lanes = e->lanes;
    const int64_t width = s == 1 ? lanes : p.n * lanes;
    if (s == 1 ? p.m > 1 : p.n > 1 && p.b_col != lanes)
        return more;
    return (vn__dot_call){ .rows = rows_of(&p, s),
                           .width = width,
                           .k = p.k,
                           .ldy = width,
                           .ldb = s == 1 ? p.a_col : p.b_row,
                           .row = s == 1 ? p.b_col : p.a_row,
                           .col = s == 1 ? p.b_row : p.a_col,
                           .packed = s };
}

void vn__dot_setup(void *memory, const vn_eval *e)
{
    vn__dot *const dot = memory;
    vn__dot_geometry(dot, e->attr, e->in_aval);
    dot->onednn = wants_onednn(dot, e);
    dot->call = call_of(dot, e);
}

const char *vn__dot_provider(const void *setup)
{
    return ((const vn__dot *)setup)->onednn ? "oneDNN sgemm" : NULL;
}

static int64_t prepared_bytes(const vn__product *p, int64_t lanes, int side)
{
    return lanes > 1 ? packed_bytes(p, side) : strips_bytes(p);
}

size_t vn__dot_prepare_size(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                            int64_t lanes)
{
    vn__product p;
    vn__dot dot;
    int side;
    const vn_eval e = { .attr = attr,
                        .n_in = n_in,
                        .lanes = lanes,
                        .mapped = mapped,
                        .in_aval = in,
                        .kernels = vn__kernels_get() };
    vn__dot_geometry(&dot, attr, in);
    if (shares_strips(&dot, &e)) {
        p = vn__product_of(&e, &dot, (int64_t[]){ 1, 1 });
        return (size_t)strips_bytes(&p);
    }
    return preparable(&p, &dot, &e, &side)
               ? (size_t)(dot.batches * prepared_bytes(&p, lanes, side))
               : 0;
}

void vn__dot_prepare(void *memory, const vn_eval *e)
{
    vn__product p;
    vn__dot own;
    const vn__dot *const dot = vn__dot_geometry_of(&own, e);
    const vn__dot_call *const c = &dot->call;
    int side;
    if (c->rows) {
        e->kernels->real[e->in_aval[0].dtype]->pack(memory, e->in[c->packed], c->row, 0, c->col,
                                                    c->rows, 1, c->k);
        return;
    }
    if (is_plain(e)) {
        p = vn__product_of(e, dot, (int64_t[]){ 1, 1 });
        prepare_strips(memory, e->in[1], e, &p);
        return;
    }
    if (!preparable(&p, dot, e, &side))
        return;
    p.part = e->part;
    p.parts = e->parts;
    for (int64_t i = 0; i < dot->batches; i++) {
        char *const to = (char *)memory + i * prepared_bytes(&p, e->lanes, side);
        const void *const from =
            vn__element(e->in[side], vn__dot_batch_offset(dot, &dot->side[side], i), p.size);
        if (e->lanes > 1)
            pack_side(to + bytes_before(&p, side), from, side, &p);
        else
            prepare_strips(to, from, e, &p);
    }
}

int64_t vn__dot_parts(const void *attr, const vn_aval in[], const bool mapped[], int64_t lanes,
                      bool sum)
{
    vn__product p;
    vn__dot dot;
    int side;
    const vn_eval e = { .attr = attr,
                        .lanes = lanes,
                        .in_aval = in,
                        .mapped = mapped,
                        .kernels = vn__kernels_get() };
    vn__dot_geometry(&dot, attr, in);
    if (lanes == 1 && !sum)
        return plain_parts(&dot, &e);
    if (dot.batches != 1 || dot.k == 0)
        return 1;
    if (sum)
        return mapped[0] && mapped[1] ? vn__dot_sum_parts(&dot) : 1;
    return preparable(&p, &dot, &e, &side) ? groups_of(rows_of(&p, side)) : 1;
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
        if (unit) /* summed */
            entries += dot.side[s].entries + 64;
    }
    if (lanes > 1) {
        work = largest(work, real->pack_size(dot.m, dot.k));
        work = largest(work, real->pack_size(dot.n, dot.k));
    }
    if (mapped && (mapped[0] || mapped[1])) /* it may be summed */
        work = largest(work, real->lane_gemm_scratch(dot.m, dot.n, lanes > 1 ? lanes : dot.k,
                                                     VN__DOT_PANELS));
    return (size_t)(entries * (int64_t)vn_dtype_size(in[0].dtype) + work + 64);
}
