/* SPDX-License-Identifier: MIT */
/* Row 41: which carries of a loop have tangents and cotangents: those that a perturbation
 * reaches after however many steps, and of these only those whose cotangent is not zero for
 * certain. What is carried along otherwise may hold what has no derivative. */
#include "laws/conformance.h"

typedef enum how { SCAN, BOUNDED, CHECKPOINTED, LAX, WAYS } how;

static const char *const names[WAYS] = { "scan", "bounded", "checkpointed", "lax" };

static vn_tree *yes(vn_tree *const arg[]) { return (void)arg, vn_bool(true); }

static vn_tree *scan_step(vn_tree *const arg[]) /* body, carry, none */
{
    return vn_tuple(vn_call(arg[0], arg[1]), vn_none());
}

static vn_tree *repeat(how kind, vn_fn *body, vn_tree *init, int64_t steps)
{
    vn_tree *f = vn_function_named(body, 1, "body");
    if (kind == SCAN) {
        vn_tree *step = vn_partial(vn_function(scan_step, 3), f);
        return vn_at(vn_scan(step, init, vn_none(), steps), 0);
    }
    const vn_loop_options o = {
        .kind = kind == BOUNDED ? VN_LOOP_BOUNDED : kind == LAX ? VN_LOOP_LAX
                                                                : VN_LOOP_CHECKPOINTED,
        .max_steps = steps,
    };
    return vn_while_loop(vn_function(yes, 1), f, init, &o);
}

static vn_array *number(double x) { return vn_scalar(VN_F32, x); }

static vn_array *fixed(vn_array *x)
{
    return vn_nondifferentiable(x, "this must not be differentiated");
}

/* ---- a rule that notes which carries have cotangents: bit i for carry i */

static int pulled;

static vn_tree *second_of(vn_tree *const arg[]) { return arg[0]; }
static vn_tree *note_fwd(vn_tree *const arg[]) { return vn_tuple(arg[0], vn_none()); }

static vn_tree *note_bwd(vn_tree *const arg[]) /* residuals, cotangent, x, i */
{
    pulled |= 1 << vn_int_value(arg[3]);
    return arg[1];
}

static vn_array *noted(vn_tree *carry, int i)
{
    vn_tree *f = vn_filter_custom_vjp(vn_function(second_of, 2), vn_function(note_fwd, 2),
                                      vn_function(note_bwd, 4));
    return vn_call(f, vn_at(carry, i), vn_int(i));
}

/* ---- a perturbation that needs several steps; a cotangent that is dropped */

static vn_tree *chain(vn_tree *const arg[]) /* (x, y, z, w) */
{
    vn_array *x = noted(arg[0], 0), *y = noted(arg[0], 1), *z = noted(arg[0], 2);
    vn_array *w = fixed(vn_at(arg[0], 3));
    return vn_tuple(vn_add(x, vn_int(1)), vn_add(x, y), vn_add(y, z), vn_scale(2, w));
}

static vn_tree *chain_of(vn_tree *const arg[]) /* x, the kind */
{
    vn_tree *init = vn_tuple(arg[0], number(1), number(1), number(1));
    vn_tree *out = repeat((how)vn_int_value(arg[1]), chain, init, 3);
    return vn_add(vn_at(out, 1), vn_at(out, 3));
}

/* ---- cotangents that come round */

static vn_tree *around(vn_tree *const arg[]) /* carries 0 and 2 have them; x0 is not read */
{
    vn_array *x[6];
    for (int i = 0; i < 6; i++)
        x[i] = i < 4 ? noted(arg[0], i) : vn_at(arg[0], i);
    vn_tree *next[] = { x[2], x[3], vn_stop_gradient(x[1]), x[3], x[5], x[4] };
    return vn_tuple_n(6, next);
}

static vn_tree *around_of(vn_tree *const arg[]) /* (x0, x1, x2, x3), the kind */
{
    vn_tree *init[6] = { [4] = vn_scalar(VN_I32, 5), [5] = vn_scalar(VN_I32, 6) };
    for (int i = 0; i < 4; i++)
        init[i] = vn_at(arg[0], i);
    return vn_at(repeat((how)vn_int_value(arg[1]), around, vn_tuple_n(6, init), 5), 0);
}

/* ---- what the body closes over; a result that depends on nothing */

static vn_tree *grow(vn_tree *const arg[]) /* x, (a, b) */
{
    return vn_tuple(vn_mul(vn_at(arg[1], 0), arg[0]), vn_add(vn_at(arg[1], 1), vn_int(1)));
}

static vn_tree *grow_of(vn_tree *const arg[]) /* (x, y), the kind */
{
    vn_tree *init = vn_tuple(number(1), vn_at(arg[0], 1));
    vn_tree *step = vn_partial(vn_function(grow, 2), vn_at(arg[0], 0));
    how kind = (how)vn_int_value(arg[1]);
    vn_tree *out = vn_while_loop(
        vn_function(yes, 1), step, init,
        &(vn_loop_options){ .kind = kind == BOUNDED ? VN_LOOP_BOUNDED : VN_LOOP_CHECKPOINTED,
                            .max_steps = 3 });
    return vn_add(vn_at(out, 0), vn_at(out, 1));
}

