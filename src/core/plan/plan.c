/* SPDX-License-Identifier: MIT */
/* Recording, compiling and running a plan. */
#include "core/plan/plan.h"

#include <string.h>

#include "core/plan/axes.h"
#include "core/plan/fused.h"
#include "core/plan/simplify.h"
#include "core/transform/trace.h"
#include "kernels/onednn/onednn.h"
#include "kernels/provider.h"
#include "parallel/pool.h"
#include "vernal/runtime.h"

/* ----------------------------------------------------------------------- recording */

static vn_status check_outputs(const vn__tape *tape)
{
    for (int64_t i = 0; i < tape->n_output; i++)
        if (tape->value[tape->output[i]].axes)
            return vn__fail(VN_ERR_TRACE, "a value inside a vmap has escaped from it");
    return VN_ERR_OK;
}

static vn_plan *compile(vn__tape *tape, vn_tree *result)
{
    if (vn__use_get(VN__ONEDNN) == VN__ALWAYS && vn__onednn_absent()) {
        vn__fail(VN_ERR_UNSUPPORTED, "VN_ONEDNN=1, but %s", vn__onednn_absent());
        return NULL;
    }
    vn_plan *const plan = vn__alloc_zero(sizeof *plan);
    if (!plan)
        return NULL;
    vn__rank_axes(tape);
    plan->tape = vn__simplify(tape);
    plan->program = plan->tape ? vn__compile_tape(plan->tape, &vn__by_shape) : NULL;
    if (plan->program && vn_tune())
        plan->program = vn__tune(plan->tape, plan->program);
    plan->result = vn_retain(result);
    if (!plan->program) {
        vn_plan_destroy(plan);
        return NULL;
    }
    if (vn_verbose())
        vn__plan_describe(stderr, plan);
    return plan;
}

vn_plan *vn__plan_record(vn_tree *f, bool f_is_input, int n, vn_tree *const arg[])
{
    vn__tape *const tape = vn__tape_new(NULL, false);
    if (!tape)
        return NULL;
    vn_scope scope = vn_scope_open();
    vn__tape_push(tape);
    vn_tree *const result = vn__trace(tape, f, f_is_input, n, arg);
    vn__tape_pop();
    vn_plan *const plan =
        result && check_outputs(tape) == VN_ERR_OK ? compile(tape, result) : NULL;
    vn_scope_close(&scope);
    vn__tape_release(tape);
    return plan;
}

/* ------------------------------------------------------------------------ donation
 * An output may take over the buffer of an input of the same shape if it is written after the
 * input was last read, or by an element-wise step that reads it or a sum that updates it. */

static int64_t last_read(const vn__program *p, int input)
{
    int64_t last = -1;
    for (int64_t k = 0; k < p->n_step; k++)
        for (int i = 0; i < p->step[k].n_in; i++)
            if (p->step[k].in[i].space == VN__SPACE_IN && p->step[k].in[i].index == input)
                last = k;
    return last;
}

static int64_t first_written(const vn__program *p, int output)
{
    for (int64_t k = 0; k < p->n_step; k++)
        for (int j = 0; j < p->step[k].n_out; j++)
            if (p->step[k].out[j].space == VN__SPACE_OUT && p->step[k].out[j].index == output)
                return k;
    return -1;
}

/* A fused step, or a stage, that reads the input and makes the output. */
static bool overwrites(const vn__step *s, int output, int input)
{
    for (int j = 0; j < s->n_out; j++)
        for (int i = 0; i < s->n_in; i++)
            if (s->out[j].space == VN__SPACE_OUT && s->out[j].index == output &&
                s->in[i].space == VN__SPACE_IN && s->in[i].index == input &&
                (s->out[j].offset || s->in[i].offset ||
                 !(s->stage ? vn__update_in_place(s, i, j) : vn__fused_in_place(s, i, j))))
                return false;
    return true;
}

/* An output that later steps read must not be aliased away before, so its write is its only
 * one. */
static bool may_alias(const vn__program *p, int output, int input)
{
    if (p->in_slot[input].aval.dtype != p->out_slot[output].aval.dtype ||
        !vn_shape_equal(p->in_slot[input].aval.shape, p->out_slot[output].aval.shape))
        return false;
    const int64_t write = first_written(p, output), read = last_read(p, input);
    if (write < 0 || write < read)
        return false;
    const vn__step *const s = &p->step[write];
    if (write > read)
        return true;
    if (s->kind == VN__STEP_FUSED || s->kind == VN__STEP_STAGE)
        return overwrites(s, output, input);
    if (s->kind != VN__STEP_EVAL || !(s->op->flags & VN_OP_ELEMENTWISE) || s->n_loops)
        return false;
    for (int i = 0; i < s->n_in; i++)
        if (s->in[i].space == VN__SPACE_IN && s->in[i].index == input &&
            (!vn_shape_equal(s->in_aval[i].shape, s->out_aval[0].shape) ||
             s->in[i].offset || s->out[0].offset))
            return false;
    return true;
}

