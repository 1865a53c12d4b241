/* SPDX-License-Identifier: MIT */
/* Recording errors: the first one of the thread wins, with the field path of the call it is
 * in. */
#ifndef VN_CORE_BASE_FAIL_H
#define VN_CORE_BASE_FAIL_H

#include <stdarg.h>

#include "vernal/base.h"

/* Records the error (unless one is recorded) and returns its status. One line: name the op, the
 * two things that disagree, no "failed to". The current field path is appended. */
vn_status vn__fail(vn_status status, const char *format, ...) VN_PRINTF(2, 3);
vn_status vn__vfail(vn_status status, const char *format, va_list args) VN_PRINTF(2, 0);

/* Recorded when an allocation of that many bytes was refused; returns NULL. */
void *vn__fail_memory(size_t bytes);

/* Writes the field path of the innermost call on this thread ("MLP.layers[2]"); set by
 * core/tree. */
typedef void vn__path_writer(char *text, size_t size);
void vn__set_path_writer(vn__path_writer *writer);
/* That path now; "" outside of calls. */
void vn__current_path(char *text, size_t size);
/* Records a finished text: nothing is appended to it. */
vn_status vn__fail_text(vn_status status, const char *text);

/* A function that is composed of others: what they refuse between begin and end is told in the
 * name of the outermost such function ("mish: softplus: operand 0 is a tuple, expected an
 * array"). Returns the result; a NULL without an error becomes one. */
void vn__named_begin(const char *name);
struct vn_tree *vn__named_end(struct vn_tree *result);

/* Saves and restores the thread's error, to try something that may fail. */
typedef struct vn__error {
    vn_status status;
    char message[512];
} vn__error;
void vn__error_take(vn__error *saved);
void vn__error_restore(const vn__error *saved);

/* Shapes in messages: "f32[3,4]". Returns text. */
#define VN__SHAPE_TEXT 128
const char *vn__shape_text(char text[VN__SHAPE_TEXT], vn_dtype dtype, vn_shape shape);

#define VN_TRY(expression)                      \
    do {                                        \
        const vn_status vn_try_ = (expression); \
        if (vn_try_ != VN_ERR_OK)               \
            return vn_try_;                     \
    } while (0)

#endif
