/* SPDX-License-Identifier: MIT */
/* The trilinear form behind convolution, sum of gy[o][q] w[o][c][t] x[c][p(q, t)], and what its
 * three derivatives share: conv makes y, conv_input_grad x, conv_weight_grad w of the other
 * two, conv_weight_norm the sum of the squares of w. All have the attributes vn__sliding, with
 * every size filled in. */
#ifndef VN_CORE_OPS_CONV_H
#define VN_CORE_OPS_CONV_H

#include "core/ops/ops_common.h"
#include "core/ops/sliding.h"
#include "kernels/kernels.h"
#include "vernal/ops.h"

enum { VN__CONV_X, VN__CONV_W, VN__CONV_Y };

/* Sizes within a group. x [groups * in][x_pixels], w [groups * out][in][taps],
 * y [groups * out][y_pixels]. */
typedef struct vn__conv_sizes {
    int64_t groups, in, out, taps, x_pixels, y_pixels;
} vn__conv_sizes;

/* From the attributes and the channels of x and y. */
vn__conv_sizes vn__conv_sizes_of(const vn__sliding *s, int64_t x_channels, int64_t y_channels);
double vn__conv_flops(const vn__conv_sizes *sizes);

/* Three of the ops. */
vn_array *vn__conv(const vn__sliding *s, vn_array *x, vn_array *w);
vn_array *vn__conv_input_grad(const vn__sliding *s, vn_array *w, vn_array *gy);
vn_array *vn__conv_weight_grad(const vn__sliding *s, vn_array *x, vn_array *gy);

/* Shape rules: an error that names both operands; dtypes and spatial sizes against the
 * attributes, which[2] among VN__CONV_X, W, Y; the shape [a, b, size..], without b if it is
 * negative. */
vn_status vn__conv_disagree(const char *what, const vn_aval in[2]);
vn_status vn__conv_operands(const char *op, const vn_aval in[2], const vn__sliding *s,
                            int which_a, int which_b);
vn_shape vn__conv_shape(int64_t a, int64_t b, const int64_t size[], int64_t n);

/* conv (back = false: in = x, w) and conv_input_grad (back = true: in = w, gy). */
void vn__conv_product(const vn_eval *e, bool back);
size_t vn__conv_prepare_size(const void *attr, const vn_aval in[], const bool mapped[],
                             int64_t lanes, bool back);
void vn__conv_prepare(void *memory, const vn_eval *e, bool back);
bool vn__conv_takes_epilogue(const void *attr, const vn_aval in[], const bool mapped[],
                             int64_t lanes, const vn_aval *bias, bool back);
size_t vn__conv_product_scratch(const void *attr, const vn_aval in[], const bool mapped[],
                                int64_t lanes, bool back);

/* Parts for several workers (the slot `parts`): rows of the destination's first axis, and of a
 * sum of weight gradients its outputs. */
int64_t vn__conv_product_parts(const void *attr, const vn_aval in[], const bool mapped[],
                               int64_t lanes, bool back);
int64_t vn__conv_weight_parts(const void *attr, const vn_aval in[], const bool mapped[],
                              int64_t lanes);

/* Of the outputs of all groups those of a part: from *first to the returned end. */
int64_t vn__conv_weight_outputs(int64_t *first, const vn_eval *e);

/* What a plan keeps of a step: who computes it, if not the kernels of the definition. */
typedef struct vn__conv_setup {
    const struct vn__onednn_conv *onednn; /* conv_onednn.c */
    bool winograd;                        /* conv_winograd.c */
    bool strips;                          /* conv_strips.c, whose kernels may be Winograd's */
} vn__conv_setup;
void vn__conv_setup_product(void *memory, const vn_eval *e, bool back);
void vn__conv_setup_weight(void *memory, const vn_eval *e);
const char *vn__conv_provider(const void *setup);
const struct vn__onednn_conv *vn__conv_onednn(const void *setup);
bool vn__conv_winograd(const void *setup);

/* By oneDNN: who computes a step, NULL if it does not. False: it failed, the result is
 * undefined. */
const struct vn__onednn_conv *vn__conv_onednn_product_of(const vn_eval *e, bool back);
const struct vn__onednn_conv *vn__conv_onednn_weight_of(const vn_eval *e);
bool vn__conv_onednn_product(const vn_eval *e, bool back);
bool vn__conv_onednn_weight_sum(const vn_eval *e);
void vn__conv_onednn_prepare(void *memory, const vn_eval *e, bool back);
/* Bytes, 0 where our kernels compute. */
int64_t vn__conv_onednn_prepare_size(const void *attr, const vn_aval in[], const bool mapped[],
                                     int64_t lanes, bool back);
int64_t vn__conv_onednn_product_scratch(const void *attr, const vn_aval in[],
                                        const bool mapped[], int64_t lanes, bool back);
int64_t vn__conv_onednn_weight_scratch(const void *attr, const vn_aval in[],
                                       const bool mapped[], int64_t lanes);

