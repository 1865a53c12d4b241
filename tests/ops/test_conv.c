/* SPDX-License-Identifier: MIT */
/* conv, its two gradients and the norm of one against loops over all indices, for many strides,
 * pads, dilations and groups; over lanes for all mapped combinations; summed over lanes. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/ops/conv.h"
#include "problem.h"

typedef struct conv_case {
    vn_shape x, w;
    vn_conv_options o;
} conv_case;

static const conv_case cases[] = {
    { VN_SHAPE(2, 9), VN_SHAPE(3, 2, 3), { .groups = 1 } },
    { VN_SHAPE(1, 28, 28), VN_SHAPE(3, 1, 4, 4), { .groups = 1 } },
    { VN_SHAPE(3, 8, 7), VN_SHAPE(4, 3, 3, 2), { .pad_lo = { 1, 1 }, .pad_hi = { 1, 0 } } },
    { VN_SHAPE(3, 8, 7), VN_SHAPE(4, 3, 3, 3), { .stride = { 2, 3 }, .pad_lo = { 1, 2 } } },
    { VN_SHAPE(4, 9, 9), VN_SHAPE(6, 2, 3, 3), { .groups = 2, .dilation = { 2, 1 } } },
    { VN_SHAPE(4, 6, 6),
      VN_SHAPE(4, 1, 3, 3),
      { .groups = 4, .pad_lo = { 1, 1 }, .pad_hi = { 1, 1 } } },
    { VN_SHAPE(2, 5, 6),
      VN_SHAPE(3, 2, 3, 3),
      { .lhs_dilation = { 2, 3 }, .pad_lo = { 2, 1 }, .pad_hi = { 1, 2 } } },
    { VN_SHAPE(2, 5, 6),
      VN_SHAPE(3, 2, 2, 3),
      { .lhs_dilation = { 2, 1 },
        .stride = { 3, 2 },
        .dilation = { 1, 2 },
        .pad_lo = { 1, 3 } } },
    { VN_SHAPE(2, 8), VN_SHAPE(3, 2, 3), { .pad_lo = { -1 }, .pad_hi = { -2 } } },
    { VN_SHAPE(2, 8),
      VN_SHAPE(3, 2, 3),
      { .pad_lo = { -2 }, .pad_hi = { 4 }, .stride = { 2 } } },
    { VN_SHAPE(2, 4, 5, 3),
      VN_SHAPE(3, 2, 2, 3, 2),
      { .pad_lo = { 1, 0, 1 }, .stride = { 1, 2, 1 }, .dilation = { 2, 1, 1 } } },
    { VN_SHAPE(4, 3, 4, 4),
      VN_SHAPE(4, 2, 2, 2, 1),
      { .groups = 2, .lhs_dilation = { 1, 2, 1 } } },
    { VN_SHAPE(17, 3, 3), VN_SHAPE(40, 17, 1, 1), { .groups = 1 } },
    { VN_SHAPE(2, 3), VN_SHAPE(3, 2, 5), { .pad_lo = { 1 } } }, /* no output pixel */
    { VN_SHAPE(2, 40, 40), VN_SHAPE(2, 2, 5, 5), { .pad_lo = { 2, 2 }, .pad_hi = { 2, 2 } } },
    { VN_SHAPE(1, 2, 2, 2, 3), VN_SHAPE(2, 1, 2, 1, 2, 2), { .pad_lo = { 0, 1, 0, 1 } } },
};

enum { N_CASES = sizeof cases / sizeof *cases };

static int64_t or_one(int64_t v) { return v ? v : 1; }

static vn__sliding sliding_of(const conv_case *c)
{
    vn__sliding s = { .n = c->x.rank - 1, .groups = or_one(c->o.groups) };
    for (int d = 0; d < s.n; d++) {
        s.x[d] = c->x.dim[1 + d];
        s.k[d] = c->w.dim[2 + d];
        s.stride[d] = or_one(c->o.stride[d]);
        s.pad_lo[d] = c->o.pad_lo[d];
        s.pad_hi[d] = c->o.pad_hi[d];
        s.dilation[d] = or_one(c->o.dilation[d]);
        s.lhs_dilation[d] = or_one(c->o.lhs_dilation[d]);
    }
    cr_assert(vn__sliding_finish(&s, "conv") == VN_ERR_OK);
    return s;
}

