/* SPDX-License-Identifier: MIT */
/* jacfwd, jacrev, hessian: one jvp (vjp) for each element of the input (output), by its unit
 * vector. For outputs y and inputs x the blocks are arrays [y.shape, x.shape]. What the unit
 * vectors run over is real, as in JAX: those of a complex array are half of its directions. */
#include "core/transform/leaves.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

typedef struct jacobian {
    vn_module base;
    vn_tree *fn;
    bool forward, has_aux;
} jacobian;

/* The unit vector e_i of the shape of x. */
static vn_array *unit(const vn_array *x, int64_t i)
{
    const vn_array *const flat =
        vn_reshape(vn_cast(vn_eq(vn_arange(VN_I32, vn_size(x)), vn_scalar(VN_I32, (double)i)),
                           vn_dtype_of(x)),
                   vn_shape_of(x));
    return (vn_array *)(uintptr_t)flat;
}

/* [k] arrays of one shape, as one array [lead.., shape] or [shape, lead..]. */
static vn_array *assemble(vn_array *const part[], int64_t k, vn_shape lead, bool lead_last)
{
    vn_array *const stack = vn_stack_n((int)k, part, lead_last ? vn_rank(part[0]) : 0);
    const vn_shape one = vn_shape_of(part[0]);
    vn_shape shape = lead_last ? one : lead;
    const vn_shape rest = lead_last ? lead : one;
    if (shape.rank + rest.rank > VN_MAX_RANK)
        return vn_error(VN_ERR_LIMIT, "jacobian: the result has %d axes, at most %d",
                        (int)(shape.rank + rest.rank), VN_MAX_RANK);
    for (int i = 0; i < rest.rank; i++)
        shape.dim[shape.rank++] = rest.dim[i];
    return vn_reshape(stack, shape);
}

/* Zero but for e_i in leaf number `which` of the inexact leaves. */
static vn_tree *units_tree(vn_tree *like, const vn__leaves *leaves, int64_t which, int64_t i)
{
    vn_array **const one = vn__alloc_zero((size_t)(leaves->n + 1) * sizeof *one);
    if (!one)
        return NULL;
    one[which] = unit(leaves->item[which], i);
    int64_t next = 0;
    vn_tree *const tree =
        one[which] ? vn__leaves_replace(like, vn_is_inexact_array, one, &next, false) : NULL;
    vn__free(one);
    return tree;
}

/* The tangents (none: zeros) of the output's arrays along e_i of input leaf `which`. */
static bool forward_unit(vn_array *out[], const jacobian *self, int n, vn_tree *const arg[],
                         const vn__leaves *x, int64_t which, int64_t i, vn_tree *y)
{
    vn_tree *tangents[VN__MAX_OPERANDS];
    tangents[0] = units_tree(arg[0], x, which, i);
    for (int k = 1; k < n; k++)
        tangents[k] = vn_none();
    vn_tree *const pair = tangents[0] ? vn_filter_jvp(self->fn, n, arg, tangents) : NULL;
    vn__leaves dy = { 0 }, like = { 0 };
    bool good =
        pair && vn__leaves_add(&like, y, vn_is_inexact_array) == VN_ERR_OK &&
        vn__leaves_align(&dy, y, self->has_aux ? vn_at(vn_at(pair, 1), 0) : vn_at(pair, 1),
                         vn_is_inexact_array, "jacfwd") == VN_ERR_OK;
    for (int64_t k = 0; good && k < dy.n; k++) {
        out[k] = dy.item[k] ? dy.item[k] : vn_zeros_like(like.item[k]);
        good = out[k] != NULL;
    }
    vn__leaves_free(&dy);
    vn__leaves_free(&like);
    return good;
}

static vn_tree *block_tree(vn_tree *like, vn_array *const block[])
{
    int64_t next = 0;
    return vn__leaves_replace(like, vn_is_inexact_array, block, &next, false);
}

/* block[y leaf][x leaf], by columns (forward) or rows (reverse). */
static bool fill_forward(vn_array **block, const jacobian *self, int n, vn_tree *const arg[],
                         const vn__leaves *x, const vn__leaves *y, vn_tree *out)
{
    for (int64_t j = 0; j < x->n; j++) {
        const int64_t units = vn_size(x->item[j]);
        vn_array **const part = vn__alloc_zero((size_t)(units * y->n + 1) * 2 * sizeof *part);
        bool good = part != NULL;
        for (int64_t i = 0; good && i < units; i++)
            good = forward_unit(part + i * y->n, self, n, arg, x, j, i, out);
        for (int64_t k = 0; good && k < y->n; k++) {
            vn_array **const column = part + units * y->n;
            for (int64_t i = 0; i < units; i++)
                column[i] = part[i * y->n + k];
            block[k * x->n + j] = assemble(column, units, vn_shape_of(x->item[j]), true);
            good = block[k * x->n + j] != NULL;
        }
        vn__free(part);
        if (!good)
            return false;
    }
    return true;
}

