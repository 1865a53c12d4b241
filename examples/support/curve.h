/* SPDX-License-Identifier: MIT */
/* Curves as a picture: a few lines over a common step axis, logarithmic upwards, as SVG. */
#ifndef EXAMPLES_SUPPORT_CURVE_H
#define EXAMPLES_SUPPORT_CURVE_H

typedef struct curve {
    const char *name;
    int n;
    const double *value; /* positive, one a step */
} curve;

/* 0, or an errno of the file. */
int curves_write_svg(const char *path, const char *title, int n, const curve curves[]);

#endif
