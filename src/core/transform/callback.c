/* SPDX-License-Identifier: MIT */
/* pure_callback: C code that sees numbers, as one op. What the op sees are plain arrays of one
 * example, copied, so that the callback may keep them; what it returns is compared with what
 * was declared. Vectorised, the mapped axes become real ones before the op and mapped ones
 * again behind it. */
#include "core/transform/callback.h"

#include <string.h>

#include "core/transform/axis.h"
#include "core/transform/leaves.h"
#include "core/transform/trace.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

#define MAX_ARRAYS 60

static vn_tree *result_of(const void *attr)
{
    return vn_at(((const vn__callback_attr *)attr)->site, 1);
}

static vn_status callback_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)in, (void)n_in;
    vn__leaves arrays = { 0 };
    VN_TRY(vn__leaves_add(&arrays, result_of(attr), vn_is_array));
    for (int64_t j = 0; j < arrays.n; j++)
        out[j] = (vn_aval){ vn_dtype_of(arrays.item[j]), vn_shape_of(arrays.item[j]) };
    vn__leaves_free(&arrays);
    return VN_ERR_OK;
}

static int callback_results(const void *attr)
{
    return (int)((const vn__callback_attr *)attr)->n_out;
}

/* ---------------------------------------------------------------------- evaluation */

/* call = (callback, arguments...) with arrays; checked against what is declared. */
static vn_tree *call_checked(vn_tree *call, vn_tree *declared)
{
    vn_tree *args[VN__MAX_OPERANDS];
    const int n = vn_len(call) - 1;
    for (int i = 0; i < n; i++)
        args[i] = vn_at(call, i + 1);
    vn_tree *const out = vn_call_n(vn_at(call, 0), n, args);
    if (out && !vn__same_signature(declared, out)) {
        char text[VN__SHAPE_TEXT];
        return vn_error(VN_ERR_STRUCTURE,
                        "pure_callback: the callback returns %s, which differs in structure, "
                        "shape, dtype or static leaves from what is declared",
                        vn__describe(text, out));
    }
    return out;
}

static vn_tree *call_on_numbers(const vn_eval *e)
{
    const vn__callback_attr *const a = e->attr;
    vn_array *in[MAX_ARRAYS];
    int64_t next = 0;
    for (int i = 0; i < e->n_in; i++)
        in[i] = vn_array_from(e->in_aval[i].dtype, e->in_aval[i].shape, e->in[i]);
    vn_tree *const call =
        vn_ok() ? vn__leaves_replace(vn_at(a->site, 0), vn_is_array, in, &next, true) : NULL;
    return call ? call_checked(call, result_of(a)) : NULL;
}

static void write_results(const vn_eval *e, vn_tree *out)
{
    vn__leaves arrays = { 0 };
    if (out && vn__leaves_add(&arrays, out, vn_is_array) != VN_ERR_OK)
        out = NULL;
    for (int j = 0; j < e->n_out; j++) {
        const size_t bytes = (size_t)vn_shape_size(e->out_aval[j].shape) *
                             vn_dtype_size(e->out_aval[j].dtype);
        const void *const data = out ? vn_data(arrays.item[j]) : NULL;
        if (data)
            memcpy(e->out[j], data, bytes);
        else
            memset(e->out[j], 0, bytes);
    }
    vn__leaves_free(&arrays);
}

/* The callback is no part of what is being recorded around it. */
static void callback_eval(const vn_eval *e)
{
    const int suspended = vn__tape_suspend();
    VN_SCOPE write_results(e, vn_ok() ? call_on_numbers(e) : NULL);
    vn__tape_resume(suspended);
}

static void no_derivative(vn_array *d[], const vn_node *node, vn_array *const g[])
{
    (void)d, (void)node, (void)g;
    vn__fail(VN_ERR_DERIVATIVE, "pure_callback: has no derivative; give it one with "
                                "vn_filter_custom_jvp or vn_filter_custom_vjp");
}

const vn_op vn__op_callback = {
    .name = "pure_callback",
    .n_in = -1,
    .attr_size = sizeof(vn__callback_attr),
    .shape = callback_shape,
    .eval = callback_eval,
    .vjp = no_derivative,
    .jvp = no_derivative,
    .results = callback_results,
};

/* --------------------------------------------------------------------- as it is called */

