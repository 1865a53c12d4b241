/* SPDX-License-Identifier: MIT */
/* Gradients of indexing, contraction and linear algebra; custom rules and branches. */
#include <string.h>

#include "golden/leaves.h"
#include "golden/transforms.h"
#include "golden/written.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

static vn_array *half_square_sum(vn_array *x) { return vn_scale(0.5, vn_sum(vn_square(x))); }

/* ---- arrays: the first argument is the one differentiated, the second one of the others */

static vn_tree *gather(vn_tree *const arg[]) /* A, idx */
{
    return half_square_sum(vn_take(arg[0], arg[1], 0));
}

static vn_tree *scatter_add(vn_tree *const arg[]) /* v, idx, zeros */
{
    return half_square_sum(vn_scatter_add(arg[2], arg[1], arg[0]));
}

static vn_tree *einsum(vn_tree *const arg[]) /* A, b: ij,kj,k -> i */
{
    vn_array *inner = vn_einsum("kj,k->j", arg[0], arg[1]);
    return half_square_sum(vn_einsum("ij,j->i", arg[0], inner));
}

static vn_tree *concat(vn_tree *const arg[]) /* b, (begin, end) */
{
    vn_array *both = vn_concat(0, arg[0], vn_scale(2, arg[0]));
    int64_t begin = vn_int_value(vn_at(arg[1], 0)), end = vn_int_value(vn_at(arg[1], 1));
    return half_square_sum(vn_slice(both, 0, begin, end, 1));
}

static vn_tree *dynslice(vn_tree *const arg[]) /* A, start, (rows, columns) */
{
    vn_shape size = VN_SHAPE(vn_int_value(vn_at(arg[2], 0)), vn_int_value(vn_at(arg[2], 1)));
    return half_square_sum(vn_dynamic_slice(arg[0], arg[1], size));
}

static vn_tree *take_along(vn_tree *const arg[]) /* A */
{
    vn_array *sorted = vn_take_along_axis(arg[0], vn_argsort(arg[0], -1), -1);
    vn_array *weight = vn_arange(vn_dtype_of(arg[0]), vn_dim(arg[0], -1));
    return vn_scale(0.5, vn_sum(vn_mul(vn_square(sorted), weight)));
}

static vn_tree *matmul_chain(vn_tree *const arg[]) /* A, b */
{
    return half_square_sum(vn_matmul(vn_matmul(arg[0], vn_tanh(arg[0])), arg[1]));
}

static vn_tree *solve(vn_tree *const arg[]) /* S, b */
{
    return half_square_sum(vn_solve(arg[0], arg[1]));
}

static vn_tree *solve_b(vn_tree *const arg[]) /* b, S */
{
    return half_square_sum(vn_solve(arg[1], arg[0]));
}

static vn_tree *cholesky(vn_tree *const arg[]) /* S */
{
    return vn_sum(vn_tril(vn_cholesky(arg[0]), 0));
}

static vn_tree *gradient(vn_fn *fn, int arity, bool jit)
{
    return golden_compiled(vn_filter_grad(vn_function_named(fn, arity, "loss"), NULL), jit);
}

/* The vector that is scattered: "in/v7" of seven numbers. */
static vn_array *scattered(golden_case *c)
{
    for (int i = 0; i < c->n_arrays; i++)
        if (!strncmp(c->arrays[i].name, "in/v", 4))
            return golden_value(&c->arrays[i]);
    return vn_error(VN_ERR_ARGUMENT, "golden: no array in/v");
}

