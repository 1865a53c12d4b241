/* SPDX-License-Identifier: MIT */
/* VN_TUNE: what the cost model of stage.c chooses by shapes is chosen by measurement instead.
 * The program is compiled with one choice changed at a time (lanes of a panel, panels of a
 * tile, step by step or tile by tile, a provider or the plain kernels), raced on zeros against
 * the best so far, and the change stays if it was clearly faster. Sums are taken in another
 * order then: results can differ in their last bits from those of the model's program, and
 * still do not depend on the threads. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/ops/ops.h"
#include "core/plan/compile.h"
#include "core/plan/plan.h"
#include "kernels/onednn/onednn.h"
#include "parallel/pool.h"
#include "vernal/runtime.h"

#define CLEARLY  0.97 /* of the time of the best so far */
#define RUNS     8    /* the best of so many counts, */
#define SECONDS  0.03 /* or of as many as this allows; */
#define PATIENCE 1.0  /* no more candidates after so long */

typedef struct tuning {
    const vn__tape *tape;
    void **in, **out;
    vn__program *best;
    vn__choices choices; /* of the best */
    double gain;         /* of the best over the model's program: a product of ratios */
    double end;          /* of patience */
    int measured;
} tuning;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ------------------------------------------------------------------ what can be measured */

/* NULL, or why zeros say nothing about the time of the program. */
static const char *unfit(const vn__program *p)
{
    const char *why = p->checks ? "it has error_if or a callback" : NULL;
    for (int64_t k = 0; !why && k < p->n_step; k++) {
        const vn__step *const s = &p->step[k];
        if (s->kind == VN__STEP_WHILE || s->kind == VN__STEP_UNWIND)
            return "the steps of a while loop depend on its data";
        why = s->stage ? unfit(s->stage->program) : NULL;
        for (int i = 0; !why && i < vn__inner_programs(s); i++)
            if (vn__inner_program(s, i))
                why = unfit(vn__inner_program(s, i));
    }
    return why;
}

static bool has_stage(const vn__program *p)
{
    for (int64_t k = 0; k < p->n_step; k++)
        if (p->step[k].stage)
            return true;
    return false;
}

/* "": the plain kernels. */
static const char *provider(const vn__step *s)
{
    const char *const name = s->setup && s->op->provider ? s->op->provider(s->setup) : NULL;
    return name ? name : "";
}

/* Does the choice make no difference? */
static bool alike(const vn__program *a, const vn__program *b)
{
    if (a->n_step != b->n_step || a->lanes != b->lanes)
        return false;
    for (int64_t k = 0; k < a->n_step; k++) {
        const vn__stage *const x = a->step[k].stage, *const y = b->step[k].stage;
        if (x && y &&
            (x->tile != y->tile || x->wide != y->wide || !alike(x->program, y->program)))
            return false;
        if (!x != !y || strcmp(provider(&a->step[k]), provider(&b->step[k])) != 0)
            return false;
        for (int i = 0; i < vn__inner_programs(&a->step[k]); i++)
            if (vn__inner_program(&a->step[k], i) &&
                !alike(vn__inner_program(&a->step[k], i), vn__inner_program(&b->step[k], i)))
                return false;
    }
    return true;
}

/* ----------------------------------------------------------------------------- measuring */

static vn_status take_arrays(void ***list, const vn__slot *slot, int n)
{
    *list = vn__alloc_zero((size_t)(n + 1) * sizeof **list);
    for (int i = 0; *list && i < n; i++)
        if (!((*list)[i] = vn__alloc_zero((size_t)slot[i].bytes + 64)))
            break;
    return vn_error_status();
}

static void free_arrays(void **list, int n)
{
    for (int i = 0; list && i < n; i++)
        vn__free(list[i]);
    vn__free(list);
}

typedef struct racer {
    vn_plan plan;
    void *work;
    double best; /* seconds */
} racer;

static vn_status run(const tuning *t, racer *r)
{
    const double start = now();
    VN_TRY(vn__plan_execute(&r->plan, t->out, t->in, r->work));
    const double seconds = now() - start;
    r->best = r->best == 0 || seconds < r->best ? seconds : r->best;
    return VN_ERR_OK;
}

/* *ratio: seconds of the program to those of the best so far. They take turns, so that both
 * meet the machine's good and bad moments; the first turns, which meet cold memory, do not
 * count. */
static vn_status race(const tuning *t, vn__program *program, double *ratio)
{
    racer r[2] = { { .plan.program = t->best }, { .plan.program = program } };
    for (int i = 0; i < 2; i++)
        r[i].work = vn__alloc(vn__plan_workspace_for(&r[i].plan, vn__pool_workers()));
    vn_status status = vn_error_status();
    const double end = now() + SECONDS;
    for (int turn = 0; turn <= RUNS && status == VN_ERR_OK && (turn < 3 || now() < end);
         turn++) {
        if (turn == 1)
            r[0].best = r[1].best = 0;
        status = run(t, &r[0]);
        status = status == VN_ERR_OK ? run(t, &r[1]) : status;
    }
    *ratio = r[1].best / r[0].best;
    vn__free(r[0].work);
    vn__free(r[1].work);
    return status;
}

