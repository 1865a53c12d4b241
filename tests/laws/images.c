/* SPDX-License-Identifier: MIT */
/* Convolutions of few images. One image, whose rows take the place of the lanes if there are
 * enough, and its gradients against the definition, in small integers and so exactly. Nets of
 * images whose batches are cut into parts, against the eager call, with the same bits at one
 * thread and at three. */
#include <stdlib.h>
#include <string.h>

#include "laws/describe.h"
#include "laws/tally.h"

/* ----------------------------------------------------------------------- one image, exactly */

typedef struct subject {
    const char *name;
    int64_t in, out, axes, size[3], window[3];
    vn_conv_options o;
} subject;

static const subject subjects[] = {
    { "3x3", 8, 9, 2, { 32, 20 }, { 3, 3 }, { .pad_lo = { 1, 1 }, .pad_hi = { 1, 1 } } },
    { "17 rows", 16, 16, 2, { 17, 9 }, { 3, 3 }, { .pad_lo = { 1, 1 }, .pad_hi = { 1, 1 } } },
    { "70 rows", 8, 8, 2, { 72, 7 }, { 3, 3 }, { .groups = 1 } },
    { "11 rows", 16, 24, 2, { 9, 6 }, { 4, 4 }, { .pad_lo = { 2, 1 }, .pad_hi = { 3, 2 } } },
    { "strided",
      5,
      7,
      2,
      { 41, 26 },
      { 5, 3 },
      { .stride = { 2, 1 }, .dilation = { 1, 2 }, .pad_lo = { 2, 1 }, .pad_hi = { 1, 3 } } },
    { "gaps", 12, 13, 2, { 50, 22 }, { 2, 2 }, { .stride = { 3, 3 } } },
    { "uneven strides",
      6,
      9,
      2,
      { 67, 13 },
      { 4, 3 },
      { .stride = { 3, 2 }, .pad_lo = { 5, 0 } } },
    { "cut", 8, 8, 2, { 40, 16 }, { 3, 3 }, { .pad_lo = { -2, 0 }, .pad_hi = { -3, -1 } } },
    { "wide pads", 8, 8, 2, { 18, 11 }, { 3, 3 }, { .pad_lo = { 7, 4 }, .pad_hi = { 6, 2 } } },
    { "dilated", 8, 8, 2, { 80, 12 }, { 3, 2 }, { .dilation = { 2, 1 }, .pad_lo = { 2, 1 } } },
    { "far rows",
      8,
      8,
      2,
      { 36, 20 },
      { 3, 2 },
      { .dilation = { 5, 1 }, .pad_lo = { 5, 0 }, .pad_hi = { 4, 1 } } },
    { "grouped", 12, 20, 2, { 33, 16 }, { 3, 3 }, { .pad_lo = { 1, 1 }, .groups = 4 } },
    { "a group a channel", 24, 24, 2, { 32, 32 }, { 3, 3 }, { .pad_lo = { 1 }, .groups = 24 } },
    { "7 rows", 48, 64, 2, { 7, 9 }, { 3, 3 }, { .pad_lo = { 1, 1 }, .pad_hi = { 1, 1 } } },
    { "few strided rows",
      40,
      36,
      2,
      { 15, 17 },
      { 3, 4 },
      { .stride = { 2, 2 }, .pad_lo = { 1, 0 } } },
    { "few grouped rows", 96, 64, 2, { 8, 9 }, { 3, 3 }, { .pad_hi = { 1, 1 }, .groups = 2 } },
    { "spread", 8, 8, 2, { 20, 20 }, { 3, 3 }, { .lhs_dilation = { 2, 1 } } },
    { "one axis", 8, 12, 1, { 410 }, { 5 }, { .stride = { 1 }, .dilation = { 3 } } },
    { "one axis strided", 24, 24, 1, { 400 }, { 4 }, { .stride = { 4 }, .pad_hi = { 9 } } },
    { "three axes",
      5,
      6,
      3,
      { 18, 9, 7 },
      { 3, 2, 3 },
      { .pad_lo = { 1, 0, 1 }, .stride = { 1, 2, 1 } } },
};

static int64_t or_one(int64_t n) { return n ? n : 1; }