void golden_transforms_arrays(golden_run *r, golden_case *c, bool jit)
{
    int64_t zeros, cut[2], part[4];
    if (golden_written_ints(c, "zeros(", 1, &zeros) < 1 ||
        golden_written_ints(c, "concat(b, 2b)[", 2, cut) < 2 ||
        golden_written_ints(c, "dynslice 0.5 sum(A[", 4, part) < 4) {
        golden_skip(r, "the call does not say zeros(n), concat(b, 2b)[i:j] and A[i:j, k:l]");
        return;
    }
    vn_array *A = golden_input(c, "in/A"), *S = golden_input(c, "in/S");
    vn_array *b = golden_input(c, "in/b"), *v = scattered(c);
    vn_array *idx = golden_input(c, "in/idx");
    vn_array *zero = vn_zeros(vn_dtype_of(v), VN_SHAPE(zeros));
    int32_t at[] = { (int32_t)part[0], (int32_t)part[2] };
    vn_array *start = vn_array_from(VN_I32, VN_SHAPE(2), at);
    vn_tree *size = vn_tuple(vn_int(part[1] - part[0]), vn_int(part[3] - part[2]));
    vn_tree *range = vn_tuple(vn_int(cut[0]), vn_int(cut[1]));
    const struct {
        const char *name;
        vn_tree *got;
    } rows[] = {
        { "gather", vn_call(gradient(gather, 2, jit), A, idx) },
        { "scatter_add", vn_call(gradient(scatter_add, 3, jit), v, idx, zero) },
        { "einsum", vn_call(gradient(einsum, 2, jit), A, b) },
        { "concat", vn_call(gradient(concat, 2, jit), b, range) },
        { "dynslice", vn_call(gradient(dynslice, 3, jit), A, start, size) },
        { "take_along", vn_call(gradient(take_along, 1, jit), A) },
        { "matmul_chain", vn_call(gradient(matmul_chain, 2, jit), A, b) },
        { "solve", vn_call(gradient(solve, 2, jit), S, b) },
        { "solve_b", vn_call(gradient(solve_b, 2, jit), b, S) },
        { "cholesky", vn_call(gradient(cholesky, 1, jit), S) },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        golden_check(r, rows[i].name, rows[i].got, GOLDEN_GRADIENT);
}

/* ---- custom: rules of one's own, branches, stop_gradient; of v, and limit where it is read */

static vn_tree *identity(vn_tree *const arg[]) { return arg[0]; }
static vn_tree *identity_fwd(vn_tree *const arg[]) { return vn_tuple(arg[0], vn_none()); }
static vn_tree *clip_bwd(vn_tree *const arg[]) /* residuals, cotangent, v, limit */
{
    return vn_clip(arg[1], vn_neg(arg[3]), arg[3]);
}

static vn_tree *clip(vn_tree *const arg[]) /* v, limit */
{
    vn_tree *clipgrad = vn_filter_custom_vjp(
        vn_function(identity, 2), vn_function(identity_fwd, 2), vn_function(clip_bwd, 4));
    return half_square_sum(vn_call(clipgrad, arg[0], arg[1]));
}

static vn_tree *heaviside(vn_tree *const arg[])
{
    return vn_cast(vn_gt(arg[0], vn_float(0)), vn_dtype_of(arg[0]));
}

static vn_tree *heaviside_jvp(vn_tree *const arg[]) /* (v), (tangent): s (1 - s) */
{
    vn_array *v = vn_at(arg[0], 0), *s = vn_sigmoid(v);
    vn_array *slope = vn_mul(s, vn_sub(vn_float(1), s));
    return vn_tuple(heaviside(&v), vn_mul(slope, vn_at(arg[1], 0)));
}

static vn_tree *step(vn_tree *const arg[])
{
    vn_tree *steep =
        vn_filter_custom_jvp(vn_function(heaviside, 1), vn_function(heaviside_jvp, 2));
    return vn_sum(vn_mul(arg[0], vn_call(steep, arg[0])));
}

static vn_tree *stop(vn_tree *const arg[])
{
    return vn_sum(vn_mul(vn_stop_gradient(arg[0]), vn_square(arg[0])));
}

static vn_tree *straight(vn_tree *const arg[])
{
    vn_array *rest = vn_stop_gradient(vn_sub(vn_round(arg[0]), arg[0]));
    return vn_sum(vn_square(vn_add(arg[0], rest)));
}

static vn_tree *sum_square(vn_tree *const arg[]) { return vn_sum(vn_square(arg[0])); }
static vn_tree *sum_cube(vn_tree *const arg[])
{
    return vn_sum(vn_mul(arg[0], vn_square(arg[0])));
}

static vn_tree *cond(vn_tree *const arg[])
{
    vn_array *positive = vn_gt(vn_sum(arg[0]), vn_float(0));
    return vn_cond_n(positive, vn_function(sum_square, 1), vn_function(sum_cube, 1), 1, arg);
}

static vn_tree *where(vn_tree *const arg[])
{
    vn_array *v = arg[0];
    return vn_sum(vn_where(vn_gt(v, vn_float(0)), vn_square(v), vn_neg(v)));
}

static vn_tree *norm0(vn_tree *const arg[])
{
    return vn_sqrt(vn_add(vn_sum(vn_square(arg[0])), vn_float(1e-12)));
}

void golden_transforms_custom(golden_run *r, golden_case *c, bool jit)
{
    static const struct {
        const char *name;
        vn_fn *fn;
    } rows[] = {
        { "step", step }, { "stop", stop },   { "straight", straight },
        { "cond", cond }, { "where", where }, { "norm0", norm0 },
    };
    vn_array *v = golden_input(c, "in/v");
    vn_array *limit = vn_scalar(VN_DTYPE_DEFAULT, json_number(json_get(c->args, "limit"), 0.1));
    golden_check(r, "clip", vn_call(gradient(clip, 2, jit), v, limit), GOLDEN_GRADIENT);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        golden_check(r, rows[i].name, vn_call(gradient(rows[i].fn, 1, jit), v),
                     GOLDEN_GRADIENT);
}
