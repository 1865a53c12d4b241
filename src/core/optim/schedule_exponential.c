/* SPDX-License-Identifier: MIT */
/* Exponential decay: init rate^((k - begin) / steps), init for k <= begin
 *     staircase: floor of the exponent; end_value: a lower bound (an upper one if rate >= 1)
 * Source: optax/schedules/_schedule.py; the power is taken in f64 and rounded once, so that
 * learning rates agree with XLA's bit for bit */
#include "core/optim/schedule.h"

typedef struct exponential {
    vn_module base;
    double init_value, decay_rate, end_value;
    int64_t transition_steps, transition_begin;
    bool staircase, has_end_value;
} exponential;

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const exponential *const s = (const void *)self;
    vn_array *const k = vn__steps_since(arg[0], s->transition_begin);
    const double steps = (double)s->transition_steps;
    const vn_dtype dtype = vn_dtype_of(k);
    vn_array *const exponent =
        s->staircase ? vn_floor(vn_div(k, vn_float(steps))) : vn_scale(1 / steps, k);
    vn_array *const rate = vn_cast(vn_scalar(dtype, s->decay_rate), VN_F64);
    vn_array *const power = vn_cast(vn_pow(rate, vn_cast(exponent, VN_F64)), dtype);
    vn_array *const decayed = vn_scale(s->init_value, power);
    (void)n;
    vn_array *const value = vn_where(vn_le(k, vn_int(0)), vn_float(s->init_value), decayed);
    if (!s->has_end_value)
        return value;
    return s->decay_rate < 1 ? vn_maximum(value, vn_float(s->end_value))
                             : vn_minimum(value, vn_float(s->end_value));
}

static const vn_field fields[] = {
    VN_FIELD(exponential, init_value, FLOAT),     VN_FIELD(exponential, decay_rate, FLOAT),
    VN_FIELD(exponential, end_value, FLOAT),      VN_FIELD(exponential, transition_steps, INT),
    VN_FIELD(exponential, transition_begin, INT), VN_FIELD(exponential, staircase, BOOL),
    VN_FIELD(exponential, has_end_value, BOOL),
};

static const vn_type type = VN__SCHEDULE_TYPE("ExponentialDecay", exponential, fields, call);

vn_tree *vn_exponential_decay(double init_value, int64_t transition_steps, double decay_rate,
                              const vn_exponential_decay_options *options)
{
    static const vn_exponential_decay_options defaults;
    const vn_exponential_decay_options o = options ? *options : defaults;
    if (transition_steps <= 0 || decay_rate == 0)
        return vn_constant_schedule(init_value);
    if (!(decay_rate > 0))
        return vn_error(VN_ERR_ARGUMENT,
                        "ExponentialDecay: decay_rate is %g, expected 0 or more", decay_rate);
    return vn_module_new(
        &type, &(exponential){
                   .init_value = init_value,
                   .decay_rate = decay_rate,
                   .end_value = o.end_value,
                   .transition_steps = transition_steps,
                   .transition_begin = o.transition_begin > 0 ? o.transition_begin : 0,
                   .staircase = o.staircase,
                   .has_end_value = o.has_end_value,
               });
}
