/* SPDX-License-Identifier: MIT */
/* Layers mapped over the tokens of a sequence inside a vmap over examples: the inner axis
 * becomes a real one (core/plan/lift.c), and large examples go one by one, without lanes. The
 * compiled gradient has the numbers of the eager one and the same bits at any number of
 * threads, for sequences of one token, of many, and longer than the batch. */
#include "laws/tally.h"
#include "vernal.h"

typedef struct shape {
    int64_t batch, tokens, width, heads;
} shape;

typedef struct block {
    vn_module base;
    vn_tree *norm, *attention, *up, *down;
} block;

/* x [tokens, width] -> [tokens, width] */
static vn_tree *block_call(vn_tree *self, int n, vn_tree *const arg[])
{
    const block *const b = (const block *)(const void *)self;
    (void)n;
    vn_array *const a = vn_vmap_call(b->norm, arg[0]);
    vn_array *const x = vn_add(arg[0], vn_call(b->attention, a, a, a));
    vn_array *const y = vn_vmap_call(b->down, vn_gelu(vn_vmap_call(b->up, x)));
    return vn_sub(vn_add(x, y), vn_max_over(y, VN_AXES(0), true));
}

static const vn_field fields[] = { VN_FIELD(block, norm, TREE),
                                   VN_FIELD(block, attention, TREE),
                                   VN_FIELD(block, up, TREE), VN_FIELD(block, down, TREE) };
static const vn_type block_type = VN_MODULE_TYPE(block, fields, block_call, 1, 1);

static vn_tree *loss(vn_tree *const arg[]) /* model, x */
{
    return vn_mean(vn_square(vn_vmap_call(arg[0], arg[1])));
}

static vn_tree *model(const shape *s)
{
    vn_array *const key = vn_split(vn_key(0), 3);
    return vn_module_new(
        &block_type,
        &(block){
            .norm = vn_layer_norm(VN_SHAPE(s->width), NULL),
            .attention =
                vn_multihead_attention(s->heads, s->width, vn_subkey(key, 0), NULL),
            .up = vn_linear(s->width, 2 * s->width, vn_subkey(key, 1), NULL),
            .down = vn_linear(2 * s->width, s->width, vn_subkey(key, 2), NULL),
        });
}

static void check(const shape *s, vn_dtype dtype)
{
    static const int threads[] = { 1, 2, 3, 8 };
    vn_tree *const net = model(s);
    vn_array *const x = vn_normal(vn_key(1), VN_SHAPE(s->batch, s->tokens, s->width), dtype);
    vn_tree *const f = vn_filter_value_and_grad(vn_function(loss, 2), NULL);
    vn_tree *const fast = vn_filter_jit(f, NULL), *const eager = vn_call(f, net, x);
    const double tolerance = dtype == VN_F64 ? 1e-11 : 1e-4;
    const vn_tree_equal_options close = { .rtol = tolerance, .atol = tolerance / 10 };
    char which[64];
    snprintf(which, sizeof which, "%s, batch %lld, %lld tokens of %lld", vn_dtype_name(dtype),
             (long long)s->batch, (long long)s->tokens, (long long)s->width);
    vn_tree *first = NULL;
    for (int t = 0; t < 4; t++) {
        vn_set_num_threads(threads[t]);
        vn_tree *const got = vn_call(fast, net, x);
        first = first ? first : got;
        expect(vn_tree_equal(got, eager, &close), "compiled is not eager", which);
        expect(vn_tree_equal(got, first, NULL), "other bits with other threads", which);
    }
    vn_set_num_threads(0);
}

int main(void)
{
    static const shape shapes[] = { { 3, 1, 8, 2 },   { 20, 5, 8, 2 },  { 5, 20, 8, 2 },
                                    { 33, 17, 24, 3 }, { 7, 7, 16, 1 }, { 65, 64, 64, 4 },
                                    { 1, 40, 32, 2 } };
    for (int wide = 0; wide < 2; wide++) {
        const vn_dtype dtype = wide ? VN_F64 : VN_F32;
        vn_set_default_dtype(dtype);
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
            VN_SCOPE check(&shapes[i], dtype);
    }
    vn_finish();
    return report();
}
