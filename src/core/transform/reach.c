/* SPDX-License-Identifier: MIT */
#include "core/transform/reach.h"

static bool inexact(const vn__tape *tape, uint32_t value)
{
    return vn_dtype_is_inexact(tape->value[value].aval.dtype);
}

static bool any(const bool *flag, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (flag[i])
            return true;
    return false;
}

/* --------------------------------------------------------------- through a body, once */

/* reached[value] of a body, from its inputs. */
static bool *through(const vn__tape *body, const bool *in)
{
    bool *const reached = vn__alloc_zero((size_t)body->n_value + 1);
    for (int64_t i = 0; reached && i < body->n_input; i++)
        reached[body->input[i]] = in[i] && inexact(body, body->input[i]);
    if (reached && vn__reach(reached, body, body->n_instr) == VN_ERR_OK)
        return reached;
    vn__free(reached);
    return NULL;
}

vn_status vn__reach_carries(bool *in, bool *out, const vn__cycle *cycle)
{
    const vn__tape *const body = cycle->body;
    for (bool more = true; more;) {
        bool *const reached = through(body, in);
        if (!reached)
            return vn_error_status();
        more = false;
        for (int i = 0; i < cycle->n_carry; i++)
            if (reached[body->output[i]] && !in[i])
                more = in[i] = true;
        for (int64_t j = 0; out && j < body->n_output; j++)
            out[j] = reached[body->output[j]];
        vn__free(reached);
    }
    for (int i = 0; out && i < cycle->n_carry; i++)
        out[i] |= in[i];
    return VN_ERR_OK;
}

/* ------------------------------------------------------------------------ backwards */

/* Has a value that is perturbed a cotangent if these outputs have one? given: by value. */
static void pull(bool *given, const vn__tape *body, const bool *reached)
{
    for (int64_t k = body->n_instr - 1; k >= 0; k--) {
        const vn__instr *const instr = &body->instr[k];
        if (instr->op->flags & VN_OP_NO_GRADIENT)
            continue;
        bool has = false;
        for (int j = 0; j < instr->n_out; j++)
            has |= given[instr->out + (uint32_t)j] && reached[instr->out + (uint32_t)j];
        const int first = instr->op == &vn__op_override ? vn__override_skips(instr->attr) : 0;
        for (int i = first; has && i < instr->n_in; i++)
            given[instr->in[i]] |= reached[instr->in[i]];
    }
}

vn_status vn__reach_cotangents(bool *in, bool *out, const vn__cycle *cycle)
{
    const vn__tape *const body = cycle->body;
    bool *const reached = through(body, in);
    bool *const given = vn__alloc_zero((size_t)body->n_value + 1);
    for (bool more = reached && given; more;) {
        more = false;
        for (int64_t j = 0; j < body->n_output; j++)
            given[body->output[j]] |= out[j];
        pull(given, body, reached);
        for (int i = 0; i < cycle->n_carry; i++)
            if (given[body->input[i]] && !out[i])
                more = out[i] = true;
    }
    for (int i = 0; given && i < cycle->n_carry; i++) {
        in[i] = in[i] && out[i];
        out[i] = in[i];
    }
    vn__free(reached);
    vn__free(given);
    return vn_error_status();
}

/* ------------------------------------------------------------------- instructions */

/* The inputs of the body of a scan or while among the flags of its operands. */
static void body_inputs(bool *in, const bool *operand, const vn__tape *body, int n_own,
                        int n_skipped)
{
    for (int64_t i = 0; i < body->n_input; i++)
        in[i] = operand[i < n_own ? i : i + n_skipped];
}

static vn_status reach_loop(bool *out, int n_out, const vn__cycle *cycle, const bool *operand,
                            int n_own, int n_skipped)
{
    const vn__tape *const body = cycle->body;
    bool *const in = vn__alloc((size_t)(body->n_input + body->n_output) + 1);
    if (!in)
        return vn_error_status();
    bool *const y = in + body->n_input;
    body_inputs(in, operand, body, n_own, n_skipped);
    const vn_status status = vn__reach_carries(in, y, cycle);
    const int n_carry = cycle->n_carry, n_y = (int)body->n_output;
    for (int j = 0; status == VN_ERR_OK && j < n_out; j++)
        out[j] = j < n_y ? y[j] : any(y, n_y);
    for (int i = 0; status == VN_ERR_OK && i < n_carry; i++)
        out[i] = in[i];
    vn__free(in);
    return status;
}

/* Results [carry.., ys.., history.., sums..] of a body that makes [carry.., ys.., terms..]. */
static vn_status reach_scan(bool *out, const vn__scan_attr *a, const bool *operand)
{
    const int n_y = a->n_carry + a->n_ys;
    bool made[VN__MAX_RESULTS];
    const vn__cycle cycle = { a->body, a->n_carry };
    VN_TRY(reach_loop(made, n_y + a->n_sums, &cycle, operand, a->n_carry + a->n_xs, 0));
    for (int j = 0; j < n_y; j++)
        out[j] = made[j];
    for (int i = 0; i < a->n_carry; i++)
        out[n_y + i] = made[i];
    for (int j = 0; j < a->n_sums; j++)
        out[n_y + a->n_carry + j] = made[n_y + j];
    return VN_ERR_OK;
}

vn_status vn__reach_branches(bool *out, const vn__branch_attr *a, const bool *in)
{
    const int64_t n_out = a->branch[0]->n_output;
    int64_t from = 1;
    for (int64_t j = 0; j < n_out; j++)
        out[j] = false;
    for (int b = 0; b < a->n_branches; b++) {
        bool *const reached = through(a->branch[b], in + from);
        if (!reached)
            return vn_error_status();
        for (int64_t j = 0; j < n_out; j++)
            out[j] |= reached[a->branch[b]->output[j]];
        from += a->branch[b]->n_input;
        vn__free(reached);
    }
    return VN_ERR_OK;
}

static vn_status reach_results(bool *out, const vn__instr *instr, const bool *in)
{
    if (instr->op == &vn__op_scan)
        return reach_scan(out, instr->attr, in);
    if (instr->op == &vn__op_branch)
        return vn__reach_branches(out, instr->attr, in);
    if (instr->op == &vn__op_while) {
        const vn__while_attr *const a = instr->attr;
        const vn__cycle cycle = { a->body, a->n_carry };
        return reach_loop(out, instr->n_out, &cycle, in, a->n_carry + a->n_xs,
                          a->n_cond_captured);
    }
    for (int j = 0; j < instr->n_out; j++)
        out[j] = true;
    return VN_ERR_OK;
}

vn_status vn__reach(bool *reached, const vn__tape *tape, int64_t n_instr)
{
    for (int64_t k = 0; k < n_instr; k++) {
        const vn__instr *const instr = &tape->instr[k];
        bool in[VN__MAX_OPERANDS], out[VN__MAX_RESULTS];
        if (instr->op->flags & VN_OP_NO_GRADIENT)
            continue;
        for (int i = 0; i < instr->n_in; i++)
            in[i] = reached[instr->in[i]];
        if (!any(in, instr->n_in))
            continue;
        VN_TRY(reach_results(out, instr, in));
        for (int j = 0; j < instr->n_out; j++) {
            const uint32_t value = instr->out + (uint32_t)j;
            reached[value] |= out[j] && inexact(tape, value);
        }
    }
    return VN_ERR_OK;
}
