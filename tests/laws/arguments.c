/* SPDX-License-Identifier: MIT */
#include "laws/law.h"

#include <string.h>

/* ---- drawing: splitmix64, independent of the library's own random numbers */

static uint64_t next_bits(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double next_uniform(uint64_t *state, double lo, double hi)
{
    return lo + (hi - lo) * ((double)(next_bits(state) >> 11) * 0x1p-53);
}

/* A value of the order of a shuffled grid, so that neighbours in size keep their distance. */
static void fill_distinct(double *out, int64_t n, uint64_t *state, double lo, double hi)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = lo + (hi - lo) * ((double)i + 0.5) / (double)n;
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = (int64_t)(next_bits(state) % (uint64_t)(i + 1));
        double swap = out[i];
        out[i] = out[j];
        out[j] = swap;
    }
}

enum { MAX_ELEMENTS = 1 << 16 };

static vn_array *draw(const law_operand *in, uint64_t seed)
{
    static _Thread_local double values[MAX_ELEMENTS];
    uint64_t state = seed * 0x632be59bd9b4e019u + 17;
    int64_t n = in->kind == LAW_KEY ? 2 : vn_shape_size(in->shape);
    if (in->kind == LAW_COMPLEX)
        n *= 2;
    if (n > MAX_ELEMENTS)
        return vn_error(VN_ERR_LIMIT, "laws: an operand of %lld elements", (long long)n);
    if (in->kind == LAW_DISTINCT)
        fill_distinct(values, n, &state, in->lo, in->hi);
    for (int64_t i = 0; i < n && in->kind != LAW_DISTINCT; i++) {
        values[i] = next_uniform(&state, in->lo, in->hi);
        if (in->kind == LAW_INTEGER)
            values[i] = in->lo + (double)(next_bits(&state) % (uint64_t)(in->hi - in->lo + 1));
        if (in->kind == LAW_BOOL)
            values[i] = (double)(next_bits(&state) & 1);
        if (in->kind == LAW_KEY)
            values[i] = (double)(uint32_t)next_bits(&state);
    }
    static const vn_dtype dtypes[] = {
        [LAW_REAL] = VN_DTYPE_DEFAULT,
        [LAW_DISTINCT] = VN_DTYPE_DEFAULT,
        [LAW_INTEGER] = VN_I32,
        [LAW_BOOL] = VN_BOOL,
        [LAW_KEY] = VN_U32,
    };
    vn_shape shape = in->kind == LAW_KEY ? VN_SHAPE(2) : in->shape;
    if (in->kind == LAW_COMPLEX)
        return vn_cast(vn_array_from(VN_C128, shape, values),
                       vn_dtype_complex(vn_default_dtype()));
    vn_array *wide = vn_array_from(VN_F64, shape, values);
    vn_dtype dtype = dtypes[in->kind] ? dtypes[in->kind] : vn_default_dtype();
    return dtype == VN_F64 ? wide : vn_cast(wide, dtype);
}

/* ---- subjects as functions */

typedef struct subject_call {
    vn_module base;
    void *subject;
} subject_call;

static vn_tree *call_subject(vn_tree *self, int n, vn_tree *const arg[])
{
    const law_subject *s = ((const subject_call *)(const void *)self)->subject;
    if (s->unary)
        return s->unary(arg[0]);
    if (s->binary)
        return s->binary(arg[0], arg[1]);
    return s->fn ? s->fn(arg) : vn_call_n(arg[0], n - 1, arg + 1);
}

static const vn_field subject_fields[] = { VN_FIELD(subject_call, subject, POINTER) };
static const vn_type subject_type = {
    .name = "Subject",
    .kind = VN_KIND_MODULE,
    .size = sizeof(subject_call),
    .fields = subject_fields,
    .n_fields = 1,
    .call = call_subject,
    .min_args = 1,
    .max_args = LAW_MAX_ARGS + 1,
};

vn_tree *law_function(const law_subject *s)
{
    subject_call init = { .subject = NULL };
    memcpy(&init.subject, &s, sizeof s);
    return vn_module_new(&subject_type, &init);
}

/* ---- arguments */

int law_arity(const law_subject *s) { return s->n + (s->model != NULL); }

void law_arguments(vn_tree *arg[], const law_subject *s, uint64_t seed, int64_t batch,
                   unsigned mapped)
{
    int first = s->model != NULL;
    if (first)
        arg[0] = s->model();
    for (int i = 0; i < s->n; i++) {
        vn_array *examples[LAW_MAX_BATCH];
        uint64_t own = seed * 16 + (uint64_t)i;
        bool many = batch > 0 && (mapped >> (i + first) & 1);
        for (int64_t e = 0; many && e < batch && e < LAW_MAX_BATCH; e++)
            examples[e] = draw(&s->in[i], own + 16 * (uint64_t)e);
        arg[i + first] = many ? vn_stack_n((int)batch, examples, 0) : draw(&s->in[i], own);
    }
}

vn_tree *law_direction(vn_tree *like, uint64_t seed)
{
    vn_tree *leaves = vn_tree_leaves(like), *items[128];
    int n = vn_len(leaves);
    if (n > 128)
        return vn_error(VN_ERR_LIMIT, "laws: a tree of %d leaves", n);
    for (int i = 0; i < n; i++) {
        vn_tree *leaf = vn_at(leaves, i);
        items[i] = vn_none();
        if (!vn_is_inexact_array(leaf))
            continue;
        law_operand in = { .kind = LAW_REAL, .shape = vn_shape_of(leaf), .lo = -1, .hi = 1 };
        if (vn_dtype_is_complex(vn_dtype_of(leaf)))
            in.kind = LAW_COMPLEX;
        items[i] = vn_cast(draw(&in, seed * 977 + (uint64_t)i), vn_dtype_of(leaf));
    }
    return vn_tree_unflatten(like, n, items);
}
