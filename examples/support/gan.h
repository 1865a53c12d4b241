/* SPDX-License-Identifier: MIT */
/* A generator g and a discriminator d with batch normalisation learn from each other:
 *
 *     d minimises  mean softplus(-d(x)) + mean softplus(d(g(z)))     x real, z noise
 *     g minimises  mean softplus(-d(g(z)))
 *
 * The axis that is mapped over the batch is called "batch". */
#ifndef EXAMPLES_SUPPORT_GAN_H
#define EXAMPLES_SUPPORT_GAN_H

#include <vernal.h>

typedef struct gan {
    vn_tree *players; /* (g, d), each (model, its state, the optimiser's state) */
    vn_tree *step;    /* compiled */
    double loss_g, loss_d;
} gan;

/* Models (x, state) -> (y, state); d returns logits. */
gan gan_create(vn_tree *generator, vn_tree *discriminator, vn_tree *optimiser);
void gan_destroy(gan *t);

/* One step of the optimiser for d, then one for g; the losses before it. */
void gan_step(gan *t, vn_array *x, vn_array *z);

/* g(z) in inference mode: with averages instead of the numbers of this batch. */
vn_array *gan_draw(const gan *t, vn_array *z);

#endif
