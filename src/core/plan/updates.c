/* SPDX-License-Identifier: MIT */
/* The update of weights by a multiple of their gradient, weights + scale * sum, as part of the
 * sum: its kernel adds to the old weights what it would have stored, and the gradient is never
 * in memory. For the sums of wide stages over few examples: those that the kernel adds up
 * before it adds them to the weights, so that nothing is lost of small steps. */
#include <string.h>

#include "core/ops/ops.h"
#include "core/plan/compile.h"
#include "core/plan/fused.h"
#include "core/plan/places.h"

/* --------------------------------------------------------------- when the stage is made */

static bool can_update(const vn__step *s, int64_t examples)
{
    return s->kind == VN__STEP_EVAL_SUM && !s->ending && s->op->sums_onto &&
           s->out[0].space == VN__SPACE_OUT && s->out[0].offset == 0 &&
           s->op->sums_onto(s->attr, s->in_aval, s->mapped, s->lanes, examples);
}

static bool same_aval(const vn_aval *a, const vn_aval *b)
{
    return a->dtype == b->dtype && vn_shape_equal(a->shape, b->shape);
}

/* A product that reads what the sum reads, and something that the sum might update. */
static bool reads_weights_of(const vn__step *s, const vn__step *sum)
{
    bool weights = false;
    for (int i = 0; i < s->n_in; i++)
        weights = weights || (s->in[i].space == VN__SPACE_IN &&
                              same_aval(&s->in_aval[i], &sum->out_aval[0]));
    return weights && vn__any_same_value(s->in, s->n_in, sum->in, sum->n_in);
}

void vn__delay_sums(const vn__compiler *c)
{
    vn__program *const p = c->program;
    const int64_t examples = vn__tape_axis(c->tape, c->lane)->size;
    for (int64_t k = p->n_step - 1; k >= 0; k--) {
        const vn__step sum = p->step[k];
        if (!can_update(&sum, examples))
            continue;
        int64_t last = k;
        for (int64_t r = k + 1; r < p->n_step && !vn__must_keep_order(&sum, &p->step[r]); r++)
            if (reads_weights_of(&p->step[r], &sum))
                last = r;
        memmove(&p->step[k], &p->step[k + 1], (size_t)(last - k) * sizeof sum);
        p->step[last] = sum;
    }
}

/* --------------------------------------------------------------------- what is an update */

/* weights + scale * sum: operands of a fused step. */
typedef struct update {
    int sum, weights, scale;
} update;

static bool has_reach(const vn__fused *f, int array, vn__reach reach)
{
    return array < f->n_array && f->reach[array] == reach;
}

/* Which of the two operands of a member is this array, -1: none. */
static int operand_of(const vn__member *m, int array)
{
    return m->in[0] == array ? 0 : m->in[1] == array ? 1 : -1;
}

static bool is_update(const vn__step *s, int sum, update *u)
{
    const vn__fused *const f = s->fused;
    if (s->kind != VN__STEP_FUSED || s->tiled || s->n_in != 3 || s->n_out != 1 ||
        f->n_member != 2)
        return false;
    const vn__member *const times = &f->member[0], *const plus = &f->member[1];
    if (times->op != &vn__op_mul || plus->op != &vn__op_add)
        return false;
    const int factor = operand_of(times, sum), term = operand_of(plus, times->out[0]);
    if (factor < 0 || term < 0 || times->out[0] < f->n_array)
        return false;
    *u = (update){ sum, plus->in[1 - term], times->in[1 - factor] };
    return has_reach(f, u->sum, VN__REACH_ALL) && has_reach(f, u->scale, VN__REACH_ONE) &&
           has_reach(f, u->weights, VN__REACH_ALL) && u->weights < s->n_in &&
           u->weights != u->sum && s->in[u->sum].offset == 0 &&
           same_aval(&s->in_aval[u->sum], &s->out_aval[0]) &&
           same_aval(&s->in_aval[u->weights], &s->out_aval[0]);
}

