/* SPDX-License-Identifier: MIT */
/* Functions with a derivative of their own, and checkpointing (whose own derivative is: compute
 * the function again, then differentiate that). One op serves all: `override` hands through the
 * arrays y that the function has computed; its derivative rules ignore how y was made and call
 * the user's. */
#include <string.h>

#include "core/transform/control.h"
#include "core/transform/derivative.h"
#include "core/transform/leaves.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

typedef enum rule_kind { RULE_VJP, RULE_JVP, RULE_CHECKPOINT } rule_kind;

/* Trees of the attribute live as long as the tape, so they hold none of its values. Operands: y
 * arrays, then the arrays of args (a tuple), those of the residuals, those of the rule. */
typedef struct override_attr {
    vn_tree *rule, *out, *args,
        *residuals; /* arrays in these trees stand for operands, in order */
    int32_t n_y, n_args, n_residuals, kind, perturbed;
    uint64_t open; /* axes of the vmaps around the call: the rules run inside them as well */
} override_attr;

static vn_status override_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    for (int j = 0; j < ((const override_attr *)attr)->n_y; j++)
        out[j] = in[j];
    return VN_ERR_OK;
}

static int override_results(const void *attr) { return ((const override_attr *)attr)->n_y; }

static void override_eval(const vn_eval *e)
{
    for (int j = 0; j < e->n_out; j++)
        memcpy(e->out[j], e->in[j],
               (size_t)vn_shape_size(e->in_aval[j].shape) * vn_dtype_size(e->in_aval[j].dtype));
}

static vn_tree *rebuild(vn_tree *like, vn_array *const arrays[])
{
    int64_t next = 0;
    return vn__leaves_replace(like, vn_is_array, arrays, &next, true);
}

/* Cotangents (tangents) as a tree like `like`: none where NULL. */
static vn_tree *partial_tree(vn_tree *like, vn_array *const arrays[])
{
    int64_t next = 0;
    return vn__leaves_replace(like, vn_is_array, arrays, &next, false);
}

/* The arrays of a rule's result (NULL for none) in the order of the arrays of `like`. */
static void gather(vn_array *out[], vn_tree *like, vn_tree *tree)
{
    vn__leaves leaves = { 0 };
    if (vn__leaves_align(&leaves, like, tree, vn_is_array, "custom rule") == VN_ERR_OK)
        for (int64_t i = 0; i < leaves.n; i++)
            out[i] = leaves.item[i];
    vn__leaves_free(&leaves);
}

static vn_tree *rule_of(const vn_node *node)
{
    const override_attr *const a = node->attr;
    return rebuild(a->rule, node->in + a->n_y + a->n_args + a->n_residuals);
}

/* ----------------------------------------------------------------------- the rules */

/* Which leaves of the first argument a derivative is taken in, as a tree of bools: of its
 * arrays those with need[k] (by array), or those that vn__is_perturbed. */
typedef struct asking {
    const bool *need;
    int64_t next;
} asking;

static vn_tree *asked_leaf(void *context, vn_tree *leaf)
{
    asking *const a = context;
    if (!vn_is_array(leaf))
        return vn_bool(false);
    return vn_bool(a->need ? a->need[a->next++] && vn_is_inexact_array(leaf)
                           : vn__is_perturbed(leaf));
}

static vn_tree *perturbed_tree(vn_tree *first, const bool *need)
{
    return first ? vn__map_leaves(first, asked_leaf, &(asking){ need, 0 }) : NULL;
}

static bool others_are_constant(const vn_node *node, int64_t first)
{
    const override_attr *const a = node->attr;
    for (int64_t i = first; i < a->n_args; i++)
        if (node->need[a->n_y + i]) {
            vn__fail(VN_ERR_DERIVATIVE, "filter_custom_vjp: only the first argument can be "
                                        "differentiated");
            return false;
        }
    return true;
}

/* bwd(residuals, cotangent of out, perturbed if asked for, args...) -> cotangent of args[0] */
static void vjp_by_rule(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const override_attr *const a = node->attr;
    vn_tree *call[VN__MAX_OPERANDS];
    vn__leaves first = { 0 };
    vn_status status = vn__leaves_add(&first, vn_at(a->args, 0), vn_is_array);
    const int64_t n_first = first.n;
    vn__leaves_free(&first);
    if (status != VN_ERR_OK || !others_are_constant(node, n_first))
        return;
    vn_tree *const args = rebuild(a->args, node->in + a->n_y);
    int n = 0;
    call[n++] = rebuild(a->residuals, node->in + a->n_y + a->n_args);
    call[n++] = partial_tree(a->out, g);
    if (a->perturbed)
        call[n++] = perturbed_tree(vn_at(a->args, 0), node->need + a->n_y);
    for (int i = 0; args && i < vn_len(args); i++)
        call[n++] = vn_at(args, i);
    vn_tree *const d = args && vn_ok() ? vn_call_n(rule_of(node), n, call) : NULL;
    if (d)
        gather(din + a->n_y, vn_at(a->args, 0), d);
}

