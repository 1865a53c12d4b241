/* SPDX-License-Identifier: MIT */
/* Filtered transformations: functions in, functions out. A function is anything vn_call takes.
 *
 * Without vn_filter_jit ops run at once and values can be read, also under gradients. Inside
 * vn_filter_jit (and a vmap with an axis name) the program is recorded and values are
 * unknown. */
#ifndef VERNAL_TRANSFORM_H
#define VERNAL_TRANSFORM_H

#include "vernal/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -------------------------------------------------------------------- compiling */
typedef enum vn_donate {
    VN_DONATE_NONE,
    VN_DONATE_ALL, /* results may take over the buffers of all arguments */
    VN_DONATE_ALL_EXCEPT_FIRST,
    VN_DONATE_WARN, /* as ALL and ALL_EXCEPT_FIRST; tells what no result could use */
    VN_DONATE_WARN_EXCEPT_FIRST
} vn_donate;

typedef struct vn_jit_options {
    /* A donated array is dead after the call: reading it is an error. The arrays of f itself
     * are never donated, so that f can be called again (default NONE) */
    vn_donate donate;
    /* gets a sentence that lists the donated arrays of a new recording whose buffers no result
     * can use (default NULL: on stderr if VN_VERBOSE=1) */
    void (*warn)(void *context, const char *message);
    void *context; /* for warn (default NULL) */
} vn_jit_options;

/* f recorded once per tree structure, dtypes, shapes and static leaves of its arguments,
 * compiled to a plan and cached. Numbers that vary from call to call belong in arrays
 * (vn_scalar), not in float leaves, which are static. */
VN_API vn_tree *vn_filter_jit(vn_tree *f, const vn_jit_options *options);

/* Number of times a jitted function was recorded. */
VN_API int vn_jit_traces(const vn_tree *jitted);

/* ------------------------------------------------------------------ derivatives */
typedef struct vn_grad_options {
    bool has_aux; /* f returns (value, aux); aux is passed through (default false) */
} vn_grad_options;

/* args -> gradient of the scalar f(args) in all inexact arrays of args[0]: a tree shaped like
 * args[0] with none elsewhere; with has_aux (gradient, aux). */
VN_API vn_tree *vn_filter_grad(vn_tree *f, const vn_grad_options *options);
/* args -> (value, gradient); with has_aux ((value, aux), gradient). */
VN_API vn_tree *vn_filter_value_and_grad(vn_tree *f, const vn_grad_options *options);

/* (out, tangent of out) at the primals along the tangents, trees of the same structure. A none
 * tangent is a zero, and the only one of what is no inexact array (a float leaf with a tangent
 * becomes a scalar array). The tangent of an output that does not depend on perturbed
 * inputs is none. */
VN_API vn_tree *vn_filter_jvp(vn_tree *f, int n, vn_tree *const primals[],
                              vn_tree *const tangents[]);
/* (out, linear): vn_call_n(linear, n, tangents) gives the tangent of out. Compiled together,
 * calls of it share what does not depend on the tangents. */
VN_API vn_tree *vn_filter_linearize(vn_tree *f, int n, vn_tree *const primals[]);

/* (out, vjp_fn): vn_call(vjp_fn, cotangent of out) gives the tuple of the cotangents of all n
 * primals (none where not inexact). A none cotangent is a zero, and the only one of what is
 * no inexact array. */
VN_API vn_tree *vn_filter_vjp(vn_tree *f, int n, vn_tree *const primals[]);
/* f returns (out, aux): (out, vjp_fn, aux). */
VN_API vn_tree *vn_filter_vjp_aux(vn_tree *f, int n, vn_tree *const primals[]);

/* args -> derivative of f in args[0]: a tree shaped like the output whose leaves are trees
 * shaped like args[0], with arrays [out.., in..]. */
VN_API vn_tree *vn_filter_jacfwd(vn_tree *f);
VN_API vn_tree *vn_filter_jacrev(vn_tree *f);
VN_API vn_tree *vn_filter_hessian(vn_tree *f); /* jacfwd of jacrev */
/* f returns (out, aux): (derivative of out, aux). */
VN_API vn_tree *vn_filter_jacfwd_aux(vn_tree *f);
VN_API vn_tree *vn_filter_jacrev_aux(vn_tree *f);
VN_API vn_tree *vn_filter_hessian_aux(vn_tree *f);

/* ------------------------------------------------------------------------ vmap */
#define VN_AXIS_NONE (-1000000) /* not mapped: the same for all examples */

