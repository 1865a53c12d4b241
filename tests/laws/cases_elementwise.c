/* SPDX-License-Identifier: MIT */
/* Subjects for every element-wise row of the library's own tables, and for the activations
 * that are made of them. A row needs an entry here only where the usual domain will not do. */
#include <string.h>

#include "laws/law.h"

/* ---- domains */

typedef struct domain {
    const char *row;
    double lo, hi;   /* of the (first) operand */
    double lo2, hi2; /* of the second one */
    law_kind kind;
    unsigned flags;
} domain;

static const domain usual = { "", -2, 2, -2, 2, LAW_REAL, 0 };

static const domain domains[] = {
    { "sqrt", 0.3, 4, 0, 0, LAW_REAL, 0 },
    { "rsqrt", 0.3, 4, 0, 0, LAW_REAL, 0 },
    { "cbrt", 0.3, 4, 0, 0, LAW_REAL, 0 },
    { "reciprocal", 0.4, 3, 0, 0, LAW_REAL, 0 },
    { "log", 0.3, 4, 0, 0, LAW_REAL, 0 },
    { "log2", 0.3, 4, 0, 0, LAW_REAL, 0 },
    { "log10", 0.3, 4, 0, 0, LAW_REAL, 0 },
    { "log1p", -0.6, 3, 0, 0, LAW_REAL, 0 },
    { "tan", -1, 1, 0, 0, LAW_REAL, 0 },
    { "asin", -0.8, 0.8, 0, 0, LAW_REAL, 0 },
    { "acos", -0.8, 0.8, 0, 0, LAW_REAL, 0 },
    { "acosh", 1.4, 4, 0, 0, LAW_REAL, 0 },
    { "atanh", -0.8, 0.8, 0, 0, LAW_REAL, 0 },
    { "erf_inv", -0.8, 0.8, 0, 0, LAW_REAL, 0 },
    { "lgamma", 0.6, 5, 0, 0, LAW_REAL, 0 },
    { "digamma", 0.6, 5, 0, 0, LAW_REAL, 0 },
    { "not", 0, 200, 0, 0, LAW_INTEGER, 0 },
    { "div", -2, 2, 0.5, 2, LAW_REAL, 0 },
    { "pow", 0.5, 2, -1.5, 1.5, LAW_REAL, 0 },
    { "atan2", 0.3, 2, -2, -0.3, LAW_REAL, 0 },
    { "hypot", 0.3, 2, 0.3, 2, LAW_REAL, 0 },
    { "mod", -3, 3, 0.7, 1.9, LAW_REAL, 0 },
    { "floor_div", -3, 3, 0.7, 1.9, LAW_REAL, 0 },
    { "nextafter", -2, 2, -2, 2, LAW_REAL, LAW_NO_DERIVATIVE },
    { "and", 0, 255, 0, 255, LAW_INTEGER, 0 },
    { "or", 0, 255, 0, 255, LAW_INTEGER, 0 },
    { "xor", 0, 255, 0, 255, LAW_INTEGER, 0 },
    { "shift_left", 0, 255, 0, 9, LAW_INTEGER, 0 },
    { "shift_right", -255, 255, 0, 9, LAW_INTEGER, 0 },
};

static const domain *domain_of(const char *row)
{
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++)
        if (!strcmp(domains[i].row, row))
            return &domains[i];
    return &usual;
}

/* ---- rows */

typedef struct unary_row {
    const char *name;
    vn_array *(*fn)(vn_array *x);
} unary_row;

typedef struct binary_row {
    const char *name;
    vn_array *(*fn)(vn_array *a, vn_array *b);
} binary_row;

static vn_array *leaky_relu(vn_array *x) { return vn_leaky_relu(x, 0.1); }
static vn_array *elu(vn_array *x) { return vn_elu(x, 1.3); }
static vn_array *celu(vn_array *x) { return vn_celu(x, 1.3); }
static vn_array *scale(vn_array *x) { return vn_scale(-1.7, x); }
static vn_array *there_and_back(vn_array *x)
{
    vn_dtype other = vn_dtype_of(x) == VN_F64 ? VN_F32 : VN_BF16;
    return vn_cast(vn_cast(x, other), vn_dtype_of(x));
}
static vn_array *bits(vn_array *x)
{
    vn_dtype integer = vn_dtype_of(x) == VN_F64 ? VN_I64 : VN_I32;
    return vn_bitcast(vn_bitcast(x, integer), vn_dtype_of(x));
}