static int64_t product(const int64_t size[], int64_t n)
{
    return n ? size[n - 1] * product(size, n - 1) : 1;
}

static int64_t y_size(const subject *s, int d)
{
    const int64_t x = s->size[d] ? (s->size[d] - 1) * or_one(s->o.lhs_dilation[d]) + 1 : 0;
    const int64_t reach = (s->window[d] - 1) * or_one(s->o.dilation[d]) + 1;
    return (x + s->o.pad_lo[d] + s->o.pad_hi[d] - reach) / or_one(s->o.stride[d]) + 1;
}

/* The pixel of x under tap t of output pixel q, or -1. */
static int64_t under(const subject *s, const int64_t y[], int64_t t, int64_t q)
{
    int64_t p = 0, scale = 1;
    for (int d = (int)s->axes - 1; d >= 0; d--) {
        const int64_t at = q % y[d] * or_one(s->o.stride[d]) +
                           t % s->window[d] * or_one(s->o.dilation[d]) - s->o.pad_lo[d];
        const int64_t spread = or_one(s->o.lhs_dilation[d]);
        if (at < 0 || at % spread || at / spread >= s->size[d])
            return -1;
        p += at / spread * scale;
        scale *= s->size[d];
        q /= y[d], t /= s->window[d];
    }
    return p;
}

/* Of the sum of y g by the definition. */
typedef struct defined {
    vn_array *y, *dx, *dw;
} defined;

static vn_array *taken(double *data, vn_array *like)
{
    vn_array *const a = data ? vn_array_from(VN_F64, vn_shape_of(like), data) : NULL;
    free(data);
    return a;
}

static defined define(const subject *s, const int64_t size[], vn_array *x, vn_array *w,
                      vn_array *g)
{
    const int64_t groups = or_one(s->o.groups), in = s->in / groups, out = s->out / groups;
    const int64_t taps = product(s->window, s->axes), pixels = product(size, s->axes);
    const int64_t of_x = product(s->size, s->axes);
    const double *const vx = vn_data(x), *const vw = vn_data(w), *const vg = vn_data(g);
    double *const y = calloc((size_t)vn_size(g), sizeof *y);
    double *const dx = calloc((size_t)vn_size(x), sizeof *dx);
    double *const dw = calloc((size_t)vn_size(w), sizeof *dw);
    for (int64_t t = 0; y && dx && dw && t < taps; t++)
        for (int64_t q = 0; q < pixels; q++) {
            const int64_t p = under(s, size, t, q);
            for (int64_t o = 0; p >= 0 && o < s->out; o++)
                for (int64_t c = 0; c < in; c++) {
                    const int64_t i = (o / out * in + c) * of_x + p;
                    const int64_t j = (o * in + c) * taps + t, k = o * pixels + q;
                    y[k] += vw[j] * vx[i];
                    dx[i] += vw[j] * vg[k];
                    dw[j] += vx[i] * vg[k];
                }
        }
    return (defined){ taken(y, g), taken(dx, x), taken(dw, w) };
}

static vn_array *integers(uint64_t seed, vn_shape shape)
{
    return vn_cast(vn_randint(vn_key(seed), shape, -3, 4, VN_I32), VN_F64);
}

static const subject *now; /* what is recorded */

static vn_tree *weighed(vn_tree *const arg[]) /* (x, w), g */
{
    return vn_sum(vn_mul(vn_conv(vn_at(arg[0], 0), vn_at(arg[0], 1), &now->o), arg[1]));
}

static bool is_close(vn_array *a, vn_array *b)
{
    static const vn_tree_equal_options exact = { .rtol = 0, .atol = 0 };
    return vn_tree_equal(a, b, &exact);
}

