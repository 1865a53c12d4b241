/* SPDX-License-Identifier: MIT */
/* What a provider computes against the kernels of the definition: convolutions with their
 * gradients, and by oneDNN (where ctest names the portable row) large products, the same bits
 * at any number of threads.
 *
 *   providers winograd | onednn | absent        absent: there is no oneDNN */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/onednn/onednn.h"
#include "kernels/provider.h"
#include "laws/describe.h"
#include "laws/tally.h"

/* ---------------------------------------------------------------------------- convolution */

static vn__provider provider;
static const char *const by[VN__PROVIDERS] = {
    [VN__ONEDNN] = "by oneDNN",
    [VN__WINOGRAD] = "by Winograd",
};

typedef struct subject {
    const char *name;
    int onednn; /* steps of value and gradient that it takes */
    int64_t in, out, groups, axes, batch;
    int64_t size[3], window[3], stride[3], dilation[3], lo[3], hi[3];
} subject;

#define ONES { 1, 1, 1 }
static const subject subjects[] = {
    { "same 3x3", 5, 16, 32, 1, 2, 33, { 9, 11 }, { 3, 3 }, ONES, ONES, ONES, ONES },
    { "valid 5x3", 5, 32, 16, 1, 2, 16, { 8, 7 }, { 5, 3 }, ONES, ONES, { 0 }, { 0 } },
    { "strided", 5, 16, 16, 1, 2, 17, { 10, 9 }, { 3, 3 }, { 2, 3 }, ONES, ONES, ONES },
    { "rows left over", 5, 16, 16, 1, 2, 5, { 8, 8 }, { 3, 2 }, { 2, 3 }, ONES, { 0 }, { 0 } },
    { "uneven pads", 5, 16, 48, 1, 2, 20, { 6, 6 }, { 4, 4 }, ONES, ONES, { 1, 2 }, { 2, 1 } },
    { "dilated", 5, 16, 16, 1, 2, 16, { 9, 9 }, { 3, 3 }, ONES, { 2, 3 }, { 2, 3 }, { 2, 3 } },
    { "1x1", 5, 64, 32, 1, 2, 40, { 5, 5 }, { 1, 1 }, ONES, ONES, { 0 }, { 0 } },
    { "1x1 strided", 5, 32, 32, 1, 2, 16, { 6, 5 }, { 1, 1 }, { 2, 2 }, ONES, { 0 }, { 0 } },
    { "grouped", 5, 32, 64, 2, 2, 19, { 7, 7 }, { 3, 3 }, ONES, ONES, ONES, ONES },
    { "a group a channel", 5, 16, 16, 16, 2, 16, { 6, 6 }, { 3, 3 }, ONES, ONES, ONES, ONES },
    { "odd channels", 5, 3, 7, 1, 2, 18, { 8, 9 }, { 3, 3 }, ONES, ONES, { 1, 0 }, { 0, 1 } },
    { "one axis", 5, 24, 40, 1, 1, 16, { 31 }, { 4 }, { 2 }, { 1 }, { 1 }, { 2 } },
    { "three axes", 5, 16, 16, 1, 3, 16, { 4, 5, 6 }, { 2, 3, 3 }, { 1, 1, 2 }, ONES,
      { 0, 1, 1 }, ONES },
    { "wide window", 5, 16, 16, 1, 2, 16, { 2, 2 }, { 5, 5 }, ONES, ONES, { 2, 2 }, { 2, 2 } },
    { "negative pads", 2, 16, 16, 1, 2, 16, { 8, 8 }, { 3, 3 }, ONES, ONES, { -1, 0 }, { 0 } },
};

/* Steps of value and gradient that the provider takes. */
static int steps_of(const subject *s)
{
    bool fits = s->axes == 2;
    for (int d = 0; d < 2; d++)
        fits = fits && s->window[d] == 3 && s->stride[d] == 1 && s->dilation[d] == 1;
    return provider == VN__ONEDNN ? s->onednn : 3 * fits;
}

static const subject *now; /* what is recorded */

/* Two layers, so that there is a gradient of an input: arg = x, (w, b, w2). */
static vn_tree *one(vn_tree *const arg[])
{
    vn_conv_options o = { .groups = now->groups };
    for (int64_t d = 0; d < now->axes; d++) {
        o.stride[d] = now->stride[d];
        o.dilation[d] = now->dilation[d];
        o.pad_lo[d] = now->lo[d];
        o.pad_hi[d] = now->hi[d];
    }
    vn_array *const x = vn_tanh(vn_conv(arg[0], vn_get(arg[1], "[2]"), NULL));
    return vn_relu(vn_add(vn_conv(x, vn_get(arg[1], "[0]"), &o), vn_get(arg[1], "[1]")));
}

