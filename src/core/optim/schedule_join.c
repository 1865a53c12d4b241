/* SPDX-License-Identifier: MIT */
/* Schedules in pieces
 *     join: schedules[0](k) for k < boundaries[0], then schedules[i](k - boundaries[i-1])
 *     piecewise_constant: init times the scales of all boundaries <= k
 * Source: optax/schedules/_join.py, _schedule.py */
#include "core/optim/schedule.h"

/* A tuple of int leaves. */
static vn_tree *integers(int n, const int64_t values[])
{
    vn_tree **const leaf = vn__alloc(((size_t)n + 1) * sizeof *leaf);
    for (int i = 0; leaf && i < n; i++)
        leaf[i] = vn_int(values[i]);
    vn_tree *const result = leaf ? vn_tuple_n(n, leaf) : NULL;
    vn__free(leaf);
    return result;
}

static bool ascending(const char *who, int n, const int64_t boundaries[])
{
    if (n > 0 && !boundaries) {
        vn__fail(VN_ERR_NULL_ARGUMENT, "%s: boundaries is NULL", who);
        return false;
    }
    for (int i = 1; i < n; i++)
        if (boundaries[i] < boundaries[i - 1]) {
            vn__fail(VN_ERR_ARGUMENT, "%s: boundary %lld comes after %lld", who,
                     (long long)boundaries[i], (long long)boundaries[i - 1]);
            return false;
        }
    return true;
}

/* --------------------------------------------------------------------------- join */

typedef struct joined {
    vn_module base;
    vn_tree *schedules;  /* tuple of n */
    vn_tree *boundaries; /* static: tuple of n - 1 int leaves */
} joined;

/* Pieces of two dtypes: one of them does not depend on that of k (a constant, a cosine) and
 * gives way, as weakly typed values do in JAX. */
static vn_array *as_narrow_as(vn_array *x, const vn_array *other)
{
    const vn_dtype a = vn_dtype_of(x), b = vn_dtype_of(other);
    return vn_dtype_size(b) < vn_dtype_size(a) ? vn_cast(x, b) : x;
}

static vn_tree *call_joined(vn_tree *self, int n, vn_tree *const arg[])
{
    const joined *const s = (const void *)self;
    vn_array *value = vn_call(vn_at(s->schedules, 0), arg[0]);
    (void)n;
    for (int i = 1; i < vn_len(s->schedules) && value; i++) {
        vn_tree *const boundary = vn_at(s->boundaries, i - 1);
        vn_array *const later = vn_call(vn_at(s->schedules, i), vn_sub(arg[0], boundary));
        value = vn_where(vn_lt(arg[0], boundary), as_narrow_as(value, later),
                         as_narrow_as(later, value));
    }
    return value;
}

static const vn_field joined_fields[] = {
    VN_FIELD(joined, schedules, TREE),
    VN_FIELD(joined, boundaries, STATIC),
};

static const vn_type joined_type =
    VN__SCHEDULE_TYPE("JoinSchedules", joined, joined_fields, call_joined);

vn_tree *vn_join_schedules(int n, vn_tree *const schedules[], const int64_t boundaries[])
{
    if (n < 1)
        return vn_error(VN_ERR_ARGUMENT, "JoinSchedules: %d schedules, expected 1 or more", n);
    if (!schedules || (n > 1 && !boundaries))
        return vn_error(VN_ERR_NULL_ARGUMENT, "JoinSchedules: a list is NULL");
    for (int i = 0; i < n; i++)
        if (!schedules[i])
            return vn_error(VN_ERR_NULL_ARGUMENT, "JoinSchedules: schedule %d is NULL", i);
    if (!ascending("JoinSchedules", n - 1, boundaries))
        return NULL;
    return vn_module_new(&joined_type, &(joined){
                                           .schedules = vn_tuple_n(n, schedules),
                                           .boundaries = integers(n - 1, boundaries),
                                       });
}

/* ------------------------------------------------------------- piecewise constant */

typedef struct piecewise {
    vn_module base;
    double init_value;
    vn_tree *boundaries; /* static: tuple of int leaves */
    vn_tree *values;     /* static: tuple of float leaves, from boundaries[i] on */
} piecewise;

static vn_tree *call_piecewise(vn_tree *self, int n, vn_tree *const arg[])
{
    const piecewise *const s = (const void *)self;
    vn_array *value = vn_scalar(vn_default_dtype(), s->init_value);
    (void)n;
    for (int i = 0; i < vn_len(s->boundaries); i++)
        value = vn_where(vn_ge(arg[0], vn_at(s->boundaries, i)), vn_at(s->values, i), value);
    return value;
}

static const vn_field piecewise_fields[] = {
    VN_FIELD(piecewise, init_value, FLOAT),
    VN_FIELD(piecewise, boundaries, STATIC),
    VN_FIELD(piecewise, values, STATIC),
};

static const vn_type piecewise_type =
    VN__SCHEDULE_TYPE("PiecewiseConstantSchedule", piecewise, piecewise_fields, call_piecewise);

vn_tree *vn_piecewise_constant_schedule(double init_value, int n, const int64_t boundaries[],
                                        const double scales[])
{
    if (n < 0 || (n > 0 && !scales))
        return vn_error(VN_ERR_NULL_ARGUMENT, "PiecewiseConstantSchedule: scales is NULL");
    if (!ascending("PiecewiseConstantSchedule", n, boundaries))
        return NULL;
    vn_tree **const leaf = vn__alloc(((size_t)n + 1) * sizeof *leaf);
    double value = init_value;
    for (int i = 0; leaf && i < n; i++)
        leaf[i] = vn_float(value *= scales[i]);
    vn_tree *const values = leaf ? vn_tuple_n(n, leaf) : NULL;
    vn__free(leaf);
    return vn_module_new(&piecewise_type, &(piecewise){
                                              .init_value = init_value,
                                              .boundaries = integers(n, boundaries),
                                              .values = values,
                                          });
}
