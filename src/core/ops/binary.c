/* SPDX-License-Identifier: MIT */
/* Element-wise ops of two operands: the derivatives of the rows of binary.def, y = f(a, b). */
#include "core/ops/elementwise.h"

static vn_array *d_add_a(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)in, (void)y;
    return g;
}

static vn_array *d_sub_b(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)in, (void)y;
    return vn_neg(g);
}

static vn_array *d_mul_a(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_mul(g, in[1]);
}

static vn_array *d_mul_b(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_mul(g, in[0]);
}

static vn_array *d_div_a(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_div(g, in[1]);
}

static vn_array *d_div_b(vn_array *g, vn_array *const in[], vn_array *y)
{
    return vn_neg(vn_mul(g, vn_div(y, in[1])));
}

/* b a^(b-1); 0 at b = 0, also where a is 0. */
static vn_array *d_pow_a(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    vn_array *const b = in[1], *const zero = vn_eq(b, vn_float(0.0));
    vn_array *const exponent = vn_where(zero, vn_float(1.0), vn_sub(b, vn_float(1.0)));
    return vn_mul(g, vn_mul(b, vn_pow(in[0], exponent)));
}

/* a^b ln a; 0 at a = 0. */
static vn_array *d_pow_b(vn_array *g, vn_array *const in[], vn_array *y)
{
    vn_array *const a = in[0], *const zero = vn_eq(a, vn_float(0.0));
    return vn_mul(g, vn_mul(vn_log(vn_where(zero, vn_float(1.0), a)), y));
}

/* max, min: g where this operand is the result, half of it where both are. */
static vn_array *d_extreme(vn_array *g, vn_array *mine, vn_array *other, vn_array *y)
{
    vn_array *const shared = vn_where(vn_eq(other, y), vn_scale(0.5, g), g);
    return vn_where(vn_eq(mine, y), shared, vn_float(0.0));
}

static vn_array *d_extreme_a(vn_array *g, vn_array *const in[], vn_array *y)
{
    return d_extreme(g, in[0], in[1], y);
}

static vn_array *d_extreme_b(vn_array *g, vn_array *const in[], vn_array *y)
{
    return d_extreme(g, in[1], in[0], y);
}

static vn_array *d_atan2_y(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_mul(g, vn_div(in[1], vn_add(vn_square(in[0]), vn_square(in[1]))));
}

static vn_array *d_atan2_x(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_neg(vn_mul(g, vn_div(in[0], vn_add(vn_square(in[0]), vn_square(in[1])))));
}

/* x / y, 0 at the origin. */
static vn_array *d_hypot(vn_array *g, vn_array *x, vn_array *y)
{
    return vn_mul(g, vn_div(x, vn_where(vn_eq(y, vn_float(0.0)), vn_float(1.0), y)));
}

static vn_array *d_hypot_a(vn_array *g, vn_array *const in[], vn_array *y)
{
    return d_hypot(g, in[0], y);
}

static vn_array *d_hypot_b(vn_array *g, vn_array *const in[], vn_array *y)
{
    return d_hypot(g, in[1], y);
}

static vn_array *d_mod_b(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)y;
    return vn_neg(vn_mul(g, vn_floor_div(in[0], in[1])));
}

static vn_array *d_next(vn_array *g, vn_array *const in[], vn_array *y)
{
    (void)g, (void)in, (void)y;
    return vn_error(VN_ERR_DERIVATIVE, "nextafter: has no derivative");
}

/* clang-format off */
/* ---------------------------------------------------------------------------- rows */

