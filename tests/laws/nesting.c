/* SPDX-License-Identifier: MIT */
/* Transformations under any nesting: every function of one table under every nesting of the
 * other, at once and compiled, against plain values of the function (loops over the examples,
 * differences of fourth order in f64). `nesting [text]`: the pairs whose names hold it. */
#include "laws/nesting.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "laws/tally.h"

/* ------------------------------------------------------- references by plain evaluation */

static const double weights[NEST_W] = { 0.7, -0.4, 0.3, 0.9 };
static const double direction[NEST_W] = { 0.5, -1.0, 0.25, 0.75 };
static const double examples[NEST_BATCH][NEST_X] = {
    { 0.3, 0.8 }, { -0.6, 0.2 }, { 0.9, -0.5 }, { -0.4, -0.7 }, { 0.1, 0.6 }
};

static vn_array *vector(const double *x, int n)
{
    return vn_array_from(VN_F64, VN_SHAPE(n), x);
}

static double at(vn_tree *f, const double *w, const double *x)
{
    double y = NAN;
    VN_SCOPE y = vn_item(vn_call(f, vector(w, NEST_W), vector(x, NEST_X)));
    return y;
}

/* The derivative of value(p) in p[i], which is left as it was. */
typedef double value_fn(const void *context, const double *p);

static double slope(value_fn *value, const void *context, double *p, int i, double h)
{
    static const double step[] = { -2, -1, 1, 2 }, weight[] = { 1, -8, 8, -1 };
    const double x = p[i];
    double sum = 0;
    for (int k = 0; k < 4; k++) {
        p[i] = x + step[k] * h;
        sum += weight[k] * value(context, p);
    }
    p[i] = x;
    return sum / (12 * h);
}

typedef struct point {
    vn_tree *f;
    const double *w, *x;
    int i;
} point;

static double in_w(const void *context, const double *w)
{
    const point *const p = context;
    return at(p->f, w, p->x);
}

static double in_x(const void *context, const double *x)
{
    const point *const p = context;
    return at(p->f, p->w, x);
}

static double slope_in_w(const void *context, const double *w)
{
    const point *const p = context;
    double moved[NEST_W];
    memcpy(moved, w, sizeof moved);
    return slope(in_w, p, moved, p->i, 4e-3);
}

static void descend(double *w, vn_tree *f)
{
    memcpy(w, weights, sizeof weights);
    for (int t = 0; t < 3; t++) {
        double g[NEST_W];
        for (int i = 0; i < NEST_W; i++)
            g[i] = slope(in_w, &(point){ f, w, examples[0], 0 }, w, i, 1e-3);
        for (int i = 0; i < NEST_W; i++)
            w[i] -= 0.1 * g[i];
    }
}

static void combine(nest_reference *r)
{
    for (int b = 0; b < NEST_BATCH; b++)
        for (int i = 0; i < NEST_W; i++) {
            r->grad_sum[i] += r->grad[b][i];
            r->tangent[b] += r->grad[b][i] * direction[i];
            for (int j = 0; j < NEST_W; j++)
                r->product[b][i] += r->hessian[b][i][j] * direction[j];
            r->product_sum[i] += r->product[b][i];
        }
}

static nest_reference reference(vn_tree *f)
{
    nest_reference r = { .value = { 0 } };
    double w[NEST_W], x[NEST_X];
    memcpy(w, weights, sizeof w);
    for (int b = 0; b < NEST_BATCH; b++) {
        point p = { f, weights, examples[b], 0 };
        memcpy(x, examples[b], sizeof x);
        r.value[b] = at(f, weights, examples[b]);
        for (int i = 0; i < NEST_X; i++)
            r.grad_x[b][i] = slope(in_x, &p, x, i, 1e-3);
        for (p.i = 0; p.i < NEST_W; p.i++) {
            r.grad[b][p.i] = slope(in_w, &p, w, p.i, 1e-3);
            for (int j = 0; j < NEST_W; j++)
                r.hessian[b][p.i][j] = slope(slope_in_w, &p, w, j, 4e-3);
        }
    }
    combine(&r);
    descend(r.descent, f);
    return r;
}

/* ----------------------------------------------------------------------------- the law */

static void check(const nest_function *f, const nest_nesting *n, bool jit, vn_array *got,
                  const nest_reference *r)
{
    enum { MOST = NEST_BATCH * NEST_W * NEST_W };
    double want[MOST], numbers[MOST], worst = 0, scale = 0;
    memcpy(want, (const char *)r + n->want, (size_t)n->count * sizeof *want);
    bool good =
        got && vn_size(got) == n->count && vn_copy_f64(numbers, MOST, got) == n->count;
    for (int i = 0; i < n->count; i++)
        scale = fmax(scale, fabs(want[i]));
    for (int i = 0; good && i < n->count; i++)
        worst = fmax(worst, fabs(numbers[i] - want[i]) / (scale + 1e-3));
    good = good && worst <= n->rtol;
    tally(good);
    if (!good)
        printf("FAIL %s%s of %s: off by %.2g%s%s\n", jit ? "jit of " : "", n->name, f->name,
               worst, vn_ok() ? "" : ": ", vn_error_message());
    vn_error_clear();
}

static void run(const nest_function *f, const char *filter)
{
    vn_tree *const plain = vn_function_named(f->fn, 2, f->name);
    const nest_reference r = reference(plain);
    for (int k = 0; k < nest_nesting_count; k++) {
        const nest_nesting *const n = &nest_nestings[k];
        if ((n->excludes & f->flags) || (!strstr(n->name, filter) && !strstr(f->name, filter)))
            continue;
        for (int jit = 0; jit < 2; jit++)
            VN_SCOPE
            {
                vn_tree *g = vn_partial(vn_function(n->transform, 4), plain);
                g = jit ? vn_filter_jit(g, NULL) : g;
                vn_array *xs = vn_array_from(VN_F64, VN_SHAPE(NEST_BATCH, NEST_X), examples);
                check(f, n, jit,
                      vn_call(g, vector(weights, NEST_W), xs, vector(direction, NEST_W)), &r);
            }
    }
}

int main(int argc, char **argv)
{
    vn_set_default_dtype(VN_F64);
    for (int i = 0; i < nest_function_count; i++)
        VN_SCOPE run(&nest_functions[i], argc > 1 ? argv[1] : "");
    vn_finish();
    return report();
}
