/* SPDX-License-Identifier: MIT */
/* Subjects: products of arrays, linear algebra, convolution and pooling. */
#include "laws/law.h"

/* ---- products */

static vn_tree *einsum(vn_tree *const arg[])
{
    return vn_einsum("bij,bkj->kbi", arg[0], arg[1]);
}

static vn_tree *dot_general(vn_tree *const arg[])
{
    vn_dot_dims dims = { .contract_a = VN_AXES(2),
                         .contract_b = VN_AXES(1),
                         .batch_a = VN_AXES(0),
                         .batch_b = VN_AXES(2) };
    return vn_dot_general(arg[0], arg[1], &dims);
}

/* ---- linear algebra; a a^T + 2 is symmetric and positive definite */

static vn_array *definite(vn_array *a)
{
    vn_array *square = vn_matmul(a, vn_transpose(a, (vn_axes){ .count = 0 }));
    return vn_add(square, vn_scale(2, vn_eye(vn_dtype_of(a), vn_dim(a, 0))));
}

static vn_array *cholesky(vn_array *a) { return vn_cholesky(definite(a)); }
static vn_array *qr_of(vn_array *a) { return vn_qr(a); }

static vn_tree *solve(vn_tree *const arg[])
{
    vn_array *two = vn_scale(2, vn_eye(vn_dtype_of(arg[0]), vn_dim(arg[0], 0)));
    return vn_solve(vn_add(arg[0], two), arg[1]);
}

static vn_tree *solve_lower(vn_tree *const arg[])
{
    vn_array *two = vn_scale(2, vn_eye(vn_dtype_of(arg[0]), vn_dim(arg[0], 0)));
    return vn_solve_triangular(vn_add(arg[0], two), arg[1], true, false);
}

static vn_tree *solve_upper_transposed(vn_tree *const arg[])
{
    vn_array *two = vn_scale(2, vn_eye(vn_dtype_of(arg[0]), vn_dim(arg[0], 0)));
    return vn_solve_triangular(vn_add(arg[0], two), arg[1], false, true);
}

/* ---- convolution and pooling */

static vn_tree *conv1(vn_tree *const arg[])
{
    vn_conv_options o = {
        .stride = { 2 }, .pad_lo = { 2 }, .pad_hi = { 1 }, .dilation = { 2 }
    };
    return vn_conv(arg[0], arg[1], &o);
}

static vn_tree *conv2(vn_tree *const arg[])
{
    return vn_conv(arg[0], arg[1],
                   &(vn_conv_options){ .pad_lo = { 1, 1 }, .pad_hi = { 1, 1 } });
}

static vn_tree *conv_groups(vn_tree *const arg[])
{
    return vn_conv(arg[0], arg[1], &(vn_conv_options){ .groups = 2, .stride = { 1, 2 } });
}

static vn_tree *conv_spread(vn_tree *const arg[]) /* a transposed convolution, cut at one end */
{
    vn_conv_options o = { .lhs_dilation = { 2, 3 }, .pad_lo = { 2, -1 }, .pad_hi = { 1, 2 } };
    return vn_conv(arg[0], arg[1], &o);
}

static vn_tree *conv3(vn_tree *const arg[]) { return vn_conv(arg[0], arg[1], NULL); }

static vn_array *pool_max(vn_array *x)
{
    vn_window w = {
        .n = 2, .size = { 3, 2 }, .stride = { 2, 1 }, .pad_lo = { 1, 0 }, .pad_hi = { 0, 1 }
    };
    return vn_pool_max(x, &w);
}

static vn_array *pool_sum(vn_array *x)
{
    vn_window w = {
        .n = 2, .size = { 3, 2 }, .stride = { 2, 1 }, .pad_lo = { 1, 0 }, .pad_hi = { 0, 1 }
    };
    return vn_pool_sum(x, &w);
}

static vn_array *pool_max1(vn_array *x)
{
    return vn_pool_max(x, &(vn_window){ .n = 1, .size = { 2 }, .stride = { 2 } });
}

/* A layer as in a network: derivatives of activation and bias are taken of pooled pixels. */
static vn_tree *relu_pooled(vn_tree *const arg[])
{
    return pool_max(vn_relu(vn_add(arg[0], arg[1])));
}

static vn_tree *tanh_pooled(vn_tree *const arg[]) /* no pixel is in two windows, some in none */
{
    return vn_pool_max(vn_tanh(vn_add(arg[0], arg[1])),
                       &(vn_window){ .n = 2, .size = { 2, 2 }, .stride = { 3, 2 } });
}

