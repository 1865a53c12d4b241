/* SPDX-License-Identifier: MIT */
/* The nestings, and what each has to give by the plain values of the function. Arguments of a
 * nesting: f, w [4], xs [5, 2], direction [4]. */
#include <stddef.h>

#include "laws/nesting.h"

/* ---------------------------------------------------------------------- transformations */

static vn_tree *first(vn_tree *xs) { return vn_index(xs, 0, 0); }
static vn_tree *grad_of(vn_tree *f) { return vn_filter_grad(f, NULL); }
static vn_tree *jit_of(vn_tree *f) { return vn_filter_jit(f, NULL); }

/* f mapped over its second argument, or over its first one too. */
static vn_tree *over(vn_tree *f, bool both, const char *name)
{
    vn_tree *axes[] = { both ? vn_int(0) : vn_none(), vn_int(0) };
    return vn_filter_vmap(
        f, &(vn_vmap_options){ .in_axes = axes, .n_in = 2, .axis_name = name });
}

static vn_tree *value(vn_tree *const arg[]) { return vn_call(arg[0], arg[1], first(arg[2])); }

static vn_tree *grad(vn_tree *const arg[])
{
    return vn_call(grad_of(arg[0]), arg[1], first(arg[2]));
}

static vn_tree *grad_of_jit(vn_tree *const arg[])
{
    return vn_call(grad_of(jit_of(arg[0])), arg[1], first(arg[2]));
}

static vn_tree *grad_of_checkpoint(vn_tree *const arg[])
{
    return vn_call(grad_of(vn_filter_checkpoint(arg[0])), arg[1], first(arg[2]));
}

static vn_tree *vmap(vn_tree *const arg[])
{
    return vn_call(over(arg[0], false, NULL), arg[1], arg[2]);
}

static vn_tree *vmap_of_jit(vn_tree *const arg[])
{
    return vn_call(over(jit_of(arg[0]), false, NULL), arg[1], arg[2]);
}

static vn_tree *named_vmap(vn_tree *const arg[])
{
    return vn_call(over(arg[0], false, "examples"), arg[1], arg[2]);
}

static vn_tree *vmap_of_grad(vn_tree *const arg[])
{
    return vn_call(over(grad_of(arg[0]), false, NULL), arg[1], arg[2]);
}

static vn_tree *vmap_of_jit_of_grad(vn_tree *const arg[])
{
    return vn_call(over(jit_of(grad_of(arg[0])), false, NULL), arg[1], arg[2]);
}

static vn_tree *total(vn_tree *const arg[]) /* f, w, xs */
{
    return vn_sum(vmap(arg));
}

static vn_tree *total_x(vn_tree *const arg[]) /* xs, f, w */
{
    vn_tree *const args[] = { arg[1], arg[2], arg[0] };
    return total(args);
}

static vn_tree *total_checkpointed(vn_tree *const arg[]) /* f, w, xs */
{
    vn_tree *f = vn_filter_checkpoint(arg[0]);
    return vn_sum(vn_call(over(f, false, NULL), arg[1], arg[2]));
}

static vn_tree *total_w(vn_tree *const arg[]) /* w, f, xs */
{
    vn_tree *const args[] = { arg[1], arg[0], arg[2] };
    return total(args);
}

static vn_tree *total_w_checkpointed(vn_tree *const arg[]) /* w, f, xs */
{
    vn_tree *const args[] = { arg[1], arg[0], arg[2] };
    return total_checkpointed(args);
}

static vn_tree *grad_of_vmap(vn_tree *const arg[])
{
    return vn_call(grad_of(vn_function(total_w, 3)), arg[1], arg[0], arg[2]);
}

static vn_tree *grad_of_vmap_of_checkpoint(vn_tree *const arg[])
{
    return vn_call(grad_of(vn_function(total_w_checkpointed, 3)), arg[1], arg[0], arg[2]);
}

static vn_tree *grad_of_vmap_x(vn_tree *const arg[])
{
    return vn_call(grad_of(vn_function(total_x, 3)), arg[2], arg[0], arg[1]);
}

static vn_tree *grad_of_jit_of_vmap(vn_tree *const arg[])
{
    return vn_call(grad_of(jit_of(vn_function(total_w, 3))), arg[1], arg[0], arg[2]);
}

/* ---- forward mode: f, w, x, direction */

static vn_tree *push(vn_tree *const arg[])
{
    vn_tree *const tangents[] = { arg[3], vn_none() };
    return vn_at(vn_filter_jvp(arg[0], 2, arg + 1, tangents), 1);
}

static vn_tree *jvp(vn_tree *const arg[])
{
    return push((vn_tree *const[]){ arg[0], arg[1], first(arg[2]), arg[3] });
}

static vn_tree *linearize(vn_tree *const arg[])
{
    vn_tree *const primals[] = { arg[1], first(arg[2]) };
    vn_tree *linear = vn_at(vn_filter_linearize(arg[0], 2, primals), 1);
    return vn_call(linear, arg[3], vn_none());
}

