/* SPDX-License-Identifier: MIT */
/* Recording a function on arguments without numbers, and eval_shape: what comes of that. */
#include "core/transform/trace.h"

#include "vernal/transform.h"

static vn_status make_inputs(vn__leaves *inputs, const vn__leaves *leaves, vn__tape *tape)
{
    for (int64_t i = 0; i < leaves->n; i++) {
        const vn__array *const a = vn__as_array(leaves->item[i]);
        const vn_aval aval = { a->dtype, a->shape };
        const uint64_t axes = a->tape && tape->parent ? a->axes : 0;
        vn_array *const x = vn__tape_input(tape, aval, axes, NULL);
        if (!x || !vn__leaves_push(inputs, x))
            return vn_error_status();
    }
    return VN_ERR_OK;
}

vn_tree *vn__trace(vn__tape *tape, vn_tree *f, bool f_is_input, int n, vn_tree *const arg[])
{
    vn__leaves leaves = { 0 }, inputs = { 0 }, outputs = { 0 };
    vn_tree *args[VN__MAX_OPERANDS], *out = NULL;
    int64_t next = 0;
    bool good = vn__no_nulls("call", n, arg);
    if (n >= VN__MAX_OPERANDS)
        good = vn__fail(VN_ERR_LIMIT, "call: %d arguments", n) == VN_ERR_OK;
    if (f_is_input)
        good = good && vn__leaves_add(&leaves, f, vn_is_array) == VN_ERR_OK;
    for (int i = 0; good && i < n; i++)
        good = vn__leaves_add(&leaves, arg[i], vn_is_array) == VN_ERR_OK;
    good = good && make_inputs(&inputs, &leaves, tape) == VN_ERR_OK;
    if (good && f_is_input)
        good = (f = vn__leaves_replace(f, vn_is_array, inputs.item, &next, true)) != NULL;
    for (int i = 0; good && i < n; i++)
        good = (args[i] = vn__leaves_replace(arg[i], vn_is_array, inputs.item, &next, true)) !=
               NULL;
    if (good)
        out = vn_call_n(f, n, args);
    if (out && (vn__leaves_add(&outputs, out, vn_is_array) != VN_ERR_OK ||
                vn__tape_seal(tape, (int)outputs.n, outputs.item) != VN_ERR_OK))
        out = NULL;
    vn__leaves_free(&leaves);
    vn__leaves_free(&inputs);
    vn__leaves_free(&outputs);
    return vn__structs_of(out);
}

vn_tree *vn__trace_new(vn__tape **tape, vn_tree *f, bool f_is_input, int n,
                       vn_tree *const arg[])
{
    vn__tape *const outer = vn__tape_current();
    *tape = vn__tape_new(outer, false);
    if (!*tape)
        return NULL;
    vn_tree *result = NULL;
    if (!outer || vn__tape_keep_child(outer, *tape) == VN_ERR_OK) {
        vn__tape_push(*tape);
        result = vn_ok() ? vn__trace(*tape, f, f_is_input, n, arg) : NULL;
        vn__tape_pop();
    }
    if (!result) {
        vn__tape_release(*tape);
        *tape = NULL;
    }
    return result;
}

bool vn__match_signature(vn_tree *like, vn_tree *tree, vn__leaves *arrays)
{
    if (like->type != tree->type)
        return false;
    if (like->type->kind == VN_KIND_ARRAY) {
        const vn__array *const a = vn__as_array(like), *const b = vn__as_array(tree);
        return a->dtype == b->dtype && vn_shape_equal(a->shape, b->shape) &&
               (!arrays || vn__leaves_push(arrays, tree));
    }
    if (vn__is_leaf(like) || vn__is_none(like))
        return like == tree || vn__is_none(like) || vn__same_leaf(like, tree);
    if (like != tree && !vn__same_node(like, tree))
        return false;
    int at = 0, there = 0;
    for (vn_tree **slot; (slot = vn__next_slot(like, &at)) != NULL;)
        if (!vn__match_signature(*slot, *vn__next_slot(tree, &there), arrays))
            return false;
    return true;
}

vn_tree *vn_filter_eval_shape(vn_tree *f, int n, vn_tree *const arg[])
{
    vn__tape *tape;
    if (!f || !vn__no_nulls("filter_eval_shape", n, arg))
        return vn_ok() ? vn_error(VN_ERR_NULL_ARGUMENT,
                                  "filter_eval_shape: the function is NULL")
                       : NULL;
    vn_scope scope = vn_scope_open();
    vn_tree *const result = vn__trace_new(&tape, f, true, n, arg);
    vn__tape_release(tape);
    return vn_scope_return(&scope, result);
}
