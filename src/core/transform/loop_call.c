/* SPDX-License-Identifier: MIT */
/* Between the tree that a loop's functions see and the arrays that the loop carries. */
#include "core/transform/loop_call.h"

#include "core/ops/ops.h"
#include "core/transform/leaves.h"

/* Marks the array leaves that the filtered tree has kept. */
static void mark_kept(bool *kept, int *next, vn_tree *tree, vn_tree *filtered)
{
    if (vn_is_array(tree))
        kept[(*next)++] = !vn_is_none(filtered);
    for (int i = 0; !vn_is_leaf(tree) && i < vn_len(tree); i++)
        mark_kept(kept, next, vn_at(tree, i), vn_at(filtered, i));
}

static vn_status order_arrays(vn__loop_tree *t, const vn__leaves *leaves, const bool *buffer)
{
    int k = 0;
    for (int part = 0; part < 2; part++)
        for (int i = 0; i < t->n; i++)
            if (buffer[i] == (part == 1)) {
                t->array[k] = leaves->item[i];
                t->leaf[k++] = i;
                t->n_buffers += part;
            }
    return VN_ERR_OK;
}

vn_status vn__loop_tree_make(vn__loop_tree *t, const char *who, vn_tree *tree,
                             vn_tree *buffers)
{
    vn__leaves leaves = { 0 };
    *t = (vn__loop_tree){ .tree = tree };
    vn_tree *const kept = buffers ? vn_filter_spec(tree, buffers, false) : tree;
    vn_status status =
        kept ? vn__leaves_add(&leaves, tree, vn_is_array) : vn_error_status();
    if (status == VN_ERR_OK && leaves.n >= VN__MAX_LOOP_VALUES)
        status = vn__fail(VN_ERR_LIMIT, "%s: more than %d arrays", who, VN__MAX_LOOP_VALUES);
    const size_t n = (size_t)leaves.n + 1;
    bool *const is_buffer = status == VN_ERR_OK ? vn__alloc_zero(n) : NULL;
    t->array = is_buffer ? vn__alloc(n * sizeof *t->array) : NULL;
    t->leaf = t->array ? vn__alloc(n * sizeof *t->leaf) : NULL;
    if (t->leaf) {
        int next = 0;
        t->n = (int)leaves.n;
        if (buffers)
            mark_kept(is_buffer, &next, tree, kept);
        status = order_arrays(t, &leaves, is_buffer);
    } else {
        status = vn_error_status();
    }
    vn__free(is_buffer);
    vn__leaves_free(&leaves);
    return status;
}

void vn__loop_tree_free(vn__loop_tree *t)
{
    vn__free(t->array);
    vn__free(t->leaf);
    *t = (vn__loop_tree){ 0 };
}

vn_tree *vn__loop_tree_of(const vn__loop_tree *t, vn_array *const array[])
{
    vn_array *leaf[VN__MAX_LOOP_VALUES];
    int64_t next = 0;
    for (int k = 0; k < t->n; k++)
        leaf[t->leaf[k]] = array[k];
    return vn__leaves_replace(t->tree, vn_is_array, leaf, &next, true);
}

/* True if `after` is `before` with rows set by vn_buffer_set, or by a loop that has it as a
 * buffer. */
static bool is_version(vn__tape *tape, vn_array *before, vn_array *after)
{
    const vn__array *const first = vn__as_array(before), *const last = vn__as_array(after);
    if (last->tape != tape || first->tape != tape)
        return false;
    for (uint32_t v = last->value; v != first->value;) {
        if (tape->value[v].constant || tape->value[v].instr == VN__NO_INSTR)
            return false;
        const vn__instr *const instr = &tape->instr[tape->value[v].instr];
        const int j = (int)(v - instr->out);
        const vn__while_attr *const a = instr->op == &vn__op_while ? instr->attr : NULL;
        if (instr->op == &vn__op_buffer_set)
            v = instr->in[0];
        else if (a && j >= a->n_carry - a->n_buffers && j < a->n_carry)
            v = instr->in[j];
        else if (instr->op == &vn__op_spread)
            v = instr->in[0];
        else
            return false;
    }
    return true;
}

vn_status vn__loop_arrays(vn_array *out[], const char *who, const vn__loop_tree *t,
                          vn_tree *state, vn_array *const carry[])
{
    vn__leaves leaves = { 0 };
    VN_TRY(vn__same_state(who, t->tree, state));
    VN_TRY(vn__leaves_add(&leaves, state, vn_is_array));
    for (int k = 0; k < t->n; k++)
        out[k] = leaves.item[t->leaf[k]];
    vn__leaves_free(&leaves);
    for (int k = t->n - t->n_buffers; k < t->n; k++)
        if (!is_version(vn__tape_current(), carry[k], out[k]))
            return vn__fail(VN_ERR_ARGUMENT,
                            "%s: array %d of the value is a buffer: only vn_buffer_set may "
                            "change it",
                            who, t->leaf[k]);
    return VN_ERR_OK;
}
