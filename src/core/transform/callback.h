/* SPDX-License-Identifier: MIT */
/* pure_callback as an op. */
#ifndef VN_CORE_TRANSFORM_CALLBACK_H
#define VN_CORE_TRANSFORM_CALLBACK_H

#include "core/tape/tape.h"

/* Operands: the arrays of `call`; results: those of `result`. An error of the callback is
 * that of the thread which evaluates it. */
typedef struct vn__callback_attr {
    vn_tree *site; /* ((callback, arguments...), result), arrays without numbers; lives as long
                    * as the tape */
    int64_t n_out;
} vn__callback_attr;
extern const vn_op vn__op_callback;

#endif
