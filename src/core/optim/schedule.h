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

/* k - begin in the default float dtype; the difference is taken in integers. */
static inline vn_array *vn__steps_since(vn_array *k, int64_t begin)
{
    return vn_cast(begin ? vn_sub(k, vn_int(begin)) : vn_add(k, vn_int(0)), vn_default_dtype());
}

#endif
