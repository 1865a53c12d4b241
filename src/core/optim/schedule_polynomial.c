/* SPDX-License-Identifier: MIT */
/* Constant, linear and polynomial schedules
 *     (init - end) (1 - clip(k - begin, 0, steps) / steps)^power + end; init if steps is 0
 * Source: optax/schedules/_schedule.py; rounded as XLA compiles it, k (1 / steps) and sums with
 * products fused, so that learning rates agree bit for bit */
#include "core/optim/schedule.h"

typedef struct polynomial {
    vn_module base;
    double init_value, end_value, power;
    int64_t transition_steps, transition_begin;
} polynomial;

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const polynomial *const s = (const void *)self;
    const double steps = (double)s->transition_steps;
    (void)n;
    if (steps == 0)
        return vn_scalar(vn_default_dtype(), s->init_value);
    vn_array *const k =
        vn_clip(vn__steps_since(arg[0], s->transition_begin), vn_float(0), vn_float(steps));
    vn_array *left = vn_fma(k, vn_float(-1 / steps), vn_float(1));
    if (s->power != 1) { /* nothing is left at the end: a root makes much of a rounding */
        left = vn_where(vn_lt(k, vn_float(steps)), vn_maximum(left, vn_int(0)), vn_float(0));
        left = vn_pow(left, vn_float(s->power));
    }
    return vn_fma(left, vn_float(s->init_value - s->end_value), vn_float(s->end_value));
}

static const vn_field fields[] = {
    VN_FIELD(polynomial, init_value, FLOAT),     VN_FIELD(polynomial, end_value, FLOAT),
    VN_FIELD(polynomial, power, FLOAT),          VN_FIELD(polynomial, transition_steps, INT),
    VN_FIELD(polynomial, transition_begin, INT),
};

static const vn_type type = VN__SCHEDULE_TYPE("PolynomialSchedule", polynomial, fields, call);

vn_tree *vn_polynomial_schedule(double init_value, double end_value, double power,
                                int64_t transition_steps, int64_t transition_begin)
{
    return vn_module_new(&type,
                         &(polynomial){
                             .init_value = init_value,
                             .end_value = end_value,
                             .power = power,
                             .transition_steps = transition_steps > 0 ? transition_steps : 0,
                             .transition_begin = transition_begin > 0 ? transition_begin : 0,
                         });
}

vn_tree *vn_linear_schedule(double init_value, double end_value, int64_t transition_steps,
                            int64_t transition_begin)
{
    return vn_polynomial_schedule(init_value, end_value, 1, transition_steps, transition_begin);
}

vn_tree *vn_constant_schedule(double value)
{
    return vn_polynomial_schedule(value, value, 1, 0, 0);
}
