/* SPDX-License-Identifier: MIT */
/* Running the steps of a program. Nothing here allocates, locks or fails. */
#include <string.h>

#include "core/base/element.h"
#include "core/ops/ops.h"
#include "core/ops/ops_common.h"
#include "core/plan/stage_run.h"
#include "core/transform/callback.h"
#include "kernels/kernels.h"

#define MAX_ARGS 64 /* operands and results of a step that runs in loops */

typedef struct cursor {
    char *in[VN__MAX_OPERANDS], *out[VN__MAX_RESULTS];
    int64_t in_panel[VN__MAX_OPERANDS], out_panel[VN__MAX_RESULTS];
} cursor;

static char *scratch_of(const vn__step *s, const vn__frame *f)
{
    return s->scratch < 0 ? NULL : (f->temp ? f->temp : f->work) + s->scratch;
}

static void resolve(cursor *c, const vn__step *s, const vn__frame *f)
{
    for (int i = 0; i < s->n_in; i++)
        c->in[i] = vn__address(&s->in[i], f, &c->in_panel[i]);
    for (int j = 0; j < s->n_out; j++)
        c->out[j] = vn__address(&s->out[j], f, &c->out_panel[j]);
}

static void advance(cursor *c, const vn__step *s, int64_t panels)
{
    for (int i = 0; i < s->n_in; i++)
        c->in[i] += panels * c->in_panel[i];
    for (int j = 0; j < s->n_out; j++)
        c->out[j] += panels * c->out_panel[j];
}

/* Calls turn(in, out) for every turn of the step's loops. */
typedef void turn_fn(const vn__step *s, const vn__frame *f, char *const in[], char *const out[],
                     int64_t panel, int64_t index, void *context);

static void run_loops(const vn__step *s, const vn__frame *f, char *const in[],
                      char *const out[], int64_t panel, turn_fn *turn, void *context)
{
    if (s->n_loops == 0) {
        turn(s, f, in, out, panel, 0, context);
        return;
    }
    int64_t at[VN__MAX_LOOPS] = { 0 };
    char *x[MAX_ARGS], *y[MAX_ARGS];
    for (int level = 0; level >= 0;) {
        for (int i = 0; i < s->n_in; i++) {
            x[i] = in[i];
            for (int k = 0; k < s->n_loops; k++)
                x[i] += at[k] * s->in_stride[k * s->n_in + i];
        }
        for (int j = 0; j < s->n_out; j++) {
            y[j] = out[j];
            for (int k = 0; k < s->n_loops; k++)
                y[j] += at[k] * s->out_stride[k * s->n_out + j];
        }
        turn(s, f, x, y, panel, at[0], context);
        for (level = s->n_loops - 1; level >= 0 && ++at[level] == s->loop_count[level]; level--)
            at[level] = 0;
    }
}

/* Panels of the step: those of the tile if it works on examples, else one. */
static void run_panels(const vn__step *s, const vn__frame *f, turn_fn *turn, void *context)
{
    for (int k = 0; k < s->n_loops; k++)
        if (s->loop_count[k] == 0)
            return;
    cursor c;
    resolve(&c, s, f);
    const int64_t begin = s->tiled ? f->begin : 0, end = s->tiled ? f->panels : 1;
    if (begin > 0)
        advance(&c, s, begin);
    for (int64_t p = begin; p < end; p++) {
        run_loops(s, f, c.in, c.out, p, turn, context);
        if (p + 1 < end)
            advance(&c, s, 1);
    }
}

/* --------------------------------------------------------------------------- ops */

