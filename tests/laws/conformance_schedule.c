/* SPDX-License-Identifier: MIT */
/* Row 40 of the conformance tests: the order in which the reverse mode of a checkpointed loop
 * computes steps again, for 17 pairs of checkpoints and steps. An op in the loop's body writes
 * the number of each step into a list as it is evaluated. */
#include "laws/conformance.h"

#include <stdlib.h>
#include <string.h>

/* ---- the op: y = 1 / x, and notes i. Its derivative needs y, so the way back evaluates it. */

static int noted[4096], n_noted;

static vn_status note_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)n_in;
    out[0] = in[0];
    return VN_ERR_OK;
}

static void note_eval(const vn_eval *e)
{
    if (n_noted < 4096)
        noted[n_noted++] = *(const int32_t *)e->in[1];
    *(float *)e->out[0] = 1 / *(const float *)e->in[0];
}

static void note_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    din[0] = vn_neg(vn_mul(g[0], vn_square(node->out[0])));
}

static const vn_op note = {
    .name = "note", .n_in = 2, .shape = note_shape, .eval = note_eval, .vjp = note_vjp
};

/* ---- the loop */

static vn_tree *goes_on(vn_tree *const arg[]) /* limit, (x, i) */
{
    return vn_lt(vn_at(arg[1], 1), arg[0]);
}

static vn_tree *step(vn_tree *const arg[]) /* (x, i) */
{
    vn_array *i = vn_at(arg[0], 1);
    vn_array *x = vn_op_apply(&note, NULL, 2, VN_TREES(vn_at(arg[0], 0), i));
    return vn_tuple(x, vn_add(i, vn_int(1)));
}

static vn_tree *run(vn_tree *const arg[]) /* x, limit, checkpoints, max_steps -> x */
{
    const vn_loop_options options = { .kind = VN_LOOP_CHECKPOINTED,
                                      .checkpoints = vn_int_value(arg[2]),
                                      .max_steps = vn_int_value(arg[3]) };
    vn_tree *cond = vn_partial(vn_function(goes_on, 2), arg[1]);
    vn_tree *init = vn_tuple(arg[0], vn_scalar(VN_I32, 0));
    return vn_at(vn_while_loop(cond, vn_function(step, 1), init, &options), 0);
}

static void read_order(int order[], int *n, const char *text)
{
    for (*n = 0; *text; text += strspn(text, ", "), (*n)++)
        order[*n] = (int)strtol(text, (char **)(uintptr_t)&text, 10);
}

static bool same_order(int steps, const char *text)
{
    int order[64], n;
    read_order(order, &n, text);
    bool same = n_noted == steps + n;
    for (int i = 0; i < steps && same; i++)
        same = noted[i] == i; /* the way there */
    for (int i = 0; i < n && same; i++)
        same = noted[steps + i] == order[i];
    return same;
}

static void check_order(int checkpoints, int steps, const char *text)
{
    char what[160];
    vn_tree *grad =
        vn_filter_jit(vn_filter_value_and_grad(vn_function(run, 4), NULL), NULL);
    for (int bounded = 0; bounded < 2; bounded++) {
        snprintf(what, sizeof what, "%d checkpoints, %d steps%s", checkpoints, steps,
                 bounded ? " with max_steps" : "");
        n_noted = 0;
        vn_tree *both =
            vn_call(grad, vn_scalar(VN_F32, 2), vn_scalar(VN_I32, steps), vn_int(checkpoints),
                    vn_int(bounded ? steps : 0));
        expect_that(both && same_order(steps, text), what);
        double x = steps % 2 ? 0.5 : 2, dx = steps % 2 ? -0.25 : 1;
        expect_numbers(what, vn_at(both, 0), VN_SCALAR, &x);
        expect_numbers(what, vn_at(both, 1), VN_SCALAR, &dx);
    }
}

void row_40_checkpoint_schedule(void)
{
    check_order(1, 3, "0,1,2,0,1,0");
    check_order(1, 5, "0,1,2,3,4,0,1,2,3,0,1,2,0,1,0");
    check_order(2, 8, "7,0,1,2,3,4,5,6,3,4,5,3,4,3,0,1,2,1,0");
    check_order(3, 11, "10,4,5,6,7,8,9,7,8,7,4,5,6,5,4,0,1,2,3,2,1,0");
    check_order(9, 5, "4,3,2,1,0");
    check_order(2, 5, "3,4,3,0,1,2,1,0");
    check_order(4, 4, "3,2,1,0");
    check_order(4, 5, "3,4,3,2,1,0");
    check_order(4, 6, "5,2,3,4,3,2,1,0");
    check_order(4, 7, "6,5,2,3,4,3,2,0,1,0");
    check_order(4, 8, "7,6,5,0,1,2,3,4,3,2,1,0");
    check_order(4, 9, "7,8,7,6,5,0,1,2,3,4,3,2,1,0");
    check_order(4, 10, "9,6,7,8,7,6,5,0,1,2,3,4,3,2,1,0");
    check_order(4, 11, "10,9,5,6,7,8,7,6,5,0,1,2,3,4,3,2,1,0");
    check_order(4, 12, "10,11,10,9,5,6,7,8,7,6,5,0,1,2,3,4,3,2,1,0");
    check_order(4, 13, "12,9,10,11,10,9,5,6,7,8,7,6,5,0,1,2,3,4,3,2,1,0");
    check_order(4, 14, "12,13,12,9,10,11,10,9,5,6,7,8,7,6,5,0,1,2,3,4,3,2,1,0");
}
