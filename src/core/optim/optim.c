/* SPDX-License-Identifier: MIT */
/* What optimisers share: the state, the walk over gradients, moments and parameters. */
#include "core/optim/optim.h"

/* ------------------------------------------------------------------------ formulas */

vn_array *vn__ema(double keep, vn_array *old, vn_array *new)
{
    return vn_fma(vn_float(keep), old, vn_scale(1 - keep, new));
}

vn_array *vn__bias_correction(double decay, vn_array *t)
{
    return vn_sub(vn_int(1), vn_pow(vn_float(decay), t));
}

/* ------------------------------------------------------------------ constructors */

vn_tree *vn__optim_rate(const char *who, vn_tree *rate)
{
    char text[VN__SHAPE_TEXT];
    const vn_kind kind = vn_kind_of(rate);
    if (!rate)
        return vn_error(VN_ERR_NULL_ARGUMENT, "%s: the learning rate is NULL", who);
    if (kind == VN_KIND_FLOAT || kind == VN_KIND_INT)
        return vn_scalar(vn_default_dtype(), vn_float_value(rate));
    if (kind == VN_KIND_FUNCTION || (kind == VN_KIND_MODULE && rate->type->call) ||
        (vn_is_inexact_array(rate) && vn_rank(rate) == 0))
        return rate;
    return vn_error(VN_ERR_ARGUMENT,
                    "%s: the learning rate is %s, expected a number or a schedule", who,
                    vn__describe(text, rate));
}

bool vn__optim_decay(const char *who, const char *name, double value)
{
    if (value >= 0 && value < 1)
        return true;
    vn__fail(VN_ERR_ARGUMENT, "%s: %s is %g, expected at least 0 and less than 1", who, name,
             value);
    return false;
}

/* --------------------------------------------------------------------------- state */

/* Moments of complex parameters are defined for rules that are linear in the gradient. */
static bool takes(const vn__optim_rule *rule, const char *name, const vn_tree *leaf)
{
    char text[VN__SHAPE_TEXT];
    if (rule->takes_complex || !vn_dtype_is_complex(vn_dtype_of(leaf)))
        return true;
    vn__fail(VN_ERR_DTYPE, "%s: a parameter is %s, expected real ones", name,
             vn__describe(text, leaf));
    return false;
}

typedef struct moment {
    const vn__optim_rule *rule;
    const char *name; /* of the optimiser */
    double value;
} moment;

static vn_tree *initial_moment(void *context, vn_tree *leaf)
{
    const moment *const m = context;
    if (!vn_is_inexact_array(leaf))
        return vn_none();
    return takes(m->rule, m->name, leaf) ? vn_full_like(leaf, m->value) : NULL;
}

static vn_tree *initial_state(const vn__optim_rule *rule, const vn_tree *self,
                              const vn__optim_slots *slots, vn_tree *params)
{
    const char *key[1 + VN__OPTIM_SLOTS] = { "count" };
    vn_tree *item[1 + VN__OPTIM_SLOTS] = { vn_zeros(VN_I32, VN_SCALAR) };
    for (int i = 0; i < slots->n; i++) {
        moment m = { rule, self->type->name, slots->initial[i] };
        key[1 + i] = slots->name[i];
        item[1 + i] = vn__map_leaves(params, initial_moment, &m);
    }
    return vn_ok() ? vn_dict_n(1 + slots->n, key, item) : NULL;
}

/* ---------------------------------------------------------------------------- walk */

typedef struct walker {
    const vn__optim_rule *rule;
    const char *name;
    const void *opt;
    int n; /* slots */
    vn_array *rate, *t;
    bool known[2];                          /* f32, f64 */
    vn_array *scalar[2][VN__OPTIM_SCALARS]; /* made when first needed */
} walker;

/* A place in all trees: gradient, parameter (or NULL), moments. */
typedef struct place {
    vn_tree *g, *p, *slot[VN__OPTIM_SLOTS];
} place;

typedef struct outcome {
    vn_tree *update, *slot[VN__OPTIM_SLOTS];
} outcome;

static vn_array *const *scalars(walker *w, vn_dtype dtype)
{
    const int i = vn_dtype_real(dtype) == VN_F64;
    const vn_dtype compute = i ? VN_F64 : VN_F32;
    if (!w->known[i])
        w->rule->scalars(w->scalar[i], w->opt, vn_cast(w->rate, compute),
                         vn_cast(w->t, compute));
    w->known[i] = true;
    return w->scalar[i];
}

static bool structure_error(const walker *w, const char *what, const vn_tree *g,
                            const vn_tree *x)
{
    char a[VN__SHAPE_TEXT], b[VN__SHAPE_TEXT];
    vn__fail(VN_ERR_STRUCTURE, "%s: where the gradient is %s, the %s is %s", w->name,
             vn__describe(a, g), what, vn__describe(b, x));
    return false;
}

static bool same_shape(const vn_tree *a, const vn_tree *b)
{
    return vn_is_inexact_array(b) && vn_shape_equal(vn_shape_of(a), vn_shape_of(b));
}

static bool update_leaf(walker *w, outcome *out, const place *at)
{
    vn__optim_leaf leaf = { .opt = w->opt, .g = at->g, .p = at->p };
    if (!takes(w->rule, w->name, at->g))
        return false;
    vn_array *const *const scalar = scalars(w, vn_dtype_of(at->g));
    for (int i = 0; i < VN__OPTIM_SCALARS; i++)
        leaf.scalar[i] = scalar[i];
    for (int i = 0; i < w->n; i++) {
        if (!same_shape(at->g, at->slot[i]))
            return structure_error(w, "state", at->g, at->slot[i]);
        leaf.slot[i] = at->slot[i];
    }
    if (w->rule->needs_params && !(at->p && same_shape(at->g, at->p)))
        return structure_error(w, "parameter", at->g, at->p);
    w->rule->leaf(&leaf);
    out->update = vn_cast(leaf.update, vn_dtype_of(at->g));
    for (int i = 0; i < w->n; i++)
        out->slot[i] = vn_cast(leaf.slot[i], vn_dtype_of(at->slot[i]));
    return vn_ok();
}

