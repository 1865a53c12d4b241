/* SPDX-License-Identifier: MIT */
/* A general dot product as a batch of matrix products: every operand becomes
 * [batch][free][contract] by strides; only if its axes interleave is it gathered first. */
#ifndef VN_CORE_OPS_DOT_GEOMETRY_H
#define VN_CORE_OPS_DOT_GEOMETRY_H

#include "vernal/op.h"
#include "vernal/ops.h"

typedef struct vn__dot_side {
    int64_t entries;            /* of one example */
    int64_t batch[VN_MAX_RANK]; /* strides of the batch axes in entries */
    int64_t free, contract;     /* strides of the free and the contracted axes as one each */
    bool gather;                /* no such strides: these are those of the gathered copy */
    int rank;
    int64_t size[VN_MAX_RANK],
        stride[VN_MAX_RANK]; /* for the copy: batch, free, contract axes */
} vn__dot_side;

/* The call of gemm_packed that is all of a product on lanes, and of pack before it: the packed
 * side is one group of rows, and the results lie side by side. rows 0: there is more to do. */
typedef struct vn__dot_call {
    int64_t rows, width, k, ldy, ldb;
    int64_t row, col; /* strides of the side that is packed */
    int packed;       /* its number, the other one is mapped */
} vn__dot_call;

typedef struct vn__dot {
    vn__dot_call call; /* by the setup */
    int n_batch;
    int64_t batch_size[VN_MAX_RANK], batches;
    int64_t m, n, k; /* out[batch][m][n] = sum over k */
    vn__dot_side side[2];
    bool onednn; /* set by the setup: oneDNN makes the blocks of a product of plain operands */
} vn__dot;

void vn__dot_geometry(vn__dot *dot, const vn_dot_dims *dims, const vn_aval in[2]);

/* The axes of a shape that are in neither list, ascending. */
vn_axes vn__dot_free_axes(vn_shape shape, const vn_axes *contract, const vn_axes *batch);

/* Offset in entries of batch number b. */
int64_t vn__dot_batch_offset(const vn__dot *dot, const vn__dot_side *side, int64_t b);

/* How the product of plain operands is cut, by sizes alone: every matrix of the batch into
 * blocks of at most rows x cols of the result, all of these into parts of consecutive ones. */
typedef struct vn__dot_cut {
    int64_t rows, cols;   /* of a block */
    int64_t down, across; /* blocks of a matrix */
    int64_t parts;
    bool shared; /* B is packed once for all of them: whole rows of the result */
} vn__dot_cut;
void vn__dot_cut_of(vn__dot_cut *cut, const vn__dot *dot);
void vn__dot_cut_rows(vn__dot_cut *cut, const vn__dot *dot); /* shared, whatever the sizes */

/* Copies an operand to [batch][free][contract]; one entry has `bytes` bytes. */
void vn__dot_gather(void *out, const void *x, const vn__dot_side *side, size_t bytes);

/* The slots of the op that compute, in dot_eval.c. */
void vn__dot_eval(const vn_eval *e);
size_t vn__dot_prepare_size(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                            int64_t lanes);
void vn__dot_setup(void *memory, const vn_eval *e);
const char *vn__dot_provider(const void *setup);
void vn__dot_prepare(void *memory, const vn_eval *e);
int64_t vn__dot_parts(const void *attr, const vn_aval in[], const bool mapped[], int64_t lanes,
                      bool sum);
bool vn__dot_takes_epilogue(const void *attr, const vn_aval in[], const bool mapped[],
                            int64_t lanes, const vn_aval *bias);
void vn__dot_eval_sum(const vn_eval *e);
bool vn__dot_sums_onto(const void *attr, const vn_aval in[], const bool mapped[], int64_t lanes,
                       int64_t examples);
size_t vn__dot_scratch(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                       int64_t lanes);

#endif
