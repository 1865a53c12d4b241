/* SPDX-License-Identifier: MIT */
/* jacfwd, jacrev, hessian. The function runs once. Then one pass for each element of the input
 * (forward: tangents) or of the output (reverse: cotangents), along its unit vector:
 *     jacfwd  dy/dx_i for all i: block [y.shape, i]     jacrev  dy_i/dx: block [i, x.shape]
 * On a symbolic tape the unit vectors of an array are the examples of a mapped axis, so that
 * there is one pass for all of them. On numbers, and for a few, the passes follow one
 * another. What the unit vectors run over is real, as in JAX: those of a complex array are half
 * of its directions. */
#include "core/transform/derivative.h"
#include "core/transform/leaves.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

typedef struct jacobian {
    vn_module base;
    vn_tree *fn;
    bool forward, has_aux;
} jacobian;

/* What one call works on. */
typedef struct work {
    vn__session s;
    bool forward;
    vn__leaves x, marks, y; /* inexact arrays of the first argument and of the result */
    int64_t n_instr;        /* those of the function are before it */
} work;

/* --------------------------------------------------------------------------- one pass */

/* The unit vector of the shape of x: number i, or, with an axis, by example. */
static vn_array *unit(const work *w, const vn_array *x, int axis, int64_t i)
{
    if (vn_size(x) == 1) {
        vn_array *const one = vn_ones(vn_dtype_of(x), vn_shape_of(x));
        return w->s.tape->eager ? one : vn__mark(w->s.tape, one);
    }
    vn_array *const which =
        axis < 0 ? vn_scalar(VN_I32, (double)i) : vn__axis_index(w->s.tape, axis);
    vn_array *const hit = vn_eq(vn_arange(VN_I32, vn_size(x)), which);
    return vn_reshape(vn_cast(hit, vn_dtype_of(x)), vn_shape_of(x));
}

/* The derivatives d of all y along e in x[seed], or of y[seed] along e in all x (NULL:
 * zero). */
static bool pass(vn_array *d[], const work *w, int64_t seed, vn_array *e)
{
    if (!e)
        return false;
    if (!w->forward)
        return vn__backward(d, w->s.tape, (int)w->x.n, w->marks.item, 1, &w->y.item[seed], &e,
                            w->s.own) == VN_ERR_OK;
    vn_array **const along = vn__alloc_zero((size_t)w->x.n * sizeof *along);
    if (!along)
        return false;
    along[seed] = e;
    const vn_status status =
        vn__forward_to(d, w->s.tape, w->n_instr, (int)w->x.n, w->marks.item, along,
                       (int)w->y.n, w->y.item, w->s.own);
    vn__free(along);
    return status == VN_ERR_OK;
}

/* ------------------------------------------------------- all unit vectors of one array
 * d[r], r over the arrays of the other side: the derivatives with the unit vectors along the
 * last axis (forward) or the first; NULL: zero. */

static const vn__leaves *seeds(const work *w) { return w->forward ? &w->x : &w->y; }
static const vn__leaves *results(const work *w) { return w->forward ? &w->y : &w->x; }

static int unit_axis(const work *w, const vn_array *d) { return w->forward ? vn_rank(d) : 0; }

static bool by_axis(vn_array *d[], const work *w, int64_t seed)
{
    const vn_array *const from = seeds(w)->item[seed];
    const int64_t n = vn_size(from);
    const int axis = vn__tape_axis_new(w->s.tape, n, NULL);
    if (axis < 0)
        return false;
    const bool good = pass(d, w, seed, unit(w, from, axis, 0));
    vn__tape_root(w->s.tape)->axis[axis].open = false;
    for (int64_t r = 0; good && r < results(w)->n; r++)
        if (d[r] && !(d[r] = vn__map_out(d[r], axis, unit_axis(w, d[r]), n)))
            return false;
    return good;
}

/* The part-th derivative of every r, kept beyond the scope of its pass: row[i][r]. */
static bool run_all(vn_array **row, const work *w, int64_t seed, int64_t n)
{
    const int64_t n_out = results(w)->n;
    bool good = true;
    for (int64_t i = 0; good && i < n; i++) {
        vn_array **const d = row + i * n_out;
        VN_SCOPE
        {
            good = pass(d, w, seed, unit(w, seeds(w)->item[seed], -1, i));
            for (int64_t r = 0; r < n_out; r++)
                d[r] = good ? vn_retain(d[r]) : NULL;
        }
    }
    for (int64_t k = 0; k < n * n_out; k++)
        if (row[k])
            vn__autorelease(row[k]);
    return good;
}

/* The n derivatives of result r side by side. */
static vn_array *beside(vn_array *const row[], vn_array **column, const work *w, int64_t r,
                        int64_t n)
{
    const int64_t n_out = results(w)->n;
    const vn_array *some = NULL;
    for (int64_t i = 0; i < n; i++)
        some = (column[i] = row[i * n_out + r]) ? column[i] : some;
    for (int64_t i = 0; some && i < n; i++)
        column[i] = column[i] ? column[i] : vn_zeros_like((vn_array *)(uintptr_t)some);
    return some ? vn__stack_many(n, column, unit_axis(w, some)) : NULL;
}

static bool one_by_one(vn_array *d[], const work *w, int64_t seed)
{
    const int64_t n = vn_size(seeds(w)->item[seed]), n_out = results(w)->n;
    vn_array **const row = vn__alloc_zero((size_t)(n * n_out + n + 1) * sizeof *row);
    const bool good = row && run_all(row, w, seed, n);
    for (int64_t r = 0; good && r < n_out; r++)
        d[r] = beside(row, row + n * n_out, w, r, n);
    vn__free(row);
    return good && vn_ok();
}

