/* SPDX-License-Identifier: MIT */
/* What the steps that run a body share. Values with loop axes are [loops][t][..]: their slices
 * are not contiguous and go through a buffer. */
#include "core/plan/slices.h"

#include "kernels/kernels.h"

/* ------------------------------------------------------------------------ building */

int64_t vn__turns_of(const vn__compiler *c, const vn__slot *slot)
{
    int64_t n = 1;
    for (int a = 0; a < VN__MAX_AXES && slot->loops >> a; a++)
        if (slot->loops >> a & 1)
            n *= vn__tape_axis(c->tape, a)->size;
    return n;
}

int64_t vn__take_buffer(const vn__compiler *c, const vn__slot *slot, int64_t *bytes)
{
    const int64_t at = *bytes;
    *bytes += vn__aligned(slot->bytes) * (slot->lanes ? c->program->max_panels : 1);
    return at;
}

vn__program *vn__compile_body(const vn__compiler *c, const vn__tape *body, int64_t max_panels,
                              int n_varying, const vn__logs *logs, const bool summed[])
{
    if (body->n_input > VN__MAX_PARAMETERS || body->n_output > VN__MAX_PARAMETERS) {
        vn__fail(VN_ERR_LIMIT, "plan: a loop of more than %d arrays", VN__MAX_PARAMETERS);
        return NULL;
    }
    return vn__compile(body, c->lane, c->program->lanes, max_panels, n_varying, logs, summed,
                       c->choices);
}

/* ------------------------------------------------------------------------- running */

void vn__move_slice(const vn__frame *f, const vn__stack *s, vn__pointer part,
                    const vn__slot *slot, int64_t t, bool to_part)
{
    const int64_t block = slot->bytes / s->blocks, row = block * s->length;
    for (int64_t p = 0; p < vn__panels(f, slot); p++)
        for (int64_t b = 0; b < s->blocks; b++) {
            char *const w = s->whole.at + p * s->whole.panel + b * row + t * block;
            char *const x = part.at + p * part.panel + b * block;
            memcpy(to_part ? x : w, to_part ? w : x, (size_t)block);
        }
}

void vn__add_term(const vn__frame *f, vn__pointer sum, vn__pointer term, const vn__slot *slot,
                  bool first)
{
    const vn_dtype dtype = slot->aval.dtype;
    const int64_t n = slot->bytes / (int64_t)vn_dtype_size(dtype);
    if (first) {
        vn__copy_value(f, sum, term, slot);
        return;
    }
    for (int64_t p = 0; p < vn__panels(f, slot); p++) {
        char *const y = sum.at + p * sum.panel, *const x = term.at + p * term.panel;
        vn__binary_row(vn__kernels_get()->binary[dtype][VN__BINARY_add], y, y, x, n);
    }
}

bool vn__any_true(const vn__frame *f, vn__pointer flags, const vn__slot *slot)
{
    for (int64_t p = 0; p < vn__panels(f, slot); p++)
        for (int64_t i = 0; i < slot->bytes; i++)
            if (flags.at[p * flags.panel + i])
                return true;
    return false;
}

void vn__run_inner(const vn__program *program, const vn__frame *f, const vn__pointer in[],
                   const vn__pointer out[], char *work, char *prepared)
{
    vn__frame inner = *f;
    inner.in = in, inner.out = out;
    inner.work = work, inner.prepared = prepared, inner.temp = NULL;
    vn__run(program, &inner);
}
