/* SPDX-License-Identifier: MIT */
/* Optimisers and schedules, in Optax's terms.
 *
 *     vn_tree *opt = vn_adam(vn_float(3e-4), NULL);
 *     vn_tree *state = vn_optim_init(opt, model);
 *     ...
 *     vn_tree *both = vn_optim_update(opt, grads, state, model);    (updates, new state)
 *     model = vn_apply_updates(model, vn_at(both, 0));
 *
 * An optimiser is a module that holds its hyperparameters, a state a tree of arrays: both can
 * be arguments of a compiled step. All of it is made of ops. Hyperparameters are static, except
 * the learning rate, which is an array unless it is a schedule: vn_tree_at(opt,
 * "learning_rate", vn_scalar(VN_F32, 1e-4)) changes it without a new recording.
 *
 * A learning rate is a number (vn_float(3e-4)), a scalar array or a schedule: anything that can
 * be called with the number of updates made so far, an i32 array, and returns a scalar one. */
#ifndef VERNAL_OPTIM_H
#define VERNAL_OPTIM_H

#include "vernal/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------- using them */

/* The state at first. params: a tree of arrays, or a whole model (leaves that are no inexact
 * arrays get no state). */
VN_API vn_tree *vn_optim_init(vn_tree *opt, vn_tree *params);

/* (updates, new state): updates are added to the parameters by vn_apply_updates. grads is a
 * tree as vn_filter_grad returns it; where it is none, so is the update, and the state stays.
 * params may be none for optimisers without weight decay. */
VN_API vn_tree *vn_optim_update(vn_tree *opt, vn_tree *grads, vn_tree *state, vn_tree *params);

/* ------------------------------------------------------------------- optimisers
 * g gradient, p parameter, u update, lr learning rate, t = 1, 2, ... The zero of an option is
 * its default, as everywhere; a negative number stands for a 0 that is meant (.b1 = -1: no
 * momentum). SGD takes complex parameters, for its update is linear in the gradient (of which
 * vn_conj descends); the others refuse them. */

/* u = -lr g; with momentum m = g + momentum m, u = -lr m; nesterov u = -lr (g + momentum m) */
struct vn_sgd {
    vn_module base;
    vn_tree *learning_rate;
    double momentum;
    bool nesterov;
};
VN_API extern const vn_type vn_sgd_type;

typedef struct vn_sgd_options {
    double momentum; /* (default 0: none) */
    bool nesterov;   /* (default false) */
} vn_sgd_options;
VN_API vn_tree *vn_sgd(vn_tree *learning_rate, const vn_sgd_options *options);

/* m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,  m' = m / (1 - b1^t),  v' = v / (1 - b2^t)
 * u = -lr (m' / (sqrt(v' + eps_root) + eps) + weight_decay p)
 * nesterov: m' = b1 m / (1 - b1^(t+1)) + (1 - b1) g / (1 - b1^t) */
struct vn_adam {
    vn_module base;
    vn_tree *learning_rate;
    double b1, b2, eps, eps_root, weight_decay;
    bool nesterov;
};
VN_API extern const vn_type vn_adam_type;

typedef struct vn_adam_options {
    double b1;           /* (default 0.9) */
    double b2;           /* (default 0.999) */
    double eps;          /* (default 1e-8) */
    double eps_root;     /* (default 0) */
    double weight_decay; /* (default: vn_adamw 1e-4, others 0) */
    bool nesterov;       /* (default: vn_nadam true, others false) */
} vn_adam_options;
VN_API vn_tree *vn_adam(vn_tree *learning_rate, const vn_adam_options *options);
VN_API vn_tree *vn_adamw(vn_tree *learning_rate, const vn_adam_options *options);
VN_API vn_tree *vn_nadam(vn_tree *learning_rate, const vn_adam_options *options);

/* m = b1 m + (1 - b1) g,  s = b2 s + (1 - b2) (g - m)^2 + eps_root
 * u = -lr (m / (1 - b1^t)) / (sqrt(s / (1 - b2^t)) + eps), nesterov: with the m' of Adam */
