/* SPDX-License-Identifier: MIT */
/* Derivatives against central differences of fourth order in f64,
 *     f'(0) = (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h + O(h^4),
 * along random directions: a wrong entry changes the product with almost every direction. */
#include <math.h>

#include "laws/law.h"

enum { DIRECTIONS = 3, SEED = 7 };

static const double step = 5e-4;
static const double slack = 1e-7;       /* of a derivative, relative */
static const double value_slack = 1e-9; /* of the rounding of f over h */

typedef struct point {
    vn_tree *f, *arg[LAW_MAX_ARGS + 2], *out, *g;
    int n;
} point;

/* The subject at its drawn arguments; false if there is nothing to differentiate. */
static bool at(point *p, law_run *r, const law_subject *s)
{
    *p = (point){ .f = law_function(s), .n = law_arity(s) };
    law_arguments(p->arg, s, SEED, 0, 0);
    p->out = vn_call_n(p->f, p->n, p->arg);
    if (!p->out || !vn_ok()) {
        law_fail(r, "no result");
        return false;
    }
    p->g = law_direction(p->out, SEED + 1);
    bool differentiable = !(s->flags & LAW_NO_DERIVATIVE) && law_has_inexact(p->out);
    return differentiable && law_has_inexact(vn_tuple_n(p->n, p->arg));
}

/* f at the arguments moved by h along the tangents. */
static vn_tree *moved(vn_tree *f, int n, vn_tree *const arg[], vn_tree *const tangent[],
                      double h)
{
    vn_tree *to[LAW_MAX_ARGS + 2];
    for (int i = 0; i < n; i++)
        to[i] = tangent[i] ? law_moved(arg[i], h, tangent[i]) : arg[i];
    return vn_call_n(f, n, to);
}

/* The tree of central differences of f: none where there is no inexact array. */
static vn_tree *difference(vn_tree *f, int n, vn_tree *const arg[], vn_tree *const tangent[])
{
    static const double weight[] = { 8, -8, -1, 1 }, where[] = { 1, -1, 2, -2 };
    vn_tree *sum = NULL;
    for (int i = 0; i < 4; i++) {
        vn_tree *value = moved(f, n, arg, tangent, where[i] * step);
        value = vn_tree_scale(weight[i] / (12 * step), vn_filter(value, vn_is_inexact_array));
        sum = sum ? vn_tree_add(sum, value) : value;
    }
    return sum;
}

static void directions(vn_tree *tangent[], const point *p, int k)
{
    for (int i = 0; i < p->n; i++)
        tangent[i] = law_direction(p->arg[i], 100 + (uint64_t)(k * 10 + i));
}

/* a == b up to the rounding of what they are sums of */
static void agree(law_run *r, const char *what, double a, double b, double allowed)
{
    r->compared++;
    if (!(fabs(a - b) <= allowed))
        law_fail(r, "%s: %.17g and %.17g, %.3g apart (allowed %.3g)", what, a, b, fabs(a - b),
                 allowed);
}

/* An op without a derivative says so. */
static void expect_refusal(law_run *r, const law_subject *s)
{
    vn_tree *arg[LAW_MAX_ARGS + 1], *f = law_function(s);
    law_arguments(arg, s, SEED, 0, 0);
    vn_tree *pair = vn_filter_vjp(f, law_arity(s), arg);
    vn_call(vn_at(pair, 1), law_direction(vn_at(pair, 0), SEED + 1));
    r->compared++;
    if (vn_error_status() != VN_ERR_DERIVATIVE)
        law_fail(r, "gives a derivative");
    vn_error_clear();
}

