/* SPDX-License-Identifier: MIT */
/* The sum of a dot_general over panels and lanes: where both operands are mapped a matrix
 * product with the lanes as the long dimension (dW += dY X^T), and one mapped is summed
 * first. */
#include <string.h>

#include "core/ops/dot_product.h"
#include "core/ops/ops_common.h"

/* C = the sum over panels, k and lanes: the longer of k and panels goes into the kernel. */
static void sum_product(void *c, const void *a, int64_t a_panel, const void *b, int64_t b_panel,
                        int64_t panels, vn__onto onto, const vn__product *p)
{
    const bool k_inside = p->k > panels;
    const int64_t inner = k_inside ? p->k : panels, outer = k_inside ? panels : p->k;
    const int64_t a_inner = k_inside ? p->a_col : a_panel,
                  a_outer = k_inside ? a_panel : p->a_col;
    const int64_t b_inner = k_inside ? p->b_row : b_panel,
                  b_outer = k_inside ? b_panel : p->b_row;
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i += VN__DOT_PANELS) {
            const int64_t count = inner - i < VN__DOT_PANELS ? inner - i : VN__DOT_PANELS;
            const vn__lane_rows y = { vn__element(a, o * a_outer + i * a_inner, p->size),
                                      a_inner, p->a_row, p->a_lane };
            const vn__lane_rows x = { vn__element(b, o * b_outer + i * b_inner, p->size),
                                      b_inner, p->b_col, p->b_lane };
            p->real->lane_gemm(c, p->y_row, &y, &x, p->m, p->n, p->lanes, count, onto, p->work);
            onto.begin = c;
        }
}

static void sum_batches(const vn_eval *e, const vn__dot *dot, void *out, const void *a,
                        int64_t a_panel, const void *b, int64_t b_panel, int64_t panels,
                        vn__onto onto, const vn__product *p)
{
    const int64_t bytes = dot->m * dot->n * (int64_t)p->size;
    for (int64_t i = 0; i < dot->batches; i++) {
        sum_product(
            (char *)out + i * bytes,
            vn__element(a, vn__dot_batch_offset(dot, &dot->side[0], i) * e->lanes, p->size),
            a_panel,
            vn__element(b, vn__dot_batch_offset(dot, &dot->side[1], i) * e->lanes, p->size),
            b_panel, panels, onto, p);
        onto.begin = onto.begin ? (const char *)onto.begin + bytes : NULL;
    }
}

/* ---- parts */

/* A part of few columns reads all rows of Y for them, one of few rows transposes all columns of
 * X, which is dearer. Where sixteen parts are enough they are up to twice as large. */
enum { ENOUGH = 16, COLUMNS = 64, ROWS = 128, UNIT = 16, LOW_ROWS = 12 };

static int64_t longer_side(const vn__dot *dot) { return dot->m > dot->n ? dot->m : dot->n; }
static int64_t over(int64_t n, int64_t by) { return (n + by - 1) / by; }

/* Rows of the result in each part if there are more rows than columns, else columns: equal
 * shares, the last has what is left. */
static int64_t part_size(const vn__dot *dot)
{
    const int64_t all = longer_side(dot), least = dot->m > dot->n ? ROWS : COLUMNS;
    const int64_t even = all / ENOUGH;
    const int64_t most = even < least ? least : even < 2 * least ? even : 2 * least;
    const int64_t parts = all > most ? over(all, most) : all > COLUMNS ? 2 : 1;
    return over(all, UNIT * parts) * UNIT;
}

int64_t vn__dot_sum_parts(const vn__dot *dot)
{
    return longer_side(dot) > 0 ? over(longer_side(dot), part_size(dot)) : 1;
}

/* Sums of few terms wait for memory, which likes whole rows, and transpose little. */
static bool is_low(const vn_eval *e, const vn__dot *dot, const vn__product *p)
{
    return e->parts > 1 && e->panels * p->lanes <= VN__LANE_GEMM_FEW &&
           dot->m >= e->parts * LOW_ROWS;
}

/* The rows or columns of the result that this part has: of whichever there are more. from:
 * where the operands' begin. onto: what the part is added to. */
static void take_part(const vn_eval *e, const vn__dot *dot, vn__product *p, void **out,
                      vn__onto *onto, int64_t from[2])
{
    const bool low = is_low(e, dot, p), rows = low || dot->m > dot->n;
    const int64_t all = rows ? dot->m : dot->n, size = part_size(dot);
    int64_t first = 0, end = all;
    if (low) {
        end = vn__share_of(&first, e->part, e->parts, all);
    } else if (e->parts > 1) {
        first = e->part * size;
        end = first + size < all ? first + size : all;
    }
    const int64_t count = end - first;
    const int64_t at = first * (rows ? dot->n : 1);
    *onto = e->onto ? *e->onto : (vn__onto){ e->fresh ? NULL : e->out[0], 1 };
    onto->begin = onto->begin ? vn__element(onto->begin, at, p->size) : NULL;
    *out = (char *)e->out[0] + at * (int64_t)p->size;
    from[0] = rows ? first * p->a_row : 0;
    from[1] = rows ? 0 : first * p->b_col;
    p->m = rows ? count : p->m;
    p->n = rows ? p->n : count;
}