struct vn_adabelief {
    vn_module base;
    vn_tree *learning_rate;
    double b1, b2, eps, eps_root;
    bool nesterov;
};
VN_API extern const vn_type vn_adabelief_type;

typedef struct vn_adabelief_options {
    double b1;       /* (default 0.9) */
    double b2;       /* (default 0.999) */
    double eps;      /* (default 1e-16) */
    double eps_root; /* (default 1e-16) */
    bool nesterov;   /* (default false) */
} vn_adabelief_options;
VN_API vn_tree *vn_adabelief(vn_tree *learning_rate, const vn_adabelief_options *options);

/* v = decay v + (1 - decay) g^2,  s = -lr g / sqrt(v + eps)  (eps_outside: -lr g / (sqrt(v) +
 * eps)) centered: with v - mean^2 for v, mean = decay mean + (1 - decay) g
 * bias_correction: v / (1 - decay^t) for v, and so for the mean
 * u = s; with momentum u = m = s + momentum m; nesterov u = s + momentum m */
struct vn_rmsprop {
    vn_module base;
    vn_tree *learning_rate;
    double decay, eps, initial_scale, momentum;
    bool eps_in_sqrt, centered, nesterov, bias_correction;
};
VN_API extern const vn_type vn_rmsprop_type;

typedef struct vn_rmsprop_options {
    double decay;         /* (default 0.9) */
    double eps;           /* (default 1e-8) */
    double initial_scale; /* of v (default 0) */
    bool eps_outside;     /* (default false) */
    bool centered;        /* (default false) */
    double momentum;      /* (default 0: none) */
    bool nesterov;        /* (default false) */
    bool bias_correction; /* (default false) */
} vn_rmsprop_options;
VN_API vn_tree *vn_rmsprop(vn_tree *learning_rate, const vn_rmsprop_options *options);

/* u = -lr (sign(b1 m + (1 - b1) g) + weight_decay p),  m = b2 m + (1 - b2) g */
struct vn_lion {
    vn_module base;
    vn_tree *learning_rate;
    double b1, b2, weight_decay;
};
VN_API extern const vn_type vn_lion_type;

typedef struct vn_lion_options {
    double b1;           /* (default 0.9) */
    double b2;           /* (default 0.99) */
    double weight_decay; /* (default 1e-3) */
} vn_lion_options;
VN_API vn_tree *vn_lion(vn_tree *learning_rate, const vn_lion_options *options);

/* s = s + g^2,  u = -lr g / sqrt(s + eps), 0 where s is 0 */
struct vn_adagrad {
    vn_module base;
    vn_tree *learning_rate;
    double initial_accumulator_value, eps;
};
VN_API extern const vn_type vn_adagrad_type;

typedef struct vn_adagrad_options {
    double initial_accumulator_value; /* of s (default 0.1) */
    double eps;                       /* (default 1e-7) */
} vn_adagrad_options;
VN_API vn_tree *vn_adagrad(vn_tree *learning_rate, const vn_adagrad_options *options);

/* ----------------------------------------------------------------- transformations */

/* u = g min(1, max_norm / |all g|) */
struct vn_clip_by_global_norm {
    vn_module base;
    double max_norm;
};
VN_API extern const vn_type vn_clip_by_global_norm_type;
VN_API vn_tree *vn_clip_by_global_norm(double max_norm);

/* u = factor g (Optax: scale) */
struct vn_scale_updates {
    vn_module base;
    double factor;
};
VN_API extern const vn_type vn_scale_updates_type;
VN_API vn_tree *vn_scale_updates(double factor);

/* One after another, each on the updates of the one before; the state is a tuple of theirs. A
 * user's own: a module whose call is (params) -> state and (grads, state, params) -> (updates,
 * state). */
