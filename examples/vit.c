/* SPDX-License-Identifier: MIT */
/* A vision transformer on handwritten digits (Equinox: vision_transformer).
 *
 * An image becomes a sequence of patches with a class token in front, blocks of attention
 * follow (support/encoder.c), and the class token goes to the head. Dropout needs a key for
 * each image in training; for the test vn_inference_mode switches it off, and the model is
 * called without. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vernal.h>

#include "support/digits.h"
#include "support/encoder.h"
#include "support/option.h"
#include "support/trainer.h"

static const char help[] = "vit [--steps N] [--full]\n"
                           "steps (300); full: Equinox's model, 6 layers of size 512";

enum { BATCH = 64 };

/* ------------------------------------- the model: image [1, 8, 8], a key -> logits [10] */

typedef struct vit {
    vn_module base;
    vn_tree *embedding, *position, *class_token, *blocks, *head;
} vit;

static vn_tree *vit_call(vn_tree *self, int n, vn_tree *const arg[])
{
    const vit *m = (const vit *)self;
    vn_array *x = vn_call(m->embedding, arg[0]); /* [size, 4, 4] */
    x = vn_swapaxes(vn_reshape(x, VN_SHAPE(vn_dim(x, 0), -1)), 0, 1);
    x = vn_add(vn_concat(0, m->class_token, x), m->position);
    x = encoder_apply(m->blocks, x, vn_none(), n > 1 ? arg[1] : vn_none());
    return vn_call(m->head, vn_index(x, 0, 0));
}

static const vn_field vit_fields[] = {
    VN_FIELD(vit, embedding, TREE), VN_FIELD(vit, position, TREE),
    VN_FIELD(vit, class_token, TREE), VN_FIELD(vit, blocks, TREE), VN_FIELD(vit, head, TREE),
};
static const vn_type vit_type = VN_MODULE_TYPE(vit, vit_fields, vit_call, 1, 2);

static vn_tree *vit_new(const encoder_sizes *s, vn_array *key)
{
    const vn_conv_nd_options patches = { .stride = VN_SHAPE(2) };
    vn_array *k = vn_split(key, 5);
    return vn_module_new(&vit_type, &(vit){
        .embedding = vn_conv2d(1, s->size, VN_SHAPE(2), vn_subkey(k, 0), &patches),
        .position = vn_normal(vn_subkey(k, 1), VN_SHAPE(17, s->size), VN_F32),
        .class_token = vn_normal(vn_subkey(k, 2), VN_SHAPE(1, s->size), VN_F32),
        .blocks = encoder_blocks(s, vn_subkey(k, 3)),
        .head = vn_sequential(vn_layer_norm(VN_SHAPE(s->size), NULL),
                              vn_linear(s->size, 10, vn_subkey(k, 4), NULL)) });
}

static vn_tree *loss(vn_tree *const arg[]) /* model, (images, labels, keys) -> f32[] */
{
    vn_tree *mapped = vn_filter_vmap(arg[0], NULL);
    vn_array *logits = vn_call(mapped, vn_at(arg[1], 0), vn_at(arg[1], 2));
    return softmax_cross_entropy(logits, vn_at(arg[1], 1));
}

int main(int argc, char **argv)
{
    if (!options_are(argc, argv, "--steps --full!"))
        return puts(help), strcmp(argv[1], "--help") != 0;
    const bool full = flag(argc, argv, "--full");
    const long steps = atol(option(argc, argv, "--steps", "300"));
    digits d = { 0 };
    if (!digits_load(&d, "data/digits.csv.gz"))
        return verdict(false);
    const encoder_sizes small = { 2, 32, 64, 4, 0.1, false };
    const encoder_sizes whole = { 6, 512, 256, 8, 0.1, false };
    vn_tree *rate = vn_cosine_decay_schedule(full ? 3e-4 : 3e-3, steps, NULL);
    vn_tree *model = vit_new(full ? &whole : &small, vn_key(0));
    trainer t = trainer_create(model, vn_adamw(rate, NULL), loss);
    for (long i = 0; i < steps && vn_ok(); i++)
        VN_SCOPE {
            vn_tree *batch = trainer_batch(&t, i, BATCH, d.x, d.y);
            vn_array *keys = vn_split(vn_fold_in(vn_key(1), vn_int(i)), BATCH);
            batch = vn_tuple(vn_at(batch, 0), vn_at(batch, 1), keys);
            trainer_report(&t, i, steps, trainer_step(&t, batch));
        }
    vn_tree *test = vn_filter_jit(vn_function(digits_accuracy, 3), NULL);
    vn_tree *frozen = vn_inference_mode(t.model, true);
    const double right = vn_item(vn_call(test, frozen, d.x_test, d.y_test));
    printf("held-out digits recognised: %.1f %%\n", right);
    trainer_destroy(&t);
    return verdict(right > 90 || steps < 300);
}
