/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ recording, examples */

static vn_array *random_like(vn_aval aval, uint64_t seed)
{
    const case_operand in = { CASE_REAL, -1, 1, aval.shape };
    return vn_cast(case_operand_make(&in, aval.dtype, seed), aval.dtype);
}

static void record_vjp(program *p, int64_t k)
{
    const vn__instr instr = p->tape->instr[k];
    vn_array *in[MAX_IN], *out[1], *din[MAX_IN] = { NULL }, *g[1];
    bool need[MAX_IN];
    const vn_aval aval = p->tape->value[instr.out].aval;
    if (!instr.op->vjp || instr.op->flags & VN_OP_NO_GRADIENT || instr.n_out != 1 ||
        instr.n_in > MAX_IN || !vn_dtype_is_inexact(aval.dtype))
        return;
    for (int i = 0; i < instr.n_in; i++) {
        in[i] = vn__tape_array(p->tape, instr.in[i]);
        need[i] = vn_dtype_is_inexact(vn_dtype_of(in[i]));
    }
    out[0] = vn__tape_array(p->tape, instr.out);
    g[0] = vn__tape_input(p->tape, aval, 0, NULL);
    const vn_node node = { instr.op, instr.attr, instr.n_in, 1, in, out, need, NULL };
    instr.op->vjp(din, &node, g);
    if (vn_error_status() == VN_ERR_DERIVATIVE)
        vn_error_clear(); /* it has none */
    cr_assert(vn_ok(), "%s: vjp of %s: %s", p->c->name, instr.op->name, vn_error_message());
}

/* The call, its vjp rules, and (orders 2) the vjp rules of those. */
static void record(program *p, int orders)
{
    vn_array *x[3];
    for (int i = 0; i < case_arity(p->c); i++)
        x[i] =
            vn__tape_input(p->tape,
                           (vn_aval){ vn_dtype_of(case_operand_make(&p->c->in[i], p->real, 1)),
                                      p->c->in[i].shape },
                           0, NULL);
    p->c->call(x);
    cr_assert(vn_ok(), "%s: %s", p->c->name, vn_error_message());
    int64_t from = 0;
    for (int order = 0; order < orders; order++) {
        const int64_t to = p->tape->n_instr;
        for (int64_t k = from; k < to; k++)
            record_vjp(p, k);
        from = to;
    }
    cr_assert(p->tape->n_value <= MAX_VALUES, "%s: %d values", p->c->name,
              (int)p->tape->n_value);
}

static void run_examples(program *p)
{
    const vn__tape *const t = p->tape;
    for (int64_t l = 0; l < p->lanes; l++) {
        for (int64_t v = 0; v < t->n_value; v++)
            p->value[v][l] = t->value[v].known;
        for (int64_t i = 0; i < t->n_input; i++) {
            const uint32_t v = t->input[i];
            const uint64_t seed = (uint64_t)(1000 * i + l);
            p->value[v][l] = i < case_arity(p->c)
                                 ? case_operand_make(&p->c->in[i], p->real, seed)
                                 : random_like(t->value[v].aval, seed);
        }
        for (int64_t k = 0; k < t->n_instr; k++) {
            const vn__instr *const instr = &t->instr[k];
            vn_array *in[MAX_IN], *out[MAX_IN];
            for (int i = 0; i < instr->n_in; i++)
                in[i] = p->value[instr->in[i]][l];
            vn_op_apply_n(out, instr->op, instr->attr, instr->n_in, in);
            for (int j = 0; j < instr->n_out; j++)
                p->value[instr->out + (uint32_t)j][l] = out[j];
            cr_assert(vn_ok(), "%s: %s: %s", p->c->name, instr->op->name, vn_error_message());
        }
    }
}

void program_make(program *p, const op_case *c, vn_dtype real, int64_t lanes, int orders)
{
    *p = (program){ .tape = vn__tape_new(NULL, false), .c = c, .real = real, .lanes = lanes };
    record(p, orders);
    run_examples(p);
}

void program_compare(const char *what, const vn_op *op, vn_array *have, vn_array *want)
{
    cr_assert(vn_ok(), "%s: %s: %s", what, op->name, vn_error_message());
    cr_assert(vn_shape_equal(vn_shape_of(have), vn_shape_of(want)), "%s: %s: shape", what,
              op->name);
    const int64_t n = vn_size(want);
    double *const a = malloc((size_t)(2 * n + 1) * sizeof *a), *const b = a + n;
    vn_copy_f64(a, n, want);
    vn_copy_f64(b, n, have);
    const vn_dtype dtype = vn_dtype_of(want);
    const double rtol = dtype == VN_F64    ? 1e-13
                        : dtype == VN_F32  ? 1e-5
                        : dtype == VN_BF16 ? 1e-2
                                           : 0;
    for (int64_t e = 0; e < n; e++)
        cr_assert((isnan(a[e]) && isnan(b[e])) || a[e] == b[e] ||
                      fabs(a[e] - b[e]) <= rtol * (1 + fabs(a[e])),
                  "%s: %s: element %d: %.17g, expected %.17g", what, op->name, (int)e, b[e],
                  a[e]);
    free(a);
}
