/* SPDX-License-Identifier: MIT */
/* Fused element-wise steps and values that are parts of others: the numbers of the eager call
 * around every block and chunk size, of columns and rows, the same bits at any number of
 * threads, results in the buffers of donated arguments, and a description that says what was
 * fused. */
#include <stdlib.h>
#include <string.h>

#include "laws/describe.h"
#include "laws/tally.h"

/* ---- functions of two arrays of one shape */

/* Momenta as in Adam: three results, each of which may lie where an argument was. */
static vn_tree *momenta(vn_tree *const arg[]) /* x, g, m, v */
{
    vn_tree *m = vn_fma(vn_float(0.9), arg[2], vn_mul(vn_float(0.1), arg[1]));
    vn_tree *v = vn_fma(vn_float(0.99), arg[3], vn_mul(vn_float(0.01), vn_square(arg[1])));
    vn_tree *step = vn_div(m, vn_add(vn_sqrt(v), vn_float(1e-8)));
    return vn_tuple(vn_sub(arg[0], vn_mul(vn_float(1e-3), step)), m, v);
}

/* Results that trade places: neither may be written where the other still reads. */
static vn_tree *exchange(vn_tree *const arg[])
{
    vn_tree *a = vn_add(arg[1], vn_float(1.0));
    vn_tree *b = vn_sub(vn_mul(arg[0], vn_float(2.0)), a);
    return vn_tuple(a, b, vn_add(arg[0], arg[1]));
}

/* Bools, another dtype in the middle, a value that is read by members and by others. */
static vn_tree *mixed(vn_tree *const arg[])
{
    vn_tree *large = vn_gt(vn_abs(arg[0]), vn_abs(arg[1]));
    vn_tree *chosen = vn_where(large, arg[0], arg[1]);
    vn_tree *whole = vn_cast(vn_mul(chosen, vn_float(100.0)), VN_I32);
    whole = vn_cast(whole, vn_dtype_of(arg[0]));
    return vn_tuple(vn_sub(chosen, vn_div(whole, vn_float(100.0))), vn_sum(chosen), large);
}

/* Parts: halves of a vector, another shape, and both again. */
static vn_tree *parts(vn_tree *const arg[])
{
    int64_t n = vn_size(arg[0]) / 2;
    vn_tree *flat = vn_reshape(vn_mul(arg[0], arg[1]), VN_SHAPE(2 * n));
    vn_tree *low = vn_slice(flat, 0, 0, n, 1), *high = vn_slice(flat, 0, n, 2 * n, 1);
    vn_tree *sum = vn_add(vn_tanh(low), high);
    return vn_tuple(sum, vn_reshape(flat, VN_SHAPE(2, n)), low,
                    vn_mul(sum, vn_slice(arg[1], 0, n, 2 * n, 1)));
}

/* Halves that are made within one array, which may lie where an argument was: the first is made
 * of the argument's second half. */
static vn_tree *joined(vn_tree *const arg[])
{
    int64_t n = vn_size(arg[0]) / 2;
    vn_tree *low = vn_slice(arg[0], 0, 0, n, 1), *high = vn_slice(arg[0], 0, n, 2 * n, 1);
    vn_tree *first = vn_tanh(high), *second = vn_mul(low, vn_slice(arg[1], 0, n, 2 * n, 1));
    vn_tree *halves[] = { first, second }, *turned[] = { second, vn_neg(first) };
    return vn_tuple(vn_concat_n(2, halves, 0), vn_concat_n(2, turned, 0));
}

static vn_tree *halves_loss(vn_tree *const arg[])
{
    int64_t n = vn_size(arg[0]) / 2;
    vn_tree *low = vn_slice(arg[0], 0, 0, n, 1), *high = vn_slice(arg[0], 0, n, 2 * n, 1);
    return vn_sum(vn_mul(vn_tanh(low), vn_mul(high, vn_slice(arg[1], 0, 0, n, 1))));
}

/* Its cotangents are zeros around each half, added: they are joined. */
static vn_tree *halves_gradient(vn_tree *const arg[])
{
    return vn_call(vn_filter_grad(vn_function(halves_loss, 2), NULL), arg[0], arg[1]);
}

/* More values than there are temporary places. */
static vn_tree *many(vn_tree *const arg[])
{
    vn_tree *power[20], *sum = arg[1];
    for (int i = 0; i < 20; i++)
        power[i] = vn_add(arg[0], vn_float(0.125 * i));
    for (int i = 0; i < 20; i++)
        sum = vn_fma(power[19 - i], sum, power[i]);
    return vn_sin(sum);
}

