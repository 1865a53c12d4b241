/* SPDX-License-Identifier: MIT */
/* filter_jvp, filter_linearize and filter_vjp. */
#include "core/transform/derivative.h"
#include "core/transform/leaves.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

/* --------------------------------------------------------------------------- jvp */

/* A float leaf with a tangent becomes a scalar array, as its tangent does. */
static bool lift(vn_tree **primal, vn_tree **tangent)
{
    vn_tree *const p = *primal, *const t = *tangent;
    if (vn_kind_of(p) == VN_KIND_FLOAT && (vn_is_array(t) || vn_kind_of(t) == VN_KIND_FLOAT)) {
        *primal = vn_scalar(VN_DTYPE_DEFAULT, vn_float_value(p));
        if (!vn_is_array(t))
            *tangent = vn_scalar(VN_DTYPE_DEFAULT, vn_float_value(t));
        return *primal && *tangent;
    }
    if (!p || !t || vn_is_leaf(p) || p->type != t->type || vn_len(p) != vn_len(t))
        return p && t;
    for (int i = 0; i < vn_len(p); i++) {
        vn_tree *x = vn_at(p, i), *dx = vn_at(t, i);
        if (!lift(&x, &dx) || !vn__replace_child(primal, p, i, x) ||
            !vn__replace_child(tangent, t, i, dx))
            return false;
    }
    return true;
}

/* The tangent of f at marked arguments. */
static vn_tree *push(vn_tree *f, const vn__session *s, vn_tree *args, const vn__leaves *marks,
                     const vn__leaves *t)
{
    vn__leaves y = { 0 };
    vn_tree *const out = vn__call_tuple(f, args);
    vn_tree *result = NULL;
    if (out && vn__leaves_add(&y, out, vn_is_array) == VN_ERR_OK) {
        vn_array **const dy = vn__alloc((size_t)(y.n + 1) * sizeof *dy);
        int64_t next = 0;
        if (dy && vn__forward(dy, s->tape, (int)t->n, marks->item, t->item, (int)y.n, y.item,
                              s->own) == VN_ERR_OK)
            result = vn_tuple(out, vn__leaves_replace(out, vn_is_array, dy, &next, false));
        vn__free(dy);
    }
    vn__leaves_free(&y);
    return result;
}

static bool given(const char *who, vn_tree *f, int n, vn_tree *const arg[])
{
    if (f && n >= 0 && n < VN__MAX_OPERANDS && (!n || arg))
        return vn__no_nulls(who, n, arg);
    vn__fail(f ? VN_ERR_ARGUMENT : VN_ERR_NULL_ARGUMENT, "%s: %s", who,
             f ? "the number of arguments is wrong" : "the function is NULL");
    return false;
}

vn_tree *vn_filter_jvp(vn_tree *f, int n, vn_tree *const primals[], vn_tree *const tangents[])
{
    if (!given("filter_jvp", f, n, primals) || !given("filter_jvp", f, n, tangents))
        return NULL;
    vn__leaves leaves = { 0 }, marks = { 0 }, t = { 0 };
    vn__session s = { 0 };
    vn_tree *result = NULL, *x = vn_tuple_n(n, primals), *dx = vn_tuple_n(n, tangents);
    if (lift(&x, &dx) &&
        vn__leaves_align(&t, x, dx, vn_is_inexact_array, "filter_jvp: tangent") == VN_ERR_OK &&
        vn__session_begin(&s) == VN_ERR_OK) {
        vn_tree *const args = vn__session_mark(&s, x, &leaves, &marks);
        result = args ? push(f, &s, args, &marks, &t) : NULL;
    }
    if (s.tape)
        result = vn__session_end(&s, result);
    vn__leaves_free(&leaves);
    vn__leaves_free(&marks);
    vn__leaves_free(&t);
    return result;
}

/* --------------------------------------------------------------------------- linearize
 * The linear function keeps the function and its primals and takes a jvp for each call. */

typedef struct linear {
    vn_module base;
    vn_tree *fn, *primals;
} linear;

static vn_tree *linear_call(vn_tree *tree, int n, vn_tree *const arg[])
{
    const linear *const self = (const linear *)(const void *)tree;
    vn_tree *primals[VN__MAX_OPERANDS];
    if (n != vn_len(self->primals))
        return vn_error(VN_ERR_ARGUMENT, "filter_linearize: %d tangents for %d primals", n,
                        vn_len(self->primals));
    for (int i = 0; i < n; i++)
        primals[i] = vn_at(self->primals, i);
    return vn_at(vn_filter_jvp(self->fn, n, primals, arg), 1);
}