static bool same_node(const vn_tree *g, const vn_tree *x)
{
    return x->type == g->type && vn_len(x) == vn_len(g);
}

static bool walk(walker *w, outcome *out, const place *at);

static bool update_node(walker *w, outcome *out, const place *at)
{
    const int n = vn_len(at->g), trees = 1 + w->n;
    if (at->p && !same_node(at->g, at->p))
        return structure_error(w, "parameter", at->g, at->p);
    for (int i = 0; i < w->n; i++)
        if (!same_node(at->g, at->slot[i]))
            return structure_error(w, "state", at->g, at->slot[i]);
    vn_tree **const made = vn__alloc((size_t)(trees * n) * sizeof *made); /* [tree][child] */
    bool fine = made != NULL;
    for (int c = 0; fine && c < n; c++) {
        outcome child = { .update = NULL };
        place in = { .g = vn__child(at->g, c), .p = at->p ? vn__child(at->p, c) : NULL };
        for (int i = 0; i < w->n; i++)
            in.slot[i] = vn__child(at->slot[i], c);
        fine = walk(w, &child, &in);
        made[c] = child.update;
        for (int i = 0; i < w->n; i++)
            made[(1 + i) * n + c] = child.slot[i];
    }
    if (fine)
        out->update = vn__node_with_children(at->g, made);
    for (int i = 0; fine && i < w->n; i++)
        out->slot[i] = vn__node_with_children(at->slot[i], made + (1 + i) * n);
    vn__free(made);
    return fine && vn_ok();
}

static bool walk(walker *w, outcome *out, const place *at)
{
    if (!vn_is_leaf(at->g) && !vn_is_none(at->g))
        return update_node(w, out, at);
    if (vn_is_inexact_array(at->g))
        return update_leaf(w, out, at);
    out->update = vn_none();
    for (int i = 0; i < w->n; i++)
        out->slot[i] = at->slot[i];
    return true;
}

/* -------------------------------------------------------------------------- update */

/* The count is i32 and stays at its largest number. */
static vn_array *next_count(vn_array *count)
{
    return vn_add(vn_minimum(count, vn_int(INT32_MAX - 1)), vn_int(1));
}

static bool is_state(const vn__optim_slots *slots, vn_tree *state, const char *name)
{
    char text[VN__SHAPE_TEXT];
    bool fine = vn_kind_of(state) == VN_KIND_DICT && vn_len(state) == 1 + slots->n;
    for (int i = 0; fine && i < slots->n; i++) {
        const char *key = vn_key_at(state, 1 + i), *wanted = slots->name[i];
        while (*key && *key == *wanted)
            key++, wanted++;
        fine = *key == *wanted;
    }
    if (!fine)
        vn__fail(VN_ERR_STRUCTURE,
                 "%s: the state is %s, expected the dict that vn_optim_init makes", name,
                 vn__describe(text, state));
    return fine;
}

static vn_tree *update(const vn__optim_rule *rule, vn_tree *self, vn_tree *grads,
                       vn_tree *state, vn_tree *params)
{
    vn__optim_slots slots = { 0 };
    rule->slots(&slots, self);
    if (!is_state(&slots, state, self->type->name))
        return NULL;
    if (rule->needs_params && (!params || vn_is_none(params)))
        return vn_error(VN_ERR_NULL_ARGUMENT, "%s: the weight decay needs the parameters",
                        self->type->name);
    vn_array *const count = vn__child(state, 0);
    vn_tree *const rate = *(vn_tree *const *)(const void *)((const char *)self + rule->rate);
    walker w = { .rule = rule,
                 .name = self->type->name,
                 .opt = self,
                 .n = slots.n,
                 .rate = vn__as_array(rate) ? rate : vn_call(rate, count),
                 .t = next_count(count) };
    place at = { .g = grads, .p = rule->needs_params ? params : NULL };
    outcome out = { .update = NULL };
    for (int i = 0; i < w.n; i++)
        at.slot[i] = vn__child(state, 1 + i);
    if (!w.rate || !walk(&w, &out, &at))
        return NULL;
    const char *key[1 + VN__OPTIM_SLOTS] = { "count" };
    vn_tree *item[1 + VN__OPTIM_SLOTS] = { w.t };
    for (int i = 0; i < w.n; i++) {
        key[1 + i] = slots.name[i];
        item[1 + i] = out.slot[i];
    }
    return vn_tuple(out.update, vn_dict_n(1 + w.n, key, item));
}

vn_tree *vn__optim_call(const vn__optim_rule *rule, vn_tree *self, int n, vn_tree *const arg[])
{
    if (n >= 2)
        return update(rule, self, arg[0], arg[1], n > 2 ? arg[2] : NULL);
    vn__optim_slots slots = { 0 };
    rule->slots(&slots, self);
    return initial_state(rule, self, &slots, arg[0]);
}

vn_tree *vn_optim_init(vn_tree *opt, vn_tree *params) { return vn_call(opt, params); }

vn_tree *vn_optim_update(vn_tree *opt, vn_tree *grads, vn_tree *state, vn_tree *params)
{
    vn_tree *const out = vn_call(opt, grads, state, params);
    if (out && vn_len(out) != 2)
        return vn_error(VN_ERR_STRUCTURE, "optim_update: %s does not return (updates, state)",
                        opt->type->name);
    return out;
}
