/* SPDX-License-Identifier: MIT */
/* scan as a user calls it. Eager: a C loop. Recorded: the op scan, whose reverse mode keeps all
 * carries; or, checkpointed or with buffers, the op while for so many steps. */
#include "core/transform/leaves.h"
#include "core/transform/loop_call.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

typedef struct user_scan {
    vn_tree *f, *xs, *y; /* y: structure of the result, retained by the scope */
    vn__loop_tree init;
} user_scan;

/* What a step returns; NULL has its error already. */
static bool is_pair(const vn_tree *out)
{
    if (out && vn_len(out) != 2)
        vn__fail(VN_ERR_STRUCTURE, "scan: the function returns no (carry, y)");
    return out && vn_len(out) == 2;
}

static vn_status user_step(vn__loop_step *out, void *context, vn__tape *tape,
                           vn_array *const carry[], vn_array *const x[])
{
    (void)tape;
    user_scan *const u = context;
    int64_t next = 0;
    vn_tree *const c = vn__loop_tree_of(&u->init, carry);
    vn_tree *const xt = vn__leaves_replace(u->xs, vn_is_array, x, &next, true);
    vn_tree *const result = c && xt ? vn_call(u->f, c, xt) : NULL;
    if (!is_pair(result))
        return vn_error_status();
    VN_TRY(vn__loop_arrays(out->carry, "scan", &u->init, vn_at(result, 0), carry));
    out->n_carry = u->init.n;
    u->y = vn_at(result, 1);
    vn__leaves ys = { 0 };
    VN_TRY(vn__leaves_add(&ys, u->y, vn_is_array));
    if (ys.n > VN__MAX_LOOP_VALUES)
        vn__fail(VN_ERR_LIMIT, "scan: more than %d arrays", VN__MAX_LOOP_VALUES);
    for (int64_t i = 0; vn_ok() && i < ys.n; i++)
        out->y[out->n_ys++] = ys.item[i];
    vn__leaves_free(&ys);
    return vn_error_status();
}

/* The op while keeps checkpoints; with buffers alone, every carry. */
static int64_t slots_of(const vn_loop_options *o, int64_t length)
{
    const int64_t wanted = o->kind != VN_LOOP_CHECKPOINTED ? length
                           : o->checkpoints                ? o->checkpoints
                                            : vn__default_checkpoints(length);
    return wanted > length ? length : wanted;
}

static vn_tree *scan_recorded(vn_tree *f, vn_tree *init, vn_tree *xs, int64_t length,
                              const vn_loop_options *o)
{
    vn__leaves x = { 0 };
    vn_array *out[VN__MAX_RESULTS];
    user_scan u = { .f = f, .xs = xs };
    int n_ys = 0, n_sums = 0;
    vn_tree *result = NULL;
    if (vn__loop_tree_make(&u.init, "scan", init, o->buffers) == VN_ERR_OK &&
        vn__leaves_add(&x, xs, vn_is_array) == VN_ERR_OK) {
        const bool is_while =
            length > 0 && (o->kind == VN_LOOP_CHECKPOINTED || u.init.n_buffers);
        const vn__loop loop = { .who = "scan",
                                .n_carry = u.init.n,
                                .n_xs = (int)x.n,
                                .init = u.init.array,
                                .xs = x.item,
                                .length = length,
                                .is_while = is_while,
                                .slots = is_while ? slots_of(o, length) : 0,
                                .n_buffers = u.init.n_buffers,
                                .body = user_step,
                                .context = &u };
        if (vn__loop_record(out, &n_ys, &n_sums, &loop) == VN_ERR_OK) {
            int64_t next = u.init.n;
            vn_tree *const carry = vn__loop_tree_of(&u.init, out);
            vn_tree *const ys = vn__leaves_replace(u.y, vn_is_array, out, &next, true);
            result = vn_tuple(carry, ys);
        }
    }
    vn__loop_tree_free(&u.init);
    vn__leaves_free(&x);
    return result;
}

/* ------------------------------------------------------------------------- eager */

static vn_tree *index_leaf(void *context, vn_tree *leaf)
{
    return vn_is_array(leaf) ? vn_index(leaf, 0, *(const int64_t *)context) : leaf;
}

