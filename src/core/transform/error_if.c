/* SPDX-License-Identifier: MIT */
/* error_if. Where the condition is known it is an error at once; recorded it is an identity
 * whose derivative is one as well. */
#include "core/transform/error_if.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ops/ops_common.h"
#include "core/transform/guard.h"
#include "core/transform/leaves.h"
#include "vernal/check.h"
#include "vernal/ops.h"

/* ------------------------------------------------------------------------------- modes */

static int chosen_mode;      /* by vn_set_on_error; atomic */
static int environment_mode; /* by VN_ON_ERROR */
static pthread_once_t environment_once = PTHREAD_ONCE_INIT;

static void read_environment(void)
{
    const char *const text = getenv("VN_ON_ERROR");
    environment_mode = text && !strcmp(text, "nan")   ? VN_ON_ERROR_NAN
                       : text && !strcmp(text, "off") ? VN_ON_ERROR_OFF
                                                      : VN_ON_ERROR_RAISE;
}

void vn_set_on_error(vn_on_error mode)
{
    __atomic_store_n(&chosen_mode, (int)mode, __ATOMIC_RELAXED);
}

vn_on_error vn_get_on_error(void)
{
    const int mode = __atomic_load_n(&chosen_mode, __ATOMIC_RELAXED);
    pthread_once(&environment_once, read_environment);
    return (vn_on_error)(mode == VN_ON_ERROR_DEFAULT ? environment_mode : mode);
}

/* ------------------------------------------------------------------------------- texts */

#define MAX_EXAMPLES 16

static _Thread_local int64_t example[MAX_EXAMPLES];
static _Thread_local int n_examples;

void vn__example_push(int64_t index)
{
    if (n_examples < MAX_EXAMPLES)
        example[n_examples] = index;
    n_examples++;
}

void vn__example_pop(void) { n_examples--; }

void vn__fault_text(char *text, size_t size, int n, const int64_t index[], const char *message)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < n && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%lld%s",
                                 i ? ", " : "Batch index (", (long long)index[i],
                                 i + 1 < n ? "" : n == 1 ? ",)" : ")");
    if (used < size)
        snprintf(text + used, size - used, "%s%s", n ? " had error:\n" : "", message);
}

void vn__fault_append(char *all, size_t size, const char *text)
{
    const size_t used = strlen(all);
    snprintf(all + used, size - used, "%s%s", used ? "\n\n" : "", text);
}

/* The message, and where in a model it was asked for. */
static const char *with_path(char *text, size_t size, const char *message)
{
    char path[200];
    vn__current_path(path, sizeof path);
    const bool model = path[0] && strncmp(path, "filter_", 7) && strncmp(path, "Partial", 7);
    if (model)
        snprintf(text, size, "%s (in %s)", message, path);
    else
        snprintf(text, size, "%s", message);
    return text;
}

static vn_tree *raise_now(const char *message)
{
    char text[512], full[512];
    vn__fault_text(text, sizeof text, n_examples < MAX_EXAMPLES ? n_examples : MAX_EXAMPLES,
                   example, with_path(full, sizeof full, message));
    vn__fail_text(VN_ERR_RUNTIME, text);
    return NULL;
}

/* --------------------------------------------------------------------------- the ops */

static vn_status identity_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr;
    for (int i = 0; i + 1 < n_in; i++)
        out[i] = in[i];
    return VN_ERR_OK;
}

static int identity_results(const void *attr) { return (int)((const vn__fault_attr *)attr)->n; }

static void identity_eval(const vn_eval *e)
{
    for (int j = 0; j < e->n_out; j++)
        memcpy(e->out[j], e->in[j],
               (size_t)vn_shape_size(e->in_aval[j].shape) * vn_dtype_size(e->in_aval[j].dtype));
}

static void identity_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    for (int j = 0; j < node->n_out; j++)
        din[j] = g[j];
}

