/* SPDX-License-Identifier: MIT */
/* What the models of several families share: layers in order, losses, data. */
#include <string.h>

#include "bench.h"

bench_activation_fn *bench_activation(const bench_problem *p, const char *otherwise)
{
    static const struct {
        const char *name;
        bench_activation_fn *fn;
    } rows[] = { { "relu", vn_relu },         { "tanh", vn_tanh },
                 { "gelu", vn_gelu },         { "sigmoid", vn_sigmoid },
                 { "softplus", vn_softplus }, { "silu", vn_silu },
                 { "identity", vn_identity }, { "sin", vn_sin } };
    const char *const word = bench_word(p, "act", otherwise);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].name, word))
            return rows[i].fn;
    bench_complain(p, "no such activation");
    return NULL;
}

void bench_push(bench_layers *layers, vn_tree *layer) { layers->layer[layers->n++] = layer; }

void bench_push_function(bench_layers *layers, bench_activation_fn *fn)
{
    bench_push(layers, vn_lambda(vn_unary(fn)));
}

vn_tree *bench_model(const bench_layers *layers)
{
    return vn_sequential_n(layers->n, layers->layer);
}

vn_tree *bench_mean_square(vn_tree *const arg[])
{
    return vn_mean(vn_square(vn_sub(vn_vmap_call(arg[0], arg[1]), arg[2])));
}

/* Of one example: -log softmax(model(x))[y]. */
static vn_tree *example_cross_entropy(vn_tree *const arg[])
{
    vn_array *const logits = vn_call(arg[0], arg[1]);
    return vn_neg(vn_dynamic_index(vn_log_softmax(logits, -1), arg[2], 0));
}

vn_tree *bench_cross_entropy(vn_tree *const arg[])
{
    vn_tree *const axes[] = { vn_none(), vn_int(0), vn_int(0) };
    vn_tree *const each = vn_filter_vmap(vn_function(example_cross_entropy, 3),
                                         &(vn_vmap_options){ .in_axes = axes, .n_in = 3 });
    return vn_mean(vn_call_n(each, 3, arg));
}

vn_array *bench_data(const bench_problem *p, int64_t seed, vn_shape shape)
{
    return vn_normal(vn_key(seed), shape, p->dtype);
}

vn_array *bench_labels(int64_t seed, vn_shape shape, int64_t classes)
{
    return vn_randint(vn_key(seed), shape, 0, classes, VN_I32);
}