void law_add_products(law_subject *out, int *n)
{
    static const law_operand vector = { LAW_REAL, { 1, { 4 } }, -1, 1 };
    static const law_operand long_vector = { LAW_REAL, { 1, { 37 } }, -1, 1 };
    static const law_operand matrix = { LAW_REAL, { 2, { 3, 4 } }, -1, 1 };
    static const law_operand right = { LAW_REAL, { 2, { 4, 5 } }, -1, 1 };
    static const law_operand wide = { LAW_REAL, { 2, { 33, 37 } }, -1, 1 };
    static const law_operand batch = { LAW_REAL, { 3, { 2, 3, 4 } }, -1, 1 };
    static const law_operand batch_one = { LAW_REAL, { 3, { 1, 4, 5 } }, -1, 1 };
    static const law_operand other = { LAW_REAL, { 3, { 2, 5, 4 } }, -1, 1 };
    static const law_operand last = { LAW_REAL, { 3, { 5, 4, 2 } }, -1, 1 };
    static const law_operand square = { LAW_REAL, { 2, { 4, 4 } }, -1, 1 };
    static const law_operand small = { LAW_REAL, { 2, { 4, 4 } }, -0.3, 0.3 };
    static const law_operand tall = { LAW_REAL, { 2, { 5, 3 } }, -1, 1 };
    static const law_operand columns = { LAW_REAL, { 2, { 4, 2 } }, -1, 1 };
    static const law_operand line = { LAW_REAL, { 2, { 2, 9 } }, -1, 1 };
    static const law_operand line_kernel = { LAW_REAL, { 3, { 3, 2, 3 } }, -1, 1 };
    static const law_operand image = { LAW_REAL, { 3, { 2, 5, 6 } }, -1, 1 };
    static const law_operand kernel = { LAW_REAL, { 4, { 3, 2, 3, 2 } }, -1, 1 };
    static const law_operand image4 = { LAW_REAL, { 3, { 4, 5, 6 } }, -1, 1 };
    static const law_operand kernel4 = { LAW_REAL, { 4, { 6, 2, 2, 3 } }, -1, 1 };
    static const law_operand volume = { LAW_REAL, { 4, { 1, 3, 4, 3 } }, -1, 1 };
    static const law_operand kernel3 = { LAW_REAL, { 5, { 2, 1, 2, 2, 2 } }, -1, 1 };
    static const law_operand pixels = { LAW_DISTINCT, { 3, { 2, 5, 6 } }, -1, 1 };
    static const law_operand bias = { LAW_REAL, { 3, { 2, 1, 1 } }, -1, 1 };
    const law_subject subjects[] = {
        { .row = "matmul",
          .name = "matrices",
          .binary = vn_matmul,
          .n = 2,
          .in = { matrix, right } },
        { .row = "matmul",
          .name = "vector",
          .binary = vn_matmul,
          .n = 2,
          .in = { matrix, vector } },
        { .row = "matmul",
          .name = "from left",
          .binary = vn_matmul,
          .n = 2,
          .in = { vector, right } },
        { .row = "matmul",
          .name = "batched",
          .binary = vn_matmul,
          .n = 2,
          .in = { batch, batch_one } },
        { .row = "matmul",
          .name = "larger",
          .binary = vn_matmul,
          .n = 2,
          .in = { wide, long_vector } },
        { .row = "dot", .name = "", .binary = vn_dot, .n = 2, .in = { matrix, matrix } },
        { .row = "outer",
          .name = "",
          .binary = vn_outer,
          .n = 2,
          .in = { vector, long_vector } },
        { .row = "einsum", .name = "", .fn = einsum, .n = 2, .in = { batch, other } },
        { .row = "dot_general", .name = "", .fn = dot_general, .n = 2, .in = { batch, last } },
        { .row = "cholesky", .name = "", .unary = cholesky, .n = 1, .in = { square } },
        { .row = "qr", .name = "tall", .unary = qr_of, .n = 1, .in = { tall } },
        { .row = "solve", .name = "vector", .fn = solve, .n = 2, .in = { small, vector } },
        { .row = "solve", .name = "matrix", .fn = solve, .n = 2, .in = { small, columns } },
        { .row = "solve_triangular",
          .name = "lower",
          .fn = solve_lower,
          .n = 2,
          .in = { small, columns } },
        { .row = "solve_triangular",
          .name = "upper transposed",
          .fn = solve_upper_transposed,
          .n = 2,
          .in = { small, vector } },
        { .row = "conv", .name = "1d", .fn = conv1, .n = 2, .in = { line, line_kernel } },
        { .row = "conv", .name = "2d", .fn = conv2, .n = 2, .in = { image, kernel } },
        { .row = "conv",
          .name = "groups",
          .fn = conv_groups,
          .n = 2,
          .in = { image4, kernel4 } },
        { .row = "conv",
          .name = "transposed",
          .fn = conv_spread,
          .n = 2,
          .in = { image, kernel } },
        { .row = "conv", .name = "3d", .fn = conv3, .n = 2, .in = { volume, kernel3 } },
        { .row = "pool_max", .name = "2d", .unary = pool_max, .n = 1, .in = { pixels } },
        { .row = "pool_max", .name = "1d", .unary = pool_max1, .n = 1, .in = { pixels } },
        { .row = "pool_max",
          .name = "of relu",
          .fn = relu_pooled,
          .n = 2,
          .in = { pixels, bias } },
        { .row = "pool_max",
          .name = "of tanh",
          .fn = tanh_pooled,
          .n = 2,
          .in = { pixels, bias } },
        { .row = "pool_sum", .name = "2d", .unary = pool_sum, .n = 1, .in = { pixels } },
    };
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
        out[(*n)++] = subjects[i];
}
