/* SPDX-License-Identifier: MIT */
/* The simplifier's passes: copy the live instructions of one tape to another through the rules,
 * until nothing changes. */
#include "core/plan/simplify.h"

#include <string.h>

#include "core/ops/buffer.h"
#include "core/plan/axes.h"
#include "core/plan/residuals.h"
#include "core/plan/rewrite.h"
#include "core/plan/stacked_sums.h"
#include "core/transform/callback.h"
#include "core/transform/error_if.h"
#include "core/transform/watch.h"
#include "vernal/ops.h"

#define MAX_PASSES 8
#define MAX_SCANS  64 /* that one kind of change is made to */
#define FOLD_LIMIT 65536 /* elements: larger constants are made at run time */

/* ---------------------------------------------------------------------- liveness */

static bool *find_live(const vn__tape *tape)
{
    bool *const live = vn__alloc_zero((size_t)tape->n_value + 1);
    if (!live)
        return NULL;
    for (int64_t i = 0; i < tape->n_output; i++)
        live[tape->output[i]] = true;
    for (int64_t k = tape->n_instr - 1; k >= 0; k--) {
        const vn__instr *const instr = &tape->instr[k];
        bool any = instr->op->flags & VN_OP_EFFECT;
        for (int j = 0; j < instr->n_out; j++)
            any |= live[instr->out + (uint32_t)j];
        for (int i = 0; any && i < instr->n_in; i++)
            live[instr->in[i]] = true;
        for (int j = 0; any && j < instr->n_out && (instr->op->flags & VN_OP_EFFECT); j++)
            live[instr->out + (uint32_t)j] = true;
    }
    return live;
}

static bool instr_live(const vn__instr *instr, const bool *live)
{
    for (int j = 0; j < instr->n_out; j++)
        if (live[instr->out + (uint32_t)j])
            return true;
    return false;
}

/* -------------------------------------------------------- common subexpressions */

static uint64_t mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * 0x9E3779B97F4A7C15ull;
    return h ^ h >> 29;
}

static uint64_t hash_of(const vn_op *op, const void *attr, int n_in, const uint32_t in[])
{
    uint64_t h = mix(17, (uint64_t)(uintptr_t)op);
    for (size_t i = 0; i < op->attr_size; i++)
        h = mix(h, ((const unsigned char *)attr)[i]);
    for (int i = 0; i < n_in; i++)
        h = mix(h, in[i]);
    return h;
}

static bool same_instr(const vn__instr *a, const vn_op *op, const void *attr, int n_in,
                       const uint32_t in[])
{
    return a->op == op && a->n_in == n_in && !(op->flags & VN_OP_EFFECT) &&
           (op->attr_size == 0 || memcmp(a->attr, attr, op->attr_size) == 0) &&
           (n_in == 0 || memcmp(a->in, in, (size_t)n_in * sizeof *in) == 0);
}

static vn_status record_once(vn__rewriter *r, vn_array *out[], const vn_op *op,
                             const void *attr, int n_in, vn_array *const in[])
{
    uint32_t id[VN__MAX_OPERANDS];
    for (int i = 0; i < n_in; i++) {
        id[i] = vn__tape_import(r->to, in[i]);
        if (id[i] == UINT32_MAX)
            return vn_error_status();
    }
    int64_t at = (int64_t)(hash_of(op, attr, n_in, id) % (uint64_t)r->table_size);
    int64_t probes = 0;
    for (; r->table[at] >= 0 && probes < r->table_size;
         at = (at + 1) % r->table_size, probes++) {
        const vn__instr *const old = &r->to->instr[r->table[at]];
        if (same_instr(old, op, attr, n_in, id)) {
            for (int j = 0; j < old->n_out; j++)
                out[j] = vn__tape_array(r->to, old->out + (uint32_t)j);
            return vn_error_status();
        }
    }
    VN_TRY(vn__record(out, r->to, op, attr, n_in, in, 0));
    if (probes < r->table_size / 2)
        r->table[at] = r->to->n_instr - 1;
    return VN_ERR_OK;
}

/* --------------------------------------------------------------------------- emit */

