/* SPDX-License-Identifier: MIT */
/* Element-wise ops that give bool: comparisons (compare.def), tests (predicate.def). */
#include "core/ops/elementwise.h"

static vn_status shape(vn_aval out[], const char *who, int accept, const vn_aval in[], int n_in)
{
    VN_TRY(vn__elementwise_shape(out, who, accept, in, n_in));
    out[0].dtype = VN_BOOL;
    return VN_ERR_OK;
}

/* clang-format off */

/* ---------------------------------------------------------------------- comparisons */

#define VN_COMPARE_OP(name, accept)                                                            \
    static vn_status name##_shape(vn_aval out[], const void *a, const vn_aval in[], int n)     \
    { (void)a; return shape(out, #name, VN__##accept, in, n); }                                \
    static void name##_eval(const vn_eval *e)                                                  \
    { vn__eval_binary(e, e->kernels->compare[e->in_aval[0].dtype][VN__COMPARE_##name]); }
#include "core/ops/compare.def"
#undef VN_COMPARE_OP

#define VN_COMPARE_OP(f, accept)                                                               \
    const vn_op vn__op_##f = { .name = #f, .n_in = 2, .flags = VN__ROW_NO_GRADIENT,            \
                               .shape = f##_shape, .eval = f##_eval };
#include "core/ops/compare.def"
#undef VN_COMPARE_OP

#define VN_COMPARE_OP(name, accept)                                                            \
    vn_array *vn_##name(vn_array *a, vn_array *b)                                              \
    { return vn__apply(&vn__op_##name, NULL, VN__##accept, 2, (vn_array *[]){ a, b }); }
#include "core/ops/compare.def"
#undef VN_COMPARE_OP

/* ---------------------------------------------------------------------------- tests */

#define VN_PREDICATE_OP(name)                                                                  \
    static vn_status name##_shape(vn_aval out[], const void *a, const vn_aval in[], int n)     \
    { (void)a; return shape(out, #name, VN__REALS, in, n); }                                   \
    static void name##_eval(const vn_eval *e)                                                  \
    { vn__eval_unary(e, e->kernels->predicate[e->in_aval[0].dtype][VN__PREDICATE_##name]); }
#include "core/ops/predicate.def"
#undef VN_PREDICATE_OP

#define VN_PREDICATE_OP(f)                                                                     \
    const vn_op vn__op_##f = { .name = #f, .n_in = 1, .flags = VN__ROW_NO_GRADIENT,            \
                               .shape = f##_shape, .eval = f##_eval };
#include "core/ops/predicate.def"
#undef VN_PREDICATE_OP

#define VN_PREDICATE_OP(name)                                                                  \
    vn_array *vn_##name(vn_array *x)                                                           \
    { return vn__apply(&vn__op_##name, NULL, VN__REALS, 1, &x); }
#include "core/ops/predicate.def"
#undef VN_PREDICATE_OP