/* Columns and rows of the whole; a flag for each row, a product of a column and a row. */
static vn_tree *table(vn_tree *const arg[]) /* x [a, b], column [a, 1], row [b] */
{
    vn_tree *x = arg[0], *column = arg[1], *row = arg[2];
    vn_tree *y = vn_fma(vn_mul(vn_sub(x, column), vn_exp(column)), row, vn_neg(row));
    vn_tree *chosen = vn_where(vn_gt(column, vn_float(0.0)), y, vn_mul(x, row));
    vn_tree *outer = vn_fma(column, row, vn_mul(vn_square(column), vn_cos(row)));
    return vn_tuple(chosen, vn_add(x, vn_mul(vn_float(0.5), outer)), vn_sub(row, outer),
                    vn_cast(vn_mul(vn_cast(column, VN_I32), vn_cast(row, VN_I32)), VN_I64));
}

/* Two sizes of elements: rows that are a block of the one may not be one of the other. */
static vn_tree *two_sizes(vn_tree *const arg[]) /* x [a, b], column [a, 1], row [b] */
{
    vn_dtype other = vn_dtype_of(arg[0]) == VN_F64 ? VN_F32 : VN_F64;
    vn_tree *y = vn_cast(vn_mul(arg[0], arg[2]), other);
    vn_tree *z = vn_cast(vn_sub(y, vn_cast(arg[1], other)), vn_dtype_of(arg[0]));
    return vn_tuple(y, vn_add(z, arg[2]));
}

/* Three axes: operands have the first, the last, both, the middle one, the last two. */
static vn_tree *cube(vn_tree *const arg[]) /* x [a, b, c], y [b, c] */
{
    vn_tree *x = arg[0], *first = vn_sum_over(x, VN_AXES(1, 2), true);
    vn_tree *last = vn_sum_over(x, VN_AXES(0, 1), false);
    vn_tree *ends = vn_sum_over(x, VN_AXES(1), true);
    vn_tree *middle = vn_sum_over(x, VN_AXES(0, 2), true);
    vn_tree *y = vn_tanh(vn_add(vn_mul(x, first), arg[1]));
    return vn_tuple(vn_sub(vn_add(y, last), vn_mul(x, last)), vn_mul(vn_add(y, middle), ends));
}

/* In lanes: operands of examples, of all examples and single numbers. */
static vn_tree *gate(vn_tree *const arg[]) /* bias, x: one example */
{
    vn_tree *h = vn_add(arg[1], arg[0]), *s = vn_sigmoid(h);
    vn_tree *left = vn_slice(s, 0, 0, vn_size(s) / 2, 1);
    vn_tree *right = vn_slice(h, 0, vn_size(s) / 2, vn_size(s), 1);
    return vn_add(vn_mul(left, right), vn_sub(vn_float(1.0), vn_tanh(right)));
}

/* In lanes: an example's own number, column and row, and those that all examples share. */
static vn_tree *norm(vn_tree *const arg[]) /* column, row, x: one example */
{
    vn_tree *x = arg[2], *mean = vn_mean(x), *rows = vn_mean_over(x, VN_AXES(1), true);
    vn_tree *y = vn_mul(vn_sub(x, mean),
                        vn_rsqrt(vn_add(vn_mean(vn_square(vn_sub(x, mean))), vn_float(1e-5))));
    y = vn_add(vn_mul(y, arg[0]), arg[1]);
    return vn_sum(vn_square(vn_add(vn_mul(y, rows), vn_mean_over(y, VN_AXES(0), true))));
}

static vn_tree *norm_loss(vn_tree *const arg[])
{
    vn_tree *axes[] = { vn_none(), vn_none(), vn_int(0) };
    vn_tree *f =
        vn_filter_vmap(vn_function(norm, 3), &(vn_vmap_options){ .in_axes = axes, .n_in = 3 });
    return vn_mean(vn_call(f, arg[0], arg[1], arg[2]));
}

static vn_tree *norm_gradient(vn_tree *const arg[])
{
    return vn_call(vn_filter_value_and_grad(vn_function(norm_loss, 3), NULL), arg[0], arg[1],
                   arg[2]);
}

