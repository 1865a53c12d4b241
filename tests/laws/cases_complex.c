/* SPDX-License-Identifier: MIT */
/* Subjects: the ops of complex numbers. What takes them is a table of rows; the subjects of
 * those rows come again with complex operands, and where there are two with one real and one
 * complex operand. Every other row has to refuse. */
#include <stdio.h>
#include <string.h>

#include "laws/law.h"
#include "vernal/nn.h"
#include "vernal/random.h"

/* Rows of which every subject takes complex operands in place of its real ones. */
static const char *const taken[] = {
    /* element-wise */
    "neg", "square", "reciprocal", "sqrt", "exp", "log", "sin", "cos", "tanh", "sigmoid",
    "abs", "identity", "scale", "soft_sign", "squareplus", "add", "sub", "mul", "div", "eq",
    "ne", "where",
    "stop_gradient",
    /* arrays */
    "reduce_sum", "mean", "reshape", "transpose", "broadcast", "slice", "reverse", "concat",
    "pad", "pad_with", "dynamic_slice", "dynamic_update_slice", "take", "take_along_axis",
    "scatter_add", "scatter_set", "one_hot", "buffer_set", "buffer_get",
    /* products */
    "dot_general", "matmul", "dot", "outer", "einsum", "conv",
    /* loops */
    "scan", "while", "branch",
};

/* Here the dtype of the first operand is that of the result. */
static const char *const to_first[] = { "scatter_add", "scatter_set", "dynamic_update_slice",
                                        "buffer_set",  "scan",        "while", "branch" };

/* Rows that have nothing to do with the dtype of their operands: their subjects are functions
 * of other ops, and some of those refuse. */
static const char *const mixed[] = { "threefry_bits", "searchsorted" };

static bool among(const char *row, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(list[i], row))
            return true;
    return false;
}

static bool takes(const char *row) { return among(row, taken, sizeof taken / sizeof *taken); }

/* The subject with its real operands complex, from operand `first` on; false: it has none. */
static bool complexify(law_subject *s, int first)
{
    bool any = false;
    for (int i = first; i < s->n; i++)
        if (s->in[i].kind == LAW_REAL || s->in[i].kind == LAW_DISTINCT) {
            s->in[i].kind = LAW_COMPLEX;
            any = true;
        }
    return any;
}

static vn_tree *parts(vn_tree *const arg[])
{
    return vn_tuple(vn_real(arg[0]), vn_imag(arg[0]));
}
static vn_tree *from_parts(vn_tree *const arg[]) { return vn_complex(arg[0], arg[1]); }
static vn_tree *from_imaginary(vn_tree *const arg[])
{
    return vn_mul(vn_complex(vn_float(0), arg[0]), arg[0]);
}
static vn_tree *modulus(vn_tree *const arg[])
{
    return vn_real(vn_mul(arg[0], vn_conj(arg[0])));
}
static vn_tree *powers(vn_tree *const arg[])
{
    return vn_add(vn_pow(arg[0], vn_int(3)), vn_pow(arg[0], vn_int(-2)));
}
static vn_tree *non_holomorphic(vn_tree *const arg[])
{
    return vn_mul(vn_exp(vn_conj(arg[0])), vn_div(arg[0], vn_add(vn_abs(arg[0]), vn_float(1))));
}
static vn_tree *there_and_back(vn_tree *const arg[])
{
    const vn_dtype own = vn_dtype_of(arg[0]), other = own == VN_C64 ? VN_C128 : VN_C64;
    return vn_cast(vn_cast(arg[0], other), own);
}

/* ---- layers with complex weights */

static vn_array *key(void) { return vn_key(31); }
static vn_dtype complex_dtype(void) { return vn_dtype_complex(vn_default_dtype()); }

static vn_tree *linear(void)
{
    return vn_linear(4, 3, key(), &(vn_linear_options){ .dtype = complex_dtype() });
}
static vn_tree *mlp(void)
{
    return vn_mlp(4, 3, 8, 2, key(),
                  &(vn_mlp_options){ .activation = vn_unary(vn_tanh),
                                     .dtype = complex_dtype() });
}
static vn_tree *conv(void)
{
    vn_conv_nd_options o = { .padding = VN_SHAPE(1), .groups = 2, .dtype = complex_dtype() };
    return vn_conv2d(2, 4, VN_SHAPE(3), key(), &o);
}
static vn_tree *conv_transpose(void)
{
    return vn_conv_transpose1d(2, 3, VN_SHAPE(3), key(),
                               &(vn_conv_transpose_nd_options){ .stride = VN_SHAPE(2),
                                                             .dtype = complex_dtype() });
}
static vn_tree *embedding(void)
{
    return vn_embedding(5, 3, key(), &(vn_embedding_options){ .dtype = complex_dtype() });
}
static vn_tree *gru(void)
{
    return vn_gru_cell(4, 3, key(), &(vn_gru_cell_options){ .dtype = complex_dtype() });
}
static vn_tree *lstm(void)
{
    return vn_lstm_cell(4, 3, key(), &(vn_lstm_cell_options){ .dtype = complex_dtype() });
}
static vn_tree *lstm_step(vn_tree *const arg[])
{
    return vn_call(arg[0], arg[1], vn_tuple(arg[2], arg[3]));
}

