/* SPDX-License-Identifier: MIT */
/* What op files share: axes, shapes, promotion of operands, lanes of unmapped operands. */
#ifndef VN_CORE_OPS_OPS_COMMON_H
#define VN_CORE_OPS_OPS_COMMON_H

#include "core/base/fail.h"
#include "core/ops/ops.h"
#include "core/tree/tree.h"
#include "kernels/kernels.h"
#include "vernal/op.h"
#include "vernal/ops.h"

/* ------------------------------------------------------------------- axes, shapes */

/* Makes *axis non-negative; "softmax: axis 3 of an array with 2 axes". */
vn_status vn__wrap_axis(int *axis, const char *who, int rank);
/* Makes the set non-negative, sorted, entries past count zero; a repeated axis is an error. */
vn_status vn__wrap_axes(vn_axes *axes, const char *who, int rank);
bool vn__axes_has(vn_axes axes, int axis);
/* The axes one further on, behind a new first one that is among them or not. */
vn_axes vn__axes_behind(const vn_axes *axes, bool first);
vn_axes vn__all_axes(int rank);

vn_aval vn__aval_of(const vn_array *x);
/* The product of the dimensions from `begin` to `end`, exclusive; at most INT64_MAX. */
int64_t vn__span(vn_shape shape, int begin, int end);
vn_shape vn__shape_without(vn_shape shape, int axis);
/* The shape with a dimension put before `axis` (rank: at the end); LIMIT error at 8 axes. */
vn_status vn__shape_insert(vn_shape *shape, const char *who, int axis, int64_t dim);
/* Row-major strides in elements. */
void vn__strides(int64_t stride[VN_MAX_RANK], vn_shape shape);
/* The shape that all operands broadcast to, as in NumPy. */
vn_status vn__broadcast_shapes(vn_shape *out, const char *who, const vn_aval in[], int n);

/* A shape as an attribute: no padding bytes, so that memcmp compares it. */
typedef struct vn__dims {
    int64_t rank, dim[VN_MAX_RANK];
} vn__dims;
vn__dims vn__dims_of(vn_shape shape);
vn_shape vn__shape_of_dims(const vn__dims *dims);

/* ---------------------------------------------------------------------- operands */

/* The dtypes an op computes in. bf16 and f16 operands are cast to f32 where VN__HALVES is
 * missing; integers and bools to the default float where they are and VN__REALS is not. */
enum {
    VN__REALS = 1 << 0, /* f32 f64 */
    VN__INTEGERS = 1 << 1,
    VN__BOOLS = 1 << 2,
    VN__HALVES = 1 << 3, /* bf16 f16 */
    VN__COMPLEX = 1 << 4, /* c64 c128 */
    VN__NUMBERS = VN__REALS | VN__INTEGERS,
    VN__BITS = VN__INTEGERS | VN__BOOLS,
    VN__ORDERED = VN__NUMBERS | VN__BOOLS,
    VN__SORTED = VN__ORDERED | VN__HALVES,
    VN__INEXACT = VN__REALS | VN__COMPLEX,
    VN__FIELD = VN__NUMBERS | VN__COMPLEX, /* with sums and products, not ordered */
    VN__EQUAL = VN__ORDERED | VN__COMPLEX,
    VN__ANY = VN__SORTED | VN__COMPLEX
};
int vn__dtype_kind(vn_dtype dtype); /* one of the single bits above, 0 for an invalid code */

/* out[n] = the operands as arrays of one dtype that the op accepts. bool, int and float leaves
 * are weakly typed. *result (may be NULL): the dtype the result is to be cast to; differs from
 * that of out[] only for halves. */
vn_status vn__promote(vn_array *out[], vn_dtype *result, const char *who, int accept, int n,
                      vn_array *const in[]);

/* Promotes, applies and casts the result back from f32: what most public functions do. */
vn_array *vn__apply(const vn_op *op, const void *attr, int accept, int n, vn_array *const in[]);

/* x if it is an array, a number leaf as an array of its default dtype; else NULL, an error. */
vn_array *vn__as_operand(const char *who, vn_array *x);

/* sum and prod of bools and small integers are computed in the default integers. */
vn_dtype vn__accumulator_dtype(vn_dtype dtype);

/* For shape rules: "relu: bool operand, expected f32 or f64" unless dtype is accepted. */
vn_status vn__check_dtype(const char *who, vn_dtype dtype, int accept);

/* ------------------------------------------------------------------- evaluation */

/* out[e * lanes + l] = in[e], e < n, elements of `size` bytes. in may be the end of out. */
void vn__spread_lanes(void *out, const void *in, int64_t n, int64_t lanes, size_t size);

/* If no operand is mapped: evaluates one example, repeats it over the lanes, returns true. */
bool vn__eval_shared(const vn_eval *e, void (*eval)(const vn_eval *e));

/* operand[i] = in[i] with lanes: itself if it is mapped or lanes is 1, else spread into
 * e->scratch, for which vn__lanes_scratch is the op's scratch slot. */
void vn__lanes_operands(const void *operand[], const vn_eval *e);
size_t vn__lanes_scratch(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                         int64_t lanes);

/* Of `all` units those of one of so many parts: from *from to the returned end; all of them
 * where there are no parts (0 or 1). */
static inline int64_t vn__share_of(int64_t *from, int64_t part, int64_t parts, int64_t all)
{
    *from = parts > 1 ? part * all / parts : 0;
    return parts > 1 ? (part + 1) * all / parts : all;
}

/* The same of the result that an evaluation makes. */
static inline int64_t vn__eval_share(int64_t *from, const vn_eval *e, int64_t all)
{
    return vn__share_of(from, e->part, e->parts, all);
}

/* Parts (the slot `parts`) of what is worth so many, at most one a unit. */
static inline int64_t vn__parts_worth(double worth, int64_t units)
{
    enum { MOST_PARTS = 32 };
    const int64_t most = units < MOST_PARTS ? units : MOST_PARTS;
    const int64_t parts = (double)most < worth ? most : (int64_t)worth;
    return parts > 1 ? parts : 1;
}

/* Of what passes through so many bytes; of so many operations, 10 us of a core's work each. */
static inline int64_t vn__parts_of_bytes(int64_t bytes, int64_t units)
{
    enum { PART_BYTES = 128 * 1024 };
    return vn__parts_worth((double)bytes / PART_BYTES, units);
}

static inline int64_t vn__parts_of_flops(double flops, int64_t units)
{
    return vn__parts_worth(flops / 1e6, units);
}

/* Elements of the first result as stored. */
static inline int64_t vn__eval_size(const vn_eval *e)
{
    return vn_shape_size(e->out_aval[0].shape) * e->lanes;
}

#endif
