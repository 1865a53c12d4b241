/* SPDX-License-Identifier: MIT */
/* How batches are cut: the gradient of every batch is that of the eager call, with the same
 * bits at one thread and at three, and a small batch is work for several workers. */
#include <stdlib.h>
#include <string.h>

#include "laws/describe.h"
#include "laws/tally.h"

enum { IN = 6, OUT = 3, STEPS = 4 };

static vn_tree *mean_square(vn_tree *const arg[]) /* model, x, y */
{
    return vn_mean(vn_square(vn_sub(vn_vmap_call(arg[0], arg[1]), arg[2])));
}

/* A cell that every example runs over the same input a few times. */
static vn_tree *cell_step(vn_tree *const arg[]) /* cell, x, i, h */
{
    return vn_call(arg[0], arg[1], arg[3]);
}

static vn_tree *last_state(vn_tree *const arg[]) /* cell, x */
{
    vn_tree *const body = vn_partial(vn_function(cell_step, 4), arg[0], arg[1]);
    return vn_fori_loop(0, STEPS, body, vn_zeros(vn_dtype_of(arg[1]), VN_SHAPE(OUT)));
}

static vn_tree *cell_loss(vn_tree *const arg[]) /* cell, x, y */
{
    vn_tree *const f = vn_partial(vn_function(last_state, 2), arg[0]);
    return vn_mean(vn_square(vn_sub(vn_vmap_call(f, arg[1]), arg[2])));
}

/* A small image through convolutions, and a sequence through attention, whose tokens are more
 * than the examples. */
static vn_tree *image_loss(vn_tree *const arg[]) /* model, x, y */
{
    vn_array *const x = vn_reshape(arg[1], VN_SHAPE(vn_dim(arg[1], 0), 1, 2, 3));
    vn_array *const h = vn_vmap_call(arg[0], x);
    return vn_mean(vn_square(vn_sub(vn_mean_over(h, VN_AXES(2, 3), false), arg[2])));
}

enum { TOKENS = 24 };

static vn_tree *attention_of(int64_t heads, int64_t width)
{
    return vn_tuple(vn_multihead_attention(heads, width, vn_key(0), NULL),
                    vn_linear(width, OUT, vn_key(1), NULL));
}

static vn_tree *sequence(vn_tree *const arg[]) /* model, x */
{
    vn_array *const x =
        vn_mul(vn_reshape(vn_arange(vn_dtype_of(arg[1]), TOKENS), VN_SHAPE(TOKENS, 1)), arg[1]);
    vn_array *const h = vn_call(vn_at(arg[0], 0), vn_tanh(x), vn_sin(x), vn_cos(x));
    return vn_mean_over(vn_vmap_call(vn_at(arg[0], 1), h), VN_AXES(0), false);
}

static vn_tree *sequence_loss(vn_tree *const arg[]) /* model, x, y */
{
    vn_tree *const f = vn_partial(vn_function(sequence, 2), arg[0]);
    return vn_mean(vn_square(vn_sub(vn_vmap_call(f, arg[1]), arg[2])));
}

/* Members with weights of their own, all of which see the same examples. */
static vn_tree *product(vn_tree *const arg[]) { return vn_matmul(arg[0], arg[1]); }

static vn_tree *member(vn_tree *const arg[]) /* weights, x */
{
    vn_tree *axes[] = { vn_none(), vn_int(0) };
    const vn_vmap_options o = { .in_axes = axes, .n_in = 2 };
    vn_array *const y = vn_call(vn_filter_vmap(vn_function(product, 2), &o), arg[0], arg[1]);
    return vn_add(vn_sum(vn_square(y)), vn_sum(vn_matmul(arg[0], arg[0])));
}

static vn_tree *ensemble_loss(vn_tree *const arg[]) /* weights, x, y */
{
    vn_tree *axes[] = { vn_int(0), vn_none() };
    const vn_vmap_options o = { .in_axes = axes, .n_in = 2 };
    return vn_mean(vn_call(vn_filter_vmap(vn_function(member, 2), &o), arg[0], arg[1]));
}

