/* SPDX-License-Identifier: MIT */
/* BERT reads handwritten digits as sentences (Equinox: bert, on sentences in English).
 *
 * Each square of 2 x 2 pixels is a word, one of 9 shades; an image is a sentence of 16 words
 * behind a start token. What the words mean and where they stand, BERT has to learn. Id 0 is
 * padding, which is masked: more of it must not change an answer, and the program checks
 * that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vernal.h>

#include "support/digits.h"
#include "support/encoder.h"
#include "support/option.h"
#include "support/trainer.h"

static const char help[] = "bert [--steps N] [--full]\n"
                           "steps (400, full 500); full: Tiny-BERT's 2 layers of size 128";

enum { BATCH = 64, START = 1, WORDS = 11 };

/* ------------------------------------- the model: token ids [tokens], a key -> logits [10] */

typedef struct bert {
    vn_module base;
    vn_tree *token, *segment, *position, *norm, *dropout, *layers, *pooler, *classifier;
} bert;

static vn_tree *bert_call(vn_tree *self, int n, vn_tree *const arg[])
{
    const bert *m = (const bert *)self;
    vn_array *ids = arg[0], *seen = vn_ne(ids, vn_int(0));
    vn_array *k = n > 1 ? vn_split(arg[1], 3) : NULL;
    vn_array *x = vn_add(vn_vmap_call(m->token, ids), vn_call(m->segment, vn_int(0)));
    x = vn_add(x, vn_vmap_call(m->position, vn_arange(VN_I32, vn_dim(ids, 0))));
    x = vn_call(m->dropout, vn_vmap_call(m->norm, x), k ? vn_subkey(k, 0) : vn_none());
    vn_array *mask = vn_and(vn_expand_dims(seen, 0), vn_expand_dims(seen, 1));
    x = encoder_apply(m->layers, x, mask, k ? vn_subkey(k, 1) : vn_none());
    x = vn_tanh(vn_call(m->pooler, vn_index(x, 0, 0))); /* of the start token */
    return vn_call(m->classifier, vn_call(m->dropout, x, k ? vn_subkey(k, 2) : vn_none()));
}

static const vn_field bert_fields[] = {
    VN_FIELD(bert, token, TREE),  VN_FIELD(bert, segment, TREE), VN_FIELD(bert, position, TREE),
    VN_FIELD(bert, norm, TREE),   VN_FIELD(bert, dropout, TREE), VN_FIELD(bert, layers, TREE),
    VN_FIELD(bert, pooler, TREE), VN_FIELD(bert, classifier, TREE),
};
static const vn_type bert_type = VN_MODULE_TYPE(bert, bert_fields, bert_call, 1, 2);

static vn_tree *bert_new(int64_t vocabulary, const encoder_sizes *s, vn_array *key)
{
    vn_array *k = vn_split(key, 6);
    return vn_module_new(&bert_type, &(bert){
        .token = vn_embedding(vocabulary, s->size, vn_subkey(k, 0), NULL),
        .segment = vn_embedding(2, s->size, vn_subkey(k, 1), NULL),
        .position = vn_embedding(512, s->size, vn_subkey(k, 2), NULL),
        .norm = vn_layer_norm(VN_SHAPE(s->size), NULL), .dropout = vn_dropout(s->dropout, NULL),
        .layers = encoder_blocks(s, vn_subkey(k, 3)),
        .pooler = vn_linear(s->size, s->size, vn_subkey(k, 4), NULL),
        .classifier = vn_linear(s->size, 10, vn_subkey(k, 5), NULL) });
}

static vn_tree *loss(vn_tree *const arg[]) /* model, (ids, labels, keys) -> f32[] */
{
    vn_array *y = vn_call(vn_filter_vmap(arg[0], NULL), vn_at(arg[1], 0), vn_at(arg[1], 2));
    return softmax_cross_entropy(y, vn_at(arg[1], 1));
}

static vn_array *sentences(vn_array *images) /* [n, 1, 8, 8] -> ids [n, 17] */
{
    const vn_window square = { .n = 2, .size = { 2, 2 }, .stride = { 2, 2 } };
    vn_array *shade = vn_round(vn_scale(2, vn_pool_sum(images, &square))); /* 0 .. 8 */
    vn_array *words = vn_add(vn_cast(shade, VN_I32), vn_int(START + 1));
    vn_array *start = vn_full(VN_I32, VN_SHAPE(vn_dim(images, 0), 1), START);
    return vn_concat(1, start, vn_reshape(words, VN_SHAPE(-1, 16)));
}

int main(int argc, char **argv)
{
    if (!options_are(argc, argv, "--steps --full!"))
        return puts(help), strcmp(argv[1], "--help") != 0;
    const bool full = flag(argc, argv, "--full");
    const long steps = atol(option(argc, argv, "--steps", full ? "500" : "400"));
    digits d = { 0 };
    if (!digits_load(&d, "data/digits.csv.gz"))
        return verdict(false);
    const encoder_sizes small = { 2, 32, 64, 4, 0, true };
    const encoder_sizes tiny = { 2, 128, 512, 2, 0.1, true };
    vn_tree *model = bert_new(WORDS, full ? &tiny : &small, vn_key(0));
    vn_tree *rate = vn_cosine_decay_schedule(full ? 1e-3 : 1e-2, steps, NULL);
    trainer t = trainer_create(model, vn_chain(vn_clip_by_global_norm(1), vn_adam(rate, NULL)),
                               loss);
    vn_array *ids = sentences(d.x), *ids_test = sentences(d.x_test);
    for (long i = 0; i < steps && vn_ok(); i++)
        VN_SCOPE {
            vn_tree *batch = trainer_batch(&t, i, BATCH, ids, d.y);
            vn_array *keys = vn_split(vn_fold_in(vn_key(1), vn_int(i)), BATCH);
            batch = vn_tuple(vn_at(batch, 0), vn_at(batch, 1), keys);
            trainer_report(&t, i, steps, trainer_step(&t, batch));
        }
    vn_tree *frozen = vn_inference_mode(t.model, true);
    vn_tree *answer = vn_filter_jit(vn_filter_vmap(frozen, NULL), NULL);
    vn_array *y = vn_call(answer, ids_test), *right = vn_eq(vn_argmax(y, 1), d.y_test);
    vn_array *padding = vn_zeros(VN_I32, VN_SHAPE(vn_dim(ids_test, 0), 8));
    vn_array *other = vn_call(answer, vn_concat(1, ids_test, padding));
    const double change = vn_item(vn_max(vn_abs(vn_sub(y, other))));
    const double accuracy = 100 * vn_item(vn_mean(vn_cast(right, VN_F32)));
    printf("held-out digits recognised: %.1f %%; padding changes logits by %.0e\n", accuracy,
           change);
    trainer_destroy(&t);
    return verdict(change < 1e-4 && (accuracy > 80 || steps < 400));
}