/* Calls visit for every product of y[o][q], w[o][c][t], x[c][p] (flat indices). */
typedef void visit_fn(double *y, double *w, double *x);
static void for_products(const conv_case *c, double *y, double *w, double *x, visit_fn *visit)
{
    const vn__sliding s = sliding_of(c);
    const int64_t in = c->w.dim[1], out = c->w.dim[0] / s.groups,
                  taps = vn__sliding_pixels(s.k, s.n);
    const int64_t ny = vn__sliding_pixels(s.y, s.n), nx = vn__sliding_pixels(s.x, s.n);
    for (int64_t q = 0; q < ny; q++)
        for (int64_t t = 0; t < taps; t++) {
            int64_t p = 0, q_rest = q, t_rest = t, scale = 1;
            bool inside = true;
            for (int64_t d = s.n - 1; d >= 0; d--) {
                const int64_t at = q_rest % s.y[d] * s.stride[d] +
                                   t_rest % s.k[d] * s.dilation[d] - s.pad_lo[d];
                inside &=
                    at >= 0 && at % s.lhs_dilation[d] == 0 && at / s.lhs_dilation[d] < s.x[d];
                p += at / s.lhs_dilation[d] * scale;
                scale *= s.x[d];
                q_rest /= s.y[d];
                t_rest /= s.k[d];
            }
            for (int64_t o = 0; inside && o < out * s.groups; o++)
                for (int64_t i = 0; i < in; i++)
                    visit(&y[o * ny + q], &w[(o * in + i) * taps + t],
                          &x[(o / out * in + i) * nx + p]);
        }
}

static void add_y(double *y, double *w, double *x) { *y += *w * *x; }
static void add_w(double *y, double *w, double *x) { *w += *y * *x; }
static void add_x(double *y, double *w, double *x) { *x += *y * *w; }

static void check(const char *what, vn_array *got, const conv_case *c, visit_fn *visit,
                  double *operand[3])
{
    const int64_t n = vn_size(got);
    double *const values = doubles_of(got), *const want = calloc((size_t)n + 1, sizeof *want);
    double *const at[3] = { operand[0] ? operand[0] : want, operand[1] ? operand[1] : want,
                            operand[2] ? operand[2] : want };
    for_products(c, at[0], at[1], at[2], visit);
    expect_close(what, values, want, n, 1e-6);
    free(values);
    free(want);
}

/* The norm is the sum of the squares of the gradient, and so are its derivatives. */
static void check_norm(const vn__sliding *s, vn_array *x, vn_array *g)
{
    vn_array *const in[] = { x, g }, *const one = vn_ones(vn_dtype_of(x), VN_SCALAR);
    vn_array *const w = vn__conv_weight_grad(s, x, g), *din[2], *want[4], *got[4], *dout;
    got[0] = vn_op_apply(&vn__op_conv_weight_norm, s, 2, in);
    want[0] = vn_sum(vn_square(w));
    const vn_node node = { .op = &vn__op_conv_weight_norm, .attr = s, .n_in = 2, .n_out = 1,
                           .in = in, .out = got, .need = (bool[]){ true, true } };
    vn__op_conv_weight_norm.vjp(din, &node, (vn_array *[]){ one });
    got[1] = din[0];
    got[2] = din[1];
    want[1] = vn_scale(2, vn__conv_input_grad(s, w, g));
    want[2] = vn_scale(2, vn__conv(s, x, w));
    vn__op_conv_weight_norm.jvp(&dout, &node, (vn_array *[]){ vn_sin(x), vn_cos(g) });
    got[3] = dout;
    want[3] = vn_add(vn_sum(vn_mul(want[1], vn_sin(x))), vn_sum(vn_mul(want[2], vn_cos(g))));
    for (int i = 0; i < 4; i++) {
        double *const a = doubles_of(got[i]), *const b = doubles_of(want[i]);
        expect_close("conv_weight_norm", a, b, vn_size(want[i]), 1e-5);
        free(a);
        free(b);
    }
}

static void check_values(const conv_case *c, vn_dtype dtype)
{
    const vn__sliding s = sliding_of(c);
    vn_array *const x = random_array(dtype, c->x), *const w = random_array(dtype, c->w);
    vn_array *const y = vn_conv(x, w, &c->o);
    vn_array *const g = random_array(dtype, vn__conv_shape(c->w.dim[0], -1, s.y, s.n));
    double *const dx = doubles_of(x), *const dw = doubles_of(w), *const dg = doubles_of(g);
    cr_assert(y, "%s", vn_error_message());
    cr_assert(vn_shape_equal(vn_shape_of(y), vn_shape_of(g)));
    check("conv", y, c, add_y, (double *[]){ NULL, dw, dx });
    check("conv_input_grad", vn__conv_input_grad(&s, w, g), c, add_x,
          (double *[]){ dg, dw, NULL });
    check("conv_weight_grad", vn__conv_weight_grad(&s, x, g), c, add_w,
          (double *[]){ dg, NULL, dx });
    check_norm(&s, x, g);
    free(dx);
    free(dw);
    free(dg);
}

Test(conv, values)
{
    for (int i = 0; i < N_CASES; i++)
        VN_SCOPE
        {
            check_values(&cases[i], VN_F32);
            check_values(&cases[i], VN_F64);
        }
}