typedef struct vn_vmap_options {
    /* per argument a prefix tree whose leaves say for the arrays below them: an int, the axis
     * (as Equinox's if_array: other leaves are not mapped); none, not mapped; a function,
     * called with each array, which returns one of these. A NULL entry is axis 0 of every
     * array, as is a NULL pointer for all arguments. n_in entries, one for each argument. */
    vn_tree *const *in_axes;
    int n_in;
    /* the same for the result, seen as that of one example; negative axes count from the end of
     * what is returned. none: the result is the same for all. NULL: axis 0 of every array. */
    vn_tree *out_axes;
    /* for vn_pmean and friends; a named vmap is always recorded (default NULL) */
    const char *axis_name;
    /* needed only if nothing is mapped, and then only for results with an axis (default 0: from
     * the arguments) */
    int64_t axis_size;
} vn_vmap_options;

/* The leaf of in_axes and out_axes that maps axis `axis` of every array. */
VN_API vn_tree *vn_if_array(int axis);

/* f mapped over an axis of its arguments. Outside vn_filter_jit, without an axis name, f runs
 * once per example, spread over the pool: plain C control flow per example, also under
 * gradients. */
VN_API vn_tree *vn_filter_vmap(vn_tree *f, const vn_vmap_options *options);

/* vn_call(vn_filter_vmap(f, in_axes (none, 0)), x): a model that sees one example, on a
 * batch. */
VN_API vn_tree *vn_vmap_call(vn_tree *f, vn_array *x);

/* Reductions over a named mapped axis; the result is the same for all examples of it. */
VN_API vn_array *vn_psum(vn_array *x, const char *axis_name);
VN_API vn_array *vn_pmean(vn_array *x, const char *axis_name);
VN_API vn_array *vn_pmax(vn_array *x, const char *axis_name);
VN_API vn_array *vn_pmin(vn_array *x, const char *axis_name);
VN_API vn_array *vn_axis_index(const char *axis_name);             /* i32, 0 .. size-1 */
VN_API vn_array *vn_all_gather(vn_array *x, const char *axis_name); /* [size, x.shape] */

/* ------------------------------------------------------------------- structure */
/* The result of f(args) with arrays that have a dtype and a shape but no numbers
 * (vn_shape_struct); nothing is computed, and the arguments need no numbers either. Use: the
 * `like` of vn_tree_deserialise_leaves. */
VN_API vn_tree *vn_filter_eval_shape(vn_tree *f, int n, vn_tree *const arg[]);

/* f at arguments like these as a function whose field `consts`, a tuple, holds all arrays that
 * f uses without being given them: those inside f, and the values of an enclosing
 * transformation that f reaches through a variable. Arguments of other shapes, dtypes or
 * static leaves are an error. */
VN_API vn_tree *vn_filter_closure_convert(vn_tree *f, int n, vn_tree *const arg[]);

typedef struct vn_callback_options {
    /* In a recorded vmap one call gets the arrays of all examples, mapped axes in front, and
     * returns results with them (default false: one call for each example) */
    bool vectorised;
} vn_callback_options;

/* callback(args...), run on numbers at every evaluation, also inside vn_filter_jit. result: a
 * tree like what it returns, of which only structure, dtypes, shapes and static leaves count
 * (vn_shape_struct); another result is an error. The callback must be pure (it may be left
 * out, merged or repeated), may fail with vn_error, and may be called by several threads at a
 * time. It has no derivative unless vn_filter_custom_jvp or vn_filter_custom_vjp gives one. */
VN_API vn_tree *vn_filter_pure_callback(vn_tree *callback, vn_tree *result,
                                        const vn_callback_options *options, int n,
                                        vn_tree *const arg[]);

/* f whose intermediate values are computed again for the gradient instead of being kept. */
VN_API vn_tree *vn_filter_checkpoint(vn_tree *f);

/* f with a derivative of its own. Only the first argument is differentiable: a derivative that
 * reaches another one is an error. Residuals may be any tree.
 * fwd(args...) -> (out, residuals); bwd(residuals, cotangent of out, args...) -> cotangent of
 * args[0], a tree of its structure with none where zero and for what is no inexact array. In
 * the cotangent of out none stands for a zero: an output that the result does not depend on. */
VN_API vn_tree *vn_filter_custom_vjp(vn_tree *f, vn_tree *fwd, vn_tree *bwd);
/* The same with Equinox's `perturbed`, a tree like args[0] of bool leaves: true for the arrays
 * that a derivative is being taken in. fwd(perturbed, args...); bwd(residuals, cotangent of
 * out, perturbed, args...). */
VN_API vn_tree *vn_filter_custom_vjp_perturbed(vn_tree *f, vn_tree *fwd, vn_tree *bwd);
/* jvp(tuple of primals, tuple of tangents (none where zero)) -> (out, tangent of out). */
VN_API vn_tree *vn_filter_custom_jvp(vn_tree *f, vn_tree *jvp);