static void check_one(const subject *s, vn_dtype dtype)
{
    int64_t size[3];
    vn_shape of_x = { .rank = 1 + (int)s->axes, .dim = { s->in } };
    vn_shape of_y = { .rank = 1 + (int)s->axes, .dim = { s->out } };
    vn_shape of_w = { .rank = 2 + (int)s->axes,
                      .dim = { s->out, s->in / or_one(s->o.groups) } };
    for (int d = 0; d < s->axes; d++) {
        of_x.dim[1 + d] = s->size[d];
        of_y.dim[1 + d] = size[d] = y_size(s, d);
        of_w.dim[2 + d] = s->window[d];
    }
    vn_array *const x = integers(1, of_x), *const w = integers(2, of_w);
    vn_array *const g = integers(3, of_y);
    const defined d = define(s, size, x, w, g);
    now = s;
    vn_tree *const operands = vn_tuple(vn_cast(x, dtype), vn_cast(w, dtype));
    vn_array *const cotangent = vn_cast(g, dtype);
    vn_tree *const f = vn_function(weighed, 2);
    vn_tree *const grad = vn_filter_grad(f, NULL);
    for (int threads = 1; threads <= 3; threads += 2) {
        vn_set_num_threads(threads);
        vn_array *const got = vn_conv(vn_at(operands, 0), vn_at(operands, 1), &s->o);
        vn_tree *const eager = vn_call(grad, operands, cotangent);
        vn_tree *const plan = vn_call(vn_filter_jit(grad, NULL), operands, cotangent);
        expect_of(is_close(vn_cast(got, VN_F64), d.y), "the definition", s->name, threads);
        for (int i = 0; i < 2; i++) {
            vn_array *const want = i ? d.dw : d.dx;
            expect_of(is_close(vn_cast(vn_at(eager, i), VN_F64), want),
                      i ? "weight gradient" : "input gradient", s->name, threads);
            expect_of(is_close(vn_cast(vn_at(plan, i), VN_F64), want),
                      i ? "weight gradient of a plan" : "input gradient of a plan", s->name,
                      threads);
        }
    }
}

/* ------------------------------------------------------------------------ batches of images */

/* Convolution, tanh, one back to the image's channels; convolution, relu, maximum of 2 x 2,
 * convolution, mean of 3 x 3. */
static vn_tree *net(vn_tree *const arg[]) /* model, x */
{
    static const vn_window two = { .n = 2, .size = { 2, 2 }, .stride = { 2, 2 } };
    static const vn_window three = { .n = 2, .size = { 3, 3 }, .stride = { 2, 2 } };
    vn_array *h = vn_tanh(vn_call(vn_at(arg[0], 0), arg[1]));
    h = vn_relu(vn_call(vn_at(arg[0], 0), vn_call(vn_at(arg[0], 1), h)));
    h = vn_call(vn_at(arg[0], 2), vn_pool_max(h, &two));
    return vn_mean_over(vn_pool_sum(h, &three), VN_AXES(1, 2), false);
}

static vn_tree *loss(vn_tree *const arg[]) /* model, x, y */
{
    vn_tree *const f = vn_partial(vn_function(net, 2), arg[0]);
    return vn_mean(vn_square(vn_sub(vn_vmap_call(f, arg[1]), arg[2])));
}

typedef struct images {
    const char *name;
    int64_t in, hidden, out, size;
} images;

static const images small = { "small images", 1, 16, 20, 22 };
static const images large = { "large images", 3, 32, 48, 100 };

static vn_tree *model_of(const images *of)
{
    const vn_conv_nd_options same = { .padding_rule = VN_PADDING_SAME };
    return vn_tuple(vn_conv2d(of->in, of->hidden, VN_SHAPE(3), vn_key(0), &same),
                    vn_conv2d(of->hidden, of->in, VN_SHAPE(5), vn_key(2), &same),
                    vn_conv2d(of->hidden, of->out, VN_SHAPE(3), vn_key(1), &same));
}

static vn_tree *data_of(const images *of, int which, int64_t n)
{
    return which ? vn_normal(vn_key(2), VN_SHAPE(n, of->out), vn_default_dtype())
                 : vn_normal(vn_key(1), VN_SHAPE(n, of->in, of->size, of->size),
                             vn_default_dtype());
}

static vn_tree *call(vn_tree *f, int threads, vn_tree *const arg[])
{
    vn_set_num_threads(threads);
    return vn_call_n(f, 3, arg);
}