const vn__instr *vn__rewrite_source(const vn__rewriter *r, const vn_array *x)
{
    const vn__array *const a = vn__as_array(x);
    if (!a || a->tape != r->to || r->to->value[a->value].instr == VN__NO_INSTR)
        return NULL;
    return &r->to->instr[r->to->value[a->value].instr];
}

vn_array *vn__rewrite_operand(const vn__rewriter *r, const vn__instr *instr, int i)
{
    return vn__tape_array(r->to, instr->in[i]);
}

/* All operands are numbers and the results are small: compute now. */
static bool can_fold(const vn_op *op, const void *attr, int n_in, vn_array *const in[])
{
    vn_aval aval[VN__MAX_OPERANDS], out[VN__MAX_RESULTS];
    if (n_in == 0 || op->axes || (op->flags & VN_OP_EFFECT) || vn__op_tapes(op, attr) ||
        op == &vn__op_error_if)
        return false;
    int64_t largest = 16;
    for (int i = 0; i < n_in; i++) {
        if (vn__tape_of(in[i]))
            return false;
        aval[i] = (vn_aval){ vn_dtype_of(in[i]), vn_shape_of(in[i]) };
        largest = vn_size(in[i]) > largest ? vn_size(in[i]) : largest;
    }
    if (op->shape(out, attr, aval, n_in) != VN_ERR_OK)
        return false;
    const int64_t size = vn_shape_size(out[0].shape);
    return size <= largest && size <= FOLD_LIMIT;
}

static bool apply_rules(vn__rewriter *r, vn_array *out[], const vn_op *op, const void *attr,
                        int n_in, vn_array *const in[])
{
    if (op == &vn__op_map_in)
        return vn__rule_map_in(r, out, attr, in[0]);
    if (op == &vn__op_map_out)
        return vn__rule_map_out(r, out, attr, in[0]);
    if (op == &vn__op_axis_sum)
        return vn__rule_axis_sum(r, out, attr, in[0]);
    if (op == &vn__op_reduce_sum && (vn__rule_reduce_sum(r, out, attr, in[0]) ||
                                     vn__rule_sum_of_pool(r, out, attr, in[0])))
        return true;
    if (n_in == 2 && vn__rule_gate_of_pool(r, out, op, attr, in))
        return true;
    if (op == &vn__op_axis_max &&
        !(vn__as_array(in[0])->axes >> ((const vn__axis_attr *)attr)->axis & 1)) {
        out[0] = in[0];
        return true;
    }
    return vn__rule_identity(r, out, op, attr, n_in, in) ||
           vn__rule_pull(r, out, op, attr, n_in, in);
}

vn_status vn__rewrite_emit(vn__rewriter *r, vn_array *out[], const vn_op *op, const void *attr,
                           int n_in, vn_array *const in[])
{
    for (int i = 0; i < n_in; i++)
        if (!in[i])
            return vn_error_status();
    if (can_fold(op, attr, n_in, in))
        return vn_op_apply_n(out, op, attr, n_in, in);
    if (vn_ok() && apply_rules(r, out, op, attr, n_in, in))
        return vn_error_status();
    return vn_ok() ? record_once(r, out, op, attr, n_in, in) : vn_error_status();
}

vn_array *vn__rewrite_one(vn__rewriter *r, const vn_op *op, const void *attr, int n_in,
                          vn_array *const in[])
{
    vn_array *out[VN__MAX_RESULTS];
    return vn__rewrite_emit(r, out, op, attr, n_in, in) == VN_ERR_OK ? out[0] : NULL;
}

/* --------------------------------------------------------------------------- copying */

static uint64_t aliased_axes(const vn__rewriter *r, uint64_t axes)
{
    uint64_t result = 0;
    for (int a = 0; a < VN__MAX_AXES && axes >> a; a++)
        if (axes >> a & 1)
            result |= 1ull << r->alias[a];
    return result;
}

static vn__tape *simplify_child(const vn__rewriter *r, const vn__tape *child);

