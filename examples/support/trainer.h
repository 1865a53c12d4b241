/* SPDX-License-Identifier: MIT */
/* The training loop that most programs have in common: one compiled step. */
#ifndef EXAMPLES_SUPPORT_TRAINER_H
#define EXAMPLES_SUPPORT_TRAINER_H

#include <vernal.h>

typedef struct trainer {
    vn_tree *model, *state; /* as they are now; the state is the optimiser's */
    vn_tree *step;          /* compiled */
    vn_tree *order;         /* of the rows in this pass over the data, or NULL */
    double start;           /* time of trainer_create */
} trainer;

/* loss: (model, batch) -> scalar; a batch is any tree of arrays. */
trainer trainer_create(vn_tree *model, vn_tree *optimiser, vn_fn *loss);
void trainer_destroy(trainer *t);

/* One step of the optimiser; the loss before it. */
double trainer_step(trainer *t, vn_tree *batch);

/* A line of progress now and then, about six in all: "step 100 of 500  loss 0.1  0.2 s". */
void trainer_report(const trainer *t, int64_t i, int64_t steps, double loss);

/* Rows of x and of y, both (x, y), for step i: `size` of them, each pass in its own order.
 * Belongs to the caller's scope. */
vn_tree *trainer_batch(trainer *t, int64_t i, int64_t size, vn_array *x, vn_array *y);

/* The mean of -log softmax(logits)[label]: logits [n, classes], labels i32[n]. */
vn_array *softmax_cross_entropy(vn_array *logits, vn_array *labels);

/* Prints the error, if there is one. What main returns: 0 if all went well. */
int verdict(bool good);

#endif
