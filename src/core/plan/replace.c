/* SPDX-License-Identifier: MIT */
/* Copying a simplified tape with some of its scans replaced. */
#include "core/plan/replace.h"

#include "core/plan/simplify.h"

vn_array *vn__input_like(vn__tape *to, const vn__value *v, uint64_t axes)
{
    return vn__tape_input(to, v->aval, axes, NULL);
}

vn__tape *vn__end_body(vn__tape *to, int64_t n, vn_array *const out[])
{
    if (vn_ok() && vn__tape_seal(to, (int)n, out) == VN_ERR_OK)
        return to;
    vn__tape_release(to);
    return NULL;
}

vn_status vn__record_scan(vn_array *out[], vn__tape *to, vn__scan_attr *attr, vn__tape *body,
                          int n_in, vn_array *const in[])
{
    if (!body)
        return vn_error_status();
    attr->body = body;
    const vn_status status = vn__tape_keep_child(to, body);
    vn__tape_release(body);
    return status == VN_ERR_OK ? vn__record(out, to, &vn__op_scan, attr, n_in, in, 0) : status;
}

static vn_status copy_instr(vn__tape *to, vn_array *map[], const vn__tape *from,
                            const vn__instr *instr, vn__replace_fn *replace, void *context)
{
    vn_array *in[VN__MAX_OPERANDS], *out[VN__MAX_RESULTS];
    for (int i = 0; i < instr->n_in; i++)
        in[i] = map[instr->in[i]];
    if (replace(to, map, instr, in, context))
        return vn_error_status();
    VN_TRY(vn__record(out, to, instr->op, instr->attr, instr->n_in, in,
                      instr->n_in ? 0 : from->value[instr->out].axes));
    for (int j = 0; j < instr->n_out; j++)
        map[instr->out + (uint32_t)j] = out[j];
    return VN_ERR_OK;
}

static vn_status copy_tape(vn__tape *to, vn_array *map[], const vn__tape *from,
                           vn__replace_fn *replace, void *context)
{
    for (int64_t v = 0; v < from->n_value; v++)
        if (from->value[v].constant)
            map[v] = from->value[v].known;
    for (int64_t i = 0; i < from->n_input; i++) {
        const vn__value *const v = &from->value[from->input[i]];
        map[from->input[i]] = vn__input_like(to, v, v->axes);
    }
    for (int64_t k = 0; k < from->n_instr && vn_ok(); k++)
        VN_TRY(copy_instr(to, map, from, &from->instr[k], replace, context));
    vn_array **const out = vn__alloc((size_t)(from->n_output + 1) * sizeof *out);
    if (!out)
        return vn_error_status();
    for (int64_t i = 0; i < from->n_output; i++)
        out[i] = map[from->output[i]];
    const vn_status status = vn__tape_seal(to, (int)from->n_output, out);
    vn__free(out);
    return status;
}

/* The attributes that are not copied point into the old tape: it lives on with the new one. */
vn__tape *vn__tape_replace(vn__tape *from, vn__replace_fn *replace, void *context)
{
    vn__tape *const to = vn__tape_beside(from, NULL);
    vn_array **const map = vn__alloc_zero((size_t)(from->n_value + 1) * sizeof *map);
    vn_status status = VN_ERR_MEMORY;
    if (to && map) {
        vn_scope scope = vn_scope_open();
        vn__tape_push(to);
        status = vn__tape_keep_child(to, from);
        if (status == VN_ERR_OK)
            status = copy_tape(to, map, from, replace, context);
        vn__tape_pop();
        vn_scope_close(&scope);
    }
    vn__free(map);
    if (status == VN_ERR_OK)
        return to;
    vn__tape_release(to);
    return NULL;
}
