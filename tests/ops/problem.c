/* SPDX-License-Identifier: MIT */
#include "problem.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/element.h"
#include "kernels/kernels.h"

static uint64_t state = 88172645463325252u;

uint32_t random_below(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 32) % n);
}

void random_fill(double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = ((double)random_below(17) - 8) / 8;
}

vn_array *random_array(vn_dtype dtype, vn_shape shape)
{
    vn_array *const x = vn_empty(dtype, shape);
    for (int64_t i = 0; i < vn_shape_size(shape); i++)
        vn__store_f64(dtype, vn_data_mut(x), i, ((double)random_below(17) - 8) / 8);
    return x;
}

double *doubles_of(const vn_array *x)
{
    cr_assert(x, "%s", vn_error_message());
    double *const out = malloc((size_t)(vn_size(x) + 1) * sizeof *out);
    vn_copy_f64(out, vn_size(x), x);
    return out;
}

vn_aval aval(vn_dtype dtype, vn_shape shape) { return (vn_aval){ dtype, shape }; }

void expect_close(const char *what, const double *got, const double *want, int64_t n,
                  double tolerance)
{
    for (int64_t i = 0; i < n; i++) {
        const double limit = tolerance * (fabs(want[i]) > 1 ? fabs(want[i]) : 1);
        const bool both_nan = isnan(got[i]) && isnan(want[i]);
        cr_assert(both_nan || got[i] == want[i] || fabs(got[i] - want[i]) <= limit,
                  "%s: element %lld is %.17g, expected %.17g", what, (long long)i, got[i],
                  want[i]);
    }
}

/* Aligned memory of exactly that size, so that the sanitizer sees its end. */
static void *aligned(size_t bytes)
{
    void *p = NULL;
    cr_assert(posix_memalign(&p, 64, bytes ? bytes : 1) == 0);
    return p;
}

static int64_t size_of(vn_aval a) { return vn_shape_size(a.shape); }

/* Operand i of `count` examples (1 if it is plain), one after the other. */
static void *operand_new(const problem *p, int i, int64_t count)
{
    const vn_aval a = p->in[i];
    const int64_t n = size_of(a) * (p->mapped[i] ? count : 1);
    const int64_t low = p->low || p->high ? p->low : -3, high = p->low || p->high ? p->high : 3;
    void *const data = aligned((size_t)n * vn_dtype_size(a.dtype));
    for (int64_t e = 0; e < n; e++)
        vn__store_f64(a.dtype, data, e,
                      vn_dtype_is_inexact(a.dtype)
                          ? ((double)random_below(17) - 8) / 8
                          : (double)(low + random_below((uint32_t)(high - low + 1))));
    return data;
}

/* The examples first .. first + lanes - 1 (the last present one repeated) as [element][lane].
 * */
static void to_lanes(void *out, const void *in, vn_aval a, int64_t first, int64_t lanes,
                     int64_t present)
{
    const size_t size = vn_dtype_size(a.dtype);
    const int64_t n = size_of(a);
    for (int64_t e = 0; e < n; e++)
        for (int64_t l = 0; l < lanes; l++) {
            const int64_t example = first + (l < present ? l : present - 1);
            memcpy((char *)out + (size_t)(e * lanes + l) * size,
                   (const char *)in + (size_t)(example * n + e) * size, size);
        }
}

static void *scratch_new(const problem *p, int64_t lanes)
{
    if (!p->op->scratch)
        return NULL;
    static const bool none[PROBLEM_OPERANDS];
    return aligned(
        p->op->scratch(p->attr, p->in, p->op->n_in, lanes == 1 ? none : p->mapped, lanes));
}

static vn_aval result_of(const problem *p)
{
    vn_aval out;
    cr_assert(p->op->shape(&out, p->attr, p->in, p->op->n_in) == VN_ERR_OK, "%s",
              vn_error_message());
    return out;
}

/* The result of one example, as doubles added to out. */
static void add_example(double *out, const problem *p, vn_aval result, void *const data[],
                        int64_t example)
{
    const void *in[PROBLEM_OPERANDS];
    static const bool none[PROBLEM_OPERANDS];
    for (int i = 0; i < p->op->n_in; i++)
        in[i] = (char *)data[i] + (p->mapped[i] ? (size_t)(example * size_of(p->in[i])) *
                                                      vn_dtype_size(p->in[i].dtype)
                                                : 0);
    void *y = aligned((size_t)size_of(result) * vn_dtype_size(result.dtype));
    void *const scratch = scratch_new(p, 1);
    p->op->eval(&(vn_eval){ .attr = p->attr,
                            .n_in = p->op->n_in,
                            .n_out = 1,
                            .lanes = 1,
                            .in = in,
                            .out = &y,
                            .mapped = none,
                            .in_aval = p->in,
                            .out_aval = &result,
                            .scratch = scratch,
                            .kernels = vn__kernels_get() });
    for (int64_t e = 0; e < size_of(result); e++)
        out[e] += vn__load_f64(result.dtype, y, e);
    free(y);
    free(scratch);
}