/* The step of a stage that alone makes output j and could update with it, -1: none. */
static int64_t maker_of(const vn__stage *st, int j)
{
    const vn__program *const p = st->program;
    const vn__place total = { .space = VN__SPACE_OUT, .index = j };
    int64_t maker = -1, touches = 0;
    for (int64_t k = 0; k < p->n_step; k++) {
        const vn__step *const s = &p->step[k];
        touches += vn__any_same_value(s->in, s->n_in, &total, 1);
        if (!vn__any_same_value(s->out, s->n_out, &total, 1))
            continue;
        touches++;
        if (can_update(s, st->n))
            maker = k;
    }
    return touches == 1 ? maker : -1;
}

/* Does the stage need the old value of this place at or after its step k, or make it? */
static bool is_needed(const vn__step *stage, const vn__place *place, int64_t k)
{
    if (vn__any_same_value(place, 1, stage->out, stage->n_out))
        return true;
    for (int i = 0; i < stage->n_in; i++)
        if (vn__same_value(place, &stage->in[i]) &&
            vn__last_touch(stage->stage->program, VN__SPACE_IN, i) >= k)
            return true;
    return false;
}

static int readers_of(const vn__program *p, const vn__place *place)
{
    int n = 0;
    for (int64_t k = 0; k < p->n_step; k++)
        n += vn__any_same_value(p->step[k].in, p->step[k].n_in, place, 1);
    return n;
}

/* ------------------------------------------------------------------------ the sum takes it */

static void *copy_of(vn__arena *arena, const void *list, int n, size_t size)
{
    void *const copy = vn__arena_alloc(arena, (size_t)(n + 2) * size);
    if (copy && n > 0)
        memcpy(copy, list, (size_t)n * size);
    return copy;
}

/* Room for two more operands. */
static vn_status make_room(vn__arena *arena, vn__step *s)
{
    s->in = copy_of(arena, s->in, s->n_in, sizeof *s->in);
    s->in_slot = copy_of(arena, s->in_slot, s->n_in, sizeof *s->in_slot);
    s->in_aval = copy_of(arena, s->in_aval, s->n_in, sizeof *s->in_aval);
    s->mapped = copy_of(arena, s->mapped, s->n_in, sizeof *s->mapped);
    return s->in && s->in_slot && s->in_aval && s->mapped ? VN_ERR_OK : vn_error_status();
}

static int add_operand(vn__step *s, const vn__place *place, const vn__slot *slot)
{
    s->in[s->n_in] = *place;
    s->in_slot[s->n_in] = *slot;
    s->in_aval[s->n_in] = slot->aval;
    s->mapped[s->n_in] = false;
    return s->n_in++;
}

/* A place of the program as an operand of step `inner` of its stage; there must be room. */
static int hand_in(vn__step *stage, vn__step *inner, const vn__place *place,
                   const vn__slot *slot)
{
    vn__stage *const st = stage->stage;
    const int number = add_operand(stage, place, slot);
    st->in_role[number] = VN__ROLE_SHARED;
    st->program->in_slot[number] = *slot;
    st->program->n_in = number + 1;
    return add_operand(inner, &(vn__place){ .space = VN__SPACE_IN, .index = number }, slot);
}

/* Step k of the stage does what `s` did with its output j. */
static vn_status take(vn__arena *arena, vn__step *stage, int j, int64_t k, const vn__step *s,
                      const update *u)
{
    vn__stage *const st = stage->stage;
    vn__step *const inner = &st->program->step[k];
    vn__ending *const ending = vn__arena_alloc(arena, sizeof *ending);
    VN_TRY(make_room(arena, stage));
    VN_TRY(make_room(arena, inner));
    st->in_role = copy_of(arena, st->in_role, stage->n_in, sizeof *st->in_role);
    st->program->in_slot =
        copy_of(arena, st->program->in_slot, stage->n_in, sizeof *st->program->in_slot);
    if (!ending || !st->in_role || !st->program->in_slot)
        return vn_error_status();
    *ending = (vn__ending){ .bias = -1, .mask = -1 };
    ending->begin = hand_in(stage, inner, &s->in[u->weights], &s->in_slot[u->weights]);
    ending->scale = hand_in(stage, inner, &s->in[u->scale], &s->in_slot[u->scale]);
    inner->ending = ending;
    stage->n_op = stage->n_in;
    stage->out[j] = s->out[0];
    stage->out_slot[j] = s->out_slot[0];
    stage->out_aval[j] = s->out_aval[0];
    return VN_ERR_OK;
}