static void eval_turn(const vn__step *s, const vn__frame *f, char *const in[],
                      char *const out[], int64_t panel, int64_t index, void *context)
{
    (void)index;
    vn_eval *const e = context;
    vn__epilogue epilogue;
    e->again = panel > f->begin && s->n_loops == 0;
    e->in = (const void *const *)(const void *)in;
    e->out = (void *const *)(const void *)out;
    if (s->ending) {
        const vn__ending *const end = s->ending;
        epilogue = (vn__epilogue){ .unary = end->unary,
                                   .gate = end->gate,
                                   .bias = end->bias >= 0 ? in[end->bias] : NULL,
                                   .mask = end->mask >= 0 ? in[end->mask] : NULL };
        e->epilogue = &epilogue;
    }
    if (s->parts > 1 && f->workers && !f->parts)
        vn__evaluate_parts(s->op, e, s->parts, f->workers, f->worker_bytes,
                           s->shares ? scratch_of(s, f) : NULL);
    else
        s->op->eval(e);
    e->epilogue = NULL;
}

static int64_t valid_lanes(const vn__step *s, const vn__frame *f, int64_t panel)
{
    const int64_t left = f->valid - panel * s->lanes;
    return left < s->lanes ? left : s->lanes;
}

/* An op without lanes: every lane is gathered, evaluated as one example and scattered; lanes
 * without an example get the result of the last that has one. */
static void gather_turn(const vn__step *s, const vn__frame *f, char *const in[],
                        char *const out[], int64_t panel, int64_t index, void *context)
{
    (void)index;
    vn_eval copy = *(const vn_eval *)context, *const e = &copy;
    const int64_t valid = valid_lanes(s, f, panel);
    const vn__kernels *const k = e->kernels;
    char *memory = scratch_of(s, f);
    const void *x[MAX_ARGS];
    void *y[MAX_ARGS];
    for (int i = 0; i < s->n_in; i++) {
        x[i] = s->mapped[i] ? memory : in[i];
        if (s->mapped[i])
            memory += (s->in_slot[i].bytes / s->lanes + 63) & ~(int64_t)63;
    }
    for (int j = 0; j < s->n_out; j++) {
        y[j] = memory;
        memory += (s->out_slot[j].bytes / s->lanes + 63) & ~(int64_t)63;
    }
    e->scratch = memory;
    e->in = x;
    e->out = y;
    for (int64_t l = 0; l < s->lanes; l++) {
        for (int i = 0; i < s->n_in && l < valid; i++) {
            const int64_t size = (int64_t)vn_dtype_size(s->in_aval[i].dtype);
            if (s->mapped[i])
                k->copy((void *)(uintptr_t)x[i], 1, 1, in[i] + l * size, s->lanes, 1,
                        vn_shape_size(s->in_aval[i].shape), 1, size);
        }
        if (l < valid)
            s->op->eval(e);
        for (int j = 0; j < s->n_out; j++) {
            const int64_t size = (int64_t)vn_dtype_size(s->out_aval[j].dtype);
            k->copy(out[j] + l * size, s->lanes, 1, y[j], 1, 1,
                    vn_shape_size(s->out_aval[j].shape), 1, size);
        }
    }
}

/* Every field by itself: an initialiser would clear the whole struct first, for every step. */
static void begin_eval(vn_eval *e, const vn__step *s, const vn__frame *f, bool native)
{
    static const bool none[VN__MAX_OPERANDS];
    e->attr = s->attr;
    e->n_in = s->n_op;
    e->n_out = s->n_out;
    e->lanes = native ? s->lanes : 1;
    e->in = NULL;
    e->out = NULL;
    e->mapped = native ? s->mapped : none;
    e->in_aval = s->in_aval;
    e->out_aval = s->out_aval;
    e->scratch = scratch_of(s, f);
    e->setup = s->setup;
    e->prepared = s->prepared >= 0 && f->prepared ? f->prepared + s->prepared : NULL;
    e->kernels = vn__kernels_get();
    e->epilogue = NULL;
    e->part = f->part;
    e->parts = f->parts;
    e->again = false;
    e->examples = f->n;
    e->fresh = false;
    e->panels = f->panels;
    e->valid = f->valid - (f->panels - 1) * s->lanes;
    e->onto = NULL;
    e->panel_bytes = NULL;
}