static double tolerance_of(vn_dtype dtype) { return dtype == VN_F32 ? 2e-5 : 1e-12; }

/* What the op makes of its shared operands, NULL for nothing. */
static void *prepared_new(const problem *p, int64_t lanes, void *const tile[])
{
    const void *in[PROBLEM_OPERANDS];
    const size_t bytes =
        p->op->prepare_size ? p->op->prepare_size(p->attr, p->in, p->op->n_in, p->mapped, lanes)
                            : 0;
    if (bytes == 0)
        return NULL;
    void *const memory = aligned(bytes);
    for (int i = 0; i < p->op->n_in; i++)
        in[i] = p->mapped[i] ? NULL : tile[i];
    p->op->prepare(memory, &(vn_eval){ .attr = p->attr,
                                       .n_in = p->op->n_in,
                                       .n_out = 1,
                                       .lanes = lanes,
                                       .in = in,
                                       .mapped = p->mapped,
                                       .in_aval = p->in,
                                       .kernels = vn__kernels_get() });
    return memory;
}

static void check_lanes(const problem *p, int64_t lanes, bool prepare)
{
    const vn_aval result = result_of(p);
    const int64_t n = size_of(result);
    void *data[PROBLEM_OPERANDS], *tile[PROBLEM_OPERANDS];
    for (int i = 0; i < p->op->n_in; i++) {
        const size_t bytes = (size_t)size_of(p->in[i]) * vn_dtype_size(p->in[i].dtype);
        data[i] = operand_new(p, i, lanes);
        tile[i] = aligned(bytes * (size_t)(p->mapped[i] ? lanes : 1));
        if (p->mapped[i])
            to_lanes(tile[i], data[i], p->in[i], 0, lanes, lanes);
        else
            memcpy(tile[i], data[i], bytes);
    }
    void *y = aligned((size_t)(n * lanes) * vn_dtype_size(result.dtype));
    void *const scratch = scratch_new(p, lanes);
    void *const prepared = prepare ? prepared_new(p, lanes, tile) : NULL;
    p->op->eval(&(vn_eval){ .attr = p->attr,
                            .n_in = p->op->n_in,
                            .n_out = 1,
                            .lanes = lanes,
                            .in = (const void *const *)tile,
                            .out = &y,
                            .mapped = p->mapped,
                            .in_aval = p->in,
                            .out_aval = &result,
                            .scratch = scratch,
                            .prepared = prepared,
                            .kernels = vn__kernels_get() });
    double *const want = calloc((size_t)n + 1, sizeof *want);
    double *const got = calloc((size_t)n + 1, sizeof *got);
    for (int64_t l = 0; l < lanes; l++) {
        memset(want, 0, (size_t)n * sizeof *want);
        add_example(want, p, result, data, l);
        for (int64_t e = 0; e < n; e++)
            got[e] = vn__load_f64(result.dtype, y, e * lanes + l);
        char what[96];
        snprintf(what, sizeof what, "%s, mapped %d%d%d, lane %lld", p->op->name, p->mapped[0],
                 p->mapped[1], p->mapped[2], (long long)l);
        expect_close(what, got, want, n, tolerance_of(result.dtype));
    }
    for (int i = 0; i < p->op->n_in; i++) {
        free(data[i]);
        free(tile[i]);
    }
    free(y);
    free(scratch);
    free(prepared);
    free(want);
    free(got);
}

void problem_lanes(const problem *p, int64_t lanes)
{
    check_lanes(p, lanes, false);
    if (p->op->prepare_size)
        check_lanes(p, lanes, true);
}

