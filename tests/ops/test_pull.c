/* SPDX-License-Identifier: MIT */
/* Taking a real axis out of an op: what the pull slot says, on each example along that axis, is
 * the op on all of them. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "program.h"

static void check_axis(const program *p, const vn__instr *instr, int axis)
{
    vn_array *in[MAX_IN], *one[MAX_IN], *whole[1];
    vn_aval aval[MAX_IN];
    int axes[MAX_IN], out_axis = -1;
    for (int i = 0; i < instr->n_in; i++) {
        in[i] = p->value[instr->in[i]][0];
        aval[i] = p->tape->value[instr->in[i]].aval;
        axes[i] = axis;
        if (axis >= aval[i].shape.rank || vn_dim(in[i], axis) != vn_dim(in[0], axis))
            return;
    }
    void *const attr = calloc(1, instr->op->attr_size + 1);
    if (instr->op->pull(attr, &out_axis, instr->attr, aval, instr->n_in, axes)) {
        vn_op_apply_n(whole, instr->op, instr->attr, instr->n_in, in);
        for (int64_t e = 0; e < vn_dim(in[0], axis); e++) {
            for (int i = 0; i < instr->n_in; i++)
                one[i] = vn_index(in[i], axis, e);
            program_compare(p->c->name, instr->op,
                            vn_op_apply(instr->op, attr, instr->n_in, one),
                            vn_index(whole[0], out_axis, e));
        }
    }
    free(attr);
}

Test(pull, the_op_on_examples_is_the_op_on_all)
{
    static program p;
    for (int c = 0; c < n_op_cases; c++)
        VN_SCOPE
        {
            program_make(&p, &op_cases[c], VN_F64, 1, 2);
            for (int64_t k = 0; k < p.tape->n_instr; k++) {
                const vn__instr *const instr = &p.tape->instr[k];
                const int rank = p.tape->value[instr->in[0]].aval.shape.rank;
                for (int axis = 0; instr->op->pull && instr->n_in <= MAX_IN && axis < rank;
                     axis++)
                    check_axis(&p, instr, axis);
            }
            vn__tape_release(p.tape);
        }
    vn_finish();
}

/* Ops whose slot says where the axis goes. */
Test(pull, an_axis_that_the_op_works_on_stays)
{
    static program p;
    int refused = 0, moved = 0;
    for (int c = 0; c < n_op_cases; c++)
        VN_SCOPE
        {
            program_make(&p, &op_cases[c], VN_F64, 1, 1);
            for (int64_t k = 0; k < p.tape->n_instr; k++) {
                const vn__instr *const instr = &p.tape->instr[k];
                const vn_aval aval = p.tape->value[instr->in[0]].aval;
                if (!instr->op->pull || instr->n_in != 1 || aval.shape.rank == 0)
                    continue;
                void *const attr = calloc(1, instr->op->attr_size + 1);
                int out_axis, axis = 0;
                const bool moves =
                    instr->op->pull(attr, &out_axis, instr->attr, &aval, 1, &axis);
                refused += !moves;
                moved += moves;
                free(attr);
            }
            vn__tape_release(p.tape);
        }
    cr_expect(refused > 10 && moved > 10, "%d refused, %d moved", refused, moved);
    vn_finish();
}