static void add_layers(law_subject *out, int *n)
{
    static const law_operand four = { LAW_COMPLEX, { 1, { 4 } }, -1, 1 };
    static const law_operand real = { LAW_REAL, { 1, { 4 } }, -1, 1 };
    static const law_operand three = { LAW_COMPLEX, { 1, { 3 } }, -1, 1 };
    static const law_operand image = { LAW_COMPLEX, { 3, { 2, 4, 5 } }, -1, 1 };
    static const law_operand signal = { LAW_COMPLEX, { 2, { 2, 5 } }, -1, 1 };
    static const law_operand index = { LAW_INTEGER, { 0 }, 0, 4 };
    const law_subject layers[] = {
        { .row = "Linear", .name = "complex", .model = linear, .n = 1, .in = { four } },
        { .row = "Linear", .name = "complex, real x", .model = linear, .n = 1, .in = { real } },
        { .row = "MLP", .name = "complex", .model = mlp, .n = 1, .in = { four } },
        { .row = "Conv2d", .name = "complex", .model = conv, .n = 1, .in = { image } },
        { .row = "ConvTranspose1d",
          .name = "complex",
          .model = conv_transpose,
          .n = 1,
          .in = { signal } },
        { .row = "Embedding", .name = "complex", .model = embedding, .n = 1, .in = { index } },
        { .row = "GRUCell", .name = "complex", .model = gru, .n = 2, .in = { four, three } },
        { .row = "LSTMCell",
          .name = "complex",
          .fn = lstm_step,
          .model = lstm,
          .n = 3,
          .in = { four, three, three } },
    };
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++)
        out[(*n)++] = layers[i];
}

void law_add_complex(law_subject *out, int *n)
{
    static char name[192][48];
    static const law_operand z = { LAW_COMPLEX, { 2, { 3, 4 } }, -2, 2 };
    static const law_operand far = { LAW_COMPLEX, { 2, { 3, 4 } }, 0.5, 2 };
    static const law_operand x = { LAW_REAL, { 2, { 3, 4 } }, -2, 2 };
    static const law_operand row = { LAW_REAL, { 1, { 4 } }, -2, 2 };
    const law_subject others[] = {
        { .row = "real", .name = "and imag", .fn = parts, .n = 1, .in = { z } },
        { .row = "conj", .name = "", .unary = vn_conj, .n = 1, .in = { z } },
        { .row = "complex", .name = "", .fn = from_parts, .n = 2, .in = { x, row } },
        { .row = "complex", .name = "imaginary", .fn = from_imaginary, .n = 1, .in = { x } },
        { .row = "conj", .name = "modulus", .fn = modulus, .n = 1, .in = { z } },
        { .row = "complex", .name = "powers", .fn = powers, .n = 1, .in = { far } },
        { .row = "conj",
          .name = "not holomorphic",
          .fn = non_holomorphic,
          .n = 1,
          .in = { far } },
        { .row = "cast",
          .name = "complex",
          .flags = LAW_NO_DIFFERENCE,
          .fn = there_and_back,
          .n = 1,
          .in = { z } },
    };
    const int before = *n;
    int named = 0;
    for (int i = 0; i < before; i++)
        for (int first = 0; first < 2; first++) {
            law_subject s = out[i];
            const bool real_first = first && s.in[0].kind != LAW_COMPLEX;
            if (s.model || !takes(s.row) || !complexify(&s, first) || (first && s.n < 2) ||
                (real_first && among(s.row, to_first, sizeof to_first / sizeof *to_first)))
                continue;
            snprintf(name[named], sizeof name[named], "%s%s%s", s.name, *s.name ? ", " : "",
                     first ? "real and complex" : "complex");
            s.name = name[named++];
            out[(*n)++] = s;
        }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        out[(*n)++] = others[i];
    add_layers(out, n);
}

/* ---- the law: a row that takes no complex operands refuses them by name */

void law_complex(law_run *r, const law_subject *s)
{
    law_subject complex = *s;
    vn_tree *arg[LAW_MAX_ARGS + 1];
    if (s->model || among(s->row, mixed, sizeof mixed / sizeof *mixed) ||
        !complexify(&complex, 0))
        return;
    law_arguments(arg, &complex, 3, 0, 0);
    const char *dtype = vn_dtype_name(vn_dtype_complex(vn_default_dtype()));
    vn_tree *got = vn_call_n(law_function(&complex), complex.n, arg);
    r->compared++;
    if (takes(s->row) ? !got : vn_ok())
        law_fail(r, takes(s->row) ? "refuses complex operands" : "takes complex operands");
    else if (!got && (vn_error_status() != VN_ERR_DTYPE || !strstr(vn_error_message(), dtype)))
        law_fail(r, "does not name %s", dtype);
    vn_error_clear();
}