Test(conv, every_combination_of_options)
{
    for (int64_t code = 0; code < 3 * 3 * 3 * 3 * 2 * 2; code++)
        VN_SCOPE
        {
            int64_t rest = code;
            conv_case c = { VN_SHAPE(4, 7, 6), VN_SHAPE(4, 4, 3, 2), { .groups = 1 } };
            c.o.stride[0] = 1 + rest % 3, rest /= 3;
            c.o.pad_lo[0] = rest % 3 - 1, rest /= 3;
            c.o.pad_hi[1] = rest % 3, rest /= 3;
            c.o.lhs_dilation[1] = 1 + rest % 3, rest /= 3;
            c.o.dilation[1] = 1 + rest % 2, rest /= 2;
            c.o.groups = 1 + rest % 2;
            c.w.dim[1] = 4 / c.o.groups;
            check_values(&c, VN_F64);
        }
}

/* The four ops of a case with their operands. */
static void for_ops(const conv_case *c, vn_dtype dtype, void (*run)(problem *p))
{
    static vn__sliding s;
    s = sliding_of(c);
    const vn_aval x = aval(dtype, c->x), w = aval(dtype, c->w);
    const vn_aval y = aval(dtype, vn__conv_shape(c->w.dim[0], -1, s.y, s.n));
    run(&(problem){ .op = &vn__op_conv, .attr = &s, .in = { x, w } });
    run(&(problem){ .op = &vn__op_conv_input_grad, .attr = &s, .in = { w, y } });
    run(&(problem){ .op = &vn__op_conv_weight_grad, .attr = &s, .in = { x, y } });
    run(&(problem){ .op = &vn__op_conv_weight_norm, .attr = &s, .in = { x, y } });
}

static void run_lanes(problem *p)
{
    for (int mapped = 1; mapped < 4; mapped++) {
        p->mapped[0] = mapped & 1;
        p->mapped[1] = mapped >> 1;
        problem_lanes(p, 16);
        problem_lanes(p, 32);
    }
}

Test(conv, lanes)
{
    for (int i = 0; i < N_CASES; i++) {
        for_ops(&cases[i], VN_F32, run_lanes);
        for_ops(&cases[i], VN_F64, run_lanes);
    }
}

static void run_sums(problem *p)
{
    for (int mapped = 1; p->op->eval_sum && mapped < 4; mapped++) {
        p->mapped[0] = mapped & 1;
        p->mapped[1] = mapped >> 1;
        problem_sum(p, 16, 1, 16);
        problem_sum(p, 32, 1, 7);
        problem_sum(p, 16, 3, 1);
    }
}

Test(conv, sums)
{
    for (int i = 0; i < N_CASES; i++) {
        for_ops(&cases[i], VN_F32, run_sums);
        for_ops(&cases[i], VN_F64, run_sums);
    }
}

static void expect_error(vn_array *x, const char *words)
{
    cr_assert(!x);
    cr_assert(strstr(vn_error_message(), words), "\"%s\" is not in \"%s\"", words,
              vn_error_message());
    vn_error_clear();
}

Test(conv, errors)
{
    vn_array *const x = vn_ones(VN_F32, VN_SHAPE(3, 8, 8));
    vn_array *const w = vn_ones(VN_F32, VN_SHAPE(4, 3, 3, 3));
    expect_error(vn_conv(x, vn_ones(VN_F32, VN_SHAPE(4, 2, 3, 3)), NULL),
                 "groups disagree: f32[3,8,8] and f32[4,2,3,3]");
    expect_error(vn_conv(x, vn_ones(VN_F32, VN_SHAPE(4, 3, 3)), NULL),
                 "expected [in, spatial..]");
    expect_error(vn_conv(x, w, &(vn_conv_options){ .stride = { -1 } }), "stride -1");
    expect_error(vn_conv(x, w, &(vn_conv_options){ .groups = -1 }), "-1 groups");
    expect_error(vn_conv(x, vn_ones(VN_F32, VN_SHAPE(4, 3, 0, 3)), NULL), "a window of 0");
    expect_error(vn_conv(vn_ones(VN_F32, VN_SHAPE(3)), w, NULL), "expected [in, spatial..]");
}

Test(conv, hand_computed)
{
    /* Equinox's own test of Conv2d: W = arange 9, x = arange(-4, 5), padding 1 (less the
     * bias). */
    vn_array *const w = vn_reshape(vn_arange(VN_F32, 9), VN_SHAPE(1, 1, 3, 3));
    vn_array *const x = vn_reshape(vn_linspace(VN_F32, -4, 4, 9), VN_SHAPE(1, 3, 3));
    const double want[] = { -38, -32, -10, 24, 60, 48, 22, 40, 26 };
    double *const got =
        doubles_of(vn_conv(x, w, &(vn_conv_options){ .pad_lo = { 1, 1 }, .pad_hi = { 1, 1 } }));
    expect_close("conv", got, want, 9, 0);
    free(got);
}
