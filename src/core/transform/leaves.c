/* SPDX-License-Identifier: MIT */
/* Leaves of trees as lists, and the session in which a derivative is taken. */
#include "core/transform/leaves.h"

#include "core/transform/axis.h"
#include "vernal/ops.h"

#define FIRST_CAPACITY 64 /* so that the leaves of most models are one allocation */

void vn__leaves_free(vn__leaves *leaves)
{
    vn__free(leaves->item);
    *leaves = (vn__leaves){ 0 };
}

bool vn__leaves_push(vn__leaves *l, vn_tree *leaf)
{
    const int64_t needed = l->n < FIRST_CAPACITY ? FIRST_CAPACITY : l->n + 1;
    if (l->n == l->capacity && !vn__grow(&l->item, &l->capacity, needed, sizeof *l->item))
        return false;
    l->item[l->n++] = leaf;
    return true;
}

typedef struct adding {
    vn__leaves *leaves;
    vn_filter_fn *fn;
} adding;

static bool add_leaf(void *context, vn_tree *leaf)
{
    const adding *const a = context;
    return (a->fn && !a->fn(leaf)) || vn__leaves_push(a->leaves, leaf);
}

vn_status vn__leaves_add(vn__leaves *leaves, vn_tree *tree, vn_filter_fn *fn)
{
    if (!tree)
        return vn_ok() ? vn__fail(VN_ERR_NULL_ARGUMENT, "a tree is NULL") : vn_error_status();
    vn__for_leaves(tree, add_leaf, &(adding){ leaves, fn });
    return vn_error_status();
}

typedef struct replacing {
    vn_filter_fn *fn;
    vn_array *const *item;
    int64_t *next;
    bool others;
} replacing;

static vn_tree *replace_leaf(void *context, vn_tree *leaf)
{
    const replacing *const r = context;
    if (r->fn && !r->fn(leaf))
        return r->others ? leaf : vn_none();
    vn_array *const item = r->item[(*r->next)++];
    return item ? item : vn_none();
}

vn_tree *vn__leaves_replace(vn_tree *tree, vn_filter_fn *fn, vn_array *const replace[],
                            int64_t *next, bool others)
{
    return vn__map_leaves(tree, replace_leaf, &(replacing){ fn, replace, next, others });
}

static vn_status align_leaf(vn__leaves *out, vn_tree *like, vn_tree *item, vn_filter_fn *fn,
                            const char *who)
{
    char a[VN__SHAPE_TEXT], b[VN__SHAPE_TEXT];
    const bool none = vn_is_none(item), wanted = fn(like);
    if (!none && !(wanted && vn_is_array(item)))
        return vn__fail(VN_ERR_DTYPE, "%s: a %s where a %s allows only %s", who,
                        item->type->name, like->type->name,
                        wanted ? "an array or none" : "none");
    if (!wanted)
        return VN_ERR_OK;
    if (!none && (vn_dtype_of(item) != vn_dtype_of(like) ||
                  !vn_shape_equal(vn_shape_of(item), vn_shape_of(like))))
        return vn__fail(VN_ERR_SHAPE, "%s: %s for %s", who,
                        vn__shape_text(a, vn_dtype_of(item), vn_shape_of(item)),
                        vn__shape_text(b, vn_dtype_of(like), vn_shape_of(like)));
    return vn__leaves_push(out, none ? NULL : item) ? VN_ERR_OK : vn_error_status();
}

vn_status vn__leaves_align(vn__leaves *out, vn_tree *like, vn_tree *tree, vn_filter_fn *fn,
                           const char *who)
{
    if (!like || !tree)
        return vn_ok() ? vn__fail(VN_ERR_NULL_ARGUMENT, "%s: a tree is NULL", who)
                       : vn_error_status();
    if (vn_is_leaf(like))
        return align_leaf(out, like, tree, fn, who);
    const bool none = vn_is_none(tree);
    if (!none && tree->type != like->type)
        return vn__fail(VN_ERR_STRUCTURE, "%s: a %s where there is a %s", who,
                        tree->type->name, like->type->name);
    if (!none && vn_len(tree) != vn_len(like))
        return vn__fail(VN_ERR_STRUCTURE, "%s: %d children where there are %d", who,
                        vn_len(tree), vn_len(like));
    for (int i = 0; i < vn_len(like); i++)
        VN_TRY(vn__leaves_align(out, vn_at(like, i), none ? tree : vn_at(tree, i), fn, who));
    return VN_ERR_OK;
}

static vn_tree *without_numbers(void *context, vn_tree *leaf)
{
    (void)context;
    return vn_is_array(leaf) ? vn_shape_struct(vn_dtype_of(leaf), vn_shape_of(leaf)) : leaf;
}

vn_tree *vn__structs_of(vn_tree *tree)
{
    return tree ? vn__map_leaves(tree, without_numbers, NULL) : NULL;
}

vn_tree *vn__call_tuple(vn_tree *f, vn_tree *args)
{
    vn_tree *call[VN__MAX_OPERANDS];
    const int n = vn_len(args);
    if (n > VN__MAX_OPERANDS)
        return vn_error(VN_ERR_LIMIT, "call: %d arguments, at most %d", n, VN__MAX_OPERANDS);
    for (int i = 0; i < n; i++)
        call[i] = vn_at(args, i);
    return vn_call_n(f, n, call);
}

vn_array *vn__stack_many(int64_t n, vn_array *const x[], int axis)
{
    if (n <= VN__MAX_OPERANDS)
        return vn_stack_n((int)n, x, axis);
    const int64_t half = n / 2;
    vn_array *const both[] = { vn__stack_many(half, x, axis),
                               vn__stack_many(n - half, x + half, axis) };
    return both[0] && both[1] ? vn_concat_n(2, both, axis) : NULL;
}

static vn_tree *detach_leaf(void *context, vn_tree *leaf)
{
    return vn__tape_of(leaf) == context ? vn__array_detach(leaf) : leaf;
}

vn_tree *vn__detach_tree(vn_tree *tree, const vn__tape *tape)
{
    return tree ? vn__map_leaves(tree, detach_leaf, (void *)(uintptr_t)tape) : NULL;
}

vn_status vn__session_begin(vn__session *session)
{
    *session = (vn__session){ .tape = vn__tape_current() };
    if (!session->tape) {
        session->tape = vn__tape_new(NULL, true);
        session->own = true;
        if (!session->tape)
            return vn_error_status();
        vn__tape_push(session->tape);
    }
    session->open = session->tape->n_open;
    return vn_error_status();
}

vn_tree *vn__session_mark(const vn__session *session, vn_tree *tree, vn__leaves *leaves,
                          vn__leaves *marks)
{
    int64_t next = marks->n;
    const int64_t first = leaves->n;
    if (!tree || vn__leaves_add(leaves, tree, vn_is_inexact_array) != VN_ERR_OK)
        return NULL;
    for (int64_t i = first; i < leaves->n; i++) {
        vn_array *const x = vn__mark(session->tape, leaves->item[i]);
        if (!x || !vn__leaves_push(marks, x))
            return NULL;
    }
    return vn__leaves_replace(tree, vn_is_inexact_array, marks->item, &next, true);
}

vn_tree *vn__session_end(vn__session *session, vn_tree *result)
{
    session->tape->n_open = session->open;
    if (!session->own)
        return result;
    vn__tape_pop();
    session->tape->sealed = true;
    vn_tree *const plain = vn__detach_tree(result, session->tape);
    vn__tape_release(session->tape);
    return plain;
}
