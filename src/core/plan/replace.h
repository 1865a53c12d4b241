/* SPDX-License-Identifier: MIT */
/* Copying a simplified tape with some of its scans replaced: what the passes over scans
 * (residuals.c, stacked_sums.c) share. */
#ifndef VN_CORE_PLAN_REPLACE_H
#define VN_CORE_PLAN_REPLACE_H

#include "core/transform/control.h"

/* Records something else for an instruction, whose operands on the new tape are `in`, and sets
 * map of its results; false: it is copied. */
typedef bool vn__replace_fn(vn__tape *to, vn_array *map[], const vn__instr *instr,
                            vn_array *const in[], void *context);

/* A copy of the root tape; NULL on error. */
vn__tape *vn__tape_replace(vn__tape *from, vn__replace_fn *replace, void *context);

/* For new bodies: an input like a value of another tape; the end of the recording (NULL on
 * error); the scan with the body, which the tape keeps. */
vn_array *vn__input_like(vn__tape *to, const vn__value *v, uint64_t axes);
vn__tape *vn__end_body(vn__tape *to, int64_t n, vn_array *const out[]);
vn_status vn__record_scan(vn_array *out[], vn__tape *to, vn__scan_attr *attr, vn__tape *body,
                          int n_in, vn_array *const in[]);

#endif