static vn_tree *call(vn_tree *f, int threads, vn_tree *const arg[])
{
    vn_set_num_threads(threads);
    return vn_call_n(f, 3, arg);
}

static void check_batch(const char *which, vn_fn *loss, vn_tree *model, int64_t n, int64_t in)
{
    static const vn_tree_equal_options close = { .rtol = 1e-11, .atol = 1e-13 };
    vn_tree *const grad = vn_filter_value_and_grad(vn_function(loss, 3), NULL);
    vn_tree *const arg[] = { model, vn_normal(vn_key(1), VN_SHAPE(n, in), VN_F64),
                             vn_normal(vn_key(2), VN_SHAPE(n, OUT), VN_F64) };
    vn_tree *const jitted = vn_filter_jit(grad, NULL);
    vn_tree *const eager = call(grad, 1, arg), *const one = call(jitted, 1, arg);
    vn_tree *const three = call(jitted, 3, arg);
    expect_of(one && eager && three, "there is a gradient", which, n);
    if (n == 0) /* the mean of nothing is no number */
        return;
    expect_of(vn_tree_equal(one, eager, &close), "as the eager call", which, n);
    expect_of(leaves_agree(three, one, same_bits), "the bits of one thread", which, n);
}

/* A model of sequences whose totals are too large for slots of few examples: step by step. */
static void check_large(void)
{
    enum { WIDE = 320 };
    vn_tree *const attention = attention_of(4, WIDE);
    for (int64_t n = 1; n < 4; n++)
        check_batch("large attention", sequence_loss, attention, n, WIDE);
}

/* Matrices that all workers share while a batch is small, and one that is not. */
static void check_shared(void)
{
    static const int64_t batches[] = { 1, 4, 5, 8, 33, 129, 520 };
    vn_tree *const mlp = vn_mlp(IN, OUT, 200, 2, vn_key(0), NULL);
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
        VN_SCOPE check_batch("MLP of middle size", mean_square, mlp, batches[i], IN);
}

/* ---- the description says how many slots, lanes and examples there are */

/* The number before a word of the first stage. */
static int64_t described(const char *word, vn_fn *loss, vn_tree *model, int64_t n, int64_t in,
                         int64_t out)
{
    static char text[LAW_TEXT];
    vn_tree *const grad = vn_filter_value_and_grad(vn_function(loss, 3), NULL);
    const vn_dtype dtype = vn_default_dtype();
    vn_tree *const arg[] = { model, vn_zeros(dtype, VN_SHAPE(n, in)),
                             vn_zeros(dtype, VN_SHAPE(n, out)) };
    law_describe(text, vn_plan_print, grad, 3, arg);
    const char *from = strstr(text, word);
    while (from && from > text && strchr("0123456789", from[-1]))
        from--;
    return from ? strtoll(from, NULL, 10) : 0;
}

static int64_t slots_of(vn_tree *model, int64_t n, int64_t in, int64_t out)
{
    return described(" slots", mean_square, model, n, in, out);
}

/* A few examples one by one, unless they are less work than the steps that they begin again;
 * the examples of a model of sequences, not their tokens. */
static void check_few(void)
{
    vn_tree *const mlp = vn_mlp(64, 10, 128, 2, vn_key(0), NULL);
    vn_tree *const small = vn_mlp(2, 2, 8, 2, vn_key(0), NULL);
    for (int64_t n = 1; n < 7; n++) {
        expect_of((described(" lanes", mean_square, mlp, n, 64, 10) == 1) == (n <= 4), "alone",
                  "64-128-128-10", n);
        expect_of((described(" lanes", mean_square, small, n, 2, 2) == 1) == (n == 1), "alone",
                  "2-8-8-2", n);
    }
    vn_tree *const attention = attention_of(2, IN);
    expect_of(described(" examples", sequence_loss, attention, 5, IN, OUT) == 5,
              "examples lead", "attention", 5);
    vn_array *const weights = vn_zeros(VN_F32, VN_SHAPE(5, IN, IN));
    expect_of(described(" examples", ensemble_loss, weights, 24, IN, OUT) == 24,
              "members do not lead", "ensemble", 24);
}