/* The arrays with the mapped axes in front, last one first. */
static uint64_t stack_examples(vn__leaves *in, const vn__tape *tape)
{
    uint64_t axes = 0;
    for (int64_t i = 0; i < in->n; i++)
        axes |= vn__tape_of(in->item[i]) ? vn__as_array(in->item[i])->axes : 0;
    for (int a = 0; axes >> a; a++)
        for (int64_t i = 0; (axes >> a & 1) && i < in->n; i++)
            in->item[i] = vn__map_out(in->item[i], a, 0, vn__tape_axis(tape, a)->size);
    return axes;
}

typedef struct widening {
    const vn__tape *tape;
    uint64_t axes;
} widening;

static vn_tree *wide_leaf(void *context, vn_tree *leaf)
{
    const widening *const w = context;
    if (!vn_is_array(leaf))
        return leaf;
    vn_shape shape = vn_shape_of(leaf);
    for (int a = 0; w->axes >> a; a++) {
        if (!(w->axes >> a & 1))
            continue;
        if (shape.rank == VN_MAX_RANK)
            return vn_error(VN_ERR_LIMIT, "pure_callback: a result with more than %d axes",
                            VN_MAX_RANK);
        memmove(shape.dim + 1, shape.dim, (size_t)shape.rank++ * sizeof *shape.dim);
        shape.dim[0] = vn__tape_axis(w->tape, a)->size;
    }
    return vn_shape_struct(vn_dtype_of(leaf), shape);
}

static vn_array *unstack(vn__tape *tape, vn_array *y, uint64_t axes)
{
    for (int a = VN__MAX_AXES - 1; y && a >= 0; a--)
        if (axes >> a & 1)
            y = vn__map_in(tape, y, a, 0);
    return y;
}

/* The op on the arrays of call = (callback, arguments...). */
static vn_tree *apply(vn_tree *call, vn_tree *declared, bool vectorised)
{
    vn__tape *const tape = vn__tape_current();
    vn__leaves in = { 0 }, out = { 0 };
    vn_array *y[MAX_ARRAYS];
    uint64_t axes = 0;
    vn_tree *result = NULL, *wide = declared;
    bool good = vn__leaves_add(&in, call, vn_is_array) == VN_ERR_OK &&
                vn__leaves_add(&out, declared, vn_is_array) == VN_ERR_OK;
    if (good && (in.n > MAX_ARRAYS || out.n > MAX_ARRAYS))
        good = vn__fail(VN_ERR_LIMIT, "pure_callback: more than %d arrays", MAX_ARRAYS) ==
               VN_ERR_OK;
    if (good && vectorised && tape && !tape->eager) {
        axes = stack_examples(&in, tape);
        wide = vn__map_leaves(declared, wide_leaf, &(widening){ tape, axes });
    }
    vn_tree *const items[] = { call, wide };
    vn_tree *const site = good && wide ? vn__structs_of(vn_tuple_n(2, items)) : NULL;
    const vn__callback_attr attr = { site, out.n };
    good = site && (!tape || vn__tape_keep(tape, site) == VN_ERR_OK) && vn_ok() &&
           vn_op_apply_n(y, &vn__op_callback, &attr, (int)in.n, in.item) == VN_ERR_OK &&
           vn_ok();
    for (int64_t j = 0; good && axes && j < out.n; j++)
        good = (y[j] = unstack(tape, y[j], axes)) != NULL;
    int64_t next = 0;
    if (good)
        result = vn__leaves_replace(declared, vn_is_array, y, &next, true);
    vn__leaves_free(&in);
    vn__leaves_free(&out);
    return result;
}

vn_tree *vn_filter_pure_callback(vn_tree *callback, vn_tree *result,
                                 const vn_callback_options *options, int n,
                                 vn_tree *const arg[])
{
    if (!callback || !result || !vn__no_nulls("pure_callback", n, arg))
        return vn_ok() ? vn_error(VN_ERR_NULL_ARGUMENT, "pure_callback: an argument is NULL")
                       : NULL;
    vn_tree *items[VN__MAX_OPERANDS];
    if (n < 0 || n >= VN__MAX_OPERANDS)
        return vn_error(VN_ERR_LIMIT, "pure_callback: %d arguments", n);
    items[0] = callback;
    for (int i = 0; i < n; i++)
        items[i + 1] = arg[i];
    vn_tree *const call = vn_tuple_n(n + 1, items);
    return call ? apply(call, result, options && options->vectorised) : NULL;
}