static vn_tree *push_first(vn_tree *const arg[]) /* w, x, f, direction */
{
    return push((vn_tree *const[]){ arg[2], arg[0], arg[1], arg[3] });
}

static vn_tree *mapped_push(vn_tree *const arg[], vn_tree *f)
{
    vn_tree *axes[] = { vn_none(), vn_int(0), vn_none(), vn_none() };
    vn_tree *g = vn_filter_vmap(vn_function(push_first, 4),
                                &(vn_vmap_options){ .in_axes = axes, .n_in = 4 });
    return vn_call(g, arg[1], arg[2], f, arg[3]);
}

static vn_tree *vmap_of_jvp(vn_tree *const arg[]) { return mapped_push(arg, arg[0]); }

static vn_tree *jvp_of_vmap(vn_tree *const arg[])
{
    return push((vn_tree *const[]){ over(arg[0], false, NULL), arg[1], arg[2], arg[3] });
}

static vn_tree *pull(vn_tree *const arg[]) /* f, w, x -> gradient by a vjp */
{
    vn_tree *pair = vn_filter_vjp(arg[0], 2, arg + 1);
    return vn_at(vn_call(vn_at(pair, 1), vn_scalar(VN_F64, 1)), 0);
}

static vn_tree *pull_fn(vn_tree *f) { return vn_partial(vn_function(pull, 3), f); }

static vn_tree *vjp_of_vmap(vn_tree *const arg[])
{
    vn_tree *pair = vn_filter_vjp(over(arg[0], false, NULL), 2, arg + 1);
    return vn_at(vn_call(vn_at(pair, 1), vn_ones(VN_F64, VN_SHAPE(NEST_BATCH))), 0);
}

static vn_tree *vmap_of_jvp_of_vjp(vn_tree *const arg[])
{
    return mapped_push(arg, pull_fn(arg[0]));
}

static vn_tree *jvp_of_grad(vn_tree *const arg[])
{
    return push((vn_tree *const[]){ grad_of(arg[0]), arg[1], first(arg[2]), arg[3] });
}

static vn_tree *jvp_of_grad_of_jit(vn_tree *const arg[])
{
    vn_tree *g = jit_of(grad_of(jit_of(arg[0])));
    return push((vn_tree *const[]){ g, arg[1], first(arg[2]), arg[3] });
}

static vn_tree *grad_of_jvp(vn_tree *const arg[])
{
    return vn_call(grad_of(vn_function(push_first, 4)), arg[1], first(arg[2]), arg[0], arg[3]);
}

static vn_tree *along(vn_tree *const arg[]) /* w, x, f, direction -> <gradient, direction> */
{
    return vn_sum(vn_mul(vn_call(grad_of(arg[2]), arg[0], arg[1]), arg[3]));
}

static vn_tree *grad_of_grad(vn_tree *const arg[])
{
    return vn_call(grad_of(vn_function(along, 4)), arg[1], first(arg[2]), arg[0], arg[3]);
}

static vn_tree *total_along(vn_tree *const arg[]) /* w, f, xs, direction */
{
    vn_tree *axes[] = { vn_none(), vn_int(0), vn_none(), vn_none() };
    vn_tree *g = vn_filter_vmap(vn_function(along, 4),
                                &(vn_vmap_options){ .in_axes = axes, .n_in = 4 });
    return vn_sum(vn_call(g, arg[0], arg[2], arg[1], arg[3]));
}

static vn_tree *grad_of_vmap_of_grad(vn_tree *const arg[])
{
    return vn_call(grad_of(vn_function(total_along, 4)), arg[1], arg[0], arg[2], arg[3]);
}

static vn_tree *hessian(vn_tree *const arg[])
{
    return vn_call(vn_filter_hessian(arg[0]), arg[1], first(arg[2]));
}

static vn_tree *reverse_hessian(vn_tree *const arg[])
{
    return vn_call(vn_filter_jacrev(vn_filter_jacrev(arg[0])), arg[1], first(arg[2]));
}

static vn_tree *vmap_of_hessian(vn_tree *const arg[])
{
    return vn_call(over(vn_filter_hessian(arg[0]), false, NULL), arg[1], arg[2]);
}

/* ---- two axes, and a loop over gradients */

static vn_tree *ensemble(vn_tree *const arg[]) /* f, w, xs: for w and -w, all xs */
{
    vn_tree *axes[] = { vn_int(0), vn_none() };
    vn_tree *f = vn_filter_vmap(over(arg[0], false, NULL),
                                &(vn_vmap_options){ .in_axes = axes, .n_in = 2 });
    vn_array *ws = vn_stack(0, arg[1], vn_add(arg[1], arg[3]), arg[1]);
    return vn_index(vn_call(f, ws, arg[2]), 0, 2);
}

static vn_tree *ensemble_of_grads(vn_tree *const arg[])
{
    vn_tree *axes[] = { vn_int(0), vn_none() };
    vn_tree *f = vn_filter_vmap(over(grad_of(arg[0]), false, NULL),
                                &(vn_vmap_options){ .in_axes = axes, .n_in = 2 });
    vn_array *ws = vn_stack(0, vn_add(arg[1], arg[3]), arg[1]);
    return vn_index(vn_call(f, ws, arg[2]), 0, 1);
}

