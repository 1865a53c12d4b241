/* SPDX-License-Identifier: MIT */
/* Images that a model made: to look at, and how close to real ones they are. */
#ifndef EXAMPLES_SUPPORT_IMAGES_H
#define EXAMPLES_SUPPORT_IMAGES_H

#include "support/digits.h"

/* The first n of x [count, 1, height, width] side by side as characters: 0 blank, 1 dark. */
void images_print(vn_array *x, int n);

typedef struct likeness {
    double drawn; /* distance to the nearest real digit (root of the mean square difference), */
    double real;  /* mean over what was drawn, and over digits held out, to compare with */
    int classes;  /* how many of the 10 digits are nearest to something */
} likeness;

/* Prints one line about y [n, 1, 8, 8], drawn by a model that has seen d->x. */
likeness images_likeness(vn_array *y, const digits *d);

#endif
