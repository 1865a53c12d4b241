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

static vn_tree *exponential(args *a)
{
    vn_exponential_decay_options o = { .transition_begin =
                                           arg_integer(a, "transition_begin", 0),
                                       .staircase = arg_flag(a, "staircase", false),
                                       .has_end_value = json_get(a->json, "end_value") != NULL,
                                       .end_value = arg_number(a, "end_value") };
    double init = arg_number(a, "init_value"), rate = arg_number(a, "decay_rate");
    return vn_exponential_decay(init, arg_integer(a, "transition_steps", 0), rate, &o);
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
    int64_t boundaries[64];
    double scales[64], init = arg_number(a, "init_value");
    int n = 0;
    for (const json *pair = pairs ? pairs->child : NULL; pair && n < 64;
         pair = pair->next, n++) {
        boundaries[n] = atoll(pair->key);
        scales[n] = json_number(pair, 1);
    }
    return vn_piecewise_constant_schedule(init, n, boundaries, scales);
}

static vn_tree *constant(args *a) { return vn_constant_schedule(arg_number(a, "value")); }

static const row schedules[] = {
    { "warmup_cosine", warmup_cosine }, { "onecycle", onecycle },     { "cosine", cosine },
    { "exponential", exponential },     { "polynomial", polynomial }, { "linear", linear },
    { "piecewise", piecewise },         { "constant", constant },
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
    vn_sgd_options o = { .momentum = arg_option(a, "momentum"),
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
                               .eps_root = arg_option(a, "eps_root") };
    return vn_adabelief(learning_rate(a), &o);
}

static vn_tree *rmsprop(args *a)
{
    vn_rmsprop_options o = { .decay = arg_option(a, "decay"),
                             .eps = arg_option(a, "eps"),
                             .initial_scale = arg_option(a, "initial_scale"),
                             .eps_outside = !arg_flag(a, "eps_in_sqrt", true),
                             .centered = arg_flag(a, "centered", false),
                             .momentum = arg_option(a, "momentum"),
                             .nesterov = arg_flag(a, "nesterov", false) };
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
    { "adabelief", adabelief }, { "adagrad", adagrad }, { "adamw", adamw }, { "nadam", nadam },
    { "adam", adam },           { "rmsprop", rmsprop }, { "lion", lion },   { "sgd", sgd },
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
