/* SPDX-License-Identifier: MIT */
/* while_loop and fori_loop. Eager: a C loop. Recorded:
 * lax, checkpointed   the op while, without and with checkpoints;
 * bounded             a scan of (active, value) that ends when nobody is active.
 * An example that is not active any more keeps its value; where all examples are one, nothing
 * needs choosing, for the loop ends with it. */
#include <math.h>
#include <string.h>

#include "core/transform/guard.h"
#include "core/transform/leaves.h"
#include "core/transform/loop.h"
#include "core/transform/loop_call.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

typedef struct user_while {
    vn_tree *cond, *body;
    vn__loop_tree init;
} user_while;

static vn_status scalar_bool(vn_array **out, vn_tree *value)
{
    if (!value)
        return vn_error_status();
    if (vn_kind_of(value) == VN_KIND_BOOL)
        value = vn_scalar(VN_BOOL, vn_bool_value(value));
    if (!vn_is_array(value) || vn_dtype_of(value) != VN_BOOL || vn_rank(value) != 0)
        return vn__fail(VN_ERR_DTYPE, "while_loop: the condition is no scalar bool");
    *out = value;
    return vn__is_alive("while_loop", value) ? VN_ERR_OK : vn_error_status();
}

static vn_status condition(vn_array **out, const user_while *u, vn_tree *value)
{
    VN_TRY(value ? scalar_bool(out, vn_call(u->cond, value)) : vn_error_status());
    *out = vn__guarded_alike(*out);
    return vn_error_status();
}

/* The body on the examples that are active; the others keep their value. */
static vn_tree *guarded_step(vn_array *out[], const user_while *u, vn_array *active,
                             vn_array *const carry[])
{
    vn_tree *const value = vn__loop_tree_of(&u->init, carry);
    const bool differs = vn__axes_of(active) != 0;
    if (!value)
        return NULL;
    if (differs)
        vn__guard_push(active);
    vn_tree *const next = vn_call(u->body, value);
    if (differs)
        vn__guard_pop();
    if (!next || vn__loop_arrays(out, "while_loop", &u->init, next, carry) != VN_ERR_OK)
        return NULL;
    const int plain = u->init.n - u->init.n_buffers;
    for (int i = 0; i < plain && differs && vn_ok(); i++)
        out[i] = vn_where(active, out[i], carry[i]);
    return vn_ok() ? next : NULL;
}

/* ------------------------------------------------------------------- lax, checkpointed */

static vn_status while_cond(vn_array **out, void *context, vn__tape *tape,
                            vn_array *const carry[])
{
    (void)tape;
    const user_while *const u = context;
    return condition(out, u, vn__loop_tree_of(&u->init, carry));
}

static vn_status while_body(vn__loop_step *out, void *context, vn__tape *tape,
                            vn_array *const carry[], vn_array *const x[])
{
    (void)x;
    const user_while *const u = context;
    vn_array *active;
    VN_TRY(while_cond(&active, context, tape, carry));
    out->n_carry = u->init.n;
    return guarded_step(out->carry, u, active, carry) ? VN_ERR_OK : vn_error_status();
}

/* ----------------------------------------------------------------------------- bounded */

static vn_status bounded_step(vn__loop_step *out, void *context, vn__tape *tape,
                              vn_array *const carry[], vn_array *const x[])
{
    (void)x, (void)tape;
    const user_while *const u = context;
    if (!guarded_step(out->carry + 1, u, carry[0], carry + 1))
        return vn_error_status();
    out->n_carry = u->init.n + 1;
    return condition(&out->carry[0], u, vn__loop_tree_of(&u->init, out->carry + 1));
}

static vn_status record_bounded(vn_array *out[], user_while *u, int64_t max_steps)
{
    vn_array *init[VN__MAX_LOOP_VALUES + 1], *all[VN__MAX_RESULTS];
    int n_ys, n_sums;
    VN_TRY(condition(&init[0], u, u->init.tree));
    memcpy(init + 1, u->init.array, (size_t)u->init.n * sizeof *init);
    const vn__loop loop = { .who = "while_loop",
                            .n_carry = u->init.n + 1,
                            .init = init,
                            .length = max_steps,
                            .gate = 1,
                            .body = bounded_step,
                            .context = u };
    VN_TRY(vn__loop_record(all, &n_ys, &n_sums, &loop));
    memcpy(out, all + 1, (size_t)u->init.n * sizeof *out);
    return VN_ERR_OK;
}

/* -------------------------------------------------------------------------------- calls */

int64_t vn__default_checkpoints(int64_t steps)
{
    return steps <= 1 ? 1 : (int64_t)floor(-1.5 + sqrt(2.0 * (double)steps + 0.25)) + 1;
}