static vn_tree *same(vn_tree *const arg[])
{
    return vn_tuple(noted(arg[0], 0), noted(arg[0], 1));
}

static vn_tree *same_of(vn_tree *const arg[]) /* x, the kind */
{
    vn_tree *init = vn_tuple(arg[0], number(0));
    return vn_at(repeat((how)vn_int_value(arg[1]), same, init, 3), 1);
}

/* ---- gradients, at once (where a step may have fewer cotangents than others) and compiled */

static void check_gradient(const char *what, vn_fn *fn, how kind, vn_tree *x, vn_tree *want,
                           int cotangents)
{
    char text[96];
    for (int jit = 0; jit < 2; jit++) {
        vn_tree *grad = vn_filter_grad(vn_function_named(fn, 2, what), NULL);
        pulled = 0;
        vn_tree *g = vn_call(jit ? vn_filter_jit(grad, NULL) : grad, x, vn_int(kind));
        snprintf(text, sizeof text, "%s, %s%s", what, names[kind], jit ? ", compiled" : "");
        expect_that(g && vn_tree_equal(g, want, NULL), text);
        expect_that(jit ? pulled == cotangents : !(pulled & ~cotangents), text);
    }
}

static void check_patterns(void)
{
    vn_tree *four = vn_tuple(number(1), number(2), number(3), number(4));
    vn_tree *zeros = vn_tree_zeros_like(four), *xy = vn_tuple(number(1), number(1));
    for (how kind = SCAN; kind < LAX; kind++) {
        check_gradient("a chain", chain_of, kind, number(1), number(3), 1 | 2);
        check_gradient("around", around_of, kind, four, zeros, 4);
        check_gradient("nothing", same_of, kind, number(1), number(0), 0);
        if (kind != SCAN)
            check_gradient("closed over", grow_of, kind, xy, vn_tuple(number(3), number(1)), 0);
    }
}

/* ---- tangents: none for what is not perturbed, and what has no derivative passes there */

static vn_tree *swap(vn_tree *const arg[]) /* (still, first, second, log, still log, i) */
{
    vn_tree *v = arg[0];
    vn_array *zero = vn_scalar(VN_I32, 0), *second = vn_at(v, 2);
    vn_tree *next[] = { fixed(vn_at(v, 0)),
                        second,
                        second,
                        vn_buffer_set(vn_at(v, 3), zero, second, NULL),
                        vn_buffer_set(vn_at(v, 4), zero, vn_at(v, 0), NULL),
                        vn_add(vn_at(v, 5), vn_int(1)) };
    return vn_tuple_n(6, next);
}

static vn_tree *swapped(vn_tree *const arg[]) /* (second, log), the kind -> the carry */
{
    how kind = (how)vn_int_value(arg[1]);
    vn_tree *init[] = { number(1), number(1), vn_at(arg[0], 0), vn_at(arg[0], 1),
                        vn_full(VN_F32, VN_SHAPE(1), 4), vn_scalar(VN_I32, 1) };
    vn_tree *no = vn_bool(false), *all = vn_bool(true);
    vn_tree *logs[] = { no, no, no, all, all, no };
    if (kind == SCAN)
        return repeat(kind, swap, vn_tuple_n(6, init), 1);
    return vn_while_loop(vn_function(yes, 1), vn_function(swap, 1), vn_tuple_n(6, init),
                         &(vn_loop_options){ .max_steps = 1,
                                             .kind = kind == LAX       ? VN_LOOP_LAX
                                                     : kind == BOUNDED ? VN_LOOP_BOUNDED
                                                                       : VN_LOOP_CHECKPOINTED,
                                             .buffers = vn_tuple_n(6, logs) });
}

static vn_tree *sums(vn_tree *const arg[]) /* (second, log), the kind */
{
    vn_tree *out = swapped(arg);
    vn_array *sum = vn_add(fixed(vn_at(out, 0)), vn_sum(fixed(vn_at(out, 4))));
    for (int i = 1; i < 4; i++)
        sum = vn_add(sum, vn_sum(vn_at(out, i)));
    return sum;
}

static vn_tree *refused(vn_tree *const arg[]) /* (second, log), the kind, which */
{
    int64_t which = vn_int_value(arg[2]);
    return vn_sum(fixed(vn_at(swapped(arg), (int)which)));
}

static vn_tree *tangents_of(vn_tree *const arg[]) /* (second, log), the kind */
{
    vn_tree *along = vn_tuple(vn_tuple(number(1), vn_ones(VN_F32, VN_SHAPE(1))), vn_none());
    vn_tree *const tangents[] = { vn_at(along, 0), vn_none() };
    return vn_at(vn_filter_jvp(vn_function(swapped, 2), 2, arg, tangents), 1);
}

