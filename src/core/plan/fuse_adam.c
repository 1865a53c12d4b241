/* SPDX-License-Identifier: MIT */
/* Adam's moments and step in one pass instead of ten: of a fused group
 *
 *     m' = fma(b1, m, c1 g),  v' = fma(b2, v, c2 g^2),  u = (m' s) / (sqrt(v' r) + eps)
 *
 * where b1, c1, b2, c2, s, r, eps are one number each. The kernel rounds as the instructions
 * do, so it gives the same bits. What follows, weight decay and the sum with the parameters,
 * and what comes before, say clipping, stay passes of their own. */
#include <string.h>

#include "core/ops/ops.h"
#include "core/plan/fuse.h"
#include "kernels/kernels.h"

static void adam_eval(const vn_eval *e)
{
    const vn_aval *const result = &e->out_aval[0];
    e->kernels->real[result->dtype]->adam(e->out, e->in, vn_shape_size(result->shape));
}

static const vn_op adam = { .name = "adam", .eval = adam_eval };

typedef struct search {
    const vn__compiler *c;
    const vn__pass *pass;
    int n;
    bool part[VN__FUSED_MEMBERS]; /* of the formula */
} search;

/* The pass that makes a value by an op, now a part of the formula; NULL: none does. A value
 * within the formula has no other reader. */
static const vn__pass *made(search *s, const vn_op *op, uint32_t value, bool within)
{
    for (int k = 0; k < s->n; k++)
        if (s->pass[k].out[0] == value && s->pass[k].op == op) {
            s->part[k] = true;
            return within && (s->c->uses[value] != 1 || s->c->out_of[value] >= 0) ? NULL
                                                                                  : &s->pass[k];
        }
    return NULL;
}

static bool is_number(const search *s, uint32_t value, uint32_t beside)
{
    const vn__value *const v = s->c->tape->value;
    vn__reach reach;
    int64_t row = 0;
    return vn__reach_of(s->c, value, beside, &reach, &row) && reach == VN__REACH_ONE &&
           v[value].aval.dtype == v[beside].aval.dtype;
}

/* y = x times (plus, ..) a number, in either order: which is which. */
static bool with_number(search *s, const vn_op *op, uint32_t y, uint32_t *x, uint32_t *number)
{
    const vn__pass *const pass = made(s, op, y, true);
    if (!pass)
        return false;
    const int at = is_number(s, pass->in[0], y) ? 0 : 1;
    *number = pass->in[at];
    *x = pass->in[1 - at];
    return is_number(s, *number, y);
}

/* y = fma(keep, old, c x) */
static bool average(search *s, uint32_t y, uint32_t *old, uint32_t *keep, uint32_t *x,
                    uint32_t *c)
{
    const vn__pass *const pass = made(s, &vn__op_fma, y, false);
    if (!pass)
        return false;
    const int at = is_number(s, pass->in[0], y) ? 0 : 1;
    *keep = pass->in[at];
    *old = pass->in[1 - at];
    return is_number(s, *keep, y) && with_number(s, &vn__op_mul, pass->in[2], x, c);
}

/* The formula that ends with the division. */
static bool match(search *s, const vn__pass *division, vn__pass *whole)
{
    uint32_t root, m, v, g, square, old_m, old_v, b1, b2, c1, c2, by_m, by_v, eps;
    memset(s->part, 0, sizeof s->part);
    s->part[division - s->pass] = true;
    if (!with_number(s, &vn__op_mul, division->in[0], &m, &by_m) ||
        !with_number(s, &vn__op_add, division->in[1], &root, &eps))
        return false;
    const vn__pass *const root_of = made(s, &vn__op_sqrt, root, true);
    if (!root_of || !with_number(s, &vn__op_mul, root_of->in[0], &v, &by_v) ||
        !average(s, m, &old_m, &b1, &g, &c1) || !average(s, v, &old_v, &b2, &square, &c2))
        return false;
    const vn__pass *const square_of = made(s, &vn__op_square, square, true);
    if (!square_of || square_of->in[0] != g)
        return false;
    *whole = (vn__pass){ .op = &adam,
                         .n_in = 10,
                         .n_out = 3,
                         .in = { g, old_m, old_v, b1, c1, b2, c2, by_m, by_v, eps },
                         .out = { m, v, division->out[0] } };
    return true;
}

/* All is an array of one real dtype and of all elements, and nobody wants the moments before
 * the last part makes them. */
static bool possible(const search *s, const vn__pass *whole, int last)
{
    const vn__value *const v = s->c->tape->value;
    const vn_dtype dtype = v[whole->out[2]].aval.dtype;
    vn__reach reach;
    int64_t row = 0;
    if (!vn__kernels_get()->real[dtype])
        return false;
    for (int i = 0; i < 3; i++)
        if (!vn__reach_of(s->c, whole->in[i], whole->out[2], &reach, &row) ||
            reach != VN__REACH_ALL || v[whole->in[i]].aval.dtype != dtype)
            return false;
    for (int k = 0; k < last; k++)
        for (int i = 0; i < s->pass[k].n_in && !s->part[k]; i++)
            if (s->pass[k].in[i] == whole->out[0] || s->pass[k].in[i] == whole->out[1])
                return false;
    return true;
}

int vn__fuse_adam(const vn__compiler *c, vn__pass pass[], int n)
{
    search s = { .c = c, .pass = pass, .n = n };
    for (int last = 0; last < n; last++) {
        vn__pass whole;
        if (pass[last].op != &vn__op_div || !match(&s, &pass[last], &whole) ||
            !possible(&s, &whole, last))
            continue;
        int left = 0;
        for (int k = 0; k < n; k++)
            if (k == last || !s.part[k])
                pass[left++] = k == last ? whole : pass[k];
        return vn__fuse_adam(c, pass, left); /* several parameters of few elements */
    }
    return n;
}
