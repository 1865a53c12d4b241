/* SPDX-License-Identifier: MIT */
/* Reverse mode. Forward over the tape once: which values depend on x. Backward once: each
 * instruction that has a cotangent and depends on x adds to the cotangents of its operands.
 *
 * The one rule for mapped axes: an operand that lacks an axis of the instruction is shared by
 * the examples of that axis, so its cotangent is summed over it. Not over the axes of vmaps
 * around the differentiation: a derivative taken inside a vmap is that of one example. */
#include "core/transform/derivative.h"
#include "core/ops/rows.h"
#include "core/transform/reach.h"
#include "vernal/ops.h"

typedef struct pass {
    vn__tape *tape;
    int64_t n_value, n_instr;
    bool *depends;   /* by value: on x */
    vn_array **grad; /* by value: cotangent so far; NULL is zero */
    vn__rows *rows;  /* by value: what is to be added to it; NULL unless plain */
    uint64_t outer;  /* axes of the vmaps around the differentiation */
    bool plain;
} pass;

static vn_array *array_of(const pass *p, uint32_t value)
{
    const vn__value *const v = &p->tape->value[value];
    return p->plain && v->known ? v->known : vn__tape_array(p->tape, value);
}

/* ------------------------------------------------------------------ dependence */

static bool passes_gradient(const pass *p, const vn__instr *instr)
{
    if (instr->op->flags & VN_OP_NO_GRADIENT)
        return false;
    for (int i = 0; i < instr->n_in; i++)
        if (p->depends[instr->in[i]])
            return true;
    return false;
}

static vn_status mark_dependence(const pass *p, int n_x, vn_array *const x[])
{
    for (int i = 0; i < n_x; i++)
        p->depends[((const vn__array *)(const void *)x[i])->value] = true;
    return vn__reach(p->depends, p->tape, p->n_instr);
}

bool vn__is_perturbed(const vn_array *x)
{
    const vn__array *const a = vn__as_array(x);
    vn__tape *const tape = a ? a->tape : NULL;
    if (!tape || !vn_dtype_is_inexact(a->dtype))
        return false;
    bool *const depends = vn__alloc_zero((size_t)(tape->n_value + 1));
    if (!depends)
        return false;
    for (int64_t i = 0; i < tape->n_open; i++)
        depends[tape->open[i]] = true;
    for (int64_t i = 0; tape->parent && i < tape->n_input; i++)
        depends[tape->input[i]] = true;
    const bool perturbed =
        vn__reach(depends, tape, tape->n_instr) == VN_ERR_OK && depends[a->value];
    vn__free(depends);
    return perturbed;
}

/* ---------------------------------------------------------------- accumulation */

/* Sums g over the dimensions that broadcasting added or widened. */
static vn_array *unbroadcast(vn_array *g, vn_shape shape)
{
    const vn_shape have = vn_shape_of(g);
    if (vn_shape_equal(have, shape))
        return g;
    vn_axes axes = { 0 };
    const int extra = have.rank - shape.rank;
    for (int i = 0; i < have.rank; i++)
        if (i < extra || (shape.dim[i - extra] == 1 && have.dim[i] != 1))
            axes.axis[axes.count++] = i;
    return vn_reshape(axes.count ? vn_sum_over(g, axes, false) : g, shape);
}

/* Sums over the mapped axes that the instruction has and the operand lacks. */
static vn_array *unmap(vn_array *g, uint64_t extra)
{
    for (int a = 0; g && extra >> a; a++)
        if (extra >> a & 1) {
            if (vn__tape_of(g))
                g = vn__axis_sum(g, a);
        }
    return g;
}

static void accumulate(const pass *p, uint32_t value, uint64_t instr_axes, vn_array *g)
{
    const vn__value copy = p->tape->value[value], *const v = &copy; /* the tape may grow */
    const uint64_t extra = instr_axes & ~v->axes & ~p->outer;
    if (extra && !vn__tape_of(g)) {
        double size = 1;
        for (int a = 0; extra >> a; a++)
            size *= extra >> a & 1 ? (double)vn__tape_axis(p->tape, a)->size : 1.0;
        g = vn_scale(size, g);
    } else {
        g = unmap(g, extra);
    }
    if (g)
        g = unbroadcast(g, v->aval.shape);
    if (g && vn_dtype_of(g) != v->aval.dtype)
        g = vn_cast(g, v->aval.dtype);
    vn_array *const old = p->grad[value];
    p->grad[value] = old ? vn_add(old, g) : g;
}

