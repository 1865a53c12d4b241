/* SPDX-License-Identifier: MIT */
/* Tapes and plans as text. */
#include <inttypes.h>

#include "core/plan/compile.h"
#include "core/plan/fused.h"
#include "core/plan/plan.h"
#include "core/plan/simplify.h"
#include "kernels/kernels.h"
#include "kernels/onednn/onednn.h"
#include "kernels/provider.h"
#include "vernal/runtime.h"
#include "vernal/transform.h"

/* ------------------------------------------------------------------------ tapes */

static void print_value(FILE *file, const vn__tape *tape, uint32_t id)
{
    char text[VN__SHAPE_TEXT];
    const vn__value *const v = &tape->value[id];
    fprintf(file, "%%%u:%s", id, vn__shape_text(text, v->aval.dtype, v->aval.shape));
    for (int a = 0; a < VN__MAX_AXES && v->axes >> a; a++)
        if (v->axes >> a & 1) {
            const vn__axis *const axis = vn__tape_axis(tape, a);
            fprintf(file, "{%s%s%" PRId64 "}", axis->name, axis->name[0] ? "=" : "",
                    axis->size);
        }
}

static void print_operand(FILE *file, const vn__tape *tape, uint32_t id)
{
    const vn__value *const v = &tape->value[id];
    const bool number = v->constant && vn_size(v->known) == 1;
    const vn_c128 z = number ? vn_item_complex(v->known) : (vn_c128){ 0, 0 };
    if (number && vn_dtype_is_complex(v->aval.dtype))
        fprintf(file, "(%g%+gj)", z.re, z.im);
    else if (number)
        fprintf(file, "%g", z.re);
    else
        fprintf(file, v->constant ? "const%%%u" : "%%%u", id);
}

static void print_tape(FILE *file, const vn__tape *tape, int indent)
{
    fprintf(file, "%*sinputs", indent, "");
    for (int64_t i = 0; i < tape->n_input; i++) {
        fputc(' ', file);
        print_value(file, tape, tape->input[i]);
    }
    fputc('\n', file);
    for (int64_t k = 0; k < tape->n_instr; k++) {
        const vn__instr *const instr = &tape->instr[k];
        fprintf(file, "%*s", indent, "");
        for (int j = 0; j < instr->n_out; j++) {
            print_value(file, tape, instr->out + (uint32_t)j);
            fputc(' ', file);
        }
        fprintf(file, "= %s", instr->op->name);
        for (int i = 0; i < instr->n_in; i++) {
            fputc(' ', file);
            print_operand(file, tape, instr->in[i]);
        }
        fputc('\n', file);
        for (int i = 0; i < vn__op_tapes(instr->op, instr->attr); i++) {
            const vn__tape *const inner = ((vn__tape *const *)instr->attr)[i];
            if (inner)
                print_tape(file, inner, indent + 4);
        }
    }
    fprintf(file, "%*soutputs", indent, "");
    for (int64_t i = 0; i < tape->n_output; i++) {
        fputc(' ', file);
        print_operand(file, tape, tape->output[i]);
    }
    fputc('\n', file);
}

void vn__tape_describe(FILE *file, const vn__tape *tape) { print_tape(file, tape, 0); }

/* ------------------------------------------------------------------------ plans */

static const char *const step_names[] = {
    [VN__STEP_EVAL] = "",
    [VN__STEP_EVAL_SUM] = "+ sum over lanes",
    [VN__STEP_FUSED] = "fused",
    [VN__STEP_LOAD] = "load",
    [VN__STEP_STORE] = "store",
    [VN__STEP_SUM] = "sum over lanes",
    [VN__STEP_MAX] = "max over lanes",
    [VN__STEP_INDEX] = "index",
    [VN__STEP_COPY] = "copy",
    [VN__STEP_SPREAD] = "spread",
    [VN__STEP_LOOP_SUM] = "sum over axis",
    [VN__STEP_LOOP_MAX] = "max over axis",
    [VN__STEP_LOOP_INDEX] = "index of axis",
    [VN__STEP_SCAN] = "loop",
    [VN__STEP_WHILE] = "loop",
    [VN__STEP_UNWIND] = "loop",
    [VN__STEP_BRANCH] = "",
    [VN__STEP_CHECK] = "",
    [VN__STEP_STAGE] = "stage",
};