/* Operands x and gy of a sum over panels, all with lanes. Of the outputs of all groups, `count`
 * from `first` on: `step` of them, which are one group's, at a time. gy begins at the first. */
typedef struct vn__conv_panels {
    const char *data[2], *last_gy; /* last_gy: without the lanes that do not count */
    int64_t bytes[2];              /* from panel to panel */
    int64_t first, count, step;
} vn__conv_panels;

static inline const char *vn__conv_panel(const vn__conv_panels *p, const vn_eval *e,
                                         int operand, int64_t panel)
{
    return operand == 1 && panel == e->panels - 1
               ? p->last_gy
               : p->data[operand] + panel * p->bytes[operand];
}

/* By Winograd's algorithm: does the switch, or the cost, say so for these attributes, all
 * channels of x and y? For a step? Bytes: 0 where it does not. */
bool vn__conv_by_winograd(const vn__sliding *s, int64_t lanes, int64_t x_channels,
                          int64_t y_channels);
bool vn__conv_winograd_takes(const vn_eval *e, bool back);
void vn__conv_winograd_product(const vn_eval *e, bool back);
void vn__conv_winograd_prepare(void *memory, const vn_eval *e, bool back);
void vn__conv_winograd_sum(const vn_eval *e, const vn__conv_panels *p, char *scratch);
int64_t vn__conv_winograd_prepare_size(const void *attr, const vn_aval in[],
                                       const bool mapped[], int64_t lanes, bool back);
int64_t vn__conv_winograd_product_scratch(const void *attr, const vn_aval in[],
                                          const bool mapped[], int64_t lanes, bool back);
int64_t vn__conv_winograd_sum_scratch(const void *attr, const vn_aval in[], int64_t lanes);

/* conv_weight_grad, in = x, gy. */
void vn__conv_weight_eval(const vn_eval *e);
void vn__conv_weight_eval_sum(const vn_eval *e);
size_t vn__conv_weight_scratch(const void *attr, const vn_aval in[], int n_in,
                               const bool mapped[], int64_t lanes);

/* conv_weight_norm, in = x, gy. */
void vn__conv_weight_norm_eval(const vn_eval *e);
size_t vn__conv_weight_norm_scratch(const void *attr, const vn_aval in[], int n_in,
                                    const bool mapped[], int64_t lanes);

/* Every lane a convolution of its own; `result` says which of operand[VN__CONV_X, W, Y] is
 * written. All three have lanes; work: vn__sliding_table_bytes(s, y_pixels). */
void vn__conv_lanes(void *const operand[3], int result, const vn__sliding *s,
                    const vn__conv_sizes *sizes, const vn_eval *e, void *work);

/* A plain operand repeated in every lane, in scratch; a mapped one as it is. */
void *vn__conv_in_lanes(char **cursor, const vn_eval *e, int i);

/* The same for one example, or a part of it: parts of about equal work; not fresh, of x and w:
 * added to what is there. prepare: weights of conv. e->scratch: vn__conv_single_scratch
 * bytes. */
int64_t vn__conv_single_parts(const vn__conv_sizes *sizes, int result);
void vn__conv_single(void *const operand[3], int result, bool fresh,
                     const vn__conv_sizes *sizes, const vn_eval *e);
size_t vn__conv_single_scratch(const vn__sliding *s, const vn__conv_sizes *sizes,
                               vn_dtype dtype, int result);
size_t vn__conv_single_prepare_size(const vn__sliding *s, const vn__conv_sizes *sizes,
                                    vn_dtype dtype);
void vn__conv_single_prepare(void *memory, const void *k, const vn__sliding *s,
                             const vn__conv_sizes *sizes, vn_dtype dtype);

/* One image in strips of its rows (conv_strips.c): is it worth it? Weight gradients of x and gy
 * are written to e->out if fresh, else added. */
bool vn__conv_in_strips(const vn__sliding *s, const vn__conv_sizes *sizes, bool back);
int64_t vn__conv_strips_parts(const vn__sliding *s, bool back);
bool vn__conv_strips_winograd(const vn_eval *e, int result); /* are they by Winograd's? */
void vn__conv_strips_product(const vn_eval *e, bool back);
size_t vn__conv_strips_product_scratch(const vn__sliding *s, const vn_aval in[], bool back);
size_t vn__conv_strips_prepare_size(const vn__sliding *s, const vn_aval in[], bool back);
void vn__conv_strips_prepare(void *memory, const vn_eval *e, bool back);
void vn__conv_strips_weight(const void *x, const void *gy, const vn_eval *e, bool fresh);
size_t vn__conv_strips_weight_scratch(const vn__sliding *s, const vn_aval in[]);

static inline int64_t vn__conv_aligned(int64_t bytes) { return (bytes + 63) & ~(int64_t)63; }

static inline void *vn__conv_reserve(char **cursor, int64_t bytes)
{
    void *const start = *cursor;
    *cursor += vn__conv_aligned(bytes);
    return start;
}

#endif
