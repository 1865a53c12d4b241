/* SPDX-License-Identifier: MIT */
#include "golden/optimiser.h"

#include <stdlib.h>
#include <string.h>

#include "golden/build_args.h"
#include "vernal/optim.h"

/* ---- tables: the first row whose name is part of the given one */

typedef struct row {
    const char *name;
    vn_tree *(*build)(args *a);
} row;

static vn_tree *build(args *a, const row *rows, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strstr(name, rows[i].name))
            return rows[i].build(a);
    golden_skip(a->r, "%s is not known", name);
    return NULL;
}

#define ROWS(table) (table), sizeof(table) / sizeof((table)[0])

/* ---- schedules */

static vn_tree *warmup_cosine(args *a)
{
    vn_warmup_cosine_decay_options o = { .end_value = arg_number(a, "end_value"),
                                         .exponent = arg_number(a, "exponent") };
    double init = arg_number(a, "init_value"), peak = arg_number(a, "peak_value");
    int64_t warmup = arg_integer(a, "warmup_steps", 0);
    return vn_warmup_cosine_decay_schedule(init, peak, warmup, arg_integer(a, "decay_steps", 0),
                                           &o);
}

static vn_tree *onecycle(args *a)
{
    vn_cosine_onecycle_options o = { .pct_start = arg_number(a, "pct_start"),
                                     .div_factor = arg_number(a, "div_factor"),
                                     .final_div_factor = arg_number(a, "final_div_factor") };
    double peak = arg_number(a, "peak_value");
    return vn_cosine_onecycle_schedule(arg_integer(a, "transition_steps", 0), peak, &o);
}

static vn_tree *cosine(args *a)
{
    vn_cosine_decay_options o = { .alpha = arg_number(a, "alpha"),
                                  .exponent = arg_number(a, "exponent") };
    double init = arg_number(a, "init_value");
    return vn_cosine_decay_schedule(init, arg_integer(a, "decay_steps", 0), &o);
}

static vn_tree *exponential_from(args *a, double init)
{
    const json *end = arg_get(a, "end_value");
    vn_exponential_decay_options o = { .transition_begin =
                                           arg_integer(a, "transition_begin", 0),
                                       .staircase = arg_flag(a, "staircase", false),
                                       .has_end_value = end != NULL,
                                       .end_value = json_number(end, 0) };
    double rate = arg_number(a, "decay_rate");
    return vn_exponential_decay(init, arg_integer(a, "transition_steps", 0), rate, &o);
}

static vn_tree *exponential(args *a)
{
    return exponential_from(a, arg_number(a, "init_value"));
}

static vn_tree *polynomial(args *a)
{
    double init = arg_number(a, "init_value"), end = arg_number(a, "end_value");
    double power = json_number(arg_get(a, "power"), 1);
    int64_t steps = arg_integer(a, "transition_steps", 0);
    return vn_polynomial_schedule(init, end, power, steps,
                                  arg_integer(a, "transition_begin", 0));
}

static vn_tree *linear(args *a)
{
    double init = arg_number(a, "init_value"), end = arg_number(a, "end_value");
    int64_t steps = arg_integer(a, "transition_steps", 0);
    return vn_linear_schedule(init, end, steps, arg_integer(a, "transition_begin", 0));
}

static vn_tree *piecewise(args *a)
{
    const json *pairs = arg_get(a, "boundaries_and_scales");
    size_t count = pairs ? (size_t)pairs->count : 0;
    int64_t *boundaries = calloc(count + 1, sizeof *boundaries);
    double *scales = calloc(count + 1, sizeof *scales), init = arg_number(a, "init_value");
    int n = 0;
    for (const json *pair = pairs ? pairs->child : NULL; pair; pair = pair->next, n++) {
        boundaries[n] = atoll(pair->key);
        scales[n] = json_number(pair, 1);
    }
    vn_tree *made = vn_piecewise_constant_schedule(init, n, boundaries, scales);
    free(boundaries);
    free(scales);
    return made;
}

static vn_tree *constant(args *a) { return vn_constant_schedule(arg_number(a, "value")); }

/* ---- schedules that Optax joins of others */

/* Linear from init to peak, then `rest`. */
static vn_tree *warmed_up(args *a, double peak, vn_tree *rest)
{
    int64_t steps = arg_integer(a, "warmup_steps", 0);
    vn_tree *first = vn_linear_schedule(arg_number(a, "init_value"), peak, steps, 0);
    return vn_join_schedules(2, VN_TREES(first, rest), &steps);
}

static vn_tree *warmup_constant(args *a)
{
    double peak = arg_number(a, "peak_value");
    return warmed_up(a, peak, vn_constant_schedule(peak));
}

static vn_tree *warmup_exponential(args *a)
{
    double peak = arg_number(a, "peak_value");
    return warmed_up(a, peak, exponential_from(a, peak));
}

/* Up to the peak, down to where it began, and on to a small value; lines between them. */
static vn_tree *linear_onecycle(args *a)
{
    double start = json_number(arg_get(a, "pct_start"), 0.3);
    double final = json_number(arg_get(a, "pct_final"), 0.85);
    double peak = arg_number(a, "peak_value");
    int64_t steps = arg_integer(a, "transition_steps", 0);
    double low = peak / json_number(arg_get(a, "div_factor"), 25);
    double end = low / json_number(arg_get(a, "final_div_factor"), 1e4);
    double length = (double)steps;
    int64_t at[] = { (int64_t)(start * length), (int64_t)(final * length), steps };
    return vn_join_schedules(4,
                             VN_TREES(vn_linear_schedule(low, peak, at[0], 0),
                                      vn_linear_schedule(peak, low, at[1] - at[0], 0),
                                      vn_linear_schedule(low, end, at[2] - at[1], 0),
                                      vn_constant_schedule(end)),
                             at);
}

