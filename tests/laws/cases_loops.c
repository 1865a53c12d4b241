/* SPDX-License-Identifier: MIT */
/* Subjects: loops of every kind, whose number of steps differs by example, and branches. */
#include "laws/law.h"

/* ---- what keeps values small; complex ones would come near the poles of tanh */

static vn_array *bend(vn_array *x)
{
    return vn_dtype_is_complex(vn_dtype_of(x)) ? vn_soft_sign(x) : vn_tanh(x);
}

/* ---- y <- tanh(w y) + x for `steps` steps; the value is (y, steps left) */

static vn_tree *left_over(vn_tree *const arg[])
{
    return vn_gt(vn_at(arg[0], 1), vn_int(0));
}

static vn_tree *one_less(vn_tree *value) { return vn_sub(vn_at(value, 1), vn_int(1)); }

static vn_array *advance(vn_array *x, vn_array *w, vn_array *y)
{
    return vn_add(bend(vn_matmul(w, y)), x);
}

static vn_tree *loop_step(vn_tree *const arg[]) /* x, w, value */
{
    return vn_tuple(advance(arg[0], arg[1], vn_at(arg[2], 0)), one_less(arg[2]));
}

static vn_tree *run_loop(vn_tree *const arg[], const vn_loop_options *options)
{
    vn_tree *body = vn_partial(vn_function(loop_step, 3), arg[0], arg[1]);
    vn_tree *init = vn_tuple(arg[0], arg[2]);
    return vn_at(vn_while_loop(vn_function(left_over, 1), body, init, options), 0);
}

static vn_tree *bounded(vn_tree *const arg[])
{
    return run_loop(arg, &(vn_loop_options){ .max_steps = 9 });
}

static vn_tree *cut_short(vn_tree *const arg[]) /* some would go on */
{
    return run_loop(arg, &(vn_loop_options){ .max_steps = 4 });
}

static vn_tree *checkpointed(vn_tree *const arg[])
{
    return run_loop(arg, &(vn_loop_options){ .checkpoints = 2 });
}

static vn_tree *checkpointed_bound(vn_tree *const arg[])
{
    return run_loop(arg,
                    &(vn_loop_options){ .kind = VN_LOOP_CHECKPOINTED, .max_steps = 7 });
}

/* ---- the same with a log of all y, of which the next step reads the last */

static vn_tree *logging_step(vn_tree *const arg[]) /* x, w, (y, left, log) */
{
    vn_array *y = vn_at(arg[2], 0), *left = vn_at(arg[2], 1);
    vn_array *log = vn_buffer_set(vn_at(arg[2], 2), left, y, NULL);
    vn_array *read = vn_buffer_get(log, left);
    vn_array *next = vn_sub(advance(arg[0], arg[1], y), vn_scale(0.5, vn_sin(read)));
    return vn_tuple(next, one_less(arg[2]), log);
}

static vn_tree *run_logging(vn_tree *const arg[], vn_loop_options options)
{
    vn_tree *body = vn_partial(vn_function(logging_step, 3), arg[0], arg[1]);
    vn_tree *log = vn_zeros(vn_dtype_of(arg[0]), VN_SHAPE(8, 3));
    vn_tree *init = vn_tuple(arg[0], arg[2], log);
    options.buffers = vn_tuple(vn_bool(false), vn_bool(false), vn_bool(true));
    vn_tree *out = vn_while_loop(vn_function(left_over, 1), body, init, &options);
    return vn_tuple(vn_at(out, 0), vn_at(out, 2));
}

static vn_tree *logging(vn_tree *const arg[])
{
    return run_logging(arg, (vn_loop_options){ .checkpoints = 2 });
}

static vn_tree *logging_bounded(vn_tree *const arg[])
{
    return run_logging(arg, (vn_loop_options){ .max_steps = 7 });
}

/* ---- a loop in a loop: each outer step runs as many inner ones as are left */

static vn_tree *outer_step(vn_tree *const arg[]) /* x, w, value */
{
    vn_tree *const inner[] = { vn_at(arg[2], 0), arg[1], one_less(arg[2]) };
    vn_array *y = vn_scale(0.3, checkpointed(inner));
    return vn_tuple(vn_add(y, vn_sin(arg[0])), one_less(arg[2]));
}

static vn_tree *nested(vn_tree *const arg[])
{
    vn_tree *body = vn_partial(vn_function(outer_step, 3), arg[0], arg[1]);
    vn_tree *init = vn_tuple(arg[0], arg[2]);
    return vn_at(vn_while_loop(vn_function(left_over, 1), body, init,
                               &(vn_loop_options){ .checkpoints = 2 }),
                 0);
}