/* Compiles with these choices and keeps the program if it is clearly faster. */
static vn_status try(tuning *t, const vn__choices *choices)
{
    if (now() > t->end)
        return VN_ERR_OK;
    vn__program *const p = vn__compile_tape(t->tape, choices);
    double ratio = 1;
    vn_status status = p ? VN_ERR_OK : vn_error_status();
    if (p && !alike(p, t->best)) {
        status = race(t, p, &ratio);
        t->measured++;
    }
    if (status != VN_ERR_OK || ratio > CLEARLY) {
        vn__program_free(p);
        return status;
    }
    vn__program_free(t->best);
    t->best = p;
    t->choices = *choices;
    t->gain /= ratio;
    return VN_ERR_OK;
}

static vn_status try_stages(tuning *t)
{
    static const int64_t lanes[] = { 1, 16, 32, 64, 128 }, panels[] = { 1, 2, 8, 16 };
    for (int wide = 0; wide < 2; wide++) {
        vn__choices c = t->choices;
        c.wide = wide;
        VN_TRY(try(t, &c));
    }
    for (size_t i = 0; i < sizeof lanes / sizeof lanes[0]; i++) {
        vn__choices c = t->choices;
        c.lanes = lanes[i];
        VN_TRY(try(t, &c));
    }
    for (size_t i = 0; i < sizeof panels / sizeof panels[0]; i++) {
        vn__choices c = t->choices;
        c.panels = panels[i];
        VN_TRY(try(t, &c));
    }
    return VN_ERR_OK;
}

/* Convolutions and large products: everything by the one or by the other. */
static vn_status try_provider(tuning *t, vn__provider provider)
{
    static const vn__use uses[] = { VN__NEVER, VN__ALWAYS };
    for (size_t i = 0; vn__use_get(provider) == VN__AUTO && i < 2; i++) {
        vn__choices c = t->choices;
        c.use[provider] = uses[i];
        VN_TRY(try(t, &c));
    }
    return VN_ERR_OK;
}

static vn_status try_providers(tuning *t)
{
    VN_TRY(try_provider(t, VN__WINOGRAD));
    return vn__onednn_absent() ? VN_ERR_OK : try_provider(t, VN__ONEDNN);
}

/* ------------------------------------------------------------------------------- saying */

static void say_number(const char *before, int64_t n, const char *after)
{
    if (n)
        fprintf(stderr, "%s%" PRId64 "%s", before, n, after);
}

static void say(const tuning *t)
{
    static const char *const wide[] = { ", tile by tile", ", step by step" };
    static const char *const by[VN__PROVIDERS] = {
        [VN__ONEDNN] = "oneDNN",
        [VN__WINOGRAD] = "Winograd's algorithm",
    };
    const vn__choices *const c = &t->choices;
    fprintf(stderr, "vernal tune: %d other programs measured", t->measured);
    if (t->gain > 1)
        fprintf(stderr, ", %.2f times as fast", t->gain);
    else
        fputs(", none is faster", stderr);
    say_number(", ", c->lanes, " lanes a panel");
    say_number(", tiles of at most ", c->panels, " panels");
    fputs(c->wide >= 0 ? wide[c->wide] : "", stderr);
    for (int i = 0; i < VN__PROVIDERS; i++) {
        if (c->use[i] == VN__NEVER)
            fprintf(stderr, ", without %s", by[i]);
        else if (c->use[i] == VN__ALWAYS)
            fprintf(stderr, ", %s wherever it can", by[i]);
    }
    fputc('\n', stderr);
}

/* --------------------------------------------------------------------------------- all */

static vn_status tune(tuning *t)
{
    VN_TRY(take_arrays(&t->in, t->best->in_slot, t->best->n_in));
    VN_TRY(take_arrays(&t->out, t->best->out_slot, t->best->n_out));
    t->end = now() + PATIENCE;
    if (has_stage(t->best))
        VN_TRY(try_stages(t));
    return try_providers(t);
}

vn__program *vn__tune(const vn__tape *tape, vn__program *program)
{
    const int n_in = program->n_in, n_out = program->n_out;
    tuning t = { .tape = tape, .best = program, .choices = vn__by_shape, .gain = 1 };
    const char *const why = unfit(program);
    const vn_status status = why ? VN_ERR_OK : tune(&t);
    if (status == VN_ERR_OK && vn_tune() == 1 && why)
        fprintf(stderr, "vernal tune: not measured: %s\n", why);
    else if (status == VN_ERR_OK && vn_tune() == 1)
        say(&t);
    free_arrays(t.in, n_in);
    free_arrays(t.out, n_out);
    if (status == VN_ERR_OK)
        return t.best;
    vn__program_free(t.best);
    return NULL;
}
