/* SPDX-License-Identifier: MIT */
/* Rows of a buffer, read and written one at a time. */
#ifndef VN_CORE_OPS_BUFFER_H
#define VN_CORE_OPS_BUFFER_H

#include "core/ops/ops_common.h"

typedef struct vn__buffer_attr {
    int64_t written; /* buffer_set: the row holds the number already, nothing is to be done */
} vn__buffer_attr;

bool vn__buffer_is_written(const vn_op *op, const void *attr);

#endif