static const unary_row unary_rows[] = {
#define VN_UNARY_OP(name, ...) { #name, vn_##name },
#include "core/ops/unary.def"
#undef VN_UNARY_OP
#define VN_PREDICATE_OP(name) { #name, vn_##name },
#include "core/ops/predicate.def"
#undef VN_PREDICATE_OP
    { "relu6", vn_relu6 },
    { "leaky_relu", leaky_relu },
    { "elu", elu },
    { "celu", celu },
    { "selu", vn_selu },
    { "hard_tanh", vn_hard_tanh },
    { "hard_sigmoid", vn_hard_sigmoid },
    { "hard_silu", vn_hard_silu },
    { "soft_sign", vn_soft_sign },
    { "mish", vn_mish },
    { "squareplus", vn_squareplus },
    { "identity", vn_identity },
    { "scale", scale },
};

static const binary_row binary_rows[] = {
#define VN_BINARY_OP(name, ...) { #name, vn_##name },
#include "core/ops/binary.def"
#undef VN_BINARY_OP
#define VN_COMPARE_OP(name, ...) { #name, vn_##name },
#include "core/ops/compare.def"
#undef VN_COMPARE_OP
};

/* ---- subjects */

static law_operand operand(const domain *d, bool second, vn_shape shape)
{
    return (law_operand){ .kind = d->kind,
                          .shape = shape,
                          .lo = second ? d->lo2 : d->lo,
                          .hi = second ? d->hi2 : d->hi };
}

static void add_unary(law_subject *out, int *n, const unary_row *row)
{
    const domain *d = domain_of(row->name);
    out[(*n)++] = (law_subject){ .row = row->name,
                                 .name = "",
                                 .flags = d->flags,
                                 .unary = row->fn,
                                 .n = 1,
                                 .in = { operand(d, false, VN_SHAPE(3, 5)) } };
}

/* Equal shapes, and both ways of broadcasting. */
static void add_binary(law_subject *out, int *n, const binary_row *row)
{
    const domain *d = domain_of(row->name);
    const struct {
        const char *name;
        vn_shape a, b;
    } shapes[] = { { "equal shapes", VN_SHAPE(3, 4), VN_SHAPE(3, 4) },
                   { "broadcast b", VN_SHAPE(2, 3, 4), VN_SHAPE(3, 1) },
                   { "broadcast a", VN_SCALAR, VN_SHAPE(7) } };
    for (int i = 0; i < 3; i++)
        out[(*n)++] = (law_subject){ .row = row->name,
                                     .name = shapes[i].name,
                                     .flags = d->flags,
                                     .binary = row->fn,
                                     .n = 2,
                                     .in = { operand(d, false, shapes[i].a),
                                             operand(d, true, shapes[i].b) } };
}

static vn_tree *where(vn_tree *const arg[]) { return vn_where(arg[0], arg[1], arg[2]); }
static vn_tree *fma_of(vn_tree *const arg[]) { return vn_fma(arg[0], arg[1], arg[2]); }
static vn_tree *clip(vn_tree *const arg[]) { return vn_clip(arg[0], arg[1], arg[2]); }
static vn_tree *clip_numbers(vn_tree *const arg[])
{
    return vn_clip(arg[0], vn_float(-0.5), vn_float(0.75));
}

void law_add_elementwise(law_subject *out, int *n)
{
    static const law_operand a = { LAW_REAL, { 2, { 3, 4 } }, -2, 2 };
    static const law_operand row = { LAW_REAL, { 1, { 4 } }, -2, 2 };
    static const law_operand low = { LAW_REAL, { 1, { 4 } }, -1, -0.5 };
    static const law_operand high = { LAW_REAL, { 0, { 0 } }, 0.5, 1 };
    static const unsigned hidden = LAW_NO_DIFFERENCE;
    static const law_operand choice = { LAW_BOOL, { 2, { 3, 1 } }, 0, 1 };
    for (size_t i = 0; i < sizeof unary_rows / sizeof unary_rows[0]; i++)
        add_unary(out, n, &unary_rows[i]);
    for (size_t i = 0; i < sizeof binary_rows / sizeof binary_rows[0]; i++)
        add_binary(out, n, &binary_rows[i]);
    const law_subject others[] = {
        { .row = "where", .name = "", .fn = where, .n = 3, .in = { choice, a, row } },
        { .row = "fma", .name = "", .fn = fma_of, .n = 3, .in = { a, row, a } },
        { .row = "clip", .name = "arrays", .fn = clip, .n = 3, .in = { a, low, high } },
        { .row = "clip", .name = "numbers", .fn = clip_numbers, .n = 1, .in = { a } },
        { .row = "cast",
          .name = "",
          .flags = hidden,
          .unary = there_and_back,
          .n = 1,
          .in = { a } },
        { .row = "bitcast", .name = "", .flags = hidden, .unary = bits, .n = 1, .in = { a } },
        { .row = "stop_gradient",
          .name = "",
          .flags = hidden,
          .unary = vn_stop_gradient,
          .n = 1,
          .in = { a } },
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        out[(*n)++] = others[i];
}