/* Attributes on the new tape: axes by their alias, bodies simplified. */
static vn_status translate_attr(vn__rewriter *r, unsigned char *attr, const vn__instr *instr)
{
    if (instr->op->attr_size)
        memcpy(attr, instr->attr, instr->op->attr_size);
    if (instr->op == &vn__op_callback)
        return vn__tape_keep(r->to, ((const vn__callback_attr *)instr->attr)->site);
    if (instr->op == &vn__op_spread)
        ((vn__spread_attr *)(void *)attr)->axes =
            aliased_axes(r, ((const vn__spread_attr *)instr->attr)->axes);
    else if (instr->op->axes)
        ((vn__axis_attr *)(void *)attr)->axis = r->alias[((vn__axis_attr *)(void *)attr)->axis];
    for (int i = 0; i < vn__op_tapes(instr->op, instr->attr); i++) {
        vn__tape *body;
        memcpy(&body, attr + (size_t)i * sizeof body, sizeof body);
        if (!body)
            continue;
        body = simplify_child(r, body);
        if (!body)
            return vn_error_status();
        const vn_status status = vn__tape_keep_child(r->to, body);
        memcpy(attr + (size_t)i * sizeof body, &body, sizeof body);
        vn__tape_release(body);
        VN_TRY(status);
    }
    return VN_ERR_OK;
}

/* An error_if that has readers: the check of its code, and what it hands through. */
static vn_status copy_fault(vn__rewriter *r, const vn__instr *instr, vn_array *in[])
{
    const vn__fault_attr *const a = instr->attr;
    vn_array *const code = in[instr->n_in - 1];
    vn_array *out[1];
    VN_TRY(vn__tape_keep(r->to, a->messages));
    VN_TRY(vn__record(out, r->to, &vn__op_fault, a, 1, (vn_array *[]){ code }, 0));
    if (instr->op == &vn__op_fault)
        r->map[instr->out] = out[0];
    for (int j = 0; instr->op == &vn__op_error_if && j < instr->n_out; j++) {
        const uint64_t axes = r->from->value[instr->out + (uint32_t)j].axes;
        r->map[instr->out + (uint32_t)j] = vn__spread(r->to, in[j], aliased_axes(r, axes));
    }
    return vn_error_status();
}

static bool late_rule(vn__rewriter *r, vn_array *out[], const vn__instr *instr)
{
    return vn__rule_norm(r, out, instr) || vn__rule_whole_sum(r, out, instr) ||
           vn__rule_scaled_outer(r, out, instr);
}

static bool has_late_rules(const vn__tape *tape)
{
    return vn__has_norms(tape) || vn__has_whole_sum(tape) || vn__has_scaled_outer(tape);
}

static vn_status copy_instr(vn__rewriter *r, const vn__instr *instr)
{
    vn_array *in[VN__MAX_OPERANDS], *out[VN__MAX_RESULTS];
    union {
        unsigned char bytes[2048];
        max_align_t align;
    } attr;
    if (instr->op->attr_size > sizeof attr)
        return vn__fail(VN_ERR_LIMIT, "%s: attributes of more than %zu bytes", instr->op->name,
                        sizeof attr);
    if (r->lift_axis >= 0 && vn__lift_instr(r, instr))
        return vn_error_status();
    for (int i = 0; i < instr->n_in; i++)
        in[i] = r->map[instr->in[i]];
    if (instr->op == &vn__op_mark || instr->op == &vn__op_override ||
        instr->op == &vn__op_watch || (r->last && instr->op == &vn__op_barrier)) {
        for (int j = 0; j < instr->n_out; j++)
            r->map[instr->out + (uint32_t)j] = in[j];
        return VN_ERR_OK;
    }
    if (instr->op == &vn__op_error_if || instr->op == &vn__op_fault)
        return copy_fault(r, instr, in);
    if (vn__buffer_is_written(instr->op, instr->attr)) {
        r->map[instr->out] = in[0];
        return VN_ERR_OK;
    }
    VN_TRY(translate_attr(r, attr.bytes, instr));
    if (r->last)
        VN_TRY(vn__record(out, r->to, instr->op, attr.bytes, instr->n_in, in, 0));
    else if (!r->reads || !late_rule(r, out, instr))
        VN_TRY(vn__rewrite_emit(r, out, instr->op, attr.bytes, instr->n_in, in));
    for (int j = 0; j < instr->n_out; j++)
        r->map[instr->out + (uint32_t)j] = out[j];
    return vn_error_status();
}