vn_status vn__plan_donate(vn_plan *plan, int64_t first)
{
    const vn__program *const p = plan->program;
    bool *const taken = vn__alloc_zero((size_t)p->n_in + 1);
    plan->alias = vn__alloc((size_t)(p->n_out + 1) * sizeof *plan->alias);
    if (taken && plan->alias)
        for (int j = 0; j < p->n_out; j++) {
            plan->alias[j] = -1;
            for (int i = (int)first; i < p->n_in && plan->alias[j] < 0; i++)
                if (!taken[i] && may_alias(p, j, i)) {
                    plan->alias[j] = i;
                    taken[i] = true;
                }
        }
    vn__free(taken);
    return taken && plan->alias ? VN_ERR_OK : vn_error_status();
}

/* -------------------------------------------------------------------------- running */

size_t vn__plan_workspace_for(const vn_plan *plan, int workers)
{
    return (size_t)(plan->program->work_bytes + workers * plan->program->worker_bytes) + 64;
}

vn_status vn__plan_execute(const vn_plan *plan, void *const out[], void *const in[],
                           void *workspace)
{
    vn__report report;
    const vn__program *const p = plan->program;
    vn__pointer x[VN__MAX_OPERANDS], y[VN__MAX_OPERANDS];
    for (int i = 0; i < p->n_in; i++)
        x[i] = (vn__pointer){ in[i], 0 };
    for (int j = 0; j < p->n_out; j++)
        y[j] = (vn__pointer){ out[j], 0 };
    if (p->checks)
        vn__report_start(&report);
    vn__run(p, &(vn__frame){ .in = x,
                             .out = y,
                             .work = workspace,
                             .workers = (char *)workspace + p->work_bytes,
                             .worker_bytes = p->worker_bytes,
                             .panels = 1,
                             .valid = 1,
                             .n = 1,
                             .report = p->checks ? &report : NULL });
    return p->checks ? vn__report_status(&report) : VN_ERR_OK;
}

/* --------------------------------------------------------------- the public interface */

vn_plan *vn_plan_create(vn_tree *f, int n, vn_tree *const arg[])
{
    if (!f || n < 0 || (n && !arg)) {
        if (vn_ok())
            vn__fail(VN_ERR_NULL_ARGUMENT,
                     "vn_plan_create: the function or its arguments are NULL");
        return NULL;
    }
    return vn__plan_record(f, false, n, arg);
}

void vn_plan_destroy(vn_plan *plan)
{
    if (!plan)
        return;
    vn__tape_release(plan->tape);
    vn__program_free(plan->program);
    vn_release(plan->result);
    vn__free(plan->alias);
    vn__free(plan->idle);
    vn__free(plan);
}

int vn_plan_inputs(const vn_plan *plan) { return plan->program->n_in; }
int vn_plan_outputs(const vn_plan *plan) { return plan->program->n_out; }

static const vn__slot *slot_at(const vn__slot *slot, int n, int i, const char *what)
{
    static const vn__slot none;
    if (i >= 0 && i < n)
        return &slot[i];
    vn__fail(VN_ERR_ARGUMENT, "plan: %s %d of %d", what, i, n);
    return &none;
}

vn_dtype vn_plan_input_dtype(const vn_plan *plan, int i)
{
    return slot_at(plan->program->in_slot, plan->program->n_in, i, "input")->aval.dtype;
}

vn_dtype vn_plan_output_dtype(const vn_plan *plan, int i)
{
    return slot_at(plan->program->out_slot, plan->program->n_out, i, "output")->aval.dtype;
}

vn_shape vn_plan_input_shape(const vn_plan *plan, int i)
{
    return slot_at(plan->program->in_slot, plan->program->n_in, i, "input")->aval.shape;
}

vn_shape vn_plan_output_shape(const vn_plan *plan, int i)
{
    return slot_at(plan->program->out_slot, plan->program->n_out, i, "output")->aval.shape;
}

size_t vn_plan_workspace(const vn_plan *plan)
{
    return vn__plan_workspace_for(plan, vn__pool_workers());
}

size_t vn_plan_workspace_per_worker(const vn_plan *plan)
{
    return vn_plan_workspace(plan) / (size_t)vn__pool_workers();
}

double vn_plan_flops(const vn_plan *plan) { return plan->program->flops; }

vn_status vn_plan_run(const vn_plan *plan, void *const out[], const void *const in[],
                      void *workspace)
{
    if (!plan || !workspace || (!out && plan->program->n_out) || (!in && plan->program->n_in))
        return vn__fail(VN_ERR_NULL_ARGUMENT, "vn_plan_run: an argument is NULL");
    return vn__plan_execute(plan, out, (void *const *)(const void *)in, workspace);
}