/* The rows that are left of a cotangent become part of it. */
static vn_status settle(const pass *p, uint32_t value)
{
    vn__rows *const rows = p->rows ? &p->rows[value] : NULL;
    if (!rows || rows->n == 0)
        return VN_ERR_OK;
    vn_array *const sum = vn__rows_sum(rows, p->tape->value[value].aval);
    vn__rows_free(rows);
    vn_array *const old = p->grad[value];
    p->grad[value] = old && sum ? vn_add(old, sum) : sum;
    return vn_error_status();
}

/* --------------------------------------------------------------------- the pass */

/* The cotangent g of a result that the instruction took out of a mapped axis (a sum over it).
 * Over outer axes cotangents of what lacks them are those of each example: here all examples
 * come together. */
static vn_array *gathered(const pass *p, const vn__instr *instr, uint32_t result, vn_array *g)
{
    uint64_t removed = 0;
    for (int i = 0; i < instr->n_in; i++)
        removed |= p->tape->value[instr->in[i]].axes;
    removed &= p->outer & ~p->tape->value[result].axes;
    for (int a = 0; g && removed >> a; a++)
        if (removed >> a & 1)
            g = vn__tape_of(g) ? vn__axis_sum(g, a)
                               : vn_scale((double)vn__tape_axis(p->tape, a)->size, g);
    return g;
}

static vn_status step(const pass *p, const vn__instr *instr)
{
    vn_array *in[VN__MAX_OPERANDS], *out[VN__MAX_RESULTS], *g[VN__MAX_RESULTS];
    vn_array *din[VN__MAX_OPERANDS];
    vn__rows *rows[VN__MAX_OPERANDS];
    bool need[VN__MAX_OPERANDS], any = false;
    if (!passes_gradient(p, instr))
        return VN_ERR_OK;
    for (int j = 0; j < instr->n_out; j++) {
        VN_TRY(settle(p, instr->out + (uint32_t)j));
        any |= (g[j] = p->grad[instr->out + (uint32_t)j]) != NULL;
    }
    if (!any)
        return VN_ERR_OK;
    if (!instr->op->vjp)
        return vn__fail(VN_ERR_DERIVATIVE, "%s: has no reverse-mode derivative",
                        instr->op->name);
    uint64_t axes = 0; /* of the instruction: what its operands have and it works over */
    for (int i = 0; i < instr->n_in; i++) {
        in[i] = array_of(p, instr->in[i]);
        need[i] = p->depends[instr->in[i]];
        din[i] = NULL;
        axes |= p->tape->value[instr->in[i]].axes;
    }
    for (int i = 0; i < instr->n_in; i++)
        rows[i] = p->rows && axes == 0 && need[i] ? &p->rows[instr->in[i]] : NULL;
    for (int j = 0; j < instr->n_out; j++) {
        out[j] = array_of(p, instr->out + (uint32_t)j);
        if (instr->op->axes)
            g[j] = gathered(p, instr, instr->out + (uint32_t)j, g[j]);
    }
    const vn_node node = { instr->op, instr->attr, instr->n_in, instr->n_out, in, out, need,
                           p->rows ? rows : NULL };
    instr->op->vjp(din, &node, g);
    if (!vn_ok())
        return vn_error_status();
    if (instr->op == &vn__op_spread)
        axes = p->tape->value[instr->out].axes;
    const bool own_axes = instr->op->axes && instr->op != &vn__op_spread;
    for (int i = 0; i < instr->n_in; i++)
        if (need[i] && din[i])
            accumulate(p, instr->in[i],
                       own_axes ? p->tape->value[instr->in[i]].axes : axes, din[i]);
    return vn_error_status();
}

static vn_status run(const pass *p, int n_y, vn_array *const y[], vn_array *const g[])
{
    for (int j = 0; j < n_y; j++) {
        const vn__array *const a = vn__as_array(y[j]);
        if (!g[j] || !a || !a->tape)
            continue;
        const uint32_t value = vn__tape_import(p->tape, y[j]);
        if (value < p->n_value && p->depends[value])
            accumulate(p, value, 0, g[j]);
    }
    for (int64_t k = p->n_instr - 1; k >= 0; k--) {
        const vn__instr instr = p->tape->instr[k]; /* a copy: the tape may grow under us */
        VN_TRY(step(p, &instr));
    }
    return vn_error_status();
}