static vn_tree *gate_loss(vn_tree *const arg[]) /* bias, x [batch, ..] */
{
    vn_tree *axes[] = { vn_none(), vn_int(0) };
    vn_tree *f = vn_filter_vmap(vn_function(gate, 2),
                                &(vn_vmap_options){ .in_axes = axes, .n_in = 2 });
    return vn_mean(vn_square(vn_call(f, arg[0], arg[1])));
}

static vn_tree *gate_gradient(vn_tree *const arg[])
{
    return vn_call(vn_filter_value_and_grad(vn_function(gate_loss, 2), NULL), arg[0], arg[1]);
}

/* ---- checks */

static bool near(vn_array *a, vn_array *b)
{
    vn_dtype dtype = vn_dtype_of(a);
    double tolerance = dtype == VN_F64 ? 1e-12 : dtype == VN_F32 ? 2e-5 : 0;
    vn_array *x = vn_cast(a, VN_F64), *y = vn_cast(b, VN_F64);
    if (vn_size(a) == 0)
        return true;
    double largest = vn_item(vn_max(vn_abs(y)));
    return vn_item(vn_max(vn_abs(vn_sub(x, y)))) <= tolerance * (1 + largest);
}

static void compare(const char *which, vn_tree *got, vn_tree *want, bool bits, int64_t n)
{
    expect_of(leaves_agree(got, want, bits ? same_bits : near),
              bits ? "other threads, other bits" : "not the numbers of the eager call", which,
              n);
}

static vn_tree *copies(int n, vn_tree *const arg[])
{
    vn_tree *copy[8];
    for (int i = 0; i < n; i++)
        copy[i] = vn_array_from(vn_dtype_of(arg[i]), vn_shape_of(arg[i]), vn_data(arg[i]));
    return vn_tuple_n(n, copy);
}

static void check(const char *which, vn_tree *f, int arity, vn_tree *const arg[], int64_t n)
{
    vn_tree *want = vn_call_n(f, arity, arg), *first = NULL;
    for (int threads = 1; threads <= 4; threads++) {
        vn_set_num_threads(threads);
        vn_tree *got = vn_call_n(vn_filter_jit(f, NULL), arity, arg);
        first = first ? first : got;
        compare(which, got, want, false, n);
        compare(which, got, first, true, n);
    }
    vn_tree *given = copies(arity, arg), *held[8];
    for (int i = 0; i < arity; i++)
        held[i] = vn_at(given, i);
    vn_jit_options donate = { .donate = VN_DONATE_ALL };
    compare(which, vn_call_n(vn_filter_jit(f, &donate), arity, held), first, true, n);
}

static void check_size(vn_dtype dtype, int64_t n)
{
    vn_tree *x[4];
    for (int i = 0; i < 4; i++)
        x[i] = vn_normal(vn_key((uint64_t)i), VN_SHAPE(n), dtype);
    x[3] = vn_square(x[3]);
    check("momenta", vn_function(momenta, 4), 4, x, n);
    check("exchange", vn_function(exchange, 2), 2, x, n);
    check("mixed", vn_function(mixed, 2), 2, x, n);
    check("many", vn_function(many, 2), 2, x, n);
    if (n % 2 || n == 0)
        return;
    check("parts", vn_function(parts, 2), 2, x, n);
    check("joined", vn_function(joined, 2), 2, x, n);
    check("halves", vn_function(halves_gradient, 2), 2, x, n);
}

static void check_lanes(vn_dtype dtype, int64_t features, int64_t batch)
{
    vn_tree *x[] = { vn_normal(vn_key(1), VN_SHAPE(features), dtype),
                     vn_normal(vn_key(2), VN_SHAPE(batch, features), dtype) };
    check("gate", vn_function(gate_gradient, 2), 2, x, batch);
}

