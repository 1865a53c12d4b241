/* SPDX-License-Identifier: MIT */
/* Reverse and forward mode over the part of a tape that depends on given values. */
#ifndef VN_CORE_TRANSFORM_DERIVATIVE_H
#define VN_CORE_TRANSFORM_DERIVATIVE_H

#include "core/transform/axis.h"

/* dx[i] = cotangent of x[i] (NULL: zero) for cotangents g[j] of y[j] (NULL: zero). x are values
 * of `tape`; y may be anything. plain: the rules see numbers only and record nothing (an eager
 * tape that nobody differentiates again). */
vn_status vn__backward(vn_array *dx[], vn__tape *tape, int n_x, vn_array *const x[], int n_y,
                       vn_array *const y[], vn_array *const g[], bool plain);
/* The same as part of a derivative (of a loop) that works over the axes `outer`: cotangents of
 * values that lack them are not summed over them here but by the caller. */
vn_status vn__backward_in(vn_array *dx[], vn__tape *tape, uint64_t outer, int n_x,
                          vn_array *const x[], int n_y, vn_array *const y[],
                          vn_array *const g[], bool plain);

/* The same on numbers, for a part of a larger derivative: where rows[i] is not NULL, it gets
 * what of the cotangent of x[i] is rows, and dx[i] the rest. */
struct vn__rows;
vn_status vn__backward_rows(vn_array *dx[], struct vn__rows *const rows[], vn__tape *tape,
                            int n_x, vn_array *const x[], int n_y, vn_array *const y[],
                            vn_array *const g[]);

/* The mapped axes that an instruction works over: `outer` for a rule that takes a derivative of
 * its own, since whoever applies the rule sums over them. */
uint64_t vn__node_axes(const vn_node *node);
/* The axes whose vmap is being recorded; and to let others count as such, for a rule that runs
 * a function again that ran inside them. Returns those before. */
uint64_t vn__axes_open(vn__tape *tape);
uint64_t vn__axes_set_open(vn__tape *tape, uint64_t axes);
/* True if x depends on what a derivative that is being taken is taken in, or may do so: on an
 * input of the body of a loop. */
bool vn__is_perturbed(const vn_array *x);

/* dy[j] = tangent of y[j] (NULL: zero) for tangents dx[i] of x[i] (NULL: zero). */
vn_status vn__forward(vn_array *dy[], vn__tape *tape, int n_x, vn_array *const x[],
                      vn_array *const dx[], int n_y, vn_array *const y[], bool plain);

/* The same over the first n_instr instructions of the tape only: what has been recorded since
 * is no part of the function. */
vn_status vn__forward_to(vn_array *dy[], vn__tape *tape, int64_t n_instr, int n_x,
                         vn_array *const x[], vn_array *const dx[], int n_y,
                         vn_array *const y[], bool plain);

/* Tangents by an op's rule, made from its flags or by transposing its vjp where it has none. */
vn_status vn__jvp_of(vn_array *dout[], const vn_node *node, vn_array *const din[]);

#endif