static void run_eval(const vn__step *s, const vn__frame *f)
{
    const bool native = s->lanes == 1 || (s->op->flags & VN_OP_LANES);
    vn_eval e;
    begin_eval(&e, s, f, native);
    run_panels(s, f, native ? eval_turn : gather_turn, &e);
    if (s->op == &vn__op_callback && !vn_ok() && f->report)
        vn__report_error(f->report);
}

static void run_eval_sum(const vn__step *s, const vn__frame *f)
{
    cursor c;
    vn_eval e;
    resolve(&c, s, f);
    begin_eval(&e, s, f, true);
    e.in = (const void *const *)(const void *)c.in;
    e.out = (void *const *)(void *)c.out;
    e.panel_bytes = c.in_panel;
    e.fresh = f->fresh;
    vn__onto onto;
    if (s->ending) {
        onto = (vn__onto){ c.in[s->ending->begin],
                           vn__load_f64(s->in_aval[0].dtype, c.in[s->ending->scale], 0) };
        e.onto = &onto;
    }
    s->op->eval_sum(&e);
}

/* ------------------------------------------------------------ examples in and out */

static void load_turn(const vn__step *s, const vn__frame *f, char *const in[],
                      char *const out[], int64_t panel, int64_t index, void *context)
{
    (void)index;
    const vn__kernels *const k = context;
    const int64_t size = (int64_t)vn_dtype_size(s->out_aval[0].dtype),
                  inner = s->row_bytes / size;
    const char *const from = in[0] + (f->first + panel * s->lanes) * s->row_bytes;
    for (int64_t r = 0; r < s->rows; r++)
        k->load_lanes(out[0] + r * s->row_bytes * s->lanes, from + r * s->in_row, inner, inner,
                      s->lanes, valid_lanes(s, f, panel), size);
}

static void store_turn(const vn__step *s, const vn__frame *f, char *const in[],
                       char *const out[], int64_t panel, int64_t index, void *context)
{
    (void)index;
    const vn__kernels *const k = context;
    const int64_t size = (int64_t)vn_dtype_size(s->in_aval[0].dtype),
                  inner = s->row_bytes / size;
    char *const to = out[0] + (f->first + panel * s->lanes) * s->row_bytes;
    for (int64_t r = 0; r < s->rows; r++)
        k->store_lanes(to + r * s->out_row, inner, in[0] + r * s->row_bytes * s->lanes, inner,
                       s->lanes, valid_lanes(s, f, panel), size);
}

static void index_turn(const vn__step *s, const vn__frame *f, char *const in[],
                       char *const out[], int64_t panel, int64_t index, void *context)
{
    (void)in, (void)index, (void)context;
    int32_t *const y = (int32_t *)(void *)out[0];
    const int64_t valid = valid_lanes(s, f, panel);
    for (int64_t l = 0; l < s->lanes; l++)
        y[l] = (int32_t)(f->first + panel * s->lanes + (l < valid ? l : valid - 1));
}

/* ----------------------------------------------------------------------- reductions */

static void combine(const vn__kernels *k, char *out, const char *x, vn_dtype dtype, int64_t n,
                    int row)
{
    vn__binary_row(k->binary[dtype][row], out, out, x, n);
}

/* Sum over lanes for the dtypes without a kernel, maximum for all: lane by lane through
 * columns. */
static void reduce_columns(const vn__step *s, const vn__kernels *k, char *out, const char *x,
                           int64_t rows, int64_t valid, int row)
{
    const vn_dtype dtype = s->in_aval[0].dtype;
    const int64_t size = (int64_t)vn_dtype_size(dtype);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t l = 0; l < valid; l++)
            combine(k, out + i * size, x + (i * s->lanes + l) * size, dtype, 1, row);
}

/* The elements of a sum over lanes that are asked for, all or those of one part: `count`, from
 * the result's element *from on. */
static int64_t part_of_sum(int64_t *from, const vn__step *s, const vn__frame *f)
{
    const int64_t n = vn__slot_elements(&s->out_slot[0]);
    const int64_t end = vn__share_of(from, f->part, f->parts, n);
    return end - *from;
}