static vn_tree *loss(vn_tree *const arg[]) /* weights, x */
{
    vn_tree *axis[] = { vn_int(0), vn_none() };
    const vn_vmap_options options = { .in_axes = axis, .n_in = 2 };
    vn_array *const y = vn_call(vn_filter_vmap(vn_function(one, 2), &options), arg[1], arg[0]);
    return vn_tuple(vn_sum(vn_mul(y, vn_cos(y))), y);
}

static vn_shape shape_of(int64_t a, int64_t b, const int64_t size[], int64_t axes)
{
    vn_shape shape = { .rank = 2, .dim = { a, b } };
    for (int64_t d = 0; d < axes; d++)
        shape.dim[shape.rank++] = size ? size[d] : 1;
    return shape;
}

static vn_dtype dtype = VN_F32;

static vn_array *random_of(int key, vn_shape shape, double scale)
{
    return vn_mul(vn_normal(vn_key((uint64_t)key), shape, dtype), vn_scalar(dtype, scale));
}

/* How many steps of the plan name the provider. */
static int steps_by_provider(vn_tree *f, int n, vn_tree *const arg[])
{
    static char text[LAW_TEXT];
    int count = 0;
    law_describe(text, vn_plan_print, f, n, arg);
    for (const char *at = text; (at = strstr(at, by[provider])); at++)
        count++;
    return count;
}

static void compare(vn_tree *f, int n, vn_tree *const arg[], double tolerance, int steps,
                    const char *name)
{
    static const int threads[] = { 1, 2, 3, 8 };
    const vn_tree_equal_options close = { .rtol = tolerance, .atol = tolerance };
    vn__use_set(provider, VN__NEVER);
    expect(steps_by_provider(f, n, arg) == 0, "a step by what is switched off", name);
    vn_tree *const want = vn_call_n(vn_filter_jit(f, NULL), n, arg);
    vn__use_set(provider, VN__ALWAYS);
    expect(steps_by_provider(f, n, arg) >= steps, "too few steps are by the provider", name);
    vn_tree *const fast = vn_filter_jit(f, NULL);
    vn_tree *first = NULL;
    for (int t = 0; t < 4; t++) {
        vn_set_num_threads(threads[t]);
        vn_tree *const got = vn_call_n(fast, n, arg);
        first = first ? first : got;
        expect(vn_tree_equal(got, want, &close), "not what the definition gives", name);
        expect(vn_tree_equal(got, first, NULL), "other bits with other threads", name);
    }
    vn_set_num_threads(0);
    vn__use_set(provider, VN__AUTO);
}

static void check_convolution(const subject *s)
{
    const int64_t fan = s->in / s->groups * 9;
    vn_array *const x = random_of(1, shape_of(s->batch, s->in, s->size, s->axes), 1);
    vn_array *const w = random_of(2, shape_of(s->out, s->in / s->groups, s->window, s->axes),
                                  1 / sqrt((double)fan));
    vn_shape bias = shape_of(s->out, 1, NULL, s->axes - 1);
    vn_array *const b = random_of(3, bias, 1);
    vn_array *const w2 = random_of(4, shape_of(s->in, s->in, NULL, s->axes), 0.2);
    const vn_grad_options aux = { .has_aux = true };
    now = s;
    vn_tree *const f = vn_filter_value_and_grad(vn_function(loss, 2), &aux);
    compare(f, 2, (vn_tree *[]){ vn_tuple(w, b, w2), x }, dtype == VN_F32 ? 2e-4 : 1e-11,
            steps_of(s), s->name);
}

static void check_convolutions(void)
{
    for (int i = 0; i < (int)(sizeof subjects / sizeof subjects[0]); i++)
        VN_SCOPE check_convolution(&subjects[i]);
}

/* -------------------------------------------------------------------------------- products */

static const char *spec;
static vn_tree *product(vn_tree *const arg[]) { return vn_einsum(spec, arg[0], arg[1]); }

