/* SPDX-License-Identifier: MIT */
/* filter_jvp, filter_vjp and the Jacobians made of them. */
#include "core/transform/derivative.h"
#include "core/transform/leaves.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

/* --------------------------------------------------------------------------- jvp */

/* The arguments with their inexact arrays marked; leaves and marks in order. */
static vn_tree *mark_arguments(vn__leaves *leaves, vn__leaves *marks, const vn__session *s,
                               int n, vn_tree *const primals[])
{
    vn_tree *const args = vn_tuple_n(n, primals);
    if (!args || vn__leaves_add(leaves, args, vn_is_inexact_array) != VN_ERR_OK)
        return NULL;
    for (int64_t i = 0; i < leaves->n; i++) {
        vn_array *const x = vn__mark(s->tape, leaves->item[i]);
        if (!x || !vn__grow(&marks->item, &marks->capacity, marks->n + 1, sizeof *marks->item))
            return NULL;
        marks->item[marks->n++] = x;
    }
    int64_t next = 0;
    return vn__leaves_replace(args, vn_is_inexact_array, marks->item, &next, true);
}

static vn_tree *call_tuple(vn_tree *f, vn_tree *args)
{
    vn_tree *call[VN__MAX_OPERANDS];
    for (int i = 0; i < vn_len(args); i++)
        call[i] = vn_at(args, i);
    return vn_call_n(f, vn_len(args), call);
}

vn_tree *vn_filter_jvp(vn_tree *f, int n, vn_tree *const primals[], vn_tree *const tangents[])
{
    vn__leaves leaves = { 0 }, marks = { 0 }, t = { 0 }, y = { 0 };
    vn__session s = { 0 };
    vn_tree *result = NULL;
    vn_status status = vn_error_status();
    for (int i = 0; i < n && status == VN_ERR_OK; i++)
        status = vn__leaves_align(&t, primals[i], tangents[i], vn_is_inexact_array,
                                  "filter_jvp: tangent");
    if (status == VN_ERR_OK && vn__session_begin(&s) == VN_ERR_OK) {
        vn_tree *const args = mark_arguments(&leaves, &marks, &s, n, primals);
        vn_tree *const out = args ? call_tuple(f, args) : NULL;
        if (out && vn__leaves_add(&y, out, vn_is_array) == VN_ERR_OK) {
            vn_array **const dy = vn__alloc((size_t)(y.n + 1) * sizeof *dy);
            int64_t next = 0;
            if (dy && vn__forward(dy, s.tape, (int)t.n, marks.item, t.item, (int)y.n, y.item,
                                  s.own) == VN_ERR_OK)
                result = vn_tuple(out, vn__leaves_replace(out, vn_is_array, dy, &next, false));
            vn__free(dy);
        }
    }
    if (s.tape)
        result = vn__session_end(&s, result);
    vn__leaves_free(&leaves);
    vn__leaves_free(&marks);
    vn__leaves_free(&t);
    vn__leaves_free(&y);
    return result;
}

/* ----------------------------------------------------------------------------- vjp
 * The pullback keeps the function and its primals and records them again for each cotangent: it
 * can be called any number of times, in any transformation. */

typedef struct pullback {
    vn_module base;
    vn_tree *fn, *primals;
} pullback;

static vn_tree *pull(const pullback *self, const vn__session *s, vn_tree *cotangent,
                     vn__leaves *leaves, vn__leaves *marks)
{
    vn_tree *args[VN__MAX_OPERANDS];
    const int n = vn_len(self->primals);
    for (int i = 0; i < n; i++)
        args[i] = vn_at(self->primals, i);
    vn_tree *const marked = mark_arguments(leaves, marks, s, n, args);
    vn_tree *const out = marked ? call_tuple(self->fn, marked) : NULL;
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
};
static const vn_type pullback_type = {
    .name = "vjp_fn",
    .kind = VN_KIND_MODULE,
    .size = sizeof(pullback),
    .fields = pullback_fields,
    .n_fields = 2,
    .call = pullback_call,
    .min_args = 1,
    .max_args = 1,
};

vn_tree *vn_filter_vjp(vn_tree *f, int n, vn_tree *const primals[])
{
    vn_tree *const args = vn_tuple_n(n, primals);
    vn_tree *const out = args ? call_tuple(f, args) : NULL;
    return vn_tuple(out,
                    vn_module_new(&pullback_type, &(pullback){ .fn = f, .primals = args }));
}
