/* SPDX-License-Identifier: MIT */
/* Applying an op: the shape rule, then evaluate at once or record. */
#include <string.h>

#include "core/base/large.h"
#include "core/tape/tape.h"
#include "kernels/kernels.h"
#include "parallel/pool.h"

#define MAX_OPERANDS VN__MAX_OPERANDS

static bool check_operands(const vn_op *op, int n_in, vn_array *const in[])
{
    if (n_in > MAX_OPERANDS) {
        vn__fail(VN_ERR_LIMIT, "%s: %d operands, at most %d", op->name, n_in, MAX_OPERANDS);
        return false;
    }
    if (op->n_in >= 0 && op->n_in != n_in) {
        vn__fail(VN_ERR_ARGUMENT, "%s: %d operands, expected %d", op->name, n_in, op->n_in);
        return false;
    }
    for (int i = 0; i < n_in; i++) {
        if (!in[i]) {
            vn__fail(VN_ERR_NULL_ARGUMENT, "%s: operand %d is NULL", op->name, i);
            return false;
        }
        if (!vn__as_array(in[i])) {
            vn__fail(VN_ERR_DTYPE, "%s: operand %d is a %s, expected an array", op->name, i,
                     in[i]->type->name);
            return false;
        }
        if (!vn__is_alive(op->name, in[i]))
            return false;
    }
    return true;
}

/* The scratch of each of the workers, and behind it what they share. */
typedef struct scratch {
    char *memory;
    size_t each, all; /* bytes */
} scratch;

static vn_status scratch_alloc(scratch *s, int workers, int64_t shared, const vn_op *op,
                               const void *attr, int n_in, const vn_aval in[])
{
    *s = (scratch){ 0 };
    s->each = op->scratch ? (op->scratch(attr, in, n_in, NULL, 1) + 63) & ~(size_t)63 : 0;
    if (s->each == 0 && shared == 0)
        return VN_ERR_OK;
    s->all = s->each * (size_t)workers + (size_t)shared + 64;
    s->memory = vn__large_alloc(s->all);
    return s->memory ? VN_ERR_OK : vn_error_status();
}

static vn_status results_alloc(vn_array *out[], void *data[], int n_out, const vn_aval aval[])
{
    for (int j = 0; j < n_out; j++) {
        out[j] = vn_empty(aval[j].dtype, aval[j].shape);
        if (!out[j])
            return vn_error_status();
        data[j] = ((vn__array *)(void *)out[j])->data;
    }
    return VN_ERR_OK;
}

/* Are all elements of the result those of the operand, in order? It is then the same memory. */
static bool is_same(const vn_op *op, const void *attr, const vn_aval *in, const vn_aval *out)
{
    return op->view && in->dtype == out->dtype &&
           vn_shape_size(in->shape) == vn_shape_size(out->shape) &&
           op->view(attr, in, out) == 0;
}

vn_status vn__evaluate(vn_array *out[], const vn_op *op, const void *attr, int n_in,
                       vn_array *const in[], const vn_aval out_aval[])
{
    const int n_out = vn__results(op, attr);
    const void *data[MAX_OPERANDS];
    vn_aval in_aval[MAX_OPERANDS];
    static const bool mapped[MAX_OPERANDS];
    void *result[VN__MAX_RESULTS];
    scratch s;
    for (int i = 0; i < n_in; i++) {
        data[i] = vn_data(in[i]);
        if (!data[i])
            return vn_error_status();
        in_aval[i] = (vn_aval){ vn_dtype_of(in[i]), vn_shape_of(in[i]) };
    }
    if (n_in == 1 && n_out == 1 && is_same(op, attr, in_aval, out_aval)) {
        out[0] = vn__array_view(in[0], out_aval[0].shape, 0);
        return vn_error_status();
    }
    VN_TRY(results_alloc(out, result, n_out, out_aval));
    const int64_t parts = op->parts ? op->parts(attr, in_aval, mapped, 1, false) : 1;
    const int workers = parts > 1 ? vn__pool_workers() : 1;
    const int64_t shared = parts > 1 ? vn__shared_bytes(op, attr, in_aval, n_in) : 0;
    VN_TRY(scratch_alloc(&s, workers, shared, op, attr, n_in, in_aval));
    const vn_eval e = { .attr = attr,
                        .n_in = n_in,
                        .n_out = n_out,
                        .lanes = 1,
                        .in = data,
                        .out = result,
                        .mapped = mapped,
                        .in_aval = in_aval,
                        .out_aval = out_aval,
                        .scratch = s.memory,
                        .kernels = vn__kernels_get() };
    if (parts > 1)
        vn__evaluate_parts(op, &e, parts, s.memory, (int64_t)s.each,
                           shared ? s.memory + (size_t)workers * s.each : NULL);
    else
        op->eval(&e);
    vn__large_free(s.memory, s.all);
    return VN_ERR_OK;
}