static const vn_field linear_fields[] = {
    VN_FIELD(linear, fn, TREE),
    VN_FIELD(linear, primals, TREE),
};
static const vn_type linear_type = {
    .name = "linear_fn",
    .kind = VN_KIND_MODULE,
    .size = sizeof(linear),
    .fields = linear_fields,
    .n_fields = 2,
    .call = linear_call,
    .max_args = VN__MAX_OPERANDS,
};

vn_tree *vn_filter_linearize(vn_tree *f, int n, vn_tree *const primals[])
{
    if (!given("filter_linearize", f, n, primals))
        return NULL;
    vn_tree *const args = vn_tuple_n(n, primals);
    return args ? vn_tuple(vn__call_tuple(f, args),
                           vn_module_new(&linear_type, &(linear){ .fn = f, .primals = args }))
                : NULL;
}

/* ----------------------------------------------------------------------------- vjp
 * The pullback keeps the function and its primals and records them again for each cotangent: it
 * can be called any number of times, in any transformation. */

typedef struct pullback {
    vn_module base;
    vn_tree *fn, *primals;
    bool has_aux;
} pullback;

static vn_tree *pull(const pullback *self, const vn__session *s, vn_tree *cotangent,
                     vn__leaves *leaves, vn__leaves *marks)
{
    vn_tree *const marked = vn__session_mark(s, self->primals, leaves, marks);
    vn_tree *out = marked ? vn__call_tuple(self->fn, marked) : NULL;
    if (out && self->has_aux)
        out = vn_at(out, 0);
    vn__leaves y = { 0 }, g = { 0 };
    vn_tree *result = NULL;
    vn_array **const dx = vn__alloc((size_t)(leaves->n + 1) * sizeof *dx);
    if (out && dx && vn__leaves_add(&y, out, vn_is_inexact_array) == VN_ERR_OK &&
        vn__leaves_align(&g, out, cotangent, vn_is_inexact_array, "filter_vjp: cotangent") ==
            VN_ERR_OK &&
        vn__backward(dx, s->tape, (int)marks->n, marks->item, (int)y.n, y.item, g.item,
                     s->own) == VN_ERR_OK) {
        int64_t next = 0;
        for (int64_t i = 0; i < leaves->n; i++)
            dx[i] = dx[i] ? dx[i] : vn_zeros_like(leaves->item[i]);
        result = vn__leaves_replace(self->primals, vn_is_inexact_array, dx, &next, false);
    }
    vn__free(dx);
    vn__leaves_free(&y);
    vn__leaves_free(&g);
    return result;
}

static vn_tree *pullback_call(vn_tree *tree, int n, vn_tree *const arg[])
{
    (void)n;
    vn__leaves leaves = { 0 }, marks = { 0 };
    vn__session s = { 0 };
    vn_tree *result = NULL;
    if (vn__session_begin(&s) == VN_ERR_OK)
        result = pull((const pullback *)(const void *)tree, &s, arg[0], &leaves, &marks);
    if (s.tape)
        result = vn__session_end(&s, result);
    vn__leaves_free(&leaves);
    vn__leaves_free(&marks);
    return result;
}

static const vn_field pullback_fields[] = {
    VN_FIELD(pullback, fn, TREE),
    VN_FIELD(pullback, primals, TREE),
    VN_FIELD(pullback, has_aux, BOOL),
};
static const vn_type pullback_type = {
    .name = "vjp_fn",
    .kind = VN_KIND_MODULE,
    .size = sizeof(pullback),
    .fields = pullback_fields,
    .n_fields = 3,
    .call = pullback_call,
    .min_args = 1,
    .max_args = 1,
};

static vn_tree *pullback_of(vn_tree *f, int n, vn_tree *const primals[], bool has_aux,
                            vn_tree **out)
{
    vn_tree *const args = given("filter_vjp", f, n, primals) ? vn_tuple_n(n, primals) : NULL;
    *out = args ? vn__call_tuple(f, args) : NULL;
    if (*out && has_aux && vn_len(*out) != 2)
        *out = vn_error(VN_ERR_STRUCTURE,
                        "filter_vjp: the function does not return (out, aux)");
    return *out ? vn_module_new(&pullback_type,
                                &(pullback){ .fn = f, .primals = args, .has_aux = has_aux })
                : NULL;
}

vn_tree *vn_filter_vjp(vn_tree *f, int n, vn_tree *const primals[])
{
    vn_tree *out, *const pull_fn = pullback_of(f, n, primals, false, &out);
    return pull_fn ? vn_tuple(out, pull_fn) : NULL;
}

vn_tree *vn_filter_vjp_aux(vn_tree *f, int n, vn_tree *const primals[])
{
    vn_tree *out, *const pull_fn = pullback_of(f, n, primals, true, &out);
    return pull_fn ? vn_tuple(vn_at(out, 0), pull_fn, vn_at(out, 1)) : NULL;
}