static void identity_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    for (int j = 0; j < node->n_out; j++)
        dout[j] = din[j];
}

const vn_op vn__op_error_if = {
    .name = "error_if",
    .n_in = -1,
    .attr_size = sizeof(vn__fault_attr),
    .shape = identity_shape,
    .eval = identity_eval,
    .vjp = identity_vjp,
    .jvp = identity_jvp,
    .results = identity_results,
};

static vn_status fault_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)in, (void)n_in;
    out[0] = (vn_aval){ .dtype = VN_BOOL };
    return VN_ERR_OK;
}

static void unplanned_eval(const vn_eval *e) { (void)e; }

const vn_op vn__op_fault = {
    .name = "fault",
    .n_in = 1,
    .attr_size = sizeof(vn__fault_attr),
    .flags = VN_OP_EFFECT | VN_OP_NO_GRADIENT,
    .shape = fault_shape,
    .eval = unplanned_eval,
};

/* ------------------------------------------------------------------- as a user calls it */

static int64_t next_id;

static vn_tree *messages_of(int n, const char *const messages[])
{
    char full[512];
    vn_tree **const text = vn__alloc((size_t)n * sizeof *text);
    for (int i = 0; text && i < n; i++)
        text[i] = vn_string(with_path(full, sizeof full, messages[i]));
    vn_tree *const all = text ? vn_tuple_n(n, text) : NULL;
    vn__free(text);
    return all;
}

static vn_tree *record(vn_tree *x, vn_array *hit, vn_array *index, vn_tree *messages)
{
    vn__tape *const tape = vn__tape_current();
    vn__leaves leaves = { 0 };
    vn_array *out[VN__MAX_RESULTS];
    vn_tree *result = NULL;
    vn_array *const one = vn_scalar(VN_I32, 1), *const zero = vn_scalar(VN_I32, 0);
    hit = vn__guarded(hit);
    vn_array *const code = hit ? vn_where(hit, vn_add(index, one), zero) : NULL;
    if (code && vn__leaves_add(&leaves, x, vn_is_array) == VN_ERR_OK &&
        vn__tape_keep(tape, messages) == VN_ERR_OK) {
        vn__fault_attr attr;
        memset(&attr, 0, sizeof attr);
        attr.messages = messages;
        attr.id = __atomic_fetch_add(&next_id, 1, __ATOMIC_RELAXED);
        attr.n = leaves.n;
        vn_array *in[VN__MAX_OPERANDS];
        if (leaves.n >= VN__MAX_OPERANDS)
            vn__fail(VN_ERR_LIMIT, "error_if: more than %d arrays", VN__MAX_OPERANDS - 1);
        for (int64_t i = 0; vn_ok() && i < leaves.n; i++)
            in[i] = leaves.item[i];
        in[vn_ok() ? leaves.n : 0] = code;
        int64_t next = 0;
        if (vn_ok() && vn__record(out, tape, &vn__op_error_if, &attr, (int)leaves.n + 1, in,
                                  0) == VN_ERR_OK)
            result = vn__leaves_replace(x, vn_is_array, out, &next, true);
    }
    vn__leaves_free(&leaves);
    return result;
}

/* What stands for a wrong number: NaN, the largest integer, true. */
static vn_tree *spoil_leaf(void *context, vn_tree *leaf)
{
    static const double largest[VN_DTYPE_COUNT] = {
        [VN_I32] = INT32_MAX, [VN_U8] = UINT8_MAX,   [VN_U32] = UINT32_MAX,
        [VN_I8] = INT8_MAX,   [VN_I16] = INT16_MAX, [VN_U16] = UINT16_MAX,
    };
    static const int64_t longest[] = { INT64_MAX };
    static const uint64_t ulongest[] = { UINT64_MAX };
    if (!vn_is_array(leaf))
        return leaf;
    const vn_dtype dtype = vn_dtype_of(leaf);
    vn_array *const bad = dtype == VN_I64 ? vn_array_from(VN_I64, VN_SCALAR, longest)
                          : dtype == VN_U64 ? vn_array_from(VN_U64, VN_SCALAR, ulongest)
                          : dtype == VN_BOOL ? vn_scalar(VN_BOOL, 1)
                          : vn_dtype_is_inexact(dtype)
                              ? vn_scalar(dtype, (double)NAN)
                              : vn_scalar(dtype, largest[dtype]);
    return vn_where(context, bad, leaf);
}

