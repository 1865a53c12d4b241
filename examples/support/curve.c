/* SPDX-License-Identifier: MIT */
/* Raw values thin and pale, their running mean thick: loss curves are noisy. */
#include "curve.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

enum { WIDTH = 760, HEIGHT = 440, LEFT = 70, RIGHT = 20, TOP = 50, BOTTOM = 50 };

static const char *const colours[] = { "#0b6e4f", "#c8553d", "#33658a", "#7b2d8b" };

/* The window in which the curves are seen. */
typedef struct view {
    int steps;
    int low, high; /* powers of ten */
} view;

static double x_of(const view *v, int i)
{
    return LEFT + (double)(WIDTH - LEFT - RIGHT) * i / (v->steps > 1 ? v->steps - 1 : 1);
}

static double y_of(const view *v, double value)
{
    const double up = (log10(value) - v->low) / (v->high - v->low);
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (up < 0 ? 0 : up > 1 ? 1 : up);
}

static view look_at(int n, const curve curves[])
{
    view v = { 1, 10, -10 };
    for (int c = 0; c < n; c++) {
        v.steps = curves[c].n > v.steps ? curves[c].n : v.steps;
        for (int i = 0; i < curves[c].n; i++) {
            const double power = log10(fmax(curves[c].value[i], 1e-4));
            v.low = floor(power) < v.low ? (int)floor(power) : v.low;
            v.high = ceil(power) > v.high ? (int)ceil(power) : v.high;
        }
    }
    v.high = v.high > v.low ? v.high : v.low + 1;
    return v;
}

static void draw_line(FILE *file, const view *v, const curve *c, int window, const char *style)
{
    double sum = 0;
    fprintf(file, "<polyline fill='none' %s points='", style);
    for (int i = 0; i < c->n; i++) {
        sum += c->value[i] - (i >= window ? c->value[i - window] : 0);
        const double mean = sum / (i < window ? i + 1 : window);
        fprintf(file, "%.1f,%.1f ", x_of(v, i), y_of(v, fmax(mean, 1e-9)));
    }
    fprintf(file, "'/>\n");
}

static void draw_axes(FILE *file, const view *v, const char *title)
{
    fprintf(file, "<text x='%d' y='28' font-size='17'>%s</text>\n", LEFT, title);
    for (int p = v->low; p <= v->high; p++) {
        const double y = y_of(v, pow(10, p));
        fprintf(file, "<line x1='%d' y1='%.1f' x2='%d' y2='%.1f' stroke='#ddd'/>\n", LEFT, y,
                WIDTH - RIGHT, y);
        fprintf(file, "<text x='%d' y='%.1f' text-anchor='end'>%g</text>\n", LEFT - 8, y + 4,
                pow(10, p));
    }
    for (int k = 0; k <= 4; k++) {
        const int step = v->steps * k / 4;
        fprintf(file, "<text x='%.1f' y='%d' text-anchor='middle'>%d</text>\n", x_of(v, step),
                HEIGHT - BOTTOM + 20, step);
    }
    fprintf(file, "<text x='%d' y='%d' text-anchor='middle'>step</text>\n",
            (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10);
}

int curves_write_svg(const char *path, const char *title, int n, const curve curves[])
{
    FILE *const file = fopen(path, "w");
    if (!file)
        return errno;
    const view v = look_at(n, curves);
    fprintf(file, "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' "
            "font-family='sans-serif' font-size='12' fill='#333'>\n"
            "<rect width='100%%' height='100%%' fill='white'/>\n", WIDTH, HEIGHT);
    draw_axes(file, &v, title);
    for (int c = 0; c < n; c++) {
        const char *const colour = colours[c % 4];
        char style[96];
        snprintf(style, sizeof style, "stroke='%s' stroke-opacity='0.25'", colour);
        draw_line(file, &v, &curves[c], 1, style);
        snprintf(style, sizeof style, "stroke='%s' stroke-width='2.5'", colour);
        draw_line(file, &v, &curves[c], 1 + curves[c].n / 40, style);
        fprintf(file, "<text x='%d' y='%d' text-anchor='end' fill='%s'>", WIDTH - 28,
                TOP + 18 + 20 * c, colour);
        fprintf(file, "%s</text>\n", curves[c].name);
    }
    fprintf(file, "</svg>\n");
    return ferror(file) | fclose(file) ? EIO : 0;
}