static vn_status copy_values(vn__rewriter *r)
{
    for (int64_t i = 0; i < r->from->n_value; i++)
        if (r->from->value[i].constant)
            r->map[i] = r->from->value[i].known;
    for (int64_t i = 0; i < r->from->n_input; i++) {
        const uint32_t id = r->from->input[i];
        const vn__value *const v = &r->from->value[id];
        r->map[id] = vn__tape_input(r->to, v->aval, aliased_axes(r, v->axes), NULL);
        if (!r->map[id])
            return vn_error_status();
    }
    return VN_ERR_OK;
}

static vn_status copy_live(vn__rewriter *r, const bool *live)
{
    VN_TRY(copy_values(r));
    for (int64_t k = 0; k < r->from->n_instr && !r->again; k++)
        if (instr_live(&r->from->instr[k], live))
            VN_TRY(copy_instr(r, &r->from->instr[k]));
    vn_array **const out = vn__alloc((size_t)(r->from->n_output + 1) * sizeof *out);
    if (!out)
        return vn_error_status();
    for (int64_t i = 0; i < r->from->n_output; i++)
        out[i] = r->map[r->from->output[i]];
    const vn_status status =
        r->again ? VN_ERR_OK : vn__tape_seal(r->to, (int)r->from->n_output, out);
    vn__free(out);
    return status;
}

vn__tape *vn__tape_beside(const vn__tape *from, vn__tape *parent)
{
    vn__tape *const to = vn__tape_new(parent, false);
    if (to && !parent) {
        const vn__tape *root = from;
        while (root->parent)
            root = root->parent;
        memcpy(to->axis, root->axis, sizeof to->axis);
        to->n_axes = root->n_axes;
    }
    return to;
}

static void count_reads(int32_t reads[], const vn__tape *tape, const bool *live)
{
    for (int64_t k = 0; k < tape->n_instr; k++)
        for (int i = 0; i < tape->instr[k].n_in && instr_live(&tape->instr[k], live); i++)
            reads[tape->instr[k].in[i]]++;
    for (int64_t i = 0; i < tape->n_output; i++)
        reads[tape->output[i]]++;
}

/* PLAIN: the rules for every instruction. LATE: also those that depend on who reads a value, or
 * would hide what these look for. LAST: drops the barriers, changes nothing else. */
typedef enum pass_kind { PLAIN, LATE, LAST } pass_kind;

/* One pass; *again tells that an alias was found and the pass was broken off. lift_axis: -1 or,
 * in a last pass, the mapped axis that becomes real. */
static vn__tape *pass(const vn__tape *from, vn__tape *parent, int alias[], pass_kind kind,
                      int lift_axis, bool *again)
{
    vn__rewriter r = { .from = from, .to = vn__tape_beside(from, parent), .alias = alias,
                       .last = kind == LAST, .lift_axis = lift_axis };
    r.table_size = 4 * from->n_instr + 64;
    r.table = vn__alloc((size_t)r.table_size * sizeof *r.table);
    r.map = vn__alloc_zero((size_t)(from->n_value + 1) * sizeof *r.map);
    r.high = vn__alloc_zero((size_t)(from->n_value + 1) * sizeof *r.high);
    bool *const live = find_live(from);
    vn_status status = VN_ERR_MEMORY;
    if (kind == LATE)
        r.reads = vn__alloc_zero((size_t)(from->n_value + 1) * sizeof *r.reads);
    if (r.to && r.table && r.map && r.high && live && (kind != LATE || r.reads)) {
        if (r.reads)
            count_reads(r.reads, from, live);
        memset(r.table, -1, (size_t)r.table_size * sizeof *r.table);
        vn__tape_push(r.to);
        status = copy_live(&r, live);
        vn__tape_pop();
    }
    vn__free(r.table);
    vn__free(r.map);
    vn__free(r.high);
    vn__free(r.reads);
    vn__free(live);
    *again = r.again;
    if (status != VN_ERR_OK || r.again) {
        vn__tape_release(r.to);
        return NULL;
    }
    return r.to;
}