/* args = (function, arguments...): what the function holds is differentiated as well. */
static vn_tree *call_checkpointed(vn_tree *args)
{
    vn_tree *call[VN__MAX_OPERANDS];
    const int n = vn_len(args) - 1;
    for (int i = 0; i < n; i++)
        call[i] = vn_at(args, i + 1);
    return vn_call_n(vn_at(args, 0), n, call);
}

/* The function again, behind a barrier, so that the second run is not merged with the first. On
 * an eager tape the first run has left nothing to merge with. */
static void vjp_by_replay(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const override_attr *const a = node->attr;
    vn__session s;
    vn_array *mark[VN__MAX_OPERANDS], *d[VN__MAX_OPERANDS];
    if (vn__session_begin(&s) != VN_ERR_OK)
        return;
    const int64_t id = s.tape->n_instr;
    for (int i = 0; i < a->n_args; i++) {
        vn_array *const x = node->in[a->n_y + i];
        mark[i] = vn__mark(s.tape, s.tape->eager ? x : vn__barrier(s.tape, x, id));
    }
    vn_tree *const args = vn_ok() ? rebuild(a->args, mark) : NULL;
    vn_tree *const out = args ? call_checkpointed(args) : NULL;
    vn__leaves y = { 0 };
    if (out && vn__leaves_add(&y, out, vn_is_array) == VN_ERR_OK &&
        vn__backward_in(d, s.tape, vn__node_axes(node), a->n_args, mark, (int)y.n, y.item, g,
                        s.own) == VN_ERR_OK)
        for (int i = 0; i < a->n_args; i++)
            din[a->n_y + i] = d[i] && s.own ? vn__array_detach(d[i]) : d[i];
    vn__leaves_free(&y);
    (void)vn__session_end(&s, NULL);
}

/* jvp(primals, tangents) is linear in the tangents: transpose it. */
static vn_status call_jvp(vn_array *dy[], const vn_node *node, vn_array *const dx[])
{
    const override_attr *const a = node->attr;
    vn_tree *const primals = rebuild(a->args, node->in + a->n_y);
    vn_tree *const tangents = partial_tree(a->args, dx);
    vn_tree *const result =
        primals && tangents ? vn_call(rule_of(node), primals, tangents) : NULL;
    if (!result)
        return vn_error_status();
    if (vn_len(result) != 2)
        return vn__fail(VN_ERR_STRUCTURE,
                        "filter_custom_jvp: the rule returns no (out, tangent)");
    gather(dy, a->out, vn_at(result, 1));
    return vn_error_status();
}

static void vjp_by_transpose(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const override_attr *const a = node->attr;
    vn__session s;
    vn_array *t[VN__MAX_OPERANDS], *mark[VN__MAX_OPERANDS], *d[VN__MAX_OPERANDS];
    vn_array *dy[VN__MAX_RESULTS];
    int n = 0, of[VN__MAX_OPERANDS];
    if (vn__session_begin(&s) != VN_ERR_OK)
        return;
    for (int i = 0; i < a->n_args; i++) {
        vn_array *const x = node->in[a->n_y + i];
        t[i] = NULL;
        if (!node->need[a->n_y + i] || !vn_dtype_is_inexact(vn_dtype_of(x)))
            continue;
        of[n] = a->n_y + i;
        t[i] = mark[n++] = vn__mark(s.tape, vn_zeros(vn_dtype_of(x), vn_shape_of(x)));
    }
    if (vn_ok() && call_jvp(dy, node, t) == VN_ERR_OK &&
        vn__backward_in(d, s.tape, vn__node_axes(node), n, mark, a->n_y, dy, g, s.own) ==
            VN_ERR_OK)
        for (int i = 0; i < n; i++)
            din[of[i]] = d[i] && s.own ? vn__array_detach(d[i]) : d[i];
    (void)vn__session_end(&s, NULL);
}

/* Forward mode keeps nothing: y's own tangents, or on an eager tape, where the inside is not
 * recorded, those of the function run again. */