void problem_sum(const problem *p, int64_t lanes, int64_t panels, int64_t valid)
{
    const vn_aval result = result_of(p);
    const int64_t n = size_of(result), examples = (panels - 1) * lanes + valid;
    void *data[PROBLEM_OPERANDS], *tile[PROBLEM_OPERANDS];
    int64_t panel_bytes[PROBLEM_OPERANDS];
    for (int i = 0; i < p->op->n_in; i++) {
        const size_t bytes = (size_t)size_of(p->in[i]) * vn_dtype_size(p->in[i].dtype);
        data[i] = operand_new(p, i, examples);
        panel_bytes[i] = p->mapped[i] ? (int64_t)bytes * lanes + 192 : 0;
        tile[i] = aligned(p->mapped[i] ? (size_t)(panel_bytes[i] * panels) : bytes);
        for (int64_t t = 0; p->mapped[i] && t < panels; t++)
            to_lanes((char *)tile[i] + t * panel_bytes[i], data[i], p->in[i], t * lanes, lanes,
                     t == panels - 1 ? valid : lanes);
        if (!p->mapped[i])
            memcpy(tile[i], data[i], bytes);
    }
    void *y = aligned((size_t)n * vn_dtype_size(result.dtype));
    double *const want = calloc((size_t)n + 1, sizeof *want);
    double *const got = calloc((size_t)n + 1, sizeof *got);
    for (int64_t e = 0; e < n; e++)
        vn__store_f64(result.dtype, y, e, want[e] = (double)(e % 5));
    for (int64_t x = 0; x < examples; x++)
        add_example(want, p, result, data, x);
    void *const scratch = scratch_new(p, lanes);
    p->op->eval_sum(&(vn_eval){ .attr = p->attr,
                                .n_in = p->op->n_in,
                                .n_out = 1,
                                .lanes = lanes,
                                .in = (const void *const *)tile,
                                .out = &y,
                                .mapped = p->mapped,
                                .in_aval = p->in,
                                .out_aval = &result,
                                .scratch = scratch,
                                .kernels = vn__kernels_get(),
                                .panels = panels,
                                .valid = valid,
                                .panel_bytes = panel_bytes });
    for (int64_t e = 0; e < n; e++)
        got[e] = vn__load_f64(result.dtype, y, e);
    char what[96];
    snprintf(what, sizeof what, "%s summed, mapped %d%d, %lld panels, %lld valid", p->op->name,
             p->mapped[0], p->mapped[1], (long long)panels, (long long)valid);
    expect_close(what, got, want, n, tolerance_of(result.dtype) * 10);
    for (int i = 0; i < p->op->n_in; i++) {
        free(data[i]);
        free(tile[i]);
    }
    free(y);
    free(scratch);
    free(want);
    free(got);
}

/* Example e of x along the axis; all of x if it has none. */
static vn_array *example_of(vn_array *x, int axis, int64_t e)
{
    return axis < 0 || !x ? x : vn_index(x, axis, e);
}

static void check_pulled(const problem *p, const void *attr, vn_array *const in[2],
                         const int axis[2], int out_axis)
{
    const int some = axis[0] >= 0 ? 0 : 1;
    vn_array *const all = vn_op_apply(p->op, p->attr, p->op->n_in, in);
    for (int64_t e = 0; e < vn_dim(in[some], axis[some]); e++) {
        vn_array *const one = vn_op_apply(
            p->op, attr, p->op->n_in,
            (vn_array *[]){ example_of(in[0], axis[0], e), example_of(in[1], axis[1], e) });
        vn_array *const part = vn_index(all, out_axis, e);
        cr_assert(one && part, "%s", vn_error_message());
        cr_assert(vn_shape_equal(vn_shape_of(one), vn_shape_of(part)), "%s, axes %d and %d",
                  p->op->name, axis[0], axis[1]);
        double *const got = doubles_of(one), *const want = doubles_of(part);
        expect_close("pulled", got, want, vn_size(one), 1e-12);
        free(got);
        free(want);
    }
}

int problem_pull(const problem *p)
{
    int moved = 0;
    void *const attr = calloc(1, p->op->attr_size);
    VN_SCOPE
    {
        vn_array *in[2] = { NULL, NULL };
        for (int i = 0; i < p->op->n_in; i++) {
            void *const data = operand_new(p, i, 1);
            in[i] = vn_array_from(p->in[i].dtype, p->in[i].shape, data);
            free(data);
        }
        int axis[2], out_axis = -1;
        for (axis[0] = -1; axis[0] < vn_rank(in[0]); axis[0]++)
            for (axis[1] = -1; axis[1] < vn_rank(in[1]); axis[1]++) {
                const bool both = axis[0] >= 0 && axis[1] >= 0;
                if ((axis[0] < 0 && axis[1] < 0) ||
                    (both && vn_dim(in[0], axis[0]) != vn_dim(in[1], axis[1])) ||
                    !p->op->pull(attr, &out_axis, p->attr, p->in, p->op->n_in, axis))
                    continue;
                check_pulled(p, attr, in, axis, out_axis);
                moved++;
            }
    }
    free(attr);
    return moved;
}
