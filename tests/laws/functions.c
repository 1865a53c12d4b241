/* SPDX-License-Identifier: MIT */
/* Functions made of a function f: its vjp, and its result weighted with a cotangent. */
#include "laws/law.h"

typedef struct of_function {
    vn_module base;
    vn_tree *f;
} of_function;

static vn_tree *inner_function(vn_tree *self)
{
    return ((const of_function *)(const void *)self)->f;
}

static vn_tree *call_cotangents(vn_tree *self, int n, vn_tree *const arg[])
{
    vn_tree *pair = vn_filter_vjp(inner_function(self), n - 1, arg);
    return vn_call(vn_at(pair, 1), arg[n - 1]);
}

/* sum of real(g_i out_i) over the inexact arrays */
static vn_array *weighted_sum(vn_tree *out, vn_tree *g)
{
    if (vn_is_inexact_array(out) && !vn_is_none(g))
        return vn_sum(vn_real(vn_mul(out, g)));
    vn_array *sum = NULL;
    for (int i = 0; i < vn_len(out); i++) {
        vn_array *part = weighted_sum(vn_at(out, i), vn_at(g, i));
        sum = sum && part ? vn_add(sum, part) : part ? part : sum;
    }
    return sum;
}

static vn_tree *call_weighted(vn_tree *self, int n, vn_tree *const arg[])
{
    return weighted_sum(vn_call_n(inner_function(self), n - 1, arg), arg[n - 1]);
}

static const vn_field fields[] = { VN_FIELD(of_function, f, TREE) };
static const vn_type cotangents_type = {
    .name = "Cotangents",
    .kind = VN_KIND_MODULE,
    .size = sizeof(of_function),
    .fields = fields,
    .n_fields = 1,
    .call = call_cotangents,
    .min_args = 2,
    .max_args = LAW_MAX_ARGS + 2,
};
static const vn_type weighted_type = {
    .name = "Weighted",
    .kind = VN_KIND_MODULE,
    .size = sizeof(of_function),
    .fields = fields,
    .n_fields = 1,
    .call = call_weighted,
    .min_args = 2,
    .max_args = LAW_MAX_ARGS + 2,
};

vn_tree *law_cotangents(vn_tree *f)
{
    return vn_module_new(&cotangents_type, &(of_function){ .f = f });
}

vn_tree *law_weighted(vn_tree *f)
{
    return vn_module_new(&weighted_type, &(of_function){ .f = f });
}