static vn__tape *passes(const vn__tape *tape, vn__tape *parent, int alias[])
{
    vn__tape *current = NULL;
    bool asked = false; /* for late rules: once, when all else is done */
    pass_kind kind = PLAIN;
    for (int i = 0, restarts = 0; i < MAX_PASSES; i++) {
        bool again = false;
        vn_scope scope = vn_scope_open();
        vn__tape *const next = pass(current ? current : tape, parent, alias, kind, -1, &again);
        vn_scope_close(&scope);
        if (again && restarts++ < VN__MAX_AXES) {
            i--;
            continue;
        }
        const int64_t before = current ? current->n_instr : tape->n_instr;
        vn__tape_release(current);
        current = next;
        if (!next || (i > 0 && kind == PLAIN && next->n_instr >= before && asked))
            break;
        kind = PLAIN;
        if (i > 0 && !asked && next->n_instr >= before) {
            asked = true;
            if (!has_late_rules(next))
                break;
            kind = LATE;
            i = 0;
        }
    }
    return current;
}

static vn__tape *simplify_child(const vn__rewriter *r, const vn__tape *child)
{
    bool again;
    return r->last ? pass(child, r->to, r->alias, LAST, -1, &again)
                   : passes(child, r->to, r->alias);
}

static bool has_barrier(const vn__tape *tape)
{
    for (int64_t k = 0; k < tape->n_instr; k++)
        if (tape->instr[k].op == &vn__op_barrier)
            return true;
    for (int64_t i = 0; i < tape->n_child; i++)
        if (has_barrier(tape->child[i]))
            return true;
    return false;
}

/* Barriers keep what is computed again apart from the first time until nothing is merged any
 * more; then they go. */
static vn__tape *without_barriers(vn__tape *tape, int alias[])
{
    bool again;
    if (!tape || !has_barrier(tape))
        return tape;
    vn_scope scope = vn_scope_open();
    vn__tape *const plain = pass(tape, NULL, alias, LAST, -1, &again);
    vn_scope_close(&scope);
    vn__tape_release(tape);
    return plain;
}

/* Axes that are never lanes become real axes, the innermost first; the first pass after it
 * drops what nobody reads any more. */
static vn__tape *lift_loops(vn__tape *tape, int alias[])
{
    const uint64_t axes = tape ? vn__loop_axes(tape) : 0;
    for (int a = VN__MAX_AXES - 1; axes && tape && a >= -1; a--) {
        bool again;
        if (a >= 0 && (!(axes >> a & 1) || vn__tape_axis(tape, a)->size == 0))
            continue;
        vn_scope scope = vn_scope_open();
        vn__tape *const next = pass(tape, NULL, alias, LAST, a, &again);
        vn_scope_close(&scope);
        vn__tape_release(tape);
        tape = next;
    }
    return tape;
}

/* A change to one scan after the other, until there is none left to be made. */
static vn__tape *change_scans(vn__tape *tape, int alias[], vn__tape *change(vn__tape *))
{
    for (int i = 0; tape && i < MAX_SCANS; i++) {
        vn__tape *const changed = change(tape);
        if (!changed && vn_ok())
            break;
        vn__tape_release(tape);
        tape = changed ? passes(changed, NULL, alias) : NULL;
        vn__tape_release(changed);
    }
    return tape;
}

vn__tape *vn__simplify(const vn__tape *tape)
{
    int alias[VN__MAX_AXES];
    for (int a = 0; a < VN__MAX_AXES; a++)
        alias[a] = a;
    vn__tape *plain = passes(tape, NULL, alias);
    plain = change_scans(plain, alias, vn__keep_residuals);
    plain = change_scans(plain, alias, vn__stack_sums);
    return lift_loops(without_barriers(plain, alias), alias);
}