struct vn_chain {
    vn_module base;
    vn_tree *transforms; /* tuple */
};
VN_API extern const vn_type vn_chain_type;
VN_API vn_tree *vn_chain_n(int n, vn_tree *const transforms[]);
#ifdef __cplusplus
} /* extern "C" */
template <typename... T> inline vn_tree *vn_chain(T... transform)
{
    vn_tree *const transforms[] = { transform... };
    return vn_chain_n((int)sizeof...(transform), transforms);
}
extern "C" {
#else
#define vn_chain(...) vn_chain_n(VN_TREE_COUNT(__VA_ARGS__), VN_TREES(__VA_ARGS__))
#endif

/* -------------------------------------------------------------------- schedules
 * Modules: k -> value, k the number of updates made so far (an int leaf or an integer array).
 * Values are f32 for an i32 array (the count of a state) and f64 for an i64 array, as in JAX;
 * those of an int leaf, of cosines and of constants have the default float dtype. */

VN_API vn_tree *vn_constant_schedule(double value);

/* init + (end - init) min(1, (k - begin) / steps), init before `begin`, power 1:
 * (init - end) (1 - min(1, (k - begin) / steps))^power + end; init if steps is 0 */
VN_API vn_tree *vn_polynomial_schedule(double init_value, double end_value, double power,
                                       int64_t transition_steps, int64_t transition_begin);
VN_API vn_tree *vn_linear_schedule(double init_value, double end_value,
                                   int64_t transition_steps, int64_t transition_begin);

/* init rate^((k - begin) / steps), init up to `begin` */
typedef struct vn_exponential_decay_options {
    int64_t transition_begin; /* (default 0) */
    bool staircase;           /* floor of the exponent (default false) */
    bool has_end_value;       /* stops at end_value (default false) */
    double end_value;         /* (default 0) */
} vn_exponential_decay_options;
VN_API vn_tree *vn_exponential_decay(double init_value, int64_t transition_steps,
                                     double decay_rate,
                                     const vn_exponential_decay_options *options);

/* init ((1 - alpha) ((1 + cos(pi min(k, steps) / steps)) / 2)^exponent + alpha) */
typedef struct vn_cosine_decay_options {
    double alpha;    /* (default 0) */
    double exponent; /* (default 1) */
} vn_cosine_decay_options;
VN_API vn_tree *vn_cosine_decay_schedule(double init_value, int64_t decay_steps,
                                         const vn_cosine_decay_options *options);

/* Linear from init to peak in warmup_steps, then cosine from peak to end_value until
 * decay_steps, which count from the beginning. */
typedef struct vn_warmup_cosine_decay_options {
    double end_value; /* (default 0) */
    double exponent;  /* (default 1) */
} vn_warmup_cosine_decay_options;
VN_API vn_tree *vn_warmup_cosine_decay_schedule(double init_value, double peak_value,
                                                int64_t warmup_steps, int64_t decay_steps,
                                                const vn_warmup_cosine_decay_options *options);

/* init times scales[i] for every i with k >= boundaries[i]; n of each */
VN_API vn_tree *vn_piecewise_constant_schedule(double init_value, int n,
                                               const int64_t boundaries[],
                                               const double scales[]);

/* peak / div_factor to peak within pct_start of the steps, then to peak / (div_factor
 * final_div_factor), both along half a cosine */
typedef struct vn_cosine_onecycle_options {
    double pct_start;        /* (default 0.3) */
    double div_factor;       /* (default 25) */
    double final_div_factor; /* (default 1e4) */
} vn_cosine_onecycle_options;
VN_API vn_tree *vn_cosine_onecycle_schedule(int64_t transition_steps, double peak_value,
                                            const vn_cosine_onecycle_options *options);

/* schedules[0] for k < boundaries[0], then schedules[i](k - boundaries[i-1]); n schedules, n -
 * 1 boundaries, ascending */
VN_API vn_tree *vn_join_schedules(int n, vn_tree *const schedules[],
                                  const int64_t boundaries[]);

#ifdef __cplusplus
}
#endif
#endif