/* ---- scans */

static vn_tree *scan_step(vn_tree *const arg[]) /* w, y, x */
{
    vn_array *y = advance(arg[2], arg[0], arg[1]);
    return vn_tuple(y, vn_square(y));
}

static vn_tree *scan(vn_tree *const arg[])
{
    return vn_scan(vn_partial(vn_function(scan_step, 3), arg[1]), vn_index(arg[0], 0, 0),
                   arg[0], 0);
}

static vn_tree *scan_checkpointed(vn_tree *const arg[])
{
    const vn_loop_options options = { .kind = VN_LOOP_CHECKPOINTED, .checkpoints = 2 };
    return vn_scan_with(vn_partial(vn_function(scan_step, 3), arg[1]),
                        vn_index(arg[0], 0, 0), arg[0], 0, &options);
}

/* ---- branches */

static vn_tree *first(vn_tree *const arg[]) { return bend(vn_matmul(arg[1], arg[0])); }
static vn_tree *second(vn_tree *const arg[]) { return vn_mul(arg[0], vn_sin(arg[0])); }
static vn_tree *third(vn_tree *const arg[]) { return vn_scale(2, arg[0]); }

static vn_tree *branches(vn_tree *const arg[]) /* x, w, index */
{
    vn_tree *const fn[] = { vn_function(first, 2), vn_function(second, 2),
                            vn_function(third, 2) };
    return vn_switch_n(arg[2], 3, fn, 2, arg);
}

static vn_tree *either(vn_tree *const arg[]) /* x, w, pred */
{
    return vn_cond_n(arg[2], vn_function(first, 2), vn_function(second, 2), 2, arg);
}

/* ---- rows of buffers */

static vn_tree *buffer_set(vn_tree *const arg[])
{
    return vn_buffer_set(arg[0], arg[1], arg[2], arg[3]);
}
static vn_tree *buffer_get(vn_tree *const arg[])
{
    return vn_buffer_get(vn_mul(arg[0], arg[0]), arg[1]);
}

/* Two readers: their cotangents are added row by row. */
static vn_tree *buffer_twice(vn_tree *const arg[])
{
    vn_array *both = vn_mul(vn_buffer_get(arg[0], arg[1]), vn_buffer_get(arg[0], vn_int(2)));
    return vn_add(both, vn_index(arg[0], 0, 1));
}

void law_add_loops(law_subject *out, int *n)
{
    static const law_operand x = { LAW_REAL, { 1, { 3 } }, -1, 1 };
    static const law_operand xs = { LAW_REAL, { 2, { 6, 3 } }, -1, 1 };
    static const law_operand w = { LAW_REAL, { 2, { 3, 3 } }, -0.7, 0.7 };
    static const law_operand steps = { LAW_INTEGER, { 0 }, 0, 7 };
    static const law_operand row = { LAW_INTEGER, { 0 }, -4, 8 };
    static const law_operand flag = { LAW_BOOL, { 0 }, 0, 1 };
    const struct {
        const char *row, *name;
        vn_fn *fn;
        law_operand last;
    } loops[] = {
        { "scan", "bounded loop", bounded, steps },
        { "scan", "loop cut short", cut_short, steps },
        { "while", "checkpoints", checkpointed, steps },
        { "while", "checkpoints, bound", checkpointed_bound, steps },
        { "while", "log", logging, steps },
        { "while", "log, bound", logging_bounded, steps },
        { "while", "nested", nested, steps },
        { "branch", "switch", branches, { LAW_INTEGER, { 0 }, -1, 4 } },
        { "branch", "cond", either, flag },
    };
    for (size_t i = 0; i < sizeof loops / sizeof loops[0]; i++)
        out[(*n)++] = (law_subject){ .row = loops[i].row,
                                     .name = loops[i].name,
                                     .fn = loops[i].fn,
                                     .n = 3,
                                     .in = { x, w, loops[i].last } };
    out[(*n)++] =
        (law_subject){ .row = "scan", .name = "", .fn = scan, .n = 2, .in = { xs, w } };
    out[(*n)++] = (law_subject){
        .row = "while", .name = "scan", .fn = scan_checkpointed, .n = 2, .in = { xs, w }
    };
    out[(*n)++] = (law_subject){
        .row = "buffer_set", .name = "", .fn = buffer_set, .n = 4, .in = { xs, row, x, flag }
    };
    out[(*n)++] = (law_subject){
        .row = "buffer_get", .name = "", .fn = buffer_get, .n = 2, .in = { xs, row }
    };
    out[(*n)++] = (law_subject){
        .row = "buffer_get", .name = "twice", .fn = buffer_twice, .n = 2, .in = { xs, row }
    };
}