/* -------------------------------------------------------------------------- the blocks */

/* d, or zeros, as an array [y.shape, x.shape]. */
static vn_array *block_of(const work *w, vn_array *d, const vn_array *y, const vn_array *x)
{
    vn_shape shape = vn_shape_of(y);
    const vn_shape inner = vn_shape_of(x);
    for (int i = 0; i < inner.rank; i++)
        shape.dim[shape.rank++] = inner.dim[i];
    return d ? vn_reshape(d, shape) : vn_zeros(vn_dtype_of(w->forward ? y : x), shape);
}

/* Whether n unit vectors share an axis. Alone they are the lanes of a plan, which fewer than 8
 * would leave idle. A tape has few axes: no more than half of them are for this. */
static bool has_axis(const work *w, int64_t n)
{
    vn__tape *const tape = w->s.tape;
    return !tape->eager && vn__tape_root(tape)->n_axes < VN__MAX_AXES / 2 &&
           n >= (vn__axes_open(tape) ? 2 : 8);
}

/* block[y][x] for one seed and all results. */
static bool fill(vn_array *block[], const work *w, int64_t seed)
{
    const int64_t n = vn_size(seeds(w)->item[seed]), n_out = results(w)->n;
    vn_array **const d = vn__alloc_zero((size_t)(n_out + 1) * sizeof *d);
    bool good = d != NULL;
    if (good && n > 0)
        good = has_axis(w, n) ? by_axis(d, w, seed) : one_by_one(d, w, seed);
    for (int64_t r = 0; good && r < n_out; r++) {
        const int64_t k = w->forward ? r : seed, j = w->forward ? seed : r;
        vn_array **const b = &block[k * w->x.n + j];
        good = (*b = block_of(w, d[r], w->y.item[k], w->x.item[j])) != NULL;
    }
    vn__free(d);
    return good;
}

/* The tree of the result whose leaves are trees like the first argument. */
static vn_tree *tree_of(vn_array *const block[], vn_tree **row, const work *w, vn_tree *out,
                        vn_tree *first)
{
    int64_t next = 0;
    for (int64_t k = 0; k < w->y.n; k++)
        if (!(row[k] = vn__leaves_replace(first, vn_is_inexact_array, block, &next, false)))
            return NULL;
    next = 0;
    return vn__leaves_replace(out, vn_is_inexact_array, row, &next, false);
}

static vn_tree *blocks(const work *w, vn_tree *out, vn_tree *first)
{
    const int64_t n = w->x.n * w->y.n;
    vn_array **const block = vn__alloc_zero((size_t)(n + w->y.n + 1) * sizeof *block);
    bool good = block != NULL;
    for (int64_t seed = 0; good && seed < seeds(w)->n; seed++)
        good = fill(block, w, seed);
    vn_tree *const result = good ? tree_of(block, block + n, w, out, first) : NULL;
    vn__free(block);
    return result;
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

static int most_axes(const vn__leaves *leaves)
{
    int most = 0;
    for (int64_t i = 0; i < leaves->n; i++)
        most = vn_rank(leaves->item[i]) > most ? vn_rank(leaves->item[i]) : most;
    return most;
}

/* Blocks have the axes of a y and of an x: said before the passes, which may be many. */
static bool all_fit(const char *who, const work *w)
{
    const int y = most_axes(&w->y), x = most_axes(&w->x);
    if (y + x <= VN_MAX_RANK)
        return true;
    vn__fail(VN_ERR_LIMIT, "%s: an output of %d axes by an input of %d has %d, at most %d", who,
             y, x, y + x, VN_MAX_RANK);
    return false;
}

static vn_tree *differentiate(const jacobian *self, work *w, int n, vn_tree *const arg[])
{
    vn_tree *args[VN__MAX_OPERANDS];
    for (int i = 1; i < n; i++)
        args[i] = arg[i];
    args[0] = vn__session_mark(&w->s, arg[0], &w->x, &w->marks);
    vn_tree *const all = args[0] ? vn_call_n(self->fn, n, args) : NULL;
    if (all && self->has_aux && vn_len(all) != 2)
        return vn_error(VN_ERR_STRUCTURE,
                        "jacobian: the function does not return (out, aux)");
    vn_tree *const out = all && self->has_aux ? vn_at(all, 0) : all;
    if (!out || vn__leaves_add(&w->y, out, vn_is_inexact_array) != VN_ERR_OK)
        return NULL;
    const char *const who = w->forward ? "jacfwd" : "jacrev";
    if (!all_real(who, w->forward ? "input" : "output", seeds(w)) || !all_fit(who, w))
        return NULL;
    w->n_instr = w->s.tape->n_instr;
    vn_tree *const result = blocks(w, out, arg[0]);
    return result && self->has_aux ? vn_tuple(result, vn_at(all, 1)) : result;
}

static vn_tree *jacobian_call(vn_tree *tree, int n, vn_tree *const arg[])
{
    const jacobian *const self = (const jacobian *)(const void *)tree;
    work w = { .forward = self->forward };
    vn_tree *result = NULL;
    if (vn__session_begin(&w.s) == VN_ERR_OK)
        result = differentiate(self, &w, n, arg);
    if (w.s.tape)
        result = vn__session_end(&w.s, result);
    vn__leaves_free(&w.x);
    vn__leaves_free(&w.marks);
    vn__leaves_free(&w.y);
    return result;
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