void law_vjp(law_run *r, const law_subject *s)
{
    point p;
    if (s->flags & LAW_NO_DERIVATIVE)
        expect_refusal(r, s);
    if (!at(&p, r, s) || s->flags & LAW_NO_DIFFERENCE)
        return;
    vn_tree *pair = vn_filter_vjp(p.f, p.n, p.arg);
    vn_tree *cotangent = vn_call(vn_at(pair, 1), p.g);
    if (!law_close(r, "value under vjp", vn_at(pair, 0), p.out, 1e-13))
        return;
    for (int k = 0; cotangent && k < DIRECTIONS; k++) {
        vn_tree *tangent[LAW_MAX_ARGS + 1];
        double scale = 0, size = 0, unused = 0;
        directions(tangent, &p, k);
        law_inner(p.out, p.g, &size);
        double got = law_inner(cotangent, vn_tuple_n(p.n, tangent), &scale);
        double want = law_inner(difference(p.f, p.n, p.arg, tangent), p.g, &unused);
        agree(r, "<vjp(g), t> and a difference", got, want, slack * scale + value_slack * size);
    }
    if (!cotangent)
        law_fail(r, "no cotangents");
}

void law_jvp(law_run *r, const law_subject *s)
{
    point p;
    if (!at(&p, r, s) || s->flags & LAW_NO_DIFFERENCE)
        return;
    vn_tree *tangent[LAW_MAX_ARGS + 1];
    directions(tangent, &p, 0);
    vn_tree *pair = vn_filter_jvp(p.f, p.n, p.arg, tangent);
    vn_tree *want = difference(p.f, p.n, p.arg, tangent);
    if (law_close(r, "value under jvp", vn_at(pair, 0), p.out, 1e-13))
        law_close(r, "jvp and a difference", vn_at(pair, 1), want, slack);
}

void law_transpose(law_run *r, const law_subject *s)
{
    point p;
    if (!at(&p, r, s))
        return;
    vn_tree *cotangent = vn_call(vn_at(vn_filter_vjp(p.f, p.n, p.arg), 1), p.g);
    for (int k = 0; k < DIRECTIONS; k++) {
        vn_tree *tangent[LAW_MAX_ARGS + 1];
        double scale = 0;
        directions(tangent, &p, k);
        vn_tree *out = vn_at(vn_filter_jvp(p.f, p.n, p.arg, tangent), 1);
        double forward = law_inner(out, p.g, &scale);
        double reverse = law_inner(cotangent, vn_tuple_n(p.n, tangent), &scale);
        bool rounds = s->flags & LAW_NO_DIFFERENCE; /* a cast rounds tangents, too */
        agree(r, "<jvp(t), g> and <t, vjp(g)>", forward, reverse,
              (rounds ? 1e-7 : 1e-12) * scale);
    }
}

/* The derivative of the vjp, by reverse and by forward mode over it. */
void law_second(law_run *r, const law_subject *s)
{
    point p;
    if (!at(&p, r, s) || s->flags & (LAW_NO_SECOND | LAW_NO_DIFFERENCE))
        return;
    vn_tree *f = law_cotangents(p.f), *tangent[LAW_MAX_ARGS + 2];
    int n = p.n + 1;
    p.arg[p.n] = p.g;
    directions(tangent, &p, 0);
    tangent[p.n] = law_direction(p.g, 55);
    vn_tree *first = vn_call_n(f, n, p.arg), *u = law_direction(first, 56);
    vn_tree *reverse = vn_call(vn_at(vn_filter_vjp(f, n, p.arg), 1), u);
    vn_tree *forward = vn_at(vn_filter_jvp(f, n, p.arg, tangent), 1);
    vn_tree *want = difference(f, n, p.arg, tangent);
    double scale = 0, size = 0, unused = 0;
    law_inner(first, u, &size);
    double a = law_inner(reverse, vn_tuple_n(n, tangent), &scale);
    double b = law_inner(forward, u, &scale), c = law_inner(want, u, &unused);
    if (!vn_ok() || !reverse || !forward) {
        law_fail(r, "no second derivative");
        return;
    }
    agree(r, "reverse over reverse and a difference", a, c, slack * scale + value_slack * size);
    agree(r, "forward over reverse and a difference", b, c, slack * scale + value_slack * size);
}