#define VN_BINARY_OP(name, kernel, accept, ...)                                                \
    static vn_status name##_shape(vn_aval out[], const void *a, const vn_aval in[], int n)     \
    { (void)a; return vn__elementwise_shape(out, #name, VN__##accept, in, n); }
#include "core/ops/binary.def"
#undef VN_BINARY_OP

#define VN_BINARY_OP(name, kernel, ...)                                                        \
    static void name##_eval(const vn_eval *e)                                                  \
    { vn__eval_binary(e, e->kernels->binary[e->in_aval[0].dtype][VN__BINARY_##kernel]); }
#include "core/ops/binary.def"
#undef VN_BINARY_OP

#define VN_BINARY_OP(name, kernel, accept, row, da, db)                                        \
    static void name##_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])          \
    { vn__elementwise_vjp(din, node, g[0], (vn__partial *const[]){ da, db }); }                \
    static void name##_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])       \
    { vn__elementwise_jvp(dout, node, din, (vn__partial *const[]){ da, db }); }
#include "core/ops/binary.def"
#undef VN_BINARY_OP

#define VN_BINARY_OP(f, kernel, accept, row, ...)                                              \
    const vn_op vn__op_##f = {                                                                 \
        .name = #f, .n_in = 2, .flags = VN__ROW_##row,                                         \
        .shape = f##_shape, .eval = f##_eval, .vjp = f##_vjp, .jvp = f##_jvp,                  \
        .kernel_row = VN__BINARY_##kernel + 1,                                                 \
    };
#include "core/ops/binary.def"
#undef VN_BINARY_OP

/* clang-format on */
/* ------------------------------------------------------------------ public functions */

/* x^n by squaring; 1 for n = 0. */
static vn_array *integer_power(vn_array *x, int64_t n)
{
    if (n < 0)
        return vn_reciprocal(integer_power(x, -n));
    if (n == 0)
        return vn_ones_like(x);
    vn_array *const root = n > 1 ? integer_power(x, n / 2) : NULL;
    vn_array *const even = root ? vn_square(root) : NULL;
    return n == 1 ? x : n % 2 ? vn_mul(even, x) : even;
}

/* A small integral exponent that is written as a number. */
static bool is_integer_exponent(int64_t *n, const vn_tree *b)
{
    const vn_kind kind = vn_kind_of(b);
    if (kind != VN_KIND_INT && kind != VN_KIND_FLOAT)
        return false;
    const double value = vn_float_value(b);
    if (!(value >= -16 && value <= 16) || value != (double)(int)value)
        return false;
    *n = (int64_t)value;
    return true;
}

static vn_array *power(vn_array *a, vn_array *b)
{
    vn_array *x[2];
    vn_dtype result;
    int64_t n;
    if (vn__as_array(a) && is_integer_exponent(&n, b)) {
        if (vn__promote(x, &result, "pow", VN__FIELD, 2, (vn_array *[]){ a, b }) != VN_ERR_OK)
            return NULL;
        if (n >= 0 || vn_dtype_is_inexact(result))
            return vn_cast(integer_power(x[0], n), result);
    }
    return vn__apply(&vn__op_pow, NULL, VN__NUMBERS, 2, (vn_array *[]){ a, b });
}

/* Sums and products of bools are "or" and "and". */
static vn_array *apply(const vn_op *op, int accept, vn_array *a, vn_array *b)
{
    if (op == &vn__op_pow)
        return power(a, b);
    const bool bools = vn_dtype_of(a) == VN_BOOL && vn_dtype_of(b) == VN_BOOL;
    if (bools && (op == &vn__op_add || op == &vn__op_mul)) {
        vn__named_begin(op->name);
        return vn__named_end(op == &vn__op_add ? vn_or(a, b) : vn_and(a, b));
    }
    return vn__apply(op, NULL, accept, 2, (vn_array *[]){ a, b });
}

/* clang-format off */
#define VN_BINARY_OP(name, kernel, accept, ...)                                                \
    vn_array *vn_##name(vn_array *a, vn_array *b)                                              \
    { return apply(&vn__op_##name, VN__##accept, a, b); }
#include "core/ops/binary.def"
#undef VN_BINARY_OP
/* clang-format on */

vn_array *vn_scale(double factor, vn_array *x)
{
    vn__named_begin("scale");
    return vn__named_end(vn_mul(vn_float(factor), x));
}