static void check_products(int64_t m)
{
    static const char *const specs[] = { "mk,kn->mn", "km,kn->mn", "mk,nk->mn", "km,nk->mn" };
    for (int i = 0; i < 4; i++) {
        spec = specs[i];
        const bool m_first = spec[0] == 'm', k_first = spec[3] == 'k';
        vn_array *const a = random_of(5, m_first ? VN_SHAPE(m, 130) : VN_SHAPE(130, m), 1);
        vn_array *const b = random_of(6, k_first ? VN_SHAPE(130, 270) : VN_SHAPE(270, 130), 1);
        compare(vn_function(product, 2), 2, (vn_tree *[]){ a, b }, 1e-4, 1, spec);
    }
}

/* The tokens of each example times a matrix that all share. */
static vn_tree *examples(vn_tree *const arg[])
{
    vn_tree *axis[] = { vn_int(0), vn_none() };
    const vn_vmap_options options = { .in_axes = axis, .n_in = 2 };
    return vn_call(vn_filter_vmap(vn_function(product, 2), &options), arg[0], arg[1]);
}

static void check_tokens(void)
{
    spec = "mk,kn->mn";
    vn_array *const x = random_of(5, VN_SHAPE(6, 64, 700), 1);
    vn_array *const w = random_of(6, VN_SHAPE(700, 600), 0.1);
    compare(vn_function(examples, 2), 2, (vn_tree *[]){ x, w }, 1e-4, 1, "tokens");
}

/* VN_ONEDNN=1 without the library is an error that says so, and auto goes without. */
static void check_absence(void)
{
    spec = "mk,kn->mn";
    vn_array *const a = random_of(5, VN_SHAPE(300, 300), 1);
    vn_tree *const f = vn_filter_jit(vn_function(product, 2), NULL);
    vn__use_set(VN__ONEDNN, VN__AUTO);
    expect(vn_call(f, a, a) != NULL, "auto without the library", "absent");
    vn__use_set(VN__ONEDNN, VN__ALWAYS);
    expect(!vn_call(vn_filter_jit(vn_function(product, 2), NULL), a, a) &&
               vn_error_status() == VN_ERR_UNSUPPORTED &&
               strstr(vn_error_message(), "VN_ONEDNN=1, but "),
           "no sentence says that the library is missing", "absent");
}

/* ------------------------------------------------------------------------------- Winograd */

/* By itself where there are channels enough, and not where oneDNN is asked for. */
static void check_choice(int64_t channels, vn__use onednn, int steps)
{
    const subject s = { "choice",   0,        channels, channels, 1,    2,   16,
                        { 12, 12 }, { 3, 3 }, ONES,     ONES,     ONES, ONES };
    const vn_grad_options aux = { .has_aux = true };
    vn_tree *const f = vn_filter_value_and_grad(vn_function(loss, 2), &aux);
    vn_tree *const weights = vn_tuple(vn_zeros(VN_F32, VN_SHAPE(channels, channels, 3, 3)),
                                      vn_zeros(VN_F32, VN_SHAPE(channels, 1, 1)),
                                      vn_zeros(VN_F32, VN_SHAPE(channels, channels, 1, 1)));
    vn_array *const x = vn_zeros(VN_F32, VN_SHAPE(s.batch, channels, 12, 12));
    now = &s;
    vn__use_set(VN__ONEDNN, onednn);
    expect(steps_by_provider(f, 2, (vn_tree *[]){ weights, x }) == steps, "chosen by cost",
           s.name);
    vn__use_set(VN__ONEDNN, VN__AUTO);
    now = NULL;
}

static void check_winograd(void)
{
    static const vn_dtype dtypes[] = { VN_F32, VN_F64 };
    provider = VN__WINOGRAD;
    for (int d = 0; d < 2; d++) {
        dtype = dtypes[d];
        check_convolutions();
    }
    VN_SCOPE check_choice(4, VN__AUTO, 0);
    VN_SCOPE check_choice(32, VN__AUTO, 3);
    if (!vn__onednn_absent())
        VN_SCOPE check_choice(32, VN__ALWAYS, 0);
}

static int check_onednn(void)
{
    if (vn__onednn_absent()) {
        printf("skipped: %s\n", vn__onednn_absent());
        return 77;
    }
    check_convolutions();
    VN_SCOPE check_products(200);
    VN_SCOPE check_products(500);
    VN_SCOPE check_tokens();
    return 0;
}

int main(int argc, char **argv)
{
    const char *const what = argc > 1 ? argv[1] : "onednn";
    int status = 0;
    if (strcmp(what, "absent") == 0)
        VN_SCOPE check_absence();
    else if (strcmp(what, "winograd") == 0)
        check_winograd();
    else
        status = check_onednn();
    vn_finish();
    return report() ? 1 : status;
}