static void jvp_by_replay(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    const override_attr *const a = node->attr;
    vn__session s;
    vn_array *mark[VN__MAX_OPERANDS];
    if (vn__session_begin(&s) != VN_ERR_OK)
        return;
    for (int j = 0; j < a->n_y && !s.tape->eager; j++)
        dout[j] = din[j];
    for (int i = 0; i < a->n_args && s.tape->eager; i++)
        mark[i] = vn__mark(s.tape, node->in[a->n_y + i]);
    vn_tree *const args = s.tape->eager && vn_ok() ? rebuild(a->args, mark) : NULL;
    vn_tree *const out = args ? call_checkpointed(args) : NULL;
    vn__leaves y = { 0 };
    if (out && vn__leaves_add(&y, out, vn_is_array) == VN_ERR_OK)
        (void)vn__forward(dout, s.tape, a->n_args, mark, din + a->n_y, (int)y.n, y.item, s.own);
    for (int j = 0; j < a->n_y && s.own && vn_ok(); j++)
        dout[j] = dout[j] ? vn__array_detach(dout[j]) : NULL;
    vn__leaves_free(&y);
    (void)vn__session_end(&s, NULL);
}

static void jvp_by_rule(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    (void)call_jvp(dout, node, din + ((const override_attr *)node->attr)->n_y);
}

static void no_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    (void)dout, (void)node, (void)din;
    vn__fail(VN_ERR_DERIVATIVE, "filter_custom_vjp: has no forward-mode derivative");
}

/* Derivatives, by kind: out[], node, in[]. */
typedef void rule_fn(vn_array *d[], const vn_node *node, vn_array *const g[]);
static rule_fn *const vjp_rules[] = {
    [RULE_VJP] = vjp_by_rule,
    [RULE_JVP] = vjp_by_transpose,
    [RULE_CHECKPOINT] = vjp_by_replay,
};
static rule_fn *const jvp_rules[] = {
    [RULE_VJP] = no_jvp,
    [RULE_JVP] = jvp_by_rule,
    [RULE_CHECKPOINT] = jvp_by_replay,
};

static void run_rule(rule_fn *const rules[], vn_array *d[], const vn_node *node,
                     vn_array *const g[])
{
    const override_attr *const a = node->attr;
    vn__tape *const tape = vn__tape_current();
    const uint64_t before = tape ? vn__axes_set_open(tape, vn__axes_open(tape) | a->open) : 0;
    rules[a->kind](d, node, g);
    if (tape)
        vn__axes_set_open(tape, before);
}

/* What the residuals and the rule hold is constant to the rule: a derivative in that alone is
 * none. */
static void override_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const override_attr *const a = node->attr;
    for (int i = 0; i < a->n_args; i++)
        if (node->need[a->n_y + i]) {
            run_rule(vjp_rules, din, node, g);
            return;
        }
}

static void override_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    const override_attr *const a = node->attr;
    bool any = a->kind == RULE_CHECKPOINT;
    for (int i = 0; i < a->n_args; i++)
        any |= din[a->n_y + i] != NULL;
    if (any)
        run_rule(jvp_rules, dout, node, din);
}

int vn__override_skips(const void *attr)
{
    const override_attr *const a = attr;
    return a->kind == RULE_CHECKPOINT ? 0 : a->n_y;
}

const vn_op vn__op_override = {
    .name = "override",
    .n_in = -1,
    .attr_size = sizeof(override_attr),
    .shape = override_shape,
    .eval = override_eval,
    .vjp = override_vjp,
    .jvp = override_jvp,
    .results = override_results,
};

/* ------------------------------------------------------------------- the functions */

typedef struct custom {
    vn_module base;
    vn_tree *fn, *fwd, *rule; /* fwd: none unless RULE_VJP */
    int64_t kind;
    bool perturbed; /* fwd and bwd are told what a derivative is taken in */
} custom;

static vn_tree *keep_structure(vn__tape *tape, vn_tree *tree)
{
    vn_tree *const plain = vn__structs_of(tree);
    return plain && vn__tape_keep(tape, plain) == VN_ERR_OK ? plain : NULL;
}

static vn_tree *record_override(const custom *self, vn__tape *tape, vn_tree *out, vn_tree *args,
                                vn_tree *residuals)
{
    vn__leaves in = { 0 };
    override_attr attr;
    memset(&attr, 0, sizeof attr);
    vn_array *y[VN__MAX_RESULTS];
    bool good = vn__leaves_add(&in, out, vn_is_array) == VN_ERR_OK;
    attr.n_y = (int32_t)in.n;
    good = good && vn__leaves_add(&in, args, vn_is_array) == VN_ERR_OK;
    attr.n_args = (int32_t)in.n - attr.n_y;
    good = good && vn__leaves_add(&in, residuals, vn_is_array) == VN_ERR_OK;
    attr.n_residuals = (int32_t)in.n - attr.n_y - attr.n_args;
    attr.kind = (int32_t)self->kind;
    attr.perturbed = self->perturbed;
    good = good && vn__leaves_add(&in, self->rule, vn_is_array) == VN_ERR_OK;
    attr.open = vn__axes_open(tape);
    good = good && (attr.rule = keep_structure(tape, self->rule)) &&
           (attr.out = keep_structure(tape, out)) && (attr.args = keep_structure(tape, args)) &&
           (attr.residuals = keep_structure(tape, residuals)) && in.n < VN__MAX_OPERANDS &&
           vn__record(y, tape, &vn__op_override, &attr, (int)in.n, in.item, 0) == VN_ERR_OK;
    vn__leaves_free(&in);
    return good ? rebuild(out, y) : NULL;
}