static const row schedules[] = {
    { "warmup_cosine", warmup_cosine },
    { "warmup_constant", warmup_constant },
    { "warmup_exponential", warmup_exponential },
    { "onecycle_linear", linear_onecycle },
    { "linear_onecycle", linear_onecycle },
    { "onecycle", onecycle },
    { "cosine", cosine },
    { "exponential", exponential },
    { "polynomial", polynomial },
    { "linear", linear },
    { "piecewise_constant", piecewise },
    { "constant", constant },
};

/* ---- optimisers */

static vn_tree *learning_rate(args *a)
{
    const char *schedule = json_string(json_get(a->json, "schedule"), NULL);
    if (!schedule)
        return vn_float(arg_number(a, "lr"));
    a->known++;
    return build(a, ROWS(schedules), schedule);
}

static vn_tree *sgd(args *a)
{
    vn_sgd_options o = { .momentum = arg_number(a, "momentum"),
                         .nesterov = arg_flag(a, "nesterov", false) };
    return vn_sgd(learning_rate(a), &o);
}

static vn_adam_options adam_options(args *a)
{
    return (vn_adam_options){ .b1 = arg_option(a, "b1"),
                              .b2 = arg_option(a, "b2"),
                              .eps = arg_option(a, "eps"),
                              .eps_root = arg_option(a, "eps_root"),
                              .weight_decay = arg_option(a, "weight_decay"),
                              .nesterov = arg_flag(a, "nesterov", false) };
}

static vn_tree *adam(args *a)
{
    vn_adam_options o = adam_options(a);
    return vn_adam(learning_rate(a), &o);
}

static vn_tree *adamw(args *a)
{
    vn_adam_options o = adam_options(a);
    return vn_adamw(learning_rate(a), &o);
}

static vn_tree *nadamw(args *a)
{
    vn_adam_options o = adam_options(a);
    o.nesterov = true;
    return vn_adamw(learning_rate(a), &o);
}

static vn_tree *nadam(args *a)
{
    vn_adam_options o = adam_options(a);
    return vn_nadam(learning_rate(a), &o);
}

static vn_tree *adabelief(args *a)
{
    vn_adabelief_options o = { .b1 = arg_option(a, "b1"),
                               .b2 = arg_option(a, "b2"),
                               .eps = arg_option(a, "eps"),
                               .eps_root = arg_option(a, "eps_root"),
                               .nesterov = arg_flag(a, "nesterov", false) };
    return vn_adabelief(learning_rate(a), &o);
}

static vn_tree *rmsprop(args *a)
{
    vn_rmsprop_options o = { .decay = arg_option(a, "decay"),
                             .eps = arg_option(a, "eps"),
                             .initial_scale = arg_number(a, "initial_scale"),
                             .eps_outside = !arg_flag(a, "eps_in_sqrt", true),
                             .centered = arg_flag(a, "centered", false),
                             .momentum = arg_number(a, "momentum"),
                             .nesterov = arg_flag(a, "nesterov", false),
                             .bias_correction = arg_flag(a, "bias_correction", false) };
    return vn_rmsprop(learning_rate(a), &o);
}

static vn_tree *lion(args *a)
{
    vn_lion_options o = { .b1 = arg_option(a, "b1"),
                          .b2 = arg_option(a, "b2"),
                          .weight_decay = arg_option(a, "weight_decay") };
    return vn_lion(learning_rate(a), &o);
}

static vn_tree *adagrad(args *a)
{
    vn_adagrad_options o = { .initial_accumulator_value =
                                 arg_option(a, "initial_accumulator_value"),
                             .eps = arg_option(a, "eps") };
    return vn_adagrad(learning_rate(a), &o);
}

static const row optimisers[] = {
    { "adabelief", adabelief }, { "adagrad", adagrad }, { "nadamw", nadamw },
    { "adamw", adamw },         { "nadam", nadam },     { "adam", adam },
    { "rmsprop", rmsprop },     { "lion", lion },       { "sgd", sgd },
    { "momentum", sgd },        { "nesterov", sgd },
};

/* The result of a row, unless an argument was left over. */
static vn_tree *complete(const args *a, vn_tree *made, const char *name)
{
    if (made && a->json && a->known != a->json->count) {
        golden_skip(a->r, "an argument of %s is not known", name);
        return NULL;
    }
    return made;
}

vn_tree *golden_schedule(golden_run *r, const char *name, const json *arguments)
{
    args a = { .r = r, .json = arguments };
    return complete(&a, build(&a, ROWS(schedules), name), name);
}

vn_tree *golden_optimiser(golden_run *r, const char *name, const json *arguments,
                          const char *const except[])
{
    args a = { .r = r, .json = arguments };
    for (; except && *except; except++)
        a.known += json_get(arguments, *except) != NULL;
    const json *limit = arg_get(&a, "clip_by_global_norm");
    vn_tree *made = build(&a, ROWS(optimisers), name);
    if (made && limit)
        made = vn_chain(vn_clip_by_global_norm(json_number(limit, 0)), made);
    return complete(&a, made, name);
}
