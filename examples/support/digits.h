/* SPDX-License-Identifier: MIT */
/* The handwritten digits of data/digits.csv.gz, every fifth of them held out. */
#ifndef EXAMPLES_SUPPORT_DIGITS_H
#define EXAMPLES_SUPPORT_DIGITS_H

#include <vernal.h>

typedef struct digits {
    vn_array *x, *y;           /* f32[1437, 1, 8, 8] in 0..1, i32[1437] */
    vn_array *x_test, *y_test; /* the same of 360 others */
} digits;

/* Of the calling thread's scope. False and an error if the file cannot be read. */
bool digits_load(digits *d, const char *path);

/* (model, x, y) -> f32[]: for how many per cent of x the model's largest logit is that of y. */
vn_tree *digits_accuracy(vn_tree *const arg[]);

#endif