static bool has_array(vn_tree *x)
{
    vn__leaves leaves = { 0 };
    const bool any = vn__leaves_add(&leaves, x, vn_is_array) == VN_ERR_OK && leaves.n > 0;
    vn__leaves_free(&leaves);
    return any;
}

/* A scalar bool: does the condition hold anywhere? */
static vn_array *any_of(vn_array *pred)
{
    if (!vn_is_array(pred))
        return vn_scalar(VN_BOOL, vn_item_bool(pred));
    if (vn_dtype_of(pred) != VN_BOOL)
        pred = vn_ne(pred, vn_zeros(vn_dtype_of(pred), VN_SCALAR));
    return pred && vn_rank(pred) ? vn_any(pred) : pred;
}

static bool check_arguments(vn_tree *x, vn_array *pred, vn_array *index, int n,
                            const char *const messages[])
{
    bool nulls = !x || !pred || !index || !messages;
    for (int i = 0; !nulls && i < n; i++)
        nulls = !messages[i];
    if (nulls)
        vn__fail(VN_ERR_NULL_ARGUMENT, "error_if: an argument is NULL");
    else if (n < 1)
        vn__fail(VN_ERR_ARGUMENT, "error_if: %d messages", n);
    else if (!vn_is_array_like(pred))
        vn__fail(VN_ERR_ARGUMENT, "error_if: the condition is a %s, no bool or array",
                 pred->type->name);
    else if (!has_array(x))
        vn__fail(VN_ERR_ARGUMENT, "error_if: no arrays to thread the error on to");
    else if (vn_is_array(index) ? vn_rank(index) || !vn_dtype_is_integer(vn_dtype_of(index))
                                : vn_kind_of(index) != VN_KIND_INT)
        vn__fail(VN_ERR_DTYPE, "error_if: the index is no scalar integer");
    return vn_ok() && vn__is_alive("error_if", pred) && vn__is_alive("error_if", index);
}

vn_tree *vn_branched_error_if(vn_tree *x, vn_array *pred, vn_array *index, int n,
                              const char *const messages[], const vn_error_if_options *options)
{
    if (!check_arguments(x, pred, index, n, messages))
        return NULL;
    vn_on_error mode = options ? options->on_error : VN_ON_ERROR_DEFAULT;
    if (mode == VN_ON_ERROR_DEFAULT)
        mode = vn_get_on_error();
    vn_array *const hit = any_of(pred);
    if (!hit || mode == VN_ON_ERROR_OFF)
        return hit ? x : NULL;
    if (!vn_is_traced(hit) && !vn_item_bool(hit))
        return x;
    if (mode == VN_ON_ERROR_NAN)
        return vn__map_leaves(x, spoil_leaf, hit);
    index = vn_clip(vn_cast(vn__as_operand("error_if", index), VN_I32), vn_scalar(VN_I32, 0),
                    vn_scalar(VN_I32, n - 1));
    if (!index)
        return NULL;
    if (!vn_is_traced(hit) && !vn_is_traced(index) && !vn__is_conditional())
        return raise_now(messages[(int)vn_item(index)]);
    vn_tree *const texts = messages_of(n, messages);
    return texts ? record(x, hit, index, texts) : NULL;
}

vn_tree *vn_error_if(vn_tree *x, vn_array *pred, const char *message,
                     const vn_error_if_options *options)
{
    return vn_branched_error_if(x, pred, vn_int(0), 1, &message, options);
}