static void sum_both_mapped(const vn_eval *e, const vn__dot *dot, vn__product *p)
{
    void *out;
    vn__onto onto;
    int64_t from[2];
    take_part(e, dot, p, &out, &onto, from);
    const bool gather = dot->side[0].gather || dot->side[1].gather;
    const bool partial = e->valid < e->lanes;
    const int64_t full = e->panels - (partial ? 1 : 0);
    const int64_t panel[2] = { e->panel_bytes[0] / (int64_t)p->size,
                               e->panel_bytes[1] / (int64_t)p->size };
    if (e->fresh && (e->panels == 0 || p->k == 0)) /* nothing to begin with */
        memset(e->out[0], 0, (size_t)(dot->batches * dot->m * dot->n) * p->size);
    char *cursor = e->scratch;
    p->work =
        vn__reserve(&cursor, p->real->lane_gemm_scratch(p->m, p->n, p->lanes, VN__DOT_PANELS));
    if (!gather && full > 0) {
        sum_batches(e, dot, out, vn__element(e->in[0], from[0], p->size), panel[0],
                    vn__element(e->in[1], from[1], p->size), panel[1], full, onto, p);
        onto.begin = out;
    }
    char *const rest = cursor;
    vn__product last = *p;
    last.lanes = partial ? e->valid : p->lanes;
    for (int64_t t = gather ? 0 : full; t < e->panels; t++) {
        const void *x[2];
        cursor = rest;
        for (int s = 0; s < 2; s++)
            x[s] = vn__dot_arrange(&cursor, vn__element(e->in[s], t * panel[s], p->size),
                                   &dot->side[s], e->lanes, p->size);
        sum_batches(e, dot, out, vn__element(x[0], from[0], p->size), 0,
                    vn__element(x[1], from[1], p->size), 0, 1, onto, t == full ? &last : p);
        onto.begin = out;
    }
}

/* The result += the products of plain operands. */
static void add_products(const vn_eval *e, const vn__dot *dot, const void *const in[2],
                         char *cursor, vn__product *p)
{
    const void *const a = vn__dot_arrange(&cursor, in[0], &dot->side[0], 1, p->size);
    const void *const b = vn__dot_arrange(&cursor, in[1], &dot->side[1], 1, p->size);
    p->work = cursor;
    p->accumulate = true;
    for (int64_t i = 0; i < dot->batches; i++)
        vn__product_plain((char *)e->out[0] + i * p->m * p->n * (int64_t)p->size,
                          vn__element(a, vn__dot_batch_offset(dot, &dot->side[0], i), p->size),
                          vn__element(b, vn__dot_batch_offset(dot, &dot->side[1], i), p->size),
                          p);
}

/* The product is linear: the mapped operand s is summed first. */
static void sum_one_mapped(const vn_eval *e, const vn__dot *dot, int s, vn__product *p)
{
    char *cursor = e->scratch;
    const int64_t entries = dot->side[s].entries;
    void *const sum = vn__reserve(&cursor, entries * (int64_t)p->size);
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

/* Panels of one example each: the contracted axis takes the place of the lanes. */
static void sum_alone(const vn_eval *e, const vn__dot *dot, vn__product *p)
{
    p->lanes = p->k;
    p->a_lane = p->a_col;
    p->b_lane = p->b_row;
    p->k = 1;
    sum_both_mapped(e, dot, p);
}

/* One product of vectors an example, and so few that no sum has more than a partial panel
 * beside its one piece: the update of a matrix is rounded twice at most. */
bool vn__dot_sums_onto(const void *attr, const vn_aval in[], const bool mapped[], int64_t lanes,
                       int64_t examples)
{
    vn__dot dot;
    vn__dot_geometry(&dot, attr, in);
    const int64_t panels = (examples + lanes - 1) / lanes;
    return mapped[0] && mapped[1] && dot.batches == 1 && dot.k == 1 && !dot.side[0].gather &&
           !dot.side[1].gather && examples > 0 && panels <= VN__DOT_PANELS &&
           examples <= VN__LANE_GEMM_TERMS;
}

void vn__dot_eval_sum(const vn_eval *e)
{
    vn__dot own;
    const vn__dot *const dot = vn__dot_geometry_of(&own, e);
    const bool both = e->mapped[0] && e->mapped[1];
    const int64_t unit = both ? e->lanes : 1;
    vn__product p = vn__product_of(e, dot, (int64_t[]){ unit, unit });
    if (e->lanes == 1)
        sum_alone(e, dot, &p);
    else if (both)
        sum_both_mapped(e, dot, &p);
    else
        sum_one_mapped(e, dot, e->mapped[0] ? 0 : 1, &p);
}
