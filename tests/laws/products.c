/* SPDX-License-Identifier: MIT */
/* Large products of plain operands are cut into parts for the pool's workers: the numbers of a
 * loop over every element, eager and compiled, with the same bits at any number of threads. */
#include "laws/tally.h"
#include "vernal.h"

#include <math.h>
#include <stdio.h>

/* Sizes of the letters of an einsum over at most b, m, n, k. */
typedef struct subject {
    const char *spec;
    int64_t b, m, n, k;
} subject;

static int64_t size_of(const subject *s, char letter)
{
    return letter == 'b' ? s->b : letter == 'm' ? s->m : letter == 'n' ? s->n : s->k;
}

/* An operand by its letters, up to the ',' or '-' behind them. */
static vn_array *operand(const subject *s, const char *letters, int key, vn_dtype dtype)
{
    vn_shape shape = { 0 };
    for (; *letters != ',' && *letters != '-'; letters++)
        shape.dim[shape.rank++] = size_of(s, *letters);
    return vn_normal(vn_key((uint64_t)key), shape, dtype);
}

/* The element of an operand at these b, m, n, k. */
static double element(const subject *s, const char *letters, const vn_array *x,
                      const int64_t at[4])
{
    int64_t offset = 0;
    for (; *letters != ',' && *letters != '-'; letters++)
        offset = offset * size_of(s, *letters) +
                 at[*letters == 'b' ? 0 : *letters == 'm' ? 1 : *letters == 'n' ? 2 : 3];
    return vn_dtype_of(x) == VN_F64 ? ((const double *)vn_data(x))[offset]
                                    : ((const float *)vn_data(x))[offset];
}

/* The largest error at every 97th element of out[b][m][n]. */
static double error_of(const subject *s, const vn_array *a, const vn_array *b,
                       const vn_array *out)
{
    const char *second = s->spec;
    while (*second++ != ',') { }
    double worst = 0;
    for (int64_t e = 0; e < s->b * s->m * s->n; e += 97) {
        int64_t at[4] = { e / (s->m * s->n), e / s->n % s->m, e % s->n, 0 };
        double sum = 0;
        for (at[3] = 0; at[3] < s->k; at[3]++)
            sum += element(s, s->spec, a, at) * element(s, second, b, at);
        const double got = vn_dtype_of(out) == VN_F64 ? ((const double *)vn_data(out))[e]
                                                      : ((const float *)vn_data(out))[e];
        worst = fmax(worst, fabs(got - sum));
    }
    return worst;
}

static const char *recorded; /* the product that is compiled */
static vn_tree *product(vn_tree *const arg[]) { return vn_einsum(recorded, arg[0], arg[1]); }

static void check(const subject *s, vn_dtype dtype)
{
    static const int threads[] = { 1, 2, 3, 8 };
    const char *second = s->spec;
    while (*second++ != ',') { }
    vn_array *const a = operand(s, s->spec, 1, dtype), *const b = operand(s, second, 2, dtype);
    vn_tree *const f = vn_filter_jit(vn_function(product, 2), NULL);
    const double tolerance = (dtype == VN_F64 ? 1e-15 : 1e-6) * (double)s->k;
    vn_tree *first = NULL;
    char which[64];
    snprintf(which, sizeof which, "%s %s", vn_dtype_name(dtype), s->spec);
    recorded = s->spec;
    for (int t = 0; t < 4; t++) {
        vn_set_num_threads(threads[t]);
        vn_array *const eager = vn_einsum(s->spec, a, b);
        vn_tree *const fast = vn_call(f, a, b);
        first = first ? first : eager;
        expect(vn_tree_equal(eager, first, NULL), "other bits with other threads", which);
        expect(vn_tree_equal(fast, first, NULL), "other bits when compiled", which);
    }
    expect(first && error_of(s, a, b, first) < tolerance, "wrong numbers", which);
    vn_set_num_threads(0);
}

int main(void)
{
    static const subject subjects[] = {
        { "mk,kn->mn", 1, 385, 530, 270 },   { "mk,kn->mn", 1, 97, 1040, 40 },
        { "mk,kn->mn", 1, 2000, 33, 64 },    { "km,kn->mn", 1, 200, 300, 513 },
        { "mk,nk->mn", 1, 193, 257, 300 },   { "km,nk->mn", 1, 130, 140, 150 },
        { "km,kn->mn", 1, 400, 290, 300 },   { "mk,nk->mn", 1, 700, 65, 40 },
        { "km,nk->mn", 1, 530, 385, 270 },   { "mk,kn->mn", 1, 5000, 17, 33 },
        { "bmk,bkn->bmn", 9, 65, 50, 70 },   { "mbk,bnk->bmn", 5, 100, 530, 31 },
        { "bmk,bkn->bmn", 300, 20, 18, 20 }, { "mk,kn->mn", 1, 3, 700, 900 },
        { "mk,kn->mn", 1, 1, 3000, 500 },
    };
    for (int i = 0; i < (int)(sizeof subjects / sizeof subjects[0]); i++)
        for (int wide = 0; wide < 2; wide++)
            VN_SCOPE check(&subjects[i], wide ? VN_F64 : VN_F32);
    vn_finish();
    return report();
}