/* The results of the shape rule, sizes that fit into memory. */
static vn_status result_avals(vn_aval out[], const vn_op *op, const void *attr,
                              const vn_aval in[], int n_in)
{
    VN_TRY(op->shape(out, attr, in, n_in));
    for (int j = 0, n = vn__results(op, attr); j < n; j++)
        if (!vn__shape_valid(op->name, out[j].dtype, out[j].shape))
            return vn_error_status();
    return VN_ERR_OK;
}

vn_status vn__record(vn_array *out[], vn__tape *tape, const vn_op *op, const void *attr,
                     int n_in, vn_array *const in[], uint64_t axes)
{
    const int n_out = vn__results(op, attr);
    vn_aval in_aval[MAX_OPERANDS], out_aval[VN__MAX_RESULTS];
    uint32_t id[MAX_OPERANDS];
    for (int i = 0; i < n_in; i++) {
        id[i] = vn__tape_import(tape, in[i]);
        if (id[i] == UINT32_MAX)
            return vn_error_status();
        in_aval[i] = tape->value[id[i]].aval;
        axes |= tape->value[id[i]].axes;
    }
    VN_TRY(result_avals(out_aval, op, attr, in_aval, n_in));
    if (op->axes)
        axes = op->axes(attr, axes);
    const uint32_t first = vn__tape_append(tape, op, attr, n_in, id, n_out, out_aval, axes);
    if (first == UINT32_MAX)
        return vn_error_status();
    if (tape->eager) {
        vn_array *number[VN__MAX_RESULTS];
        VN_TRY(vn__evaluate(number, op, attr, n_in, in, out_aval));
        for (int j = 0; j < n_out; j++)
            VN_TRY(vn__tape_set_known(tape, first + (uint32_t)j, number[j]));
    }
    for (int j = 0; j < n_out; j++) {
        out[j] = vn__tape_array(tape, first + (uint32_t)j);
        if (!out[j])
            return vn_error_status();
    }
    return VN_ERR_OK;
}

/* The innermost tape among those of the operands, NULL if none has one. */
static vn__tape *tape_of_operands(int n_in, vn_array *const in[])
{
    vn__tape *tape = NULL;
    for (int i = 0; i < n_in; i++) {
        vn__tape *const t = vn__tape_of(in[i]);
        if (t && t != tape && (!tape || vn__tape_encloses(tape, t)))
            tape = t;
    }
    return tape;
}

vn_status vn_op_apply_n(vn_array *out[], const vn_op *op, const void *attr, int n_in,
                        vn_array *const in[])
{
    const int n_out = vn__results(op, attr);
    for (int j = 0; j < n_out; j++)
        out[j] = NULL;
    if (!check_operands(op, n_in, in))
        return vn_error_status();
    vn__tape *const tape = tape_of_operands(n_in, in);
    if (tape)
        return vn__record(out, tape, op, attr, n_in, in, 0);
    vn_aval in_aval[MAX_OPERANDS], out_aval[VN__MAX_RESULTS];
    for (int i = 0; i < n_in; i++)
        in_aval[i] = (vn_aval){ vn_dtype_of(in[i]), vn_shape_of(in[i]) };
    VN_TRY(result_avals(out_aval, op, attr, in_aval, n_in));
    return vn__evaluate(out, op, attr, n_in, in, out_aval);
}

vn_array *vn_op_apply(const vn_op *op, const void *attr, int n_in, vn_array *const in[])
{
    vn_array *out[VN__MAX_RESULTS];
    return vn_op_apply_n(out, op, attr, n_in, in) == VN_ERR_OK ? out[0] : NULL;
}