static void check_slots(void)
{
    static const int64_t batches[][2] = { { 32, 2 },  { 64, 2 },   { 128, 4 },
                                          { 256, 4 }, { 1024, 8 }, { 8192, 16 } };
    vn_tree *const model = vn_mlp(64, 10, 128, 2, vn_key(0), NULL);
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
        expect_of(slots_of(model, batches[i][0], 64, 10) >= batches[i][1],
                  "as many slots as workers can use", "64-128-128-10", batches[i][0]);
    expect_of(slots_of(vn_mlp(2, 2, 8, 2, vn_key(0), NULL), 100, 2, 2) == 1,
              "one slot for microseconds of work", "2-8-8-2", 100);
    vn_tree *const wide = vn_mlp(300, 300, 300, 1, vn_key(0), NULL);
    expect_of(slots_of(wide, 256, 300, 300) == 1, "step by step", "300-300-300", 256);
    expect_of(slots_of(wide, 8192, 300, 300) == 16, "the batch pays", "300-300-300", 8192);
    vn_tree *const hidden = vn_mlp(16, 16, 4096, 1, vn_key(0), NULL);
    expect_of(slots_of(hidden, 2048, 16, 16) == 16, "the values pay", "16-4096-16", 2048);
}

/* Large matrices: step by step while a batch has few values, then as many slots as it pays for;
 * the same in f32 and f64. */
static void check_middle(void)
{
    static const int64_t slots[][2] = { { 8, 1 },    { 64, 1 },    { 512, 1 },
                                        { 1024, 8 }, { 8192, 16 }, { 65536, 128 } };
    for (int f64 = 0; f64 < 2; f64++) {
        vn_set_default_dtype(f64 ? VN_F64 : VN_F32);
        vn_tree *const model = vn_mlp(64, 16, 256, 2, vn_key(0), NULL);
        for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
            const int64_t n = slots[i][0], least = slots[i][1];
            const int64_t most = least > 1 ? 2 * least : 1, found = slots_of(model, n, 64, 16);
            expect_of(least <= found && found <= most, "slots",
                      f64 ? "64-256-256-16 in f64" : "64-256-256-16", n);
        }
    }
}

int main(void)
{
    static const int64_t batches[] = { 0,   1,   2,   3,   4,   5,   8,   15,  16,  17,
                                       20,  31,  32,  33,  40,  48,  63,  64,  65,  100,
                                       127, 128, 129, 256, 257, 300, 520, 1000 };
    VN_SCOPE
    {
        vn_set_default_dtype(VN_F64);
        vn_tree *const mlp = vn_mlp(IN, OUT, 90, 2, vn_key(0), NULL);
        vn_tree *const cell = vn_gru_cell(IN, OUT, vn_key(0), NULL);
        const vn_conv_nd_options same = { .padding_rule = VN_PADDING_SAME };
        vn_tree *const conv = vn_conv2d(1, OUT, VN_SHAPE(3), vn_key(0), &same);
        vn_tree *const attention = attention_of(2, IN);
        for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
            VN_SCOPE
            {
                check_batch("MLP", mean_square, mlp, batches[i], IN);
                check_batch("convolution", image_loss, conv, batches[i], IN);
                if (batches[i] > 300) /* the eager calls take long */
                    continue;
                check_batch("GRU", cell_loss, cell, batches[i], IN);
                check_batch("attention", sequence_loss, attention, batches[i], IN);
            }
        check_large();
        check_shared();
        vn_set_default_dtype(VN_F32);
        check_slots();
        check_few();
        check_middle();
    }
    vn_finish();
    return report();
}