static vn_tree *pairs(vn_tree *const arg[])
{
    vn_array *ws = vn_broadcast_to(arg[1], VN_SHAPE(NEST_BATCH, NEST_W));
    return vn_call(over(grad_of(arg[0]), true, NULL), ws, arg[2]);
}

static vn_tree *descend(vn_tree *const arg[]) /* f, x, w, none -> (w, none) */
{
    vn_tree *g = vn_call(grad_of(arg[0]), arg[2], arg[1]);
    return vn_tuple(vn_sub(arg[2], vn_scale(0.1, g)), vn_none());
}

static vn_tree *scan_of_grad(vn_tree *const arg[])
{
    vn_tree *step = vn_partial(vn_function(descend, 4), arg[0], first(arg[2]));
    return vn_at(vn_scan(step, arg[1], vn_none(), 3), 0);
}

/* ------------------------------------------------------------------------------- table */

#define ALL(field)   offsetof(nest_reference, field), sizeof((nest_reference *)0)->field / 8
#define FIRST(field) offsetof(nest_reference, field), sizeof((nest_reference *)0)->field[0] / 8

enum {
    NO_REVERSE = NEST_NO_REVERSE,
    NO_TWICE = NEST_NO_REVERSE | NEST_NO_SECOND,
    NO_BOTH = NO_TWICE | NEST_NO_FORWARD
};

const nest_nesting nest_nestings[] = {
    { "f", value, FIRST(value), 0, 1e-12 },
    { "grad", grad, FIRST(grad), NO_REVERSE, 1e-8 },
    { "grad of jit", grad_of_jit, FIRST(grad), NO_REVERSE, 1e-8 },
    { "grad of checkpoint", grad_of_checkpoint, FIRST(grad), NO_REVERSE, 1e-8 },
    { "vmap", vmap, ALL(value), 0, 1e-12 },
    { "vmap of jit", vmap_of_jit, ALL(value), 0, 1e-12 },
    { "named vmap", named_vmap, ALL(value), 0, 1e-12 },
    { "vmap of vmap", ensemble, ALL(value), 0, 1e-12 },
    { "vmap of grad", vmap_of_grad, ALL(grad), NO_REVERSE, 1e-8 },
    { "vmap of jit of grad", vmap_of_jit_of_grad, ALL(grad), NO_REVERSE, 1e-8 },
    { "vmap of vmap of grad", ensemble_of_grads, ALL(grad), NO_REVERSE, 1e-8 },
    { "vmap of grad over both", pairs, ALL(grad), NO_REVERSE, 1e-8 },
    { "grad of vmap", grad_of_vmap, ALL(grad_sum), NO_REVERSE, 1e-8 },
    { "grad of vmap in what is mapped", grad_of_vmap_x, ALL(grad_x), NO_REVERSE, 1e-8 },
    { "grad of jit of vmap", grad_of_jit_of_vmap, ALL(grad_sum), NO_REVERSE, 1e-8 },
    { "grad of vmap of checkpoint", grad_of_vmap_of_checkpoint, ALL(grad_sum), NO_REVERSE,
      1e-8 },
    { "vjp of vmap", vjp_of_vmap, ALL(grad_sum), NO_REVERSE, 1e-8 },
    { "jvp", jvp, FIRST(tangent), NEST_NO_FORWARD, 1e-8 },
    { "linearize", linearize, FIRST(tangent), NEST_NO_FORWARD, 1e-8 },
    { "vmap of jvp", vmap_of_jvp, ALL(tangent), NEST_NO_FORWARD, 1e-8 },
    { "jvp of vmap", jvp_of_vmap, ALL(tangent), NEST_NO_FORWARD, 1e-8 },
    { "jvp of grad", jvp_of_grad, FIRST(product), NO_BOTH, 1e-6 },
    { "jvp of jit of grad of jit", jvp_of_grad_of_jit, FIRST(product), NO_BOTH, 1e-6 },
    { "vmap of jvp of vjp", vmap_of_jvp_of_vjp, ALL(product), NO_BOTH, 1e-6 },
    { "grad of jvp", grad_of_jvp, FIRST(product), NO_BOTH, 1e-6 },
    { "grad of grad", grad_of_grad, FIRST(product), NO_TWICE, 1e-6 },
    { "grad of vmap of grad", grad_of_vmap_of_grad, ALL(product_sum), NO_TWICE, 1e-6 },
    { "hessian", hessian, FIRST(hessian), NO_BOTH, 1e-6 },
    { "jacrev of jacrev", reverse_hessian, FIRST(hessian), NO_TWICE, 1e-6 },
    { "vmap of hessian", vmap_of_hessian, ALL(hessian), NO_BOTH, 1e-6 },
    { "scan of grad", scan_of_grad, ALL(descent), NO_REVERSE, 1e-8 },
};
const int nest_nesting_count = sizeof nest_nestings / sizeof nest_nestings[0];