static uint64_t axes_of_all(int n, vn_array *const x[])
{
    uint64_t axes = 0;
    for (int i = 0; i < n; i++)
        axes |= vn__tape_of(x[i]) ? vn__as_array(x[i])->axes : 0;
    return axes;
}

uint64_t vn__node_axes(const vn_node *node)
{
    return axes_of_all(node->n_in, node->in) | axes_of_all(node->n_out, node->out);
}

uint64_t vn__axes_open(vn__tape *tape)
{
    const vn__tape *const root = vn__tape_root(tape);
    uint64_t axes = 0;
    for (int a = 0; a < root->n_axes; a++)
        axes |= root->axis[a].open ? 1ull << a : 0;
    return axes;
}

uint64_t vn__axes_set_open(vn__tape *tape, uint64_t axes)
{
    const uint64_t before = vn__axes_open(tape);
    vn__tape *const root = vn__tape_root(tape);
    for (int a = 0; a < root->n_axes; a++)
        root->axis[a].open = axes >> a & 1;
    return before;
}

/* The cotangent of x, as rows where they are wanted. */
static vn_status take_result(vn_array **dx, vn__rows *rows, const pass *p, uint32_t value)
{
    if (rows && p->rows && !vn__rows_append(rows, &p->rows[value]))
        return vn_error_status();
    VN_TRY(settle(p, value));
    *dx = p->grad[value];
    return VN_ERR_OK;
}

/* rows: NULL, or for each x NULL or where to put what of its cotangent is rows. */
static vn_status backward(vn_array *dx[], vn__rows *const rows[], vn__tape *tape,
                          uint64_t outer, int n_x, vn_array *const x[], int n_y,
                          vn_array *const y[], vn_array *const g[], bool plain)
{
    pass p = { .tape = tape,
               .n_value = tape->n_value,
               .n_instr = tape->n_instr,
               .outer = vn__axes_open(tape) | outer,
               .plain = plain };
    for (int i = 0; i < n_x; i++)
        dx[i] = NULL;
    p.depends = vn__alloc_zero((size_t)(p.n_value + 1) * sizeof *p.depends);
    p.grad = vn__alloc_zero((size_t)(p.n_value + 1) * sizeof *p.grad);
    if (plain)
        p.rows = vn__alloc_zero((size_t)(p.n_value + 1) * sizeof *p.rows);
    vn_status status = vn_error_status();
    if (p.depends && p.grad && (p.rows || !plain)) {
        status = mark_dependence(&p, n_x, x);
        if (status == VN_ERR_OK)
            status = run(&p, n_y, y, g);
        for (int i = 0; i < n_x && status == VN_ERR_OK; i++)
            status = take_result(&dx[i], rows ? rows[i] : NULL, &p,
                                 ((const vn__array *)(const void *)x[i])->value);
    }
    for (int64_t v = 0; p.rows && v < p.n_value; v++)
        vn__rows_free(&p.rows[v]);
    vn__free(p.rows);
    vn__free(p.depends);
    vn__free(p.grad);
    return status;
}

vn_status vn__backward(vn_array *dx[], vn__tape *tape, int n_x, vn_array *const x[], int n_y,
                       vn_array *const y[], vn_array *const g[], bool plain)
{
    return vn__backward_in(dx, tape, 0, n_x, x, n_y, y, g, plain);
}

vn_status vn__backward_in(vn_array *dx[], vn__tape *tape, uint64_t outer, int n_x,
                          vn_array *const x[], int n_y, vn_array *const y[],
                          vn_array *const g[], bool plain)
{
    return backward(dx, NULL, tape, outer, n_x, x, n_y, y, g, plain);
}

vn_status vn__backward_rows(vn_array *dx[], vn__rows *const rows[], vn__tape *tape, int n_x,
                            vn_array *const x[], int n_y, vn_array *const y[],
                            vn_array *const g[])
{
    return backward(dx, rows, tape, 0, n_x, x, n_y, y, g, true);
}
