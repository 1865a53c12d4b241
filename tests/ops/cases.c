/* SPDX-License-Identifier: MIT */
/* The table of calls and random operands. */
#include "cases.h"

#include <stdlib.h>

#define VN_CASE(name, expression, ...) \
    static vn_array *call_##name(vn_array *const x[]) { return expression; }
#include "cases.def"
#undef VN_CASE

/* A dimension list that may be empty. */
#define DIMS(...)                                                                     \
    {                                                                                 \
        .rank = sizeof((int64_t[]){ 0, __VA_ARGS__ }) / 8 - 1, .dim = { __VA_ARGS__ } \
    }
#define REAL(lo, hi, ...)                    \
    {                                        \
        CASE_REAL, lo, hi, DIMS(__VA_ARGS__) \
    }
#define DISTINCT(...)                          \
    {                                          \
        CASE_DISTINCT, 0, 0, DIMS(__VA_ARGS__) \
    }
#define INTEGER(lo, hi, ...)                    \
    {                                           \
        CASE_INTEGER, lo, hi, DIMS(__VA_ARGS__) \
    }
#define BOOLEAN(...)                          \
    {                                         \
        CASE_BOOLEAN, 0, 1, DIMS(__VA_ARGS__) \
    }

const op_case op_cases[] = {
#define VN_CASE(name, expression, ...) { #name, call_##name, { __VA_ARGS__ } },
#include "cases.def"
#undef VN_CASE
};
const int n_op_cases = sizeof op_cases / sizeof op_cases[0];

int case_arity(const op_case *c)
{
    int n = 0;
    while (n < 3 && c->in[n].kind != CASE_NONE)
        n++;
    return n;
}

static uint64_t next_bits(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void shuffle(double *v, int64_t n, uint64_t *state)
{
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t j = (int64_t)(next_bits(state) % (uint64_t)(i + 1));
        const double t = v[i];
        v[i] = v[j];
        v[j] = t;
    }
}

vn_array *case_operand_make(const case_operand *in, vn_dtype real, uint64_t seed)
{
    const int64_t n = vn_shape_size(in->shape);
    double *const v = malloc((size_t)(n + 1) * sizeof *v);
    uint64_t state = seed;
    for (int64_t i = 0; i < n; i++) {
        const double u = (double)(next_bits(&state) >> 11) * 0x1p-53;
        v[i] = in->kind == CASE_DISTINCT ? 0.25 * (double)i + 0.1
               : in->kind == CASE_REAL   ? in->lo + (in->hi - in->lo) * u
                                       : (double)(int64_t)(in->lo + (in->hi - in->lo + 1) * u);
    }
    if (in->kind == CASE_DISTINCT)
        shuffle(v, n, &state);
    vn_array *const wide = vn_array_from(VN_F64, in->shape, v);
    free(v);
    return vn_cast(wide, in->kind == CASE_INTEGER   ? VN_I32
                         : in->kind == CASE_BOOLEAN ? VN_BOOL
                                                    : real);
}