static void check_batch(const images *of, int64_t n)
{
    static const vn_tree_equal_options close = { .rtol = 1e-10, .atol = 1e-12 };
    vn_tree *const grad = vn_filter_value_and_grad(vn_function(loss, 3), NULL);
    vn_tree *const arg[] = { model_of(of), data_of(of, 0, n), data_of(of, 1, n) };
    vn_tree *const jitted = vn_filter_jit(grad, NULL);
    vn_tree *const eager = call(grad, 3, arg), *const one = call(jitted, 1, arg);
    vn_tree *const three = call(jitted, 3, arg);
    expect_of(vn_tree_equal(one, eager, &close), "as the eager call", of->name, n);
    expect_of(leaves_agree(three, one, same_bits), "the bits of one thread", of->name, n);
}

/* Does the plan for so many images say so? */
static bool says(const char *words, const images *of, int64_t n)
{
    static char text[LAW_TEXT];
    vn_tree *const grad = vn_filter_value_and_grad(vn_function(loss, 3), NULL);
    vn_tree *const arg[] = { model_of(of), data_of(of, 0, n), data_of(of, 1, n) };
    law_describe(text, vn_plan_print, grad, 3, arg);
    return strstr(text, words) != NULL;
}

static bool is_cut(const images *of, int64_t n, int64_t lanes)
{
    char words[64];
    snprintf(words, sizeof words, "(%lld lanes a panel), 1 slots", (long long)lanes);
    return says(words, of, n);
}

static void check_cuts(void)
{
    expect_of(is_cut(&small, 5, 16), "one panel for all workers", small.name, 5);
    expect_of(is_cut(&small, 16, 16), "one panel for all workers", small.name, 16);
    expect_of(!is_cut(&small, 64, 16), "panels for workers", small.name, 64);
    expect_of(is_cut(&large, 3, 1), "one by one for all workers", large.name, 3);
    expect_of(says("+ bias, tanh, by strips", &large, 3), "ended in strips", large.name, 3);
    expect_of(says(" tanh_grad, by strips", &large, 3), "gated in strips", large.name, 3);
    expect_of(is_cut(&large, 12, 16), "one panel for all workers", large.name, 12);
    expect_of(is_cut(&large, 40, 16), "panel by panel", large.name, 40);
}

/* ---- a loss over all pixels */

static vn_tree *pixel_loss(vn_tree *const arg[]) /* model, x */
{
    return vn_mean(vn_square(vn_vmap_call(vn_at(arg[0], 0), arg[1])));
}

/* It is summed channel by channel, by several workers; so is the bias's gradient, in an example
 * before the examples: no sum over examples is as large as an image. */
static void check_pixels(int64_t n)
{
    static const vn_tree_equal_options close = { .rtol = 1e-10, .atol = 1e-12 };
    static char text[LAW_TEXT];
    vn_tree *const grad = vn_filter_value_and_grad(vn_function(pixel_loss, 2), NULL);
    vn_tree *const arg[] = { model_of(&large), data_of(&large, 0, n) };
    vn_tree *const got = vn_call_n(vn_filter_jit(grad, NULL), 2, arg);
    expect_of(vn_tree_equal(got, vn_call_n(grad, 2, arg), &close), "as the eager call",
              "pixels", n);
    law_describe(text, vn_plan_print, grad, 2, arg);
    expect_of(strstr(text, "sum  f64[32] per lane\n      sum  f64[] per lane"),
              "by channels first", "pixels", n);
    expect_of(!strstr(text, "sum over lanes f64[32,100,100]"), "pixels before examples",
              "pixels", n);
}

int main(void)
{
    static const int64_t batches[] = { 1, 2, 4, 5, 9, 16, 17, 40 };
    VN_SCOPE
    {
        for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
            VN_SCOPE
            {
                check_one(&subjects[i], VN_F64);
                check_one(&subjects[i], VN_F32);
            }
        check_cuts();
        vn_set_default_dtype(VN_F64);
        for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
            VN_SCOPE { check_batch(&small, batches[i]); }
        VN_SCOPE { check_batch(&large, 3); }
        VN_SCOPE { check_batch(&large, 17); }
        VN_SCOPE { check_pixels(1); }
        VN_SCOPE { check_pixels(20); }
    }
    vn_finish();
    return report();
}