static void sum_turn(const vn__step *s, const vn__frame *f, char *const in[], char *const out[],
                     int64_t panel, int64_t index, void *context)
{
    (void)index;
    const vn__kernels *const k = context;
    const vn_dtype dtype = s->in_aval[0].dtype;
    const int64_t valid = valid_lanes(s, f, panel), size = (int64_t)vn_dtype_size(dtype);
    int64_t from;
    const int64_t rows = part_of_sum(&from, s, f);
    char *const y = out[0] + from * size;
    const char *const x = in[0] + from * s->lanes * size;
    if (s->kind == VN__STEP_MAX)
        reduce_columns(s, k, y, x, rows, valid, VN__BINARY_max);
    else if (s->lanes == 1)
        combine(k, y, x, dtype, rows, VN__BINARY_add);
    else if (k->real[dtype])
        k->real[dtype]->lane_sum(y, x, s->lanes, rows, valid);
    else
        reduce_columns(s, k, y, x, rows, valid, VN__BINARY_add);
}

/* The reduced axis is loop 0: its first turn copies, the others combine. */
static void loop_reduce_turn(const vn__step *s, const vn__frame *f, char *const in[],
                             char *const out[], int64_t panel, int64_t index, void *context)
{
    (void)f, (void)panel;
    const vn__kernels *const k = context;
    const vn_dtype dtype = s->in_aval[0].dtype;
    if (index == 0)
        memcpy(out[0], in[0], (size_t)s->row_bytes);
    else
        combine(k, out[0], in[0], dtype, s->row_bytes / (int64_t)vn_dtype_size(dtype),
                s->kind == VN__STEP_LOOP_MAX ? VN__BINARY_max : VN__BINARY_add);
}

static void loop_index_turn(const vn__step *s, const vn__frame *f, char *const in[],
                            char *const out[], int64_t panel, int64_t index, void *context)
{
    (void)s, (void)f, (void)in, (void)panel, (void)context;
    *(int32_t *)(void *)out[0] = (int32_t)index;
}

static void copy_turn(const vn__step *s, const vn__frame *f, char *const in[],
                      char *const out[], int64_t panel, int64_t index, void *context)
{
    (void)f, (void)panel, (void)index, (void)context;
    for (int64_t r = 0; r < s->rows; r++)
        memcpy(out[0] + r * s->out_row, in[0] + r * s->in_row, (size_t)s->row_bytes);
}

/* out has more mapped axes than in: loops repeat by stride 0, lanes here. */
static void spread_turn(const vn__step *s, const vn__frame *f, char *const in[],
                        char *const out[], int64_t panel, int64_t index, void *context)
{
    (void)f, (void)panel, (void)index;
    const vn__kernels *const k = context;
    const int64_t size = (int64_t)vn_dtype_size(s->in_aval[0].dtype);
    const int64_t n = vn_shape_size(s->in_aval[0].shape);
    if (s->out_slot[0].lanes && !s->mapped[0])
        k->copy(out[0], s->lanes, 1, in[0], 1, 0, n, s->lanes, size);
    else
        memcpy(out[0], in[0], (size_t)(n * size * s->lanes));
}

/* The result of a sum of lanes before the first tile. */
static void begin_sum(const vn__step *s, const vn__frame *f)
{
    static const double lowest[] = { -9.3e18, -1.0 / 0.0 };
    const vn__kernels *const k = vn__kernels_get();
    const vn_dtype dtype = s->out_aval[0].dtype;
    const int64_t size = (int64_t)vn_dtype_size(dtype);
    int64_t panel, from;
    const int64_t n = part_of_sum(&from, s, f);
    char *const out = vn__address(&s->out[0], f, &panel) + from * size;
    char one[16] = { 0 }; /* room for any dtype */
    if (s->kind == VN__STEP_MAX && dtype != VN_BOOL) /* the lowest bool is 0 */
        k->cast[dtype][VN__F64](one, &lowest[vn_dtype_is_inexact(dtype)], 1);
    k->copy(out, 1, 1, one, 0, 0, n, 1, size);
}