/* ---------------------------------------------------------------- control flow */
/* carry, y_t = f(carry, x_t) for t = 0 .. length-1; returns (carry, stacked ys). xs: a tree of
 * arrays [length, ...] or none (then length says how many). f: (carry, x) -> (carry, y). The
 * structure, dtypes, shapes and static leaves of the carry stay as they are. Compiled, its
 * reverse mode keeps the carries and, up to 1 MB an example, what would be dear to compute
 * again; of an f in vn_filter_checkpoint only the carries. */
VN_API vn_tree *vn_scan(vn_tree *f, vn_tree *init, vn_tree *xs, int64_t length);

/* true_fn(args...) or false_fn(args...); with a pred that differs by example each example gets
 * its own, else only the one that is chosen runs. Both must return the same structure, shapes
 * and dtypes. */
VN_API vn_tree *vn_cond_n(vn_array *pred, vn_tree *true_fn, vn_tree *false_fn, int n,
                          vn_tree *const arg[]);
/* branch[index](args...) of n_branches, the index clamped to 0 .. n_branches-1; the same rules
 * as for cond. */
VN_API vn_tree *vn_switch_n(vn_array *index, int n_branches, vn_tree *const branch[], int n,
                            vn_tree *const arg[]);

/* How a compiled loop takes its derivative. */
typedef enum vn_loop_kind {
    VN_LOOP_DEFAULT,     /* checkpointed with checkpoints, bounded with max_steps, else lax */
    VN_LOOP_LAX,         /* a while loop has forward mode only; a scan keeps every carry */
    VN_LOOP_BOUNDED,     /* keeps every carry of max_steps; derivatives of any order */
    VN_LOOP_CHECKPOINTED /* keeps some carries and computes the others again: O(sqrt(steps))
                          * memory, at most twice as many steps; first derivatives */
} vn_loop_kind;

#define VN_NO_STEPS (-1)

typedef struct vn_loop_options {
    vn_loop_kind kind; /* (default VN_LOOP_DEFAULT) */
    /* of a while loop: at most so many steps; VN_NO_STEPS: none (default 0: no bound) */
    int64_t max_steps;
    /* carries that a checkpointed loop keeps (default 0: floor(-1.5 + sqrt(2 n + 0.25)) + 1 of
     * n steps) */
    int64_t checkpoints;
    /* which arrays of the state are buffers, as a specification of vn_filter_spec (default
     * NULL: none). A buffer is a log that vn_buffer_set writes in place; no copy of it is kept.
     * No row may be written twice, and only rows that were written may be read. What written
     * rows held before has gradient zero. Compiled, a loop with buffers has first derivatives
     * only. */
    vn_tree *buffers;
} vn_loop_options;

/* while (cond(value)) value = body(value). Under vmap each example stops when it is done and
 * keeps its value. options may be NULL. */
VN_API vn_tree *vn_while_loop(vn_tree *cond, vn_tree *body, vn_tree *init,
                              const vn_loop_options *options);
/* vn_scan, lax or checkpointed. */
VN_API vn_tree *vn_scan_with(vn_tree *f, vn_tree *init, vn_tree *xs, int64_t length,
                             const vn_loop_options *options);
/* buffer [n, ..] with row i (a scalar integer) replaced by x where pred (a scalar bool, NULL:
 * true); an index outside is dropped, a negative one counts from the end. */
VN_API vn_array *vn_buffer_set(vn_array *buffer, vn_array *i, vn_array *x, vn_array *pred);
/* Row i; an index outside is the nearest. */
VN_API vn_array *vn_buffer_get(vn_array *buffer, vn_array *i);
/* value = body(i, value) for i = lower .. upper-1. */
VN_API vn_tree *vn_fori_loop(int64_t lower, int64_t upper, vn_tree *body, vn_tree *init);

/* --------------------------------------------------------------------- recording */
/* What f(args) records, before simplification (Equinox: filter_make_jaxpr): (tape, result with
 * arrays without numbers and none for the rest, the rest). vn_call_n(tape, n, arrays) of the
 * array leaves of the arguments gives the tuple of the array leaves of the result. */
VN_API vn_tree *vn_filter_make_tape(vn_tree *f, int n, vn_tree *const arg[]);
/* Its number of instructions; the name of the op of one (loops have their bodies inside); all
 * of it as a string leaf. */
VN_API int vn_tape_length(const vn_tree *tape);
VN_API const char *vn_tape_op(const vn_tree *tape, int i);
VN_API vn_tree *vn_tape_text(const vn_tree *tape);
/* The program that f(args) records, as text (after simplification), for reading. */
VN_API void vn_tape_print(FILE *file, vn_tree *f, int n, vn_tree *const arg[]);
/* The stages, tiles, memory and kernels of the plan that vn_filter_jit makes of f(args). */
VN_API void vn_plan_print(FILE *file, vn_tree *f, int n, vn_tree *const arg[]);

#ifdef __cplusplus
}
#endif
#endif