static vn_tree *detach_leaf(void *context, vn_tree *leaf)
{
    (void)context;
    return vn_is_array(leaf) ? vn__array_detach(leaf) : leaf;
}

/* The function of the rule that also computes the result. */
static vn_tree *call_forward(const custom *self, vn_tree *args, vn_tree *plain)
{
    vn_tree *call[VN__MAX_OPERANDS];
    int n = 0;
    if (self->kind == RULE_CHECKPOINT)
        return call_checkpointed(plain);
    if (self->perturbed && !(call[n++] = perturbed_tree(vn_at(args, 0), NULL)))
        return NULL;
    for (int i = 0; i < vn_len(plain); i++)
        call[n++] = vn_at(plain, i);
    return vn_call_n(self->kind == RULE_VJP ? self->fwd : self->fn, n, call);
}

static vn_tree *custom_call(vn_tree *tree, int n, vn_tree *const arg[])
{
    const custom *const self = (const custom *)(const void *)tree;
    vn__tape *const tape = vn__tape_current();
    if (!tape)
        return vn_call_n(self->fn, n, arg);
    vn_tree *call[VN__MAX_OPERANDS];
    call[0] = self->fn;
    memcpy(call + 1, arg, (size_t)n * sizeof *arg);
    vn_tree *const args =
        self->kind == RULE_CHECKPOINT ? vn_tuple_n(n + 1, call) : vn_tuple_n(n, arg);
    /* eager: the inside is not recorded at all, so that its values are freed at once; only
     * residuals have to know what they are made of */
    const bool detached = tape->eager && self->kind != RULE_VJP;
    vn_tree *const inner = detached && args ? vn__map_leaves(args, detach_leaf, NULL) : args;
    vn_tree *const result = inner ? call_forward(self, args, inner) : NULL;
    if (!result || self->kind != RULE_VJP)
        return result ? record_override(self, tape, result, args, vn_none()) : NULL;
    if (vn_len(result) != 2)
        return vn_error(VN_ERR_STRUCTURE, "filter_custom_vjp: fwd returns no (out, residuals)");
    return record_override(self, tape, vn_at(result, 0), args, vn_at(result, 1));
}

static const vn_field custom_fields[] = {
    VN_FIELD(custom, fn, TREE),
    VN_FIELD(custom, fwd, TREE),
    VN_FIELD(custom, rule, TREE),
    VN_FIELD(custom, kind, INT),
    VN_FIELD(custom, perturbed, BOOL),
};
static const vn_type custom_type = {
    .name = "filter_custom",
    .kind = VN_KIND_MODULE,
    .size = sizeof(custom),
    .fields = custom_fields,
    .n_fields = 5,
    .call = custom_call,
    .min_args = 1,
    .max_args = VN__MAX_OPERANDS - 4,
};

vn_tree *vn_filter_custom_vjp(vn_tree *f, vn_tree *fwd, vn_tree *bwd)
{
    return vn_module_new(&custom_type,
                         &(custom){ .fn = f, .fwd = fwd, .rule = bwd, .kind = RULE_VJP });
}

vn_tree *vn_filter_custom_vjp_perturbed(vn_tree *f, vn_tree *fwd, vn_tree *bwd)
{
    return vn_module_new(
        &custom_type,
        &(custom){ .fn = f, .fwd = fwd, .rule = bwd, .kind = RULE_VJP, .perturbed = true });
}

vn_tree *vn_filter_custom_jvp(vn_tree *f, vn_tree *jvp)
{
    return vn_module_new(&custom_type,
                         &(custom){ .fn = f, .fwd = vn_none(), .rule = jvp, .kind = RULE_JVP });
}

vn_tree *vn_filter_checkpoint(vn_tree *f)
{
    return vn_module_new(
        &custom_type,
        &(custom){ .fn = f, .fwd = vn_none(), .rule = vn_none(), .kind = RULE_CHECKPOINT });
}
