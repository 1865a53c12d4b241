/* SPDX-License-Identifier: MIT */
/* Images that a model made: to look at, and how close to real ones they are. */
#ifndef EXAMPLES_SUPPORT_IMAGES_H
#define EXAMPLES_SUPPORT_IMAGES_H

#include <vernal.h>

/* The first n of x [count, 1, height, width] side by side as characters: 0 blank, 1 dark. */
void images_print(vn_array *x, int n);

/* For each x [n, ..] the nearest of data [m, ..]: (root mean square difference of their
 * elements f32[n], which one it is i32[n]). */
vn_tree *images_nearest(vn_array *x, vn_array *data);

/* How many of 10 classes occur among labels i32[n]. */
int classes_of(vn_array *labels);

#endif
