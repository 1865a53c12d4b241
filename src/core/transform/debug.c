/* SPDX-License-Identifier: MIT */
/* Counting recordings; identities that look at derivatives. */
#include "vernal/debug.h"

#include <string.h>

#include "core/transform/leaves.h"
#include "core/transform/loop.h"
#include "core/transform/watch.h"
#include "vernal/check.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

/* ------------------------------------------------------------------------- recordings */

/* Shared by all copies of a function. */
typedef struct counter {
    vn_module base;
    int traces;    /* atomic */
    vn_tree *last; /* tuple of the arguments of the last recording, without numbers; owned */
} counter;

typedef struct counted {
    vn_module base;
    vn_tree *fn, *counter;
    int64_t max_traces;
} counted;

static void counter_destroy(vn_tree *tree)
{
    vn_release(((counter *)(void *)tree)->last);
}

static const vn_type counter_type = {
    .name = "trace_counter",
    .kind = VN_KIND_MODULE,
    .size = sizeof(counter),
    .destroy = counter_destroy,
};

static vn_tree *without_numbers(void *context, vn_tree *leaf)
{
    (void)context;
    if (!vn_is_array(leaf))
        return leaf;
    vn__array *const a = vn__array_new(vn_dtype_of(leaf), vn_shape_of(leaf));
    return a ? &a->base : NULL;
}

/* What differs between two lists of arguments, as a sentence. */
static void describe_change(char *text, size_t size, vn_tree *before, vn_tree *now)
{
    const vn__pairing pair = { "arguments", "before", "now" };
    vn__error outer, found;
    vn__error_take(&outer);
    (void)vn__same_trees(&pair, before, now);
    vn__error_take(&found);
    vn__error_restore(&outer);
    snprintf(text, size, "%.250s",
             found.status == VN_ERR_OK ? "the arguments are alike" : found.message);
}

static bool count_trace(const counted *self, int n, vn_tree *const arg[])
{
    counter *const c = (counter *)(void *)self->counter;
    vn_tree *const all = vn_tuple_n(n, arg);
    vn_tree *const now = all ? vn__map_leaves(all, without_numbers, NULL) : NULL;
    if (!now)
        return false;
    const int traces = __atomic_add_fetch(&c->traces, 1, __ATOMIC_RELAXED);
    if (traces > self->max_traces) {
        char why[300];
        describe_change(why, sizeof why, c->last ? c->last : now, now);
        vn__fail(VN_ERR_TRACE, "the function can only be traced %lld times: %s",
                 (long long)self->max_traces, why);
        return false;
    }
    return vn_assign(&c->last, now);
}

static vn_tree *counted_call(vn_tree *tree, int n, vn_tree *const arg[])
{
    const counted *const self = (const counted *)(const void *)tree;
    const vn__tape *const tape = vn__tape_current();
    if (tape && !tape->eager && !count_trace(self, n, arg))
        return NULL;
    return vn_call_n(self->fn, n, arg);
}

static const vn_field counted_fields[] = {
    VN_FIELD(counted, fn, TREE),
    VN_FIELD(counted, counter, STATIC),
    VN_FIELD(counted, max_traces, INT),
};
static const vn_type counted_type = {
    .name = "filter_assert_max_traces",
    .kind = VN_KIND_MODULE,
    .size = sizeof(counted),
    .fields = counted_fields,
    .n_fields = 3,
    .call = counted_call,
    .min_args = 0,
    .max_args = VN__MAX_OPERANDS,
};

vn_tree *vn_assert_max_traces(vn_tree *f, int max_traces)
{
    if (!f)
        return vn_ok() ? vn_error(VN_ERR_NULL_ARGUMENT, "assert_max_traces: f is NULL") : NULL;
    if (max_traces < 0)
        return vn_error(VN_ERR_ARGUMENT, "assert_max_traces: max_traces is %d", max_traces);
    vn_tree *const c = vn_module_new(&counter_type, &(counter){ .traces = 0 });
    return c ? vn_module_new(&counted_type,
                             &(counted){ .fn = f, .counter = c, .max_traces = max_traces })
             : NULL;
}

int vn_num_traces(const vn_tree *f)
{
    if (!f || f->type != &counted_type)
        return vn_jit_traces(f);
    const counted *const self = (const counted *)(const void *)f;
    return __atomic_load_n(&((counter *)(void *)self->counter)->traces, __ATOMIC_RELAXED);
}

/* ----------------------------------------------------------------------------- watch */

typedef struct watch_attr {
    vn_tree *text;  /* lives as long as the tape */
    int64_t allows; /* derivatives pass, but for NaN */
} watch_attr;

static vn_status watch_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)n_in;
    out[0] = in[0];
    return VN_ERR_OK;
}

static void watch_eval(const vn_eval *e)
{
    memcpy(e->out[0], e->in[0],
           (size_t)vn_shape_size(e->in_aval[0].shape) * vn_dtype_size(e->in_aval[0].dtype));
}

static void watch_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const watch_attr *const a = node->attr;
    const char *const text = vn_string_value(a->text);
    char message[300];
    snprintf(message, sizeof message, "%s: a cotangent is NaN", text);
    if (a->allows)
        din[0] = vn_error_if(g[0], vn_is_nan(g[0]), message, NULL);
    else
        vn__fail(VN_ERR_DERIVATIVE, "%s", text);
}

static void watch_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    const watch_attr *const a = node->attr;
    if (a->allows)
        dout[0] = din[0];
    else
        vn__fail(VN_ERR_DERIVATIVE, "%s", vn_string_value(a->text));
}

const vn_op vn__op_watch = {
    .name = "watch",
    .n_in = 1,
    .attr_size = sizeof(watch_attr),
    .shape = watch_shape,
    .eval = watch_eval,
    .vjp = watch_vjp,
    .jvp = watch_jvp,
};

static vn_tree *watch_leaf(void *context, vn_tree *leaf)
{
    const watch_attr *const a = context;
    vn__tape *const tape = vn_is_inexact_array(leaf) ? vn__tape_of(leaf) : NULL;
    vn_array *out;
    if (!tape)
        return leaf;
    return vn__tape_keep(tape, a->text) == VN_ERR_OK &&
                   vn__record(&out, tape, &vn__op_watch, a, 1, &leaf, 0) == VN_ERR_OK
               ? out
               : NULL;
}

static vn_tree *watch(vn_tree *x, const char *text, bool allows)
{
    if (!x || !text)
        return vn_ok() ? vn_error(VN_ERR_NULL_ARGUMENT, "an argument is NULL") : NULL;
    watch_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.text = vn_string(text);
    attr.allows = allows;
    return attr.text ? vn__map_leaves(x, watch_leaf, &attr) : NULL;
}

vn_tree *vn_backward_nan(vn_tree *x, const char *name) { return watch(x, name, true); }

vn_tree *vn_nondifferentiable(vn_tree *x, const char *message)
{
    return watch(x, message, false);
}