static void print_ending(FILE *file, const vn__ending *end)
{
    if (end->bias >= 0)
        fputs(" + bias", file);
    if (end->unary)
        fprintf(file, ", %s", vn__unary_name(end->unary - 1));
    if (end->gate)
        fprintf(file, ", %s", vn__binary_name(end->gate - 1));
    if (end->begin >= 0)
        fputs(" * scale + weights", file);
}

static void print_members(FILE *file, const vn__fused *fused)
{
    for (int k = 0; k < fused->n_member; k++)
        fprintf(file, "%s %s", k == 0 ? ":" : ",", fused->member[k].op->name);
}

static void print_tiles(FILE *file, const vn__stage *st, int indent)
{
    fprintf(file,
            "%*s%" PRId64 " examples, tiles of %" PRId64 " (%" PRId64 " lanes a panel), "
            "%" PRId64 " slots, %" PRId64 " bytes a worker, %" PRId64 " bytes of totals a "
            "slot, %.4g flop an example\n",
            indent, "", st->n, st->tile, st->program->lanes, st->slots, st->program->work_bytes,
            st->totals_bytes, st->program->flops);
}

static void print_steps(FILE *file, const vn__program *p, int64_t from, int64_t to, int indent)
{
    char text[VN__SHAPE_TEXT];
    for (int64_t k = from; k < to; k++) {
        const vn__step *const s = &p->step[k];
        fprintf(file, "%*s%s%s%s", indent, "", s->op ? s->op->name : "", s->op ? " " : "",
                step_names[s->kind]);
        if (s->n_out > 0 && s->kind != VN__STEP_STAGE)
            fprintf(file, " %s%s",
                    vn__shape_text(text, s->out_aval[0].dtype, s->out_aval[0].shape),
                    s->out_slot[0].lanes ? " per lane" : "");
        if (s->ending)
            print_ending(file, s->ending);
        if (s->setup && s->op->provider && s->op->provider(s->setup))
            fprintf(file, ", by %s", s->op->provider(s->setup));
        if (s->n_loops)
            fprintf(file, ", %d loops", (int)s->n_loops);
        if (s->fused)
            print_members(file, s->fused);
        if (s->stage && s->stage->from > 0)
            fputs(" goes on", file);
        if (s->kind == VN__STEP_EVAL && s->lanes > 1 && !(s->op->flags & VN_OP_LANES))
            fputs(", lane by lane (the op has no lanes)", file);
        fputc('\n', file);
        if (s->stage) {
            if (s->stage->from == 0)
                print_tiles(file, s->stage, indent + 2);
            print_steps(file, s->stage->program, s->stage->from, s->stage->to, indent + 4);
        }
        for (int i = 0; i < vn__inner_programs(s); i++)
            if (vn__inner_program(s, i))
                print_steps(file, vn__inner_program(s, i), 0, vn__inner_program(s, i)->n_step,
                            indent + 4);
    }
}

void vn__plan_describe(FILE *file, const vn_plan *plan)
{
    const vn__program *const p = plan->program;
    fprintf(file,
            "vernal plan: %s; %d threads; %d inputs, %d outputs; workspace %" PRId64
            " bytes + %" PRId64 " a worker; %.4g flop\n",
            vn_machine(), vn_num_threads(), p->n_in, p->n_out, p->work_bytes, p->worker_bytes,
            p->flops);
    if (vn__use_get(VN__ONEDNN) != VN__NEVER && vn__onednn_absent())
        fprintf(file, "  %s\n", vn__onednn_absent());
    print_steps(file, p, 0, p->n_step, 2);
}

/* ------------------------------------------------------------------------- public */

static vn_plan *record(FILE *file, vn_tree *f, int n, vn_tree *const arg[])
{
    if (!file || !f) {
        vn__fail(VN_ERR_NULL_ARGUMENT, "print: the file or the function is NULL");
        return NULL;
    }
    return vn__plan_record(f, true, n, arg);
}

void vn_tape_print(FILE *file, vn_tree *f, int n, vn_tree *const arg[])
{
    vn_plan *const plan = record(file, f, n, arg);
    if (plan)
        print_tape(file, plan->tape, 0);
    vn_plan_destroy(plan);
}

void vn_plan_print(FILE *file, vn_tree *f, int n, vn_tree *const arg[])
{
    vn_plan *const plan = record(file, f, n, arg);
    if (plan)
        vn__plan_describe(file, plan);
    vn_plan_destroy(plan);
}
