/* SPDX-License-Identifier: MIT */
/* How an op is defined: one struct. Read docs/howto/add-an-op.md; the library's own ops are
 * made of the same slots. */
#ifndef VERNAL_OP_H
#define VERNAL_OP_H

#include "vernal/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is known of a value while recording: dtype and the shape of ONE example. */
typedef struct vn_aval {
    vn_dtype dtype;
    vn_shape shape;
} vn_aval;

typedef struct vn_op vn_op;

/* One application of an op, as its derivative rules see it. */
typedef struct vn_node {
    const vn_op *op;
    const void *attr;
    int n_in, n_out;
    vn_array *const *in;  /* operands */
    vn_array *const *out; /* results */
    const bool *need;     /* vjp: need[i] is true if the cotangent of in[i] is wanted */
    struct vn__rows *const *rows; /* NULL; for ops of the library itself */
} vn_node;

/* One evaluation. With lanes == 1 every operand is a plain row-major array. With lanes == L > 1
 * (only for ops that set VN_OP_LANES) operands with mapped[i] and all results hold L examples,
 * innermost: element e of lane l at [e * L + l]; operands without mapped[i] are plain and
 * shared by all lanes. L is a multiple of 16, data is 64-byte aligned, results never overlap
 * operands. All L lanes hold valid numbers (missing examples repeat a present one). */
struct vn__kernels;
typedef struct vn_eval {
    const void *attr;
    int n_in, n_out;
    int64_t lanes;
    const void *const *in;
    void *const *out;
    const bool *mapped;
    const vn_aval *in_aval, *out_aval;
    void *scratch;                     /* op->scratch(...) bytes, 64-byte aligned */
    const void *setup;                 /* what op->setup made, or NULL */
    /* what op->prepare made of the shared operands, or NULL */
    const void *prepared;
    const struct vn__kernels *kernels; /* the table of the machine's SIMD kernels */
    const struct vn__epilogue *epilogue; /* NULL, or what eval does before it stores */
    /* only where op->parts said so: compute part `part` of `parts` of the result; parts is
     * 0 or 1: all of it. */
    int64_t part, parts;
    /* the last evaluation was the same but for its panel: what it left in scratch of operands
     * that lanes share, say packed, is still there. Not for eval_sum. */
    bool again;
    /* how many examples share the operands without mapped[i], of all tiles; 0: not known */
    int64_t examples;
    /* only for eval_sum: the result is not there yet: write the sum instead of adding it */
    bool fresh;
    /* only for eval_sum, and only where op->sums_onto said so: NULL, or what the sum is added
     * to and how often it counts; fresh then says nothing */
    const struct vn__onto *onto;
    /* only for eval_sum: operands are `panels` panels, panel p of operand i begins at
     * (char *)in[i] + p * panel_bytes[i]; of the last panel only `valid` lanes count. */
    int64_t panels, valid;
    const int64_t *panel_bytes;
} vn_eval;

enum {
    VN_OP_LANES = 1 << 0,       /* eval accepts lanes > 1 */
    /* out[e] depends on in[*][e] alone, operands broadcast as in NumPy */
    VN_OP_ELEMENTWISE = 1 << 1,
    /* linear in all inexact operands together: jvp = the op on the tangents */
    VN_OP_LINEAR = 1 << 2,
    VN_OP_BILINEAR = 1 << 3,    /* two operands, linear in each: jvp = op(da, b) + op(a, db) */
    /* derivative is zero everywhere (comparison, floor, argmax, ...) */
    VN_OP_NO_GRADIENT = 1 << 4,
    VN_OP_EFFECT = 1 << 5       /* may not be removed or merged (error_if, callbacks) */
};

struct vn_op {
    const char *name;  /* required: "softmax" */
    int n_in;          /* number of operands; -1: any */
    int n_out;         /* number of results; 0 means 1 */
    /* bytes of the attribute struct, 0: none. Compared with memcmp: make it with a designated
     * initialiser over zeroed memory, pointers compare by address */
    size_t attr_size;
    uint32_t flags;

    /* required: out[j] of in[n_in]; on disagreement return an error made with
     * vn_error(VN_ERR_SHAPE, "softmax: ...") (its message: op, both things that disagree). */
    vn_status (*shape)(vn_aval out[], const void *attr, const vn_aval in[], int n_in);

    /* required (for ops that are not expanded by the library): computes the results. Cannot
     * fail, allocate or print. */
    void (*eval)(const vn_eval *e);

    /* optional: bytes of scratch that eval needs; NULL: none. mapped may be NULL (nothing
     * mapped). */
    size_t (*scratch)(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                      int64_t lanes);

    /* optional: what eval derives from attributes, avals, mapped and lanes alone, derived once
     * when a plan is made: setup_size bytes, filled by setup (e has no data; e->panels is not 0
     * if they are for eval_sum), found in e->setup. */
    size_t setup_size;
    void (*setup)(void *memory, const vn_eval *e);

    /* optional: who computes with this setup, as VN_VERBOSE=1 says; NULL, or a result of NULL:
     * the library's own kernels. */
    const char *(*provider)(const void *setup);

