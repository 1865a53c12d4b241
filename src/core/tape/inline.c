/* SPDX-License-Identifier: MIT */
/* Recording the program of a sealed tape again, on other inputs. */
#include "core/tape/tape.h"

static vn_status replay(vn_array **value, const vn__tape *tape, const vn__instr *instr)
{
    vn_array *in[VN__MAX_OPERANDS], *out[VN__MAX_RESULTS];
    for (int i = 0; i < instr->n_in; i++)
        in[i] = value[instr->in[i]];
    if (instr->n_in > 0)
        VN_TRY(vn_op_apply_n(out, instr->op, instr->attr, instr->n_in, in));
    else
        VN_TRY(vn__record(out, vn__tape_current(), instr->op, instr->attr, 0, NULL,
                          tape->value[instr->out].axes));
    for (int j = 0; j < instr->n_out; j++)
        value[instr->out + (uint32_t)j] = out[j];
    return VN_ERR_OK;
}

vn_status vn__tape_inline(vn_array *outputs[], const vn__tape *tape, vn_array *const inputs[])
{
    vn_array **const value = vn__alloc_zero((size_t)(tape->n_value + 1) * sizeof *value);
    if (!value)
        return vn_error_status();
    for (int64_t i = 0; i < tape->n_value; i++)
        if (tape->value[i].constant)
            value[i] = tape->value[i].known;
    for (int64_t i = 0; i < tape->n_input; i++)
        value[tape->input[i]] = inputs[i];
    vn_status status = VN_ERR_OK;
    for (int64_t i = 0; i < tape->n_instr && status == VN_ERR_OK; i++)
        status = replay(value, tape, &tape->instr[i]);
    for (int64_t i = 0; i < tape->n_output && status == VN_ERR_OK; i++)
        outputs[i] = value[tape->output[i]];
    vn__free(value);
    return status;
}
