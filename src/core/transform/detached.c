/* SPDX-License-Identifier: MIT */
/* A call that is one instruction of an eager tape, and its derivatives, which are such calls
 * again:
 *     out = call(f, args)
 *     (df, dargs) = call((f, args), g -> pullback of f at args),   shared operands summed
 *     tangent     = call((f, args), (tf, targs) -> jvp) */
#include "core/transform/detached.h"

#include <string.h>

#include "core/transform/derivative.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

/* Trees and the axis list live as long as the tape. */
typedef struct detached_attr {
    vn_tree *fn, *args, *out; /* arrays in them stand for operands and results */
    vn_tree *axes;            /* i32 array, or none: compiled */
    int64_t size;
    int32_t n_out;
} detached_attr;

static vn_status detached_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)in, (void)n_in;
    vn__leaves leaves = { 0 };
    VN_TRY(vn__leaves_add(&leaves, ((const detached_attr *)attr)->out, vn_is_array));
    for (int64_t j = 0; j < leaves.n; j++)
        out[j] = (vn_aval){ vn_dtype_of(leaves.item[j]), vn_shape_of(leaves.item[j]) };
    vn__leaves_free(&leaves);
    return VN_ERR_OK;
}

static int detached_results(const void *attr) { return ((const detached_attr *)attr)->n_out; }
static void no_eval(const vn_eval *e) { (void)e; }

static vn__call call_of(const detached_attr *a, vn_tree *fn, vn_tree *args, const int *axis)
{
    return (vn__call){ fn, args, vn_is_none(a->axes) ? NULL : axis, a->size };
}

/* The function and arguments with arrays in place; axis[i] of each array. */
static vn_tree *rebuild(const detached_attr *a, vn_array *const in[])
{
    int64_t next = 0;
    vn_tree *const fn = vn__leaves_replace(a->fn, vn_is_array, in, &next, true);
    vn_tree *const args = fn ? vn__leaves_replace(a->args, vn_is_array, in, &next, true) : NULL;
    return vn_tuple(fn, args);
}

static int64_t read_axes(int axis[], const detached_attr *a)
{
    if (vn_is_none(a->axes))
        return 0;
    memcpy(axis, vn_data(a->axes), (size_t)vn_size(a->axes) * sizeof *axis);
    return vn_size(a->axes);
}

/* ----------------------------------------------------------------- derived functions */

/* (f, args) -> f(args...) */
static vn_tree *apply_pair(vn_tree *const arg[])
{
    return vn__call_tuple(vn_at(arg[0], 0), vn_at(arg[0], 1));
}

static vn_tree *pull_pair(vn_tree *const arg[]) /* (f, args), g -> cotangent of the pair */
{
    vn_tree *const vjp = vn_filter_vjp(vn_function(apply_pair, 1), 1, arg);
    return vn_at(vn_call(vn_at(vjp, 1), arg[1]), 0);
}

static vn_tree *
push_pair(vn_tree *const arg[]) /* (f, args), tangents -> tangent of the result */
{
    return vn_at(vn_filter_jvp(vn_function(apply_pair, 1), 1, arg, arg + 1), 1);
}

static vn_tree *partial_tree(vn_tree *like, vn_array *const arrays[])
{
    int64_t next = 0;
    return vn__leaves_replace(like, vn_is_array, arrays, &next, false);
}

static bool is_plain(const vn_node *node, vn_array *const more[], int n)
{
    for (int i = 0; i < node->n_in; i++)
        if (vn__tape_of(node->in[i]))
            return false;
    for (int i = 0; i < n; i++)
        if (more[i] && vn__tape_of(more[i]))
            return false;
    return true;
}

/* Cotangents by one more detached call; those of shared operands come stacked and are
 * summed. */
static void pull_recorded(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const detached_attr *const a = node->attr;
    int axis[2 * VN__MAX_OPERANDS];
    int64_t n_axes = read_axes(axis, a);
    vn_tree *const pair = rebuild(a, node->in), *const cotangent = partial_tree(a->out, g);
    for (int j = 0; j < node->n_out && n_axes + j < 2 * VN__MAX_OPERANDS; j++)
        if (g[j])
            axis[n_axes++] = 0;
    const vn__call call =
        call_of(a, vn_function(pull_pair, 2), vn_tuple(pair, cotangent), axis);
    vn_tree *const d = pair && cotangent ? vn__call_detached(&call) : NULL;
    vn__leaves dx = { 0 }, inexact = { 0 };
    if (d && vn__leaves_add(&dx, d, vn_is_array) == VN_ERR_OK)
        for (int64_t i = 0, k = 0; i < node->n_in; i++) {
            if (!vn_dtype_is_inexact(vn_dtype_of(node->in[i])) || k >= dx.n)
                continue;
            din[i] = dx.item[k++];
            if (call.axis)
                din[i] = axis[i] == VN_AXIS_NONE ? vn_sum_over(din[i], VN_AXES(0), false)
                                                 : vn_moveaxis(din[i], 0, axis[i]);
        }
    vn__leaves_free(&dx);
    vn__leaves_free(&inexact);
}

static void detached_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const detached_attr *const a = node->attr;
    int axis[VN__MAX_OPERANDS];
    if (vn_is_none(a->axes) || !is_plain(node, g, node->n_out)) {
        pull_recorded(din, node, g);
        return;
    }
    read_axes(axis, a);
    const vn__call call = call_of(a, a->fn, a->args, axis);
    (void)vn__pull_examples(din, node->rows, &call, node->in, node->n_in, g, node->n_out);
}