/* Operand `sum` of step k of the program is output j of the stage at `at`. */
static bool finds_taker(const vn__program *p, int64_t at, int64_t k, int sum, int j, update *u,
                        int64_t *taker)
{
    const vn__step *const stage = &p->step[at], *const s = &p->step[k];
    if (stage->stage->out_role[j] != VN__ROLE_TOTAL || !is_update(s, sum, u) ||
        stage->n_in + 2 > VN__MAX_PARAMETERS || readers_of(p, &s->in[sum]) != 1 ||
        !vn__may_move_to(p, k, at + 1))
        return false;
    *taker = maker_of(stage->stage, j);
    return *taker >= 0 && !is_needed(stage, &s->in[u->weights], *taker + 1) &&
           !is_needed(stage, &s->in[u->scale], stage->stage->program->n_step);
}

/* *taken: the step is part of the stage now. */
static vn_status try_step(vn__program *p, int64_t at, int64_t k, bool *taken)
{
    vn__step *const stage = &p->step[at], *const s = &p->step[k];
    update u;
    int64_t taker;
    *taken = false;
    for (int i = 0; i < s->n_in; i++)
        for (int j = 0; j < stage->n_out; j++)
            if (s->in[i].space == VN__SPACE_WORK && vn__same_value(&s->in[i], &stage->out[j]) &&
                finds_taker(p, at, k, i, j, &u, &taker)) {
                *taken = true;
                return take(&p->arena, stage, j, taker, s, &u);
            }
    return VN_ERR_OK;
}

vn_status vn__take_updates(vn__compiler *c)
{
    vn__program *const p = c->program;
    if (c->logs && c->logs->n > 0) /* an output of which an input is the same memory */
        return VN_ERR_OK;
    for (int64_t at = 0; at < p->n_step; at++) {
        const vn__stage *const st = p->step[at].stage;
        if (!st || !st->wide || st->n > st->tile)
            continue;
        for (int64_t k = at + 1; k < p->n_step; k++) {
            bool taken;
            VN_TRY(try_step(p, at, k, &taken));
            if (!taken)
                continue;
            p->n_step--;
            memmove(&p->step[k], &p->step[k + 1], (size_t)(p->n_step - k) * sizeof *p->step);
            k--;
        }
    }
    return VN_ERR_OK;
}

/* ---------------------------------------------------------------------------- donation */

/* The sum that makes the output writes each of its weights after it has read it; what else
 * reads them comes before. */
bool vn__update_in_place(const vn__step *stage, int i, int j)
{
    const vn__stage *const st = stage->stage;
    const int input = st->in_number ? st->in_number[i] : i;
    const int output = st->out_number ? st->out_number[j] : j;
    const vn__place in = { .space = VN__SPACE_IN, .index = input };
    const int64_t k = vn__last_touch(st->program, VN__SPACE_OUT, output);
    const vn__step *const s = k >= 0 ? &st->program->step[k] : NULL;
    if (!s || s->kind != VN__STEP_EVAL_SUM || !s->ending ||
        vn__last_touch(st->program, VN__SPACE_IN, input) > k)
        return false;
    for (int o = 0; o < s->n_in; o++)
        if (vn__same_value(&s->in[o], &in) && o != s->ending->begin)
            return false;
    return true;
}
