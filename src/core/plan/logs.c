/* SPDX-License-Identifier: MIT */
/* Logs: arrays of a loop's carry of which a step changes few elements. All versions of a log in
 * a body share the memory of the carry, if every reader of a version comes before the step that
 * makes the next one; else the last version is copied there at the end. */
#include "core/ops/ops.h"
#include "core/plan/compile.h"

#define NOT_A_LOG UINT32_MAX

/* The version before the one that this value is. */
static uint32_t version_before(const vn__instr *instr, uint32_t value)
{
    const int j = (int)(value - instr->out);
    if (instr->op == &vn__op_buffer_set || instr->op == &vn__op_buffer_add)
        return instr->in[0];
    if (instr->op == &vn__op_while) {
        const vn__while_attr *const a = instr->attr;
        return j >= a->n_carry - a->n_buffers && j < a->n_carry ? instr->in[j] : NOT_A_LOG;
    }
    if (instr->op == &vn__op_unwind) {
        const vn__unwind_attr *const a = instr->attr;
        const int grads = a->n_carry + 2 + a->n_xs + a->n_captured;
        return j >= a->n_grads - a->n_log_grads && j < a->n_grads ? instr->in[grads + j]
                                                                  : NOT_A_LOG;
    }
    return NOT_A_LOG;
}

/* True if nothing reads the value from instruction `next` on, which replaces it, but for that
 * itself. Products and sums over lanes may read later than they are written here. */
static bool is_dead_after(const vn__compiler *c, uint32_t value, int64_t next)
{
    const vn__tape *const tape = c->tape;
    for (int64_t k = 0; k < tape->n_instr; k++) {
        int reads = 0;
        for (int i = 0; i < tape->instr[k].n_in; i++)
            reads += tape->instr[k].in[i] == value;
        const vn_op *const op = tape->instr[k].op;
        if (reads > (k == next) && (k >= next || op->eval_sum || op->takes_epilogue))
            return false;
    }
    for (int64_t j = 0; j < tape->n_output; j++)
        if (tape->output[j] == value)
            return false;
    return true;
}

static bool shares(const vn__compiler *c, uint32_t input, uint32_t last)
{
    const vn__tape *const tape = c->tape;
    for (uint32_t v = last; v != input;) {
        const vn__value *const value = &tape->value[v];
        if (value->constant || value->instr == VN__NO_INSTR ||
            value->axes != tape->value[input].axes)
            return false;
        const int64_t maker = value->instr;
        v = version_before(&tape->instr[maker], v);
        if (v == NOT_A_LOG || !is_dead_after(c, v, maker))
            return false;
    }
    return true;
}

/* Stages are not run in the order of the tape. */
static bool in_order(const vn__compiler *c)
{
    for (int64_t i = 0; c->lane < 0 && i < c->tape->n_value; i++)
        if (c->tape->value[i].axes)
            return false;
    return true;
}

vn_status vn__share_logs(vn__compiler *c, const vn__logs *logs)
{
    const vn__tape *const tape = c->tape;
    for (int i = 0; i < logs->n; i++) {
        const uint32_t input = tape->input[logs->in + i], last = tape->output[logs->out + i];
        const bool share = in_order(c) && shares(c, input, last);
        if (!share && last != input && c->out_of[last] == logs->out + i)
            c->out_of[last] = -1; /* made elsewhere, copied at the end */
        for (uint32_t v = last; share && v != input;) {
            c->out_of[v] = logs->out + i;
            v = version_before(&tape->instr[tape->value[v].instr], v);
        }
    }
    return VN_ERR_OK;
}

static bool among(int32_t parameter, int first, int n)
{
    return parameter >= first && parameter < first + n;
}

bool vn__reads_log(const vn__compiler *c, const vn__instr *instr)
{
    for (int i = 0; c->logs && i < instr->n_in; i++) {
        const uint32_t whole = c->root[instr->in[i]];
        if (among(c->in_of[whole], c->logs->in, c->logs->n) ||
            among(c->out_of[whole], c->logs->out, c->logs->n))
            return true;
    }
    return false;
}

bool vn__is_log(const vn__compiler *c, const vn__step *s)
{
    return c->logs && (s->op == &vn__op_buffer_set || s->op == &vn__op_buffer_add) &&
           s->out[0].space == VN__SPACE_OUT && s->out[0].index >= c->logs->out &&
           s->out[0].index < c->logs->out + c->logs->n;
}