static void check_kind_of_tangents(how kind, bool jit)
{
    char text[96];
    snprintf(text, sizeof text, "%s%s", names[kind], jit ? ", compiled" : "");
    vn_tree *x = vn_tuple(number(2), vn_full(VN_F32, VN_SHAPE(1), 3)), *k = vn_int(kind);
    vn_tree *push = vn_function(tangents_of, 2);
    vn_tree *t = vn_call(jit ? vn_filter_jit(push, NULL) : push, x, k);
    for (int i = 0; i < 6; i++)
        expect_that(t && vn_is_none(vn_at(t, i)) == (i == 0 || i >= 4), text);
    if (kind == LAX)
        return;
    vn_tree *grad = vn_filter_grad(vn_function(sums, 2), NULL);
    vn_tree *g = vn_call(jit ? vn_filter_jit(grad, NULL) : grad, x, k);
    expect_that(g && vn_item(vn_at(g, 0)) == 3 && vn_item(vn_index(vn_at(g, 1), 0, 0)) == 0,
                text);
    vn_tree *wrong = vn_filter_grad(vn_function(refused, 3), NULL);
    for (int i = 1; i < 4; i++) {
        expect_that(!vn_call(jit ? vn_filter_jit(wrong, NULL) : wrong, x, k, vn_int(i)), text);
        expect_error(text, VN_ERR_DERIVATIVE);
    }
}

/* ---- branches: an operand without a derivative beside one with it */

static vn_tree *one_branch(vn_tree *const arg[]) /* x, y -> (x y, y) */
{
    return vn_tuple(vn_mul(arg[0], fixed(arg[1])), vn_exp(fixed(arg[1])));
}

static vn_tree *other_branch(vn_tree *const arg[]) { return vn_tuple(arg[0], arg[1]); }

static vn_tree *chosen(vn_tree *const arg[]) /* x, y */
{
    vn_array *pred = vn_gt(arg[1], vn_float(0));
    vn_tree *out = vn_cond_n(pred, vn_function(one_branch, 2), vn_function(other_branch, 2), 2,
                             arg);
    return vn_add(vn_at(out, 0), fixed(vn_at(out, 1)));
}

static void check_branches(void)
{
    for (int k = 0; k < 4; k++) {
        vn_tree *f = vn_function(chosen, 2);
        vn_tree *d = k / 2 ? vn_filter_jacfwd(f) : vn_filter_grad(f, NULL);
        d = k % 2 ? vn_filter_jit(d, NULL) : d;
        expect_numbers("a branch", vn_call(d, number(2), number(3)), VN_SCALAR,
                       (double[]){ 3 });
        expect_numbers("the other", vn_call(d, number(2), number(-3)), VN_SCALAR,
                       (double[]){ 1 });
    }
}

/* ---- a loop in a loop: what is still inside is still outside */

static vn_tree *inner_step(vn_tree *const arg[]) /* (h, t) */
{
    return vn_tuple(vn_mul(vn_at(arg[0], 0), vn_at(arg[0], 1)),
                    vn_add(fixed(vn_at(arg[0], 1)), vn_int(1)));
}

static vn_tree *outer_step(vn_tree *const arg[]) /* (h, t) */
{
    return repeat(SCAN, inner_step, arg[0], 2);
}

static vn_tree *both_loops(vn_tree *const arg[]) /* h, the kind */
{
    vn_tree *init = vn_tuple(arg[0], number(1));
    return vn_at(repeat((how)vn_int_value(arg[1]), outer_step, init, 2), 0);
}

/* ---- a scan whose carry has no derivative, but whose ys have one */

static vn_tree *counted(vn_tree *const arg[]) /* x, t, x_t -> (t, y) */
{
    vn_array *t = fixed(arg[1]);
    return vn_tuple(vn_add(t, vn_int(1)), vn_mul(vn_mul(t, arg[0]), arg[2]));
}

static vn_tree *counted_of(vn_tree *const arg[]) /* (x, xs) */
{
    vn_tree *step = vn_partial(vn_function(counted, 3), vn_at(arg[0], 0));
    return vn_sum(vn_at(vn_scan(step, number(1), vn_at(arg[0], 1), 0), 1));
}

void row_41_perturbations(void)
{
    check_patterns();
    check_branches();
    for (int k = 0; k < 2 * WAYS; k++)
        check_kind_of_tangents((how)(k / 2), k % 2);
    for (int jit = 0; jit < 2; jit++) {
        vn_tree *grad = vn_filter_grad(vn_function(both_loops, 2), NULL);
        for (how kind = SCAN; kind < LAX; kind++)
            expect_numbers(
                "loops in loops",
                vn_call(jit ? vn_filter_jit(grad, NULL) : grad, number(5), vn_int(kind)),
                VN_SCALAR, (double[]){ 24 });
        vn_tree *ys = vn_filter_grad(vn_function(counted_of, 1), NULL);
        vn_tree *x = vn_tuple(number(2), vn_arange(VN_F32, 3));
        vn_tree *g = vn_call(jit ? vn_filter_jit(ys, NULL) : ys, x);
        expect_numbers("ys alone", vn_at(g, 0), VN_SCALAR, (double[]){ 8 });
        expect_numbers("xs alone", vn_at(g, 1), VN_SHAPE(3), (double[]){ 2, 4, 6 });
    }
}
