/* SPDX-License-Identifier: MIT */
/* How an optimiser is defined: what it keeps for each parameter, the scalars of an update, and
 * the formula of one parameter. The walk over the trees is common. */
#ifndef VN_CORE_OPTIM_OPTIM_H
#define VN_CORE_OPTIM_OPTIM_H

#include "core/base/fail.h"
#include "core/tree/tree.h"
#include "vernal/ops.h"
#include "vernal/optim.h"

/* At most so many trees of moments, and scalars. */
enum { VN__OPTIM_SLOTS = 3, VN__OPTIM_SCALARS = 4 };

/* The state is the dict {count, slots..}: names in alphabetical order, after "count". */
typedef struct vn__optim_slots {
    int n;
    const char *name[VN__OPTIM_SLOTS];
    double initial[VN__OPTIM_SLOTS];
} vn__optim_slots;

/* One parameter in one update. Scalars are of dtype f64 if (the parts of) g are, else f32. */
typedef struct vn__optim_leaf {
    const void *opt; /* the optimiser's struct */
    vn_array *scalar[VN__OPTIM_SCALARS];
    vn_array *g, *p;                 /* p is NULL without params */
    vn_array *slot[VN__OPTIM_SLOTS]; /* old ones, to be replaced by new ones */
    vn_array *update;                /* result */
} vn__optim_leaf;

typedef struct vn__optim_rule {
    /* what the optimiser with these hyperparameters keeps */
    void (*slots)(vn__optim_slots *slots, const void *opt);
    /* of the learning rate and t = 1, 2, .., both in the dtype of the scalars */
    void (*scalars)(vn_array *scalar[], const void *opt, vn_array *rate, vn_array *t);
    void (*leaf)(vn__optim_leaf *leaf);
    size_t rate; /* offset of the learning rate in the struct */
    bool needs_params;
    bool takes_complex; /* false: complex parameters are refused */
} vn__optim_rule;

/* The call of an optimiser: (params) -> state; (grads, state[, params]) -> (updates, state). */
vn_tree *vn__optim_call(const vn__optim_rule *rule, vn_tree *self, int n, vn_tree *const arg[]);

#define VN__OPTIM_TYPE(text, T, table, call_fn)                                       \
    {                                                                                 \
        .name = (text), .kind = VN_KIND_MODULE, .size = sizeof(T), .fields = (table), \
        .n_fields = (int)(sizeof(table) / sizeof((table)[0])), .call = (call_fn),     \
        .min_args = 1, .max_args = 3                                                  \
    }

/* ------------------------------------------------------------------ constructors */

/* A number becomes a scalar array; an array must be a float scalar; the rest is a schedule.
 * NULL and an error for what is none of them. */
vn_tree *vn__optim_rate(const char *who, vn_tree *rate);

/* The meaning of an option: 0 its default, a negative number 0. */
static inline double vn__option(double value, double otherwise)
{
    return value == 0 ? otherwise : value < 0 ? 0 : value;
}

/* "Adam: b1 is 1.5, expected 0 to 1 (exclusive)" */
bool vn__optim_decay(const char *who, const char *name, double value);

/* ------------------------------------------------------------------------ formulas */

/* keep old + (1 - keep) new */
vn_array *vn__ema(double keep, vn_array *old, vn_array *new);
/* 1 - decay^t */
vn_array *vn__bias_correction(double decay, vn_array *t);

#endif
