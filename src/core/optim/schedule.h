/* SPDX-License-Identifier: MIT */
/* What schedule files share. A schedule is a module of one argument, the number of updates
 * made. */
#ifndef VN_CORE_OPTIM_SCHEDULE_H
#define VN_CORE_OPTIM_SCHEDULE_H

#include "core/optim/optim.h"

#define VN__SCHEDULE_TYPE(text, T, table, call_fn)                                    \
    {                                                                                 \
        .name = (text), .kind = VN_KIND_MODULE, .size = sizeof(T), .fields = (table), \
        .n_fields = (int)(sizeof(table) / sizeof((table)[0])), .call = (call_fn),     \
        .min_args = 1, .max_args = 1                                                  \
    }

/* k - begin as a float: the default float dtype for an int leaf, f64 for an array of 64-bit
 * integers, else f32, as JAX divides integers: a state has an i32 count, so f32 in any mode. */
static inline vn_array *vn__steps_since(vn_array *k, int64_t begin)
{
    const vn_dtype given = vn_dtype_of(k);
    const bool wide = vn_dtype_size(given) == 8;
    vn_array *const since = begin ? vn_sub(k, vn_int(begin)) : vn_add(k, vn_int(0));
    return vn_cast(since, !vn__as_array(k) ? vn_default_dtype() : wide ? VN_F64 : VN_F32);
}

#endif