static void detached_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    const detached_attr *const a = node->attr;
    int axis[2 * VN__MAX_OPERANDS];
    int64_t n_axes = read_axes(axis, a);
    vn_tree *const pair = rebuild(a, node->in);
    vn_tree *const tangents = pair ? partial_tree(pair, din) : NULL;
    for (int i = 0; i < node->n_in; i++)
        if (din[i] && n_axes < 2 * VN__MAX_OPERANDS)
            axis[n_axes++] = axis[i];
    const vn__call call = call_of(a, vn_function(push_pair, 2), vn_tuple(pair, tangents), axis);
    vn_tree *const d = tangents ? vn__call_detached(&call) : NULL;
    vn__leaves dy = { 0 };
    if (d && vn__leaves_align(&dy, a->out, d, vn_is_array, "vmap tangent") == VN_ERR_OK)
        for (int64_t j = 0; j < dy.n; j++)
            dout[j] = dy.item[j];
    vn__leaves_free(&dy);
}

static const vn_op detached_op = {
    .name = "detached_call",
    .n_in = -1,
    .attr_size = sizeof(detached_attr),
    .shape = detached_shape,
    .eval = no_eval,
    .vjp = detached_vjp,
    .jvp = detached_jvp,
    .results = detached_results,
};

/* ----------------------------------------------------------------------- the call */

static vn_tree *run_compiled(const vn__call *call, vn_array *const operand[])
{
    int64_t next = 0;
    vn_tree *const fn = vn__leaves_replace(call->fn, vn_is_array, operand, &next, true);
    vn_tree *const args =
        fn ? vn__leaves_replace(call->args, vn_is_array, operand, &next, true) : NULL;
    vn_tree *items[VN__MAX_OPERANDS];
    for (int i = 0; args && i < vn_len(args); i++)
        items[i] = vn_at(args, i);
    const int suspended = vn__tape_suspend();
    vn_tree *const out = args ? vn_call_n(vn_filter_jit(fn, NULL), vn_len(args), items) : NULL;
    vn__tape_resume(suspended);
    return out;
}

static vn_tree *keep(vn__tape *tape, vn_tree *tree)
{
    vn_tree *const plain = vn__structs_of(tree);
    return plain && vn__tape_keep(tape, plain) == VN_ERR_OK ? plain : NULL;
}

/* Appends the instruction with the numbers that have been computed. */
static vn_tree *record(vn__tape *tape, const vn__call *call, const vn__leaves *in, vn_tree *out)
{
    detached_attr attr;
    vn_aval aval[VN__MAX_RESULTS];
    vn_array *result[VN__MAX_RESULTS];
    uint32_t id[VN__MAX_OPERANDS];
    vn__leaves y = { 0 };
    memset(&attr, 0, sizeof attr);
    attr.size = call->size;
    attr.fn = keep(tape, call->fn);
    attr.args = keep(tape, call->args);
    attr.out = keep(tape, out);
    attr.axes = call->axis ? vn_array_from(VN_I32, VN_SHAPE(in->n), call->axis) : vn_none();
    bool good = attr.fn && attr.args && attr.out &&
                vn__tape_keep(tape, attr.axes) == VN_ERR_OK &&
                vn__leaves_add(&y, out, vn_is_array) == VN_ERR_OK && y.n < VN__MAX_RESULTS;
    for (int64_t i = 0; good && i < in->n; i++)
        good = (id[i] = vn__tape_import(tape, in->item[i])) != UINT32_MAX;
    for (int64_t j = 0; good && j < y.n; j++)
        aval[j] = (vn_aval){ vn_dtype_of(y.item[j]), vn_shape_of(y.item[j]) };
    attr.n_out = (int32_t)y.n;
    const uint32_t first =
        good ? vn__tape_append(tape, &detached_op, &attr, (int)in->n, id, (int)y.n, aval, 0)
             : UINT32_MAX;
    for (int64_t j = 0; first != UINT32_MAX && good && j < y.n; j++) {
        good = vn__tape_set_known(tape, first + (uint32_t)j, y.item[j]) == VN_ERR_OK;
        result[j] = good ? vn__tape_array(tape, first + (uint32_t)j) : NULL;
    }
    vn__leaves_free(&y);
    int64_t next = 0;
    return good && vn_ok() ? vn__leaves_replace(out, vn_is_array, result, &next, true) : NULL;
}

vn_tree *vn__call_detached(const vn__call *call)
{
    vn__leaves in = { 0 };
    vn_tree *out = NULL;
    if (vn__leaves_add(&in, call->fn, vn_is_array) == VN_ERR_OK &&
        vn__leaves_add(&in, call->args, vn_is_array) == VN_ERR_OK) {
        vn__tape *tape = NULL;
        vn_array **const plain = vn__alloc((size_t)(in.n + 1) * sizeof *plain);
        for (int64_t i = 0; plain && i < in.n; i++) {
            tape = vn__tape_of(in.item[i]) ? vn__tape_of(in.item[i]) : tape;
            plain[i] = vn__array_detach(in.item[i]);
        }
        if (plain && vn_ok())
            out = call->axis ? vn__run_examples(call, plain, in.n) : run_compiled(call, plain);
        if (out && tape)
            out = record(tape, call, &in, out);
        vn__free(plain);
    }
    vn__leaves_free(&in);
    return out;
}