/* Rows that are shorter and longer than a block, that divide into blocks and that do not. */
static void check_rows(vn_dtype dtype)
{
    static const int64_t sizes[][2] = { { 1, 7 },    { 7, 1 },     { 3, 5 },     { 300, 3 },
                                        { 64, 128 }, { 5, 1024 },  { 3, 1025 },  { 4, 3000 },
                                        { 2, 8192 }, { 700, 700 }, { 3, 10007 }, { 9, 511 },
                                        { 40, 1009 } };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        VN_SCOPE
        {
            const int64_t a = sizes[i][0], b = sizes[i][1];
            vn_tree *x[] = { vn_normal(vn_key(1), VN_SHAPE(a, b), dtype),
                             vn_normal(vn_key(2), VN_SHAPE(a, 1), dtype),
                             vn_normal(vn_key(3), VN_SHAPE(b), dtype) };
            check("table", vn_function(table, 3), 3, x, 10000 * a + b);
            check("two sizes", vn_function(two_sizes, 3), 3, x, 10000 * a + b);
            vn_tree *solid[] = { vn_normal(vn_key(4), VN_SHAPE(a, 6, b), dtype),
                                 vn_normal(vn_key(5), VN_SHAPE(6, b), dtype) };
            check("cube", vn_function(cube, 2), 2, solid, 10000 * a + b);
        }
    for (int64_t batch = 1; batch <= 300; batch = 4 * batch + 3)
        VN_SCOPE
        {
            vn_tree *x[] = { vn_normal(vn_key(1), VN_SHAPE(5, 1), dtype),
                             vn_normal(vn_key(2), VN_SHAPE(9), dtype),
                             vn_normal(vn_key(3), VN_SHAPE(batch, 5, 9), dtype) };
            check("norm", vn_function(norm_gradient, 3), 3, x, batch);
        }
}

/* ---- what was fused, in words */

static vn_tree *pooled(vn_tree *const arg[]) /* bias, x */
{
    const vn_window window = { .n = 2, .size = { 2, 2 }, .stride = { 2, 2 } };
    vn_array *y = vn_relu(vn_add(arg[1], arg[0]));
    return vn_sum(vn_square(vn_pool_max(y, &window)));
}

/* The derivative of relu and the sum for the bias are those of the pooled image. */
static void check_pooled(void)
{
    static char text[LAW_TEXT];
    vn_tree *f = vn_filter_grad(vn_function(pooled, 2), NULL);
    vn_tree *arg[] = { vn_ones(VN_F32, VN_SHAPE(3, 1, 1)), vn_ones(VN_F32, VN_SHAPE(3, 8, 6)) };
    law_describe(text, vn_tape_print, f, 2, arg);
    expect_of(strstr(text, "f32[3,4,3] = relu_grad"), "is of pooled pixels", "relu_grad", 12);
    expect_of(!strstr(text, "pool_max_grad"), "sums pooled pixels", "the bias", 12);
}

static void check_description(void)
{
    static char text[LAW_TEXT];
    vn_tree *x = vn_ones(VN_F32, VN_SHAPE(100)), *arg[] = { x, x, x, x };
    law_describe(text, vn_plan_print, vn_function(momenta, 4), 4, arg);
    const char *step = strstr(text, "fused f32[100]: ");
    expect_of(step && !strstr(step + 1, "fused"), "is one step of a plan", "momenta", 100);
    expect_of(step && strstr(step, "fma") && strstr(step, "div"), "names its ops", "momenta",
              100);
}

static void check_description_of_rows(void)
{
    static char text[LAW_TEXT];
    vn_tree *arg[] = { vn_ones(VN_F32, VN_SHAPE(40, 30)), vn_ones(VN_F32, VN_SHAPE(40, 1)),
                       vn_ones(VN_F32, VN_SHAPE(30)) };
    law_describe(text, vn_plan_print, vn_function(table, 3), 3, arg);
    expect_of(strstr(text, "fused f32[40,30]: sub, mul, fma, mul, where\n"),
              "is one step of a plan", "table", 40);
    expect_of(!strstr(text, "\n  mul") && !strstr(text, "\n  sub"), "is all fused", "table",
              40);
}

int main(void)
{
    static const int64_t sizes[] = { 0, 1, 2, 16, 511, 512, 1023, 1024, 1026, 5000, 300002 };
    for (int wide = 0; wide < 2; wide++) {
        vn_dtype dtype = wide ? VN_F64 : VN_F32;
        vn_set_default_dtype(dtype);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            VN_SCOPE check_size(dtype, sizes[i]);
        check_rows(dtype);
        for (int64_t features = 2; features <= 66; features += 16)
            VN_SCOPE
            {
                check_lanes(dtype, features, 1);
                check_lanes(dtype, features, 100);
                check_lanes(dtype, features, 1000);
            }
    }
    vn_set_default_dtype(VN_F32);
    VN_SCOPE check_description();
    VN_SCOPE check_description_of_rows();
    VN_SCOPE check_pooled();
    vn_finish();
    return report();
}
