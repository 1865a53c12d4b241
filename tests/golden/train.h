/* SPDX-License-Identifier: MIT */
/* What the training runs share: one compiled step, and the comparison of a whole run. */
#ifndef VN_TESTS_GOLDEN_TRAIN_H
#define VN_TESTS_GOLDEN_TRAIN_H

#include "golden/groups.h"

typedef struct training {
    vn_tree *model; /* as initialised: held against eqx_init */
    vn_tree *optimiser;
    vn_tree *spec; /* bools: what is trained; NULL: all inexact arrays */
    vn_fn *loss;   /* model, x, y -> scalar */
    /* The batch of step k; the same one for ever if it is NULL. */
    void (*batch)(vn_array **x, vn_array **y, struct training *t, int k);
    vn_array *x, *y; /* all the data */
    vn_array *loader_key, *order;
    int64_t batch_size, start;
    golden_level (*init_level)(const char *path); /* NULL: exact */
} training;

/* Trains as many steps as the case has losses, and compares the losses and the final model. */
void golden_train(golden_run *r, golden_case *c, training *t);
/* Batches of shuffled examples: a permutation of the key, batches while end < size, then
 * (key,) = split(key, 1). */
void golden_shuffled(vn_array **x, vn_array **y, training *t, int k);

void golden_train_mlp(golden_run *r, golden_case *c);
void golden_train_frozen(golden_run *r, golden_case *c);
void golden_train_rnn(golden_run *r, golden_case *c);
void golden_train_cnn(golden_run *r, golden_case *c);
void golden_train_transformer(golden_run *r, golden_case *c);
void golden_train_stateful(golden_run *r, golden_case *c);

#endif
