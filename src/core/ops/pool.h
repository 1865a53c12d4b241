/* SPDX-License-Identifier: MIT */
/* What pooling ops share. Attributes: vn__sliding over the last n axes; the axes before them
 * are channels, [leading.., x..] -> [leading.., y..]. */
#ifndef VN_CORE_OPS_POOL_H
#define VN_CORE_OPS_POOL_H

#include "core/ops/ops_common.h"
#include "core/ops/sliding.h"

/* The attributes of a window on x; an error in the name of the op. */
vn_status vn__pool_attr(vn__sliding *s, const char *op, const vn_array *x,
                        const vn_window *window);

/* The shape with its last n axes, which must be of the sizes `from`, replaced by `to`. */
vn_status vn__pool_shape(vn_aval *out, const char *op, vn_aval in, const int64_t from[],
                         const int64_t to[], int64_t n);

/* Evaluation, block by block of output pixels, of all channels or of a part's share:
 *     for (vn__pool_walk w = vn__pool_start(e); vn__pool_next(&w);) ... w.window ... */
typedef struct vn__pool_walk {
    const vn__sliding *s;
    vn__window window;
    int32_t *table;               /* of the block; NULL: all of it has been prepared */
    const void *operand[3];       /* with lanes; those of pooled shape begin at the block */
    void *out;                    /* the same of the result */
    int64_t block, first, offset; /* offset: bytes to the block in an array of pooled shape */
    int64_t size;
} vn__pool_walk;
vn__pool_walk vn__pool_start(const vn_eval *e);
/* The same for a gradient, with zeros in the result where its kernel adds. */
vn__pool_walk vn__pool_start_grad(const vn_eval *e);
bool vn__pool_next(vn__pool_walk *walk);
/* A mapped axis is one of the axes before the window. */
bool vn__pool_pull(void *attr_out, int *out_axis, const void *attr, const vn_aval in[],
                   int n_in, const int axis[]);
size_t vn__pool_prepare_size(const void *attr, const vn_aval in[], int n_in,
                             const bool mapped[], int64_t lanes);
void vn__pool_prepare(void *memory, const vn_eval *e);
int64_t vn__pool_parts(const void *attr, const vn_aval in[], const bool mapped[], int64_t lanes,
                       bool sum);
size_t vn__pool_scratch(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                        int64_t lanes);

/* y = max or sum, for dtypes without a pooling kernel. */
void vn__pool_rows(void *y, const void *x, const vn__window *window, const vn_eval *e,
                   int reduce, int binary);

#endif