static vn_status check_options(vn_loop_options *o)
{
    if (o->max_steps < VN_NO_STEPS)
        return vn__fail(VN_ERR_ARGUMENT, "while_loop: max_steps is %lld",
                        (long long)o->max_steps);
    if (o->checkpoints < 0)
        return vn__fail(VN_ERR_ARGUMENT, "while_loop: checkpoints is %lld",
                        (long long)o->checkpoints);
    if (o->kind == VN_LOOP_DEFAULT)
        o->kind = o->checkpoints      ? VN_LOOP_CHECKPOINTED
                  : o->max_steps != 0 ? VN_LOOP_BOUNDED
                                      : VN_LOOP_LAX;
    if (o->kind == VN_LOOP_BOUNDED && o->max_steps == 0)
        return vn__fail(VN_ERR_ARGUMENT, "while_loop: a bounded loop needs max_steps");
    if (o->kind == VN_LOOP_CHECKPOINTED && o->max_steps == 0 && o->checkpoints == 0)
        return vn__fail(VN_ERR_ARGUMENT,
                        "while_loop: a checkpointed loop needs max_steps or checkpoints");
    return VN_ERR_OK;
}

/* Checkpoints of the op while: 0 for a lax loop. A bounded loop with buffers keeps every
 * carry. */
static int64_t slots_of(const vn_loop_options *o)
{
    const int64_t wanted = o->kind == VN_LOOP_LAX       ? 0
                           : o->kind == VN_LOOP_BOUNDED ? o->max_steps
                           : o->checkpoints             ? o->checkpoints
                                            : vn__default_checkpoints(o->max_steps);
    return o->max_steps && wanted > o->max_steps ? o->max_steps : wanted;
}

static vn_tree *recorded(user_while *u, vn_tree *init, const vn_loop_options *o)
{
    vn_array *out[VN__MAX_RESULTS];
    int n_ys, n_sums;
    vn_status status = vn__loop_tree_make(&u->init, "while_loop", init, o->buffers);
    if (status == VN_ERR_OK && u->init.n == 0)
        status = vn__fail(VN_ERR_ARGUMENT, "while_loop: the value holds no array");
    if (status == VN_ERR_OK && o->kind == VN_LOOP_BOUNDED && u->init.n_buffers == 0)
        status = record_bounded(out, u, o->max_steps);
    else if (status == VN_ERR_OK)
        status = vn__loop_record(out, &n_ys, &n_sums,
                                 &(vn__loop){ .who = "while_loop",
                                              .n_carry = u->init.n,
                                              .init = u->init.array,
                                              .length = o->max_steps ? o->max_steps : INT64_MAX,
                                              .is_while = true,
                                              .cond = while_cond,
                                              .slots = slots_of(o),
                                              .n_buffers = u->init.n_buffers,
                                              .body = while_body,
                                              .context = u });
    vn_tree *const result = status == VN_ERR_OK ? vn__loop_tree_of(&u->init, out) : NULL;
    vn__loop_tree_free(&u->init);
    return result;
}

static vn_tree *eager(const user_while *u, vn_tree *value, int64_t max_steps)
{
    for (int64_t k = 0; value && (max_steps == 0 || k < max_steps); k++) {
        vn_array *active;
        if (scalar_bool(&active, vn_call(u->cond, value)) != VN_ERR_OK)
            return NULL;
        if (!vn_item_bool(active))
            break;
        vn_tree *const next = vn_call(u->body, value);
        if (!next || vn__same_state("while_loop", value, next) != VN_ERR_OK)
            return NULL;
        value = next;
    }
    return value;
}

vn_tree *vn_while_loop(vn_tree *cond, vn_tree *body, vn_tree *init,
                       const vn_loop_options *options)
{
    vn_loop_options o = options ? *options : (vn_loop_options){ 0 };
    if (!cond || !body || !init)
        return vn_ok() ? vn_error(VN_ERR_NULL_ARGUMENT, "while_loop: an argument is NULL")
                       : NULL;
    if (check_options(&o) != VN_ERR_OK)
        return NULL;
    user_while u = { .cond = cond, .body = body };
    if (o.max_steps == VN_NO_STEPS)
        return init;
    const vn__tape *const tape = vn__tape_current();
    return tape && !tape->eager ? recorded(&u, init, &o) : eager(&u, init, o.max_steps);
}

/* fori: a scan over 0 .. n-1 that keeps no ys. */
static vn_tree *fori_step(vn_tree *const arg[]) /* body, lower, carry, i */
{
    vn_tree *const i = vn_add(arg[3], arg[1]);
    return vn_tuple(vn_call(arg[0], i, arg[2]), vn_none());
}

vn_tree *vn_fori_loop(int64_t lower, int64_t upper, vn_tree *body, vn_tree *init)
{
    if (!body || !init)
        return vn_error(VN_ERR_NULL_ARGUMENT, "fori_loop: the body or the value is NULL");
    if (upper <= lower)
        return init;
    if (lower < INT32_MIN || upper > INT32_MAX)
        return vn_error(VN_ERR_LIMIT, "fori_loop: the numbers %lld to %lld are not all i32",
                        (long long)lower, (long long)upper);
    vn_tree *const step =
        vn_partial(vn_function(fori_step, 4), body, vn_scalar(VN_I32, (double)lower));
    return vn_at(vn_scan(step, init, vn_arange(VN_I32, upper - lower), 0), 0);
}
