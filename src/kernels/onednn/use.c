/* SPDX-License-Identifier: MIT */
/* The switch between oneDNN and our own kernels. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/onednn/onednn.h"

static _Atomic int chosen = -1;
static _Thread_local vn__onednn_use preferred = VN__ONEDNN_AUTO;

vn__onednn_use vn__onednn_use_get(void)
{
    int use = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (use < 0) {
        const char *const text = getenv("VN_ONEDNN");
        use = !text || !*text             ? VN__ONEDNN_AUTO
              : strcmp(text, "0") == 0    ? VN__ONEDNN_NEVER
              : strcmp(text, "1") == 0    ? VN__ONEDNN_ALWAYS
                                          : VN__ONEDNN_AUTO;
        atomic_store_explicit(&chosen, use, memory_order_relaxed);
    }
    return use == VN__ONEDNN_AUTO ? preferred : (vn__onednn_use)use;
}

vn__onednn_use vn__onednn_prefer(vn__onednn_use use)
{
    const vn__onednn_use before = preferred;
    preferred = use;
    return before;
}

void vn__onednn_use_set(vn__onednn_use use)
{
    atomic_store_explicit(&chosen, (int)use, memory_order_relaxed);
}