void vn__run_step(const vn__step *s, const vn__frame *f)
{
    if (s->log && f->replay)
        return;
    static turn_fn *const turns[] = {
        [VN__STEP_LOAD] = load_turn,
        [VN__STEP_STORE] = store_turn,
        [VN__STEP_SUM] = sum_turn,
        [VN__STEP_MAX] = sum_turn,
        [VN__STEP_INDEX] = index_turn,
        [VN__STEP_COPY] = copy_turn,
        [VN__STEP_LOOP_SUM] = loop_reduce_turn,
        [VN__STEP_LOOP_MAX] = loop_reduce_turn,
        [VN__STEP_LOOP_INDEX] = loop_index_turn,
        [VN__STEP_SPREAD] = spread_turn,
    };
    static void (*const whole[])(const vn__step *, const vn__frame *) = {
        [VN__STEP_EVAL] = run_eval,       [VN__STEP_EVAL_SUM] = run_eval_sum,
        [VN__STEP_FUSED] = vn__run_fused,
        [VN__STEP_SCAN] = vn__run_scan,   [VN__STEP_WHILE] = vn__run_while,
        [VN__STEP_UNWIND] = vn__run_unwind, [VN__STEP_BRANCH] = vn__run_branch,
        [VN__STEP_STAGE] = vn__run_stage,   [VN__STEP_CHECK] = vn__run_check,
    };
    if (f->fresh && (s->kind == VN__STEP_SUM || s->kind == VN__STEP_MAX))
        begin_sum(s, f);
    if (s->kind < sizeof turns / sizeof turns[0] && turns[s->kind])
        run_panels(s, f, turns[s->kind], (void *)(uintptr_t)vn__kernels_get());
    else
        whole[s->kind](s, f);
}

static const void *shared_operand(const vn__place *place, void *const in[])
{
    return place->space == VN__SPACE_CONST ? place->data
           : place->space == VN__SPACE_IN  ? (char *)in[place->index] + place->offset
                                           : NULL;
}

void vn__prepare_step(const vn__step *s, void *const in[], char *memory, int64_t part,
                      int64_t parts)
{
    const void *x[VN__MAX_OPERANDS];
    for (int i = 0; i < s->n_op; i++)
        x[i] = s->mapped[i] ? NULL : shared_operand(&s->in[i], in);
    void *const *const operands = (void *const *)(const void *)x;
    if (s->kind == VN__STEP_SCAN)
        vn__prepare(s->body, operands, memory + s->prepared);
    else if (s->kind == VN__STEP_WHILE)
        vn__prepare_while(s, operands, memory + s->prepared);
    else if (s->kind == VN__STEP_UNWIND)
        vn__prepare_unwind(s, operands, memory + s->prepared);
    else if (s->kind == VN__STEP_BRANCH)
        vn__prepare_branch(s, operands, memory + s->prepared);
    if (s->kind != VN__STEP_EVAL)
        return;
    s->op->prepare(memory + s->prepared, &(vn_eval){ .attr = s->attr,
                                                     .n_in = s->n_op,
                                                     .lanes = s->lanes,
                                                     .in = x,
                                                     .mapped = s->mapped,
                                                     .in_aval = s->in_aval,
                                                     .out_aval = s->out_aval,
                                                     .setup = s->setup,
                                                     .part = part,
                                                     .parts = parts,
                                                     .kernels = vn__kernels_get() });
}

void vn__prepare(const vn__program *program, void *const in[], char *memory)
{
    for (int64_t k = 0; k < program->n_step; k++)
        if (program->step[k].prepared >= 0)
            vn__prepare_step(&program->step[k], in, memory, 0, 1);
}

void vn__run(const vn__program *program, const vn__frame *frame)
{
    for (int64_t i = 0; i < program->n_step; i++)
        vn__run_step(&program->step[i], frame);
}
