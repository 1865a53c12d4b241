/* SPDX-License-Identifier: MIT */
/* cond and switch. Eager: a C branch. Recorded: the op branch, of which a plan runs only what
 * is chosen; where the choice differs by example, all branches and a choice by example. */
#include "core/transform/branch.h"
#include "core/transform/guard.h"
#include "core/transform/leaves.h"
#include "core/transform/loop.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

typedef struct user_branches {
    const char *who;
    vn_tree *const *fn;
    vn_tree *const *arg;
    int n_branches, n_args;
    vn_tree *like; /* the result of the first branch */
} user_branches;

static vn_status check_alike(user_branches *u, vn_tree *out)
{
    if (!out)
        return vn_error_status();
    if (!u->like)
        u->like = out;
    return vn__same_trees(&(vn__pairing){ u->who, "in the first branch", "in another" },
                          u->like, out);
}

static vn_status user_branch(vn_array *out[], int *n, void *context, int i)
{
    user_branches *const u = context;
    vn__leaves leaves = { 0 };
    vn_tree *const result = vn_call_n(u->fn[i], u->n_args, u->arg);
    VN_TRY(check_alike(u, result));
    VN_TRY(vn__leaves_add(&leaves, result, vn_is_array));
    if (leaves.n > VN__MAX_LOOP_VALUES)
        vn__fail(VN_ERR_LIMIT, "%s: more than %d arrays", u->who, VN__MAX_LOOP_VALUES);
    for (int64_t j = 0; vn_ok() && j < leaves.n; j++)
        out[(*n)++] = leaves.item[j];
    vn__leaves_free(&leaves);
    return vn_error_status();
}

static vn_tree *record_branches(user_branches *u, vn_array *index)
{
    vn_array *out[VN__MAX_RESULTS];
    int n = 0;
    if (vn__branch_record(out, &n, index, u->n_branches, user_branch, u) != VN_ERR_OK)
        return NULL;
    int64_t next = 0;
    return vn__leaves_replace(u->like, vn_is_array, out, &next, true);
}

/* ------------------------------------------------------------------ by example */

static vn_tree *choose_leaf(void *context, vn_tree *const leaf[])
{
    return vn_is_array(leaf[0]) ? vn_where(context, leaf[0], leaf[1]) : leaf[0];
}

/* The last branch, replaced by each of the others where the index says so. */
static vn_tree *select_by_example(user_branches *u, vn_array *index)
{
    vn_tree *result = NULL;
    for (int i = u->n_branches - 1; i >= 0; i--) {
        vn_array *const chosen = vn_eq(index, vn_scalar(VN_I32, i));
        if (!chosen)
            return NULL;
        vn__guard_push(chosen);
        vn_tree *const out = vn_call_n(u->fn[i], u->n_args, u->arg);
        vn__guard_pop();
        if (check_alike(u, out) != VN_ERR_OK)
            return NULL;
        vn_tree *const both[] = { out, result };
        result = result ? vn__map_leaves_n(2, both, choose_leaf, chosen) : out;
    }
    return result;
}

static vn_tree *choose(user_branches *u, vn_array *index)
{
    return vn__axes_of(index) ? select_by_example(u, index) : record_branches(u, index);
}

/* True if the number is not known yet. */
static bool is_symbolic(const vn_array *x)
{
    const vn__tape *const tape = vn_is_array(x) ? vn__tape_of(x) : NULL;
    return tape && !tape->eager;
}

static bool check_scalar(const char *who, const char *what, vn_array *x)
{
    if (vn_is_array_like(x) && (!vn_is_array(x) || vn_rank(x) == 0))
        return vn__is_alive(who, x);
    char text[VN__SHAPE_TEXT];
    vn__fail(vn_is_array(x) ? VN_ERR_SHAPE : VN_ERR_ARGUMENT,
             "%s: the %s is %s, expected a scalar", who, what,
             vn_is_array(x) ? vn__shape_text(text, vn_dtype_of(x), vn_shape_of(x))
                            : x->type->name);
    return false;
}

vn_tree *vn_cond_n(vn_array *pred, vn_tree *true_fn, vn_tree *false_fn, int n,
                   vn_tree *const arg[])
{
    if (!pred || !true_fn || !false_fn)
        return vn_ok() ? vn_error(VN_ERR_NULL_ARGUMENT, "cond: an argument is NULL") : NULL;
    if (!check_scalar("cond", "predicate", pred) || !vn__no_nulls("cond", n, arg))
        return NULL;
    if (!is_symbolic(pred)) {
        const bool holds = vn_item_bool(pred);
        return vn_ok() ? vn_call_n(holds ? true_fn : false_fn, n, arg) : NULL;
    }
    if (vn_dtype_of(pred) != VN_BOOL)
        pred = vn_ne(pred, vn_zeros(vn_dtype_of(pred), VN_SCALAR));
    vn_tree *const fn[] = { true_fn, false_fn };
    user_branches u = { .who = "cond", .fn = fn, .arg = arg, .n_branches = 2, .n_args = n };
    vn_array *const index = vn_cast(vn_not(pred), VN_I32);
    return index ? choose(&u, index) : NULL;
}

vn_tree *vn_switch_n(vn_array *index, int n_branches, vn_tree *const branch[], int n,
                     vn_tree *const arg[])
{
    if (!index || !branch)
        return vn_ok() ? vn_error(VN_ERR_NULL_ARGUMENT, "switch: an argument is NULL") : NULL;
    if (n_branches < 1)
        return vn_error(VN_ERR_ARGUMENT, "switch: %d branches", n_branches);
    for (int i = 0; i < n_branches; i++)
        if (!branch[i])
            return vn_ok() ? vn_error(VN_ERR_NULL_ARGUMENT, "switch: branch %d is NULL", i)
                           : NULL;
    if (!check_scalar("switch", "index", index) || !vn__no_nulls("switch", n, arg))
        return NULL;
    const bool number = vn_kind_of(index) == VN_KIND_INT ||
                        (vn_is_array(index) && vn_dtype_is_integer(vn_dtype_of(index)));
    if (!number)
        return vn_error(VN_ERR_DTYPE, "switch: the index is no integer");
    if (!is_symbolic(index)) {
        const int64_t i = vn_is_array(index) ? (int64_t)vn_item(index) : vn_int_value(index);
        if (!vn_ok())
            return NULL;
        return vn_call_n(branch[i < 0 ? 0 : i >= n_branches ? n_branches - 1 : i], n, arg);
    }
    user_branches u = {
        .who = "switch", .fn = branch, .arg = arg, .n_branches = n_branches, .n_args = n
    };
    index = vn_clip(vn_cast(index, VN_I32), vn_scalar(VN_I32, 0),
                    vn_scalar(VN_I32, n_branches - 1));
    return index ? choose(&u, index) : NULL;
}