static bool fill_reverse(vn_array **block, vn_tree *pull, vn_tree *out, const vn__leaves *x,
                         const vn__leaves *y)
{
    for (int64_t k = 0; k < y->n; k++) {
        const int64_t units = vn_size(y->item[k]);
        vn_array **const part = vn__alloc_zero((size_t)(units * x->n + 1) * 2 * sizeof *part);
        bool good = part != NULL;
        for (int64_t i = 0; good && i < units; i++) {
            vn_tree *const g = units_tree(out, y, k, i);
            vn_tree *const d = g ? vn_call(pull, g) : NULL;
            vn__leaves dx = { 0 };
            good = d && vn__leaves_add(&dx, vn_at(d, 0), vn_is_array) == VN_ERR_OK;
            for (int64_t j = 0; good && j < x->n; j++)
                part[i * x->n + j] = dx.item[j];
            vn__leaves_free(&dx);
        }
        for (int64_t j = 0; good && j < x->n; j++) {
            vn_array **const row = part + units * x->n;
            for (int64_t i = 0; i < units; i++)
                row[i] = part[i * x->n + j];
            block[k * x->n + j] = assemble(row, units, vn_shape_of(y->item[k]), false);
            good = block[k * x->n + j] != NULL;
        }
        vn__free(part);
        if (!good)
            return false;
    }
    return true;
}

static bool all_real(const char *who, const char *what, const vn__leaves *leaves)
{
    char text[VN__SHAPE_TEXT];
    for (int64_t i = 0; i < leaves->n; i++)
        if (vn_dtype_is_complex(vn_dtype_of(leaves->item[i]))) {
            vn__fail(VN_ERR_DTYPE, "%s: an %s is %s, expected real numbers", who, what,
                     vn__describe(text, leaves->item[i]));
            return false;
        }
    return true;
}

static vn_tree *jacobian_call(vn_tree *tree, int n, vn_tree *const arg[])
{
    const jacobian *const self = (const jacobian *)(const void *)tree;
    vn__leaves x = { 0 }, y = { 0 };
    vn_tree *const pair = self->has_aux ? vn_filter_vjp_aux(self->fn, n, arg)
                                        : vn_filter_vjp(self->fn, n, arg);
    vn_tree *const out = pair ? vn_at(pair, 0) : NULL;
    vn_tree *result = NULL;
    if (out && vn__leaves_add(&x, arg[0], vn_is_inexact_array) == VN_ERR_OK &&
        vn__leaves_add(&y, out, vn_is_inexact_array) == VN_ERR_OK &&
        (self->forward ? all_real("jacfwd", "input", &x) : all_real("jacrev", "output", &y))) {
        vn_array **const block = vn__alloc_zero((size_t)(x.n * y.n + 1) * sizeof *block);
        vn_tree **const rows = vn__alloc_zero((size_t)(y.n + 1) * sizeof *rows);
        bool good = block && rows &&
                    (self->forward ? fill_forward(block, self, n, arg, &x, &y, out)
                                   : fill_reverse(block, vn_at(pair, 1), out, &x, &y));
        for (int64_t k = 0; good && k < y.n; k++)
            good = (rows[k] = block_tree(arg[0], block + k * x.n)) != NULL;
        int64_t next = 0;
        if (good)
            result = vn__leaves_replace(out, vn_is_inexact_array, rows, &next, false);
        vn__free(block);
        vn__free(rows);
    }
    vn__leaves_free(&x);
    vn__leaves_free(&y);
    return result && self->has_aux ? vn_tuple(result, vn_at(pair, 2)) : result;
}

static const vn_field jacobian_fields[] = {
    VN_FIELD(jacobian, fn, TREE),
    VN_FIELD(jacobian, forward, BOOL),
    VN_FIELD(jacobian, has_aux, BOOL),
};
static const vn_type jacobian_type = {
    .name = "filter_jacobian",
    .kind = VN_KIND_MODULE,
    .size = sizeof(jacobian),
    .fields = jacobian_fields,
    .n_fields = 3,
    .call = jacobian_call,
    .min_args = 1,
    .max_args = VN__MAX_OPERANDS,
};

static vn_tree *make(vn_tree *f, bool forward, bool has_aux)
{
    return vn_module_new(&jacobian_type,
                         &(jacobian){ .fn = f, .forward = forward, .has_aux = has_aux });
}

vn_tree *vn_filter_jacfwd(vn_tree *f) { return make(f, true, false); }
vn_tree *vn_filter_jacrev(vn_tree *f) { return make(f, false, false); }
vn_tree *vn_filter_hessian(vn_tree *f) { return vn_filter_jacfwd(vn_filter_jacrev(f)); }

vn_tree *vn_filter_jacfwd_aux(vn_tree *f) { return make(f, true, true); }
vn_tree *vn_filter_jacrev_aux(vn_tree *f) { return make(f, false, true); }

vn_tree *vn_filter_hessian_aux(vn_tree *f)
{
    return vn_filter_jacfwd_aux(vn_filter_jacrev_aux(f));
}
