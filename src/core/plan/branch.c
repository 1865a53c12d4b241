/* SPDX-License-Identifier: MIT */
/* A branch inside a program: the index says which of the programs runs; the others cost
 * nothing. */
#include "core/plan/slices.h"

vn_status vn__build_branch(vn__compiler *c, const vn__instr *instr)
{
    const vn__branch_attr *const a = instr->attr;
    vn__step *const s =
        vn__step_new(c, VN__STEP_BRANCH, instr->n_in, instr->in, instr->n_out, instr->out);
    if (!s)
        return vn_error_status();
    s->op = instr->op;
    s->attr = a;
    s->branch = vn__arena_alloc(&c->program->arena,
                                (size_t)a->n_branches * sizeof *s->branch);
    if (!s->branch)
        return vn_error_status();
    double flops = 0;
    for (int i = 0; i < a->n_branches; i++) {
        vn__program *const p =
            vn__compile_body(c, a->branch[i], c->program->max_panels, 0, NULL, NULL);
        if (!p)
            return vn_error_status();
        s->branch[s->n_branches++] = p;
        s->rows = p->work_bytes > s->rows ? p->work_bytes : s->rows;
        flops = p->flops > flops ? p->flops : flops;
    }
    c->program->flops += flops;
    return VN_ERR_OK;
}

/* Operands of the branches follow each other behind the index. */
static int operands_from(const vn__step *s, int branch)
{
    int from = 1;
    for (int i = 0; i < branch; i++)
        from += s->branch[i]->n_in;
    return from;
}

static int64_t prepared_at(const vn__step *s, int branch)
{
    int64_t at = 0;
    for (int i = 0; i < branch; i++)
        at += vn__aligned(s->branch[i]->prepared_bytes);
    return at;
}

static int chosen(const vn__step *s, const vn__frame *f)
{
    int64_t ignored;
    const int32_t i = *(const int32_t *)(const void *)vn__address(&s->in[0], f, &ignored);
    return i < 0 ? 0 : i >= s->n_branches ? s->n_branches - 1 : i;
}

void vn__run_branch(const vn__step *s, const vn__frame *f)
{
    const int index = chosen(s, f), from = operands_from(s, index);
    const vn__program *const p = s->branch[index];
    vn__pointer in[VN__MAX_PARAMETERS], out[VN__MAX_PARAMETERS];
    for (int i = 0; i < p->n_in; i++)
        in[i].at = vn__address(&s->in[from + i], f, &in[i].panel);
    for (int j = 0; j < p->n_out; j++)
        out[j].at = vn__address(&s->out[j], f, &out[j].panel);
    vn__run_inner(p, f, in, out, s->scratch >= 0 ? f->work + s->scratch : f->work,
                  s->prepared >= 0 && f->prepared
                      ? f->prepared + s->prepared + prepared_at(s, index)
                      : NULL);
}

void vn__prepare_branch(const vn__step *s, void *const in[], char *memory)
{
    for (int i = 0; i < s->n_branches; i++)
        if (s->branch[i]->prepared_bytes)
            vn__prepare(s->branch[i], in + operands_from(s, i), memory + prepared_at(s, i));
}