    /* optional: what can be done once for all examples with the operands that they share
     * (packing of weights). prepare_size: bytes of it, 0 for nothing; prepare fills them, with
     * e->in[i] NULL for operands that are mapped. eval finds the memory in e->prepared. With
     * nothing mapped: what the parts of an evaluation share, made in as many parts itself.
     * NULL: nothing. */
    size_t (*prepare_size)(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                           int64_t lanes);
    void (*prepare)(void *memory, const vn_eval *e);

    /* optional: out (plain, one example's shape) += sum over panels and lanes of the op, or =
     * where e->fresh: the fused form of "op, then sum over the mapped axis" (weight gradients).
     * NULL: the two are done apart. */
    void (*eval_sum)(const vn_eval *e);

    /* optional: true if eval_sum over so many examples can write another matrix plus a multiple
     * of the sum, as e->onto says (the update of weights without their gradient in memory).
     * NULL: it cannot. */
    bool (*sums_onto)(const void *attr, const vn_aval in[], const bool mapped[], int64_t lanes,
                      int64_t examples);

    /* Reverse mode, emits ops: din[i] = cotangent of in[i], given g[j] = cotangent of out[j].
     * g[j] is NULL for a zero cotangent (never all of them); din[i] is preset to NULL = zero.
     * Only din[i] with node->need[i] must be made. A din[i] of a broadcast shape is summed to
     * the shape of in[i] by the caller. NULL slot: NO_GRADIENT ops give zeros, others an error
     * that names the op. */
    void (*vjp)(vn_array *din[], const vn_node *node, vn_array *const g[]);

    /* Forward mode, emits ops: dout[j] of the tangents din[i] (NULL = zero; never all). NULL
     * slot: made from the LINEAR and BILINEAR flags, else by transposing vjp. */
    void (*jvp)(vn_array *dout[], const vn_node *node, vn_array *const din[]);

    /* optional: floating-point operations of one example, for the cost model and the
     * benchmarks. NULL: one per element of the result. */
    double (*flops)(const void *attr, const vn_aval in[], int n_in, const vn_aval out[]);

    /* optional: lets the simplifier move a mapped axis through the op. Operand axes: axis[i] is
     * the real axis of in[i] that is a mapped axis in disguise, or -1 (that operand does not
     * have it). Writes to attr_out the attributes of the op on one example and to *out_axis the
     * real axis of the result at which the mapped axis is to be put back. False: cannot be
     * moved. NULL: ELEMENTWISE ops are moved by a rule of their own, others are not. */
    bool (*pull)(void *attr_out, int *out_axis, const void *attr, const vn_aval in[], int n_in,
                 const int axis[]);

    /* optional, the way back: the attributes of the op on operands of which those with has[i]
     * have one more axis, the first, of `size`; in[i] is of one example. The result has it at
     * *at, preset to 0. A product may have its operands exchanged: *swap, preset to false.
     * False: cannot be, the axis stays a loop around the op. NULL: ELEMENTWISE ops go by a rule
     * of their own, for others it cannot. */
    bool (*lift)(void *attr_out, int *at, bool *swap, const void *attr, int64_t size,
                 const vn_aval in[], int n_in, const bool has[]);

    /* optional, for the ops that begin, end or reduce a mapped axis: the set of mapped axes of
     * the results, given the union of the operands' sets. NULL: the union. */
    uint64_t (*axes)(const void *attr, uint64_t in);

    /* optional: the number of results where it depends on the attributes; n_out is then
     * ignored. */
    int (*results)(const void *attr);

    /* optional, for ops of one operand and one result that only move elements: the operand's
     * element at which the result begins if it is a contiguous part of it, else -1. A plan then
     * copies nothing. NULL: it never is. */
    int64_t (*view)(const void *attr, const vn_aval *in, const vn_aval *out);

    /* optional: true if the result is the operands one after the other in memory. A plan then
     * has the operands made there. NULL: it never is. */
    bool (*joins)(const void *attr, const vn_aval *out);

    /* optional: into how many parts of about equal work the result can be cut, by its shape
     * alone, for eval (sum: eval_sum), and what prepare makes for it; lanes 1: eval outside of
     * tiles. NULL: one. */
    int64_t (*parts)(const void *attr, const vn_aval in[], const bool mapped[], int64_t lanes,
                     bool sum);

    /* optional, for products of two operands: true if eval can add `bias` (shared by all lanes,
     * of this shape; NULL: none), apply an activation and multiply by an activation's
     * derivative before it stores, as e->epilogue says; its mask is laid out like the result.
     * NULL: these are ops of their own. */
    bool (*takes_epilogue)(const void *attr, const vn_aval in[], const bool mapped[],
                           int64_t lanes, const vn_aval *bias);

    /* optional, for element-wise ops that are a kernel and nothing more: 1 + its row of
     * kernels/unary.def, binary.def or ternary.def, by the number of operands, which a plan
     * then calls itself. ends_product: and a product may do it as it stores. */
    int kernel_row;
    bool ends_product;
};

/* Applies an op of one result: evaluates it, or records it if an operand is a value on a
 * tape. */
VN_API vn_array *vn_op_apply(const vn_op *op, const void *attr, int n_in, vn_array *const in[]);

/* The same for any number of results, out[op->n_out]. */
VN_API vn_status vn_op_apply_n(vn_array *out[], const vn_op *op, const void *attr, int n_in,
                               vn_array *const in[]);

#ifdef __cplusplus
}
#endif
#endif
