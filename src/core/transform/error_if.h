/* SPDX-License-Identifier: MIT */
/* Run-time errors: the ops, and how a fault reads. */
#ifndef VN_CORE_TRANSFORM_ERROR_IF_H
#define VN_CORE_TRANSFORM_ERROR_IF_H

#include "core/tape/tape.h"

/* error_if: operands [x.., code i32] -> x. code k > 0: messages[k - 1] is to be raised. A tape
 * that is simplified has `fault` of the code instead, which has an effect, and x itself. */
typedef struct vn__fault_attr {
    vn_tree *messages; /* tuple of strings; lives as long as the tape */
    int64_t id;        /* errors are reported in the order in which they were recorded */
    int64_t n;         /* of error_if: results */
} vn__fault_attr;
extern const vn_op vn__op_error_if;
extern const vn_op vn__op_fault;

/* "Batch index (1, 0) had error:\n<message>", or the message alone without indices. */
void vn__fault_text(char *text, size_t size, int n, const int64_t index[], const char *message);
/* Appends one text to others, apart by an empty line. */
void vn__fault_append(char *all, size_t size, const char *text);

/* The examples of the vmaps that run one by one on this thread, outermost first. */
void vn__example_push(int64_t index);
void vn__example_pop(void);

#endif
