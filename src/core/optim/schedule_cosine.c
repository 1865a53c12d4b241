/* SPDX-License-Identifier: MIT */
/* Schedules along half a cosine, c(k) = (1 + cos(pi min(k, steps) / steps)) / 2
 *     cosine_decay: init ((1 - alpha) c^exponent + alpha)
 *     warmup_cosine_decay: linear to the peak, then cosine_decay with alpha = end / peak
 *     cosine_onecycle: from peak / div up to peak, then down to peak / (div final_div)
 * Source: optax/schedules/_schedule.py */
#include "core/optim/schedule.h"

typedef struct cosine {
    vn_module base;
    double init_value, alpha, exponent;
    int64_t decay_steps;
} cosine;

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    static const double pi = 3.14159265358979323846;
    const cosine *const s = (const void *)self;
    const double steps = (double)s->decay_steps;
    (void)n;
    vn_array *const k = vn_cast(vn_minimum(arg[0], vn_int(s->decay_steps)), vn_default_dtype());
    vn_array *const angle = vn_div(vn_scale(pi, k), vn_float(steps));
    vn_array *c = vn_scale(0.5, vn_add(vn_float(1), vn_cos(angle)));
    if (s->exponent != 1)
        c = vn_pow(c, vn_float(s->exponent));
    return vn_scale(s->init_value, vn_add(vn_scale(1 - s->alpha, c), vn_float(s->alpha)));
}

static const vn_field fields[] = {
    VN_FIELD(cosine, init_value, FLOAT),
    VN_FIELD(cosine, alpha, FLOAT),
    VN_FIELD(cosine, exponent, FLOAT),
    VN_FIELD(cosine, decay_steps, INT),
};

static const vn_type type = VN__SCHEDULE_TYPE("CosineDecaySchedule", cosine, fields, call);

vn_tree *vn_cosine_decay_schedule(double init_value, int64_t decay_steps,
                                  const vn_cosine_decay_options *options)
{
    if (decay_steps <= 0)
        return vn_error(VN_ERR_ARGUMENT,
                        "CosineDecaySchedule: decay_steps is %lld, expected 1 or more",
                        (long long)decay_steps);
    return vn_module_new(
        &type, &(cosine){
                   .init_value = init_value,
                   .alpha = options ? options->alpha : 0,
                   .exponent = options && options->exponent != 0 ? options->exponent : 1,
                   .decay_steps = decay_steps,
               });
}

vn_tree *vn_warmup_cosine_decay_schedule(double init_value, double peak_value,
                                         int64_t warmup_steps, int64_t decay_steps,
                                         const vn_warmup_cosine_decay_options *options)
{
    static const vn_warmup_cosine_decay_options defaults;
    const vn_warmup_cosine_decay_options o = options ? *options : defaults;
    const vn_cosine_decay_options decay = {
        .alpha = peak_value == 0 ? 0 : o.end_value / peak_value,
        .exponent = o.exponent,
    };
    if (warmup_steps < 0 || decay_steps <= warmup_steps)
        return vn_error(VN_ERR_ARGUMENT,
                        "WarmupCosineDecaySchedule: warmup_steps is %lld, "
                        "decay_steps %lld, which count the warm-up too",
                        (long long)warmup_steps, (long long)decay_steps);
    vn_tree *const parts[] = {
        vn_linear_schedule(init_value, peak_value, warmup_steps, 0),
        vn_cosine_decay_schedule(peak_value, decay_steps - warmup_steps, &decay),
    };
    return vn_join_schedules(2, parts, &warmup_steps);
}

vn_tree *vn_cosine_onecycle_schedule(int64_t transition_steps, double peak_value,
                                     const vn_cosine_onecycle_options *options)
{
    static const vn_cosine_onecycle_options defaults;
    const vn_cosine_onecycle_options o = options ? *options : defaults;
    const double div = vn__option(o.div_factor, 25),
                 final = vn__option(o.final_div_factor, 1e4);
    const int64_t top = (int64_t)(vn__option(o.pct_start, 0.3) * (double)transition_steps);
    const vn_cosine_decay_options up = { .alpha = div }, down = { .alpha = 1 / (div * final) };
    if (transition_steps <= 0 || top < 0 || top >= transition_steps || div == 0 || final == 0)
        return vn_error(VN_ERR_ARGUMENT,
                        "CosineOnecycleSchedule: the peak is at step %lld of %lld",
                        (long long)top, (long long)transition_steps);
    vn_tree *const descent =
        vn_cosine_decay_schedule(peak_value, transition_steps - top, &down);
    if (top == 0)
        return descent;
    vn_tree *const parts[] = { vn_cosine_decay_schedule(peak_value / div, top, &up), descent };
    return vn_join_schedules(2, parts, &top);
}
