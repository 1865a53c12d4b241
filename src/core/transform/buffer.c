/* SPDX-License-Identifier: MIT */
/* Buffers as a user sees them: examples that have left a loop write nothing more. */
#include "core/ops/buffer.h"
#include "core/ops/indices.h"
#include "core/ops/ops.h"
#include "core/transform/guard.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

vn_array *vn_buffer_set(vn_array *buffer, vn_array *i, vn_array *x, vn_array *pred)
{
    vn__named_begin("buffer_set");
    buffer = vn__as_operand("buffer_set", buffer);
    i = vn__index_operand("buffer_set", i);
    x = vn__as_operand("buffer_set", x);
    pred = vn__guarded(pred ? vn__as_operand("buffer_set", pred) : vn_scalar(VN_BOOL, 1));
    if (!buffer || !i || !x || !pred)
        return vn__named_end(NULL);
    return vn__named_end(vn_op_apply(
        &vn__op_buffer_set, &(vn__buffer_attr){ 0 }, 4,
        (vn_array *[]){ buffer, i, vn_cast(x, vn_dtype_of(buffer)), pred }));
}

vn_array *vn_buffer_get(vn_array *buffer, vn_array *i)
{
    buffer = vn__as_operand("buffer_get", buffer);
    i = vn__index_operand("buffer_get", i);
    return buffer && i ? vn_op_apply(&vn__op_buffer_get, NULL, 2, (vn_array *[]){ buffer, i })
                       : NULL;
}
