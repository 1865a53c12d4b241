/* SPDX-License-Identifier: MIT */
/* Evaluation with lanes equals evaluation of each example, for every instruction of the
 * programs and every choice of mapped operands. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/ops/ops.h"
#include "kernels/kernels.h"
#include "program.h"

static const vn_op *const all_ops[] = {
#define VN_OP(name) &vn__op_##name,
#include "core/ops/ops.def"
#undef VN_OP
};
enum { N_OPS = sizeof all_ops / sizeof all_ops[0] };
static bool seen[N_OPS];

static void mark_seen(const vn_op *op)
{
    for (int i = 0; i < N_OPS; i++)
        seen[i] |= all_ops[i] == op;
}

/* ------------------------------------------------------------------------ with lanes */

static void *aligned(size_t bytes)
{
    void *const p = aligned_alloc(64, (bytes + 127) & ~(size_t)63);
    memset(p, 0xcd, bytes);
    return p;
}

/* Examples, innermost. */
static void *interleave(vn_array *const example[], int64_t lanes)
{
    const int64_t n = vn_size(example[0]);
    const size_t size = vn_dtype_size(vn_dtype_of(example[0]));
    char *const out = aligned((size_t)(n * lanes) * size);
    for (int64_t l = 0; l < lanes; l++)
        for (int64_t e = 0; e < n; e++)
            memcpy(out + (size_t)(e * lanes + l) * size,
                   (const char *)vn_data(example[l]) + (size_t)e * size, size);
    return out;
}

static void check_lane(const program *p, const vn__instr *instr, unsigned mapped, int64_t l,
                       const void *got)
{
    vn_array *in[MAX_IN], *out[1];
    for (int i = 0; i < instr->n_in; i++)
        in[i] = p->value[instr->in[i]][mapped >> i & 1 ? l : 0];
    vn_op_apply_n(out, instr->op, instr->attr, instr->n_in, in);
    const vn_dtype dtype = vn_dtype_of(out[0]);
    const int64_t n = vn_size(out[0]);
    const size_t size = vn_dtype_size(dtype);
    char *const mine = malloc((size_t)n * size + 1);
    for (int64_t e = 0; e < n; e++)
        memcpy(mine + (size_t)e * size, (const char *)got + (size_t)(e * p->lanes + l) * size,
               size);
    char what[128];
    snprintf(what, sizeof what, "%s, mapped %u of %d, lane %d of %d", p->c->name, mapped,
             instr->n_in, (int)l, (int)p->lanes);
    program_compare(what, instr->op, vn_array_from(dtype, vn_shape_of(out[0]), mine), out[0]);
    free(mine);
}

static void check_mapping(const program *p, const vn__instr *instr, unsigned mapped)
{
    const void *in[MAX_IN];
    void *owned[MAX_IN], *out[1];
    bool is_mapped[MAX_IN];
    vn_aval aval[MAX_IN];
    for (int i = 0; i < instr->n_in; i++) {
        const uint32_t v = instr->in[i];
        is_mapped[i] = mapped >> i & 1;
        owned[i] = interleave(p->value[v], is_mapped[i] ? p->lanes : 1);
        in[i] = owned[i];
        aval[i] = p->tape->value[v].aval;
    }
    const vn_aval *const out_aval = &p->tape->value[instr->out].aval;
    const size_t size = vn_dtype_size(out_aval->dtype);
    out[0] = aligned((size_t)(vn_shape_size(out_aval->shape) * p->lanes) * size);
    const vn_op *const op = instr->op;
    const size_t bytes =
        op->scratch ? op->scratch(instr->attr, aval, instr->n_in, is_mapped, p->lanes) : 0;
    void *const scratch = aligned(bytes);
    op->eval(&(vn_eval){ .attr = instr->attr,
                         .n_in = instr->n_in,
                         .n_out = 1,
                         .lanes = p->lanes,
                         .in = in,
                         .out = out,
                         .mapped = is_mapped,
                         .in_aval = aval,
                         .out_aval = out_aval,
                         .scratch = scratch,
                         .kernels = vn__kernels_get() });
    VN_SCOPE
    for (int64_t l = 0; l < p->lanes; l += 5)
        check_lane(p, instr, mapped, l, out[0]);
    free(scratch);
    free(out[0]);
    for (int i = 0; i < instr->n_in; i++)
        free(owned[i]);
}

static void check_case(const op_case *c, vn_dtype real, int64_t lanes, int orders)
{
    static program p;
    program_make(&p, c, real, lanes, orders);
    for (int64_t k = 0; k < p.tape->n_instr; k++) {
        const vn__instr *const instr = &p.tape->instr[k];
        mark_seen(instr->op);
        if (instr->op->flags & VN_OP_LANES && instr->n_in <= MAX_IN)
            for (unsigned mapped = 0; mapped < 1u << instr->n_in; mapped++)
                check_mapping(&p, instr, mapped);
    }
    vn__tape_release(p.tape);
}

static void check_all(vn_dtype real, int64_t lanes, int orders)
{
    for (int i = 0; i < n_op_cases; i++)
        VN_SCOPE
    check_case(&op_cases[i], real, lanes, orders);
    vn_finish();
}

Test(lanes, f32_16) { check_all(VN_F32, 16, 2); }
Test(lanes, f32_32) { check_all(VN_F32, 32, 1); }
Test(lanes, f64_16) { check_all(VN_F64, 16, 1); }

/* A row of ops.def without a case fails by name. Ops of other files have cases of their own. */
Test(lanes, every_row_has_a_case)
{
    static const vn_op *const mine[] = {
#define VN_UNARY_OP(name, ...) &vn__op_##name,
#include "core/ops/unary.def"
#undef VN_UNARY_OP
#define VN_BINARY_OP(name, ...) &vn__op_##name,
#include "core/ops/binary.def"
#undef VN_BINARY_OP
#define VN_COMPARE_OP(name, ...) &vn__op_##name,
#include "core/ops/compare.def"
#undef VN_COMPARE_OP
#define VN_PREDICATE_OP(name) &vn__op_##name,
#include "core/ops/predicate.def"
#undef VN_PREDICATE_OP
#define VN_FUSED_OP(name, ...) &vn__op_##name,
#include "core/ops/fused.def"
#undef VN_FUSED_OP
        &vn__op_where,       &vn__op_fma,           &vn__op_cast,
        &vn__op_bitcast,     &vn__op_stop_gradient, &vn__op_reduce_sum,
        &vn__op_reduce_prod, &vn__op_reduce_max,    &vn__op_reduce_min,
        &vn__op_argmax,      &vn__op_argmin,        &vn__op_softmax,
        &vn__op_log_softmax, &vn__op_softmax_grad,  &vn__op_log_softmax_grad,
        &vn__op_cumsum,      &vn__op_recurrence,    &vn__op_sort,
        &vn__op_argsort,     &vn__op_reshape,       &vn__op_transpose,
        &vn__op_broadcast,   &vn__op_concat,        &vn__op_slice,
        &vn__op_pad,         &vn__op_reverse,
    };
    check_all(VN_F64, 16, 2);
    for (size_t m = 0; m < sizeof mine / sizeof mine[0]; m++)
        for (int i = 0; i < N_OPS; i++)
            cr_expect(all_ops[i] != mine[m] || seen[i], "%s: no case", mine[m]->name);
}