static vn_tree *stack_leaf(void *context, vn_tree *const leaf[])
{
    const int64_t n = *(const int64_t *)context;
    return vn_is_array(leaf[0]) ? vn__stack_many(n, leaf, 0) : leaf[0];
}

static vn_tree *slice_leaf(void *context, vn_tree *leaf)
{
    (void)context;
    if (!vn_is_array(leaf))
        return leaf;
    const vn_aval one = vn__slice_aval(leaf);
    return vn_shape_struct(one.dtype, one.shape);
}

static vn_tree *empty_leaf(void *context, vn_tree *leaf)
{
    (void)context;
    if (!vn_is_array(leaf))
        return leaf;
    const vn_aval none = vn__stacked_aval((vn_aval){ vn_dtype_of(leaf), vn_shape_of(leaf) }, 0);
    return vn_zeros(none.dtype, none.shape);
}

/* Nothing is run; what ys would have been says the function's shape alone. */
static vn_tree *scan_of_no_steps(vn_tree *f, vn_tree *init, vn_tree *xs)
{
    vn_tree *const x = vn__map_leaves(xs, slice_leaf, NULL);
    vn_tree *const out =
        x ? vn_filter_eval_shape(f, 2, (vn_tree *[]){ init, x }) : NULL;
    return is_pair(out) ? vn_tuple(init, vn__map_leaves(vn_at(out, 1), empty_leaf, NULL))
                        : NULL;
}

static vn_tree *scan_eager(vn_tree *f, vn_tree *init, vn_tree *xs, int64_t length)
{
    if (length == 0)
        return scan_of_no_steps(f, init, xs);
    vn_tree *carry = init, *result = NULL;
    vn_tree **const ys = vn__alloc((size_t)(length + 1) * sizeof *ys);
    bool good = ys != NULL;
    for (int64_t t = 0; good && t < length; t++) {
        vn_tree *const x = vn__map_leaves(xs, index_leaf, &t);
        vn_tree *const out = vn_call(f, carry, x);
        good = is_pair(out);
        carry = good ? vn_at(out, 0) : NULL;
        ys[t] = good ? vn_at(out, 1) : NULL;
        good = good && vn__same_state("scan", init, carry) == VN_ERR_OK;
    }
    if (good)
        result = vn_tuple(carry, vn__map_leaves_n((int)length, ys, stack_leaf, &length));
    vn__free(ys);
    return result;
}

static bool length_leaf(void *context, vn_tree *leaf)
{
    int64_t *const length = context;
    if (!vn_is_array(leaf))
        return true;
    if (vn_rank(leaf) == 0 || (*length >= 0 && vn_dim(leaf, 0) != *length)) {
        char text[VN__SHAPE_TEXT];
        vn__fail(VN_ERR_SHAPE, "scan: xs holds %s, expected a first axis of %lld steps",
                 vn__shape_text(text, vn_dtype_of(leaf), vn_shape_of(leaf)),
                 (long long)*length);
        return false;
    }
    *length = vn_dim(leaf, 0);
    return true;
}

vn_tree *vn_scan_with(vn_tree *f, vn_tree *init, vn_tree *xs, int64_t length,
                      const vn_loop_options *options)
{
    const vn_loop_options o = options ? *options : (vn_loop_options){ 0 };
    if (!f || !init || !xs)
        return vn_ok() ? vn_error(VN_ERR_NULL_ARGUMENT, "scan: an argument is NULL") : NULL;
    if (o.checkpoints < 0 || o.kind == VN_LOOP_BOUNDED)
        return vn_error(VN_ERR_ARGUMENT, o.checkpoints < 0
                                             ? "scan: the number of checkpoints is negative"
                                             : "scan: it is lax or checkpointed, not bounded");
    int64_t steps = vn_is_none(xs) ? length : -1;
    if (!vn__for_leaves(xs, length_leaf, &steps) || steps < 0)
        return vn_ok() ? vn_error(VN_ERR_ARGUMENT, "scan: the number of steps is unknown")
                       : NULL;
    const vn__tape *const tape = vn__tape_current();
    return tape && !tape->eager ? scan_recorded(f, init, xs, steps, &o)
                                : scan_eager(f, init, xs, steps);
}

vn_tree *vn_scan(vn_tree *f, vn_tree *init, vn_tree *xs, int64_t length)
{
    return vn_scan_with(f, init, xs, length, NULL);
}
