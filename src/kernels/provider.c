/* SPDX-License-Identifier: MIT */
/* The switches of provider.h. */
#include "kernels/provider.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const char *const variable[VN__PROVIDERS] = {
    [VN__ONEDNN] = "VN_ONEDNN",
    [VN__WINOGRAD] = "VN_WINOGRAD",
};

enum { UNKNOWN = -1 }; /* the environment was not read yet */
static _Atomic int chosen[VN__PROVIDERS] = { UNKNOWN, UNKNOWN };
static _Thread_local vn__use preferred[VN__PROVIDERS];

vn__use vn__use_get(vn__provider provider)
{
    int use = atomic_load_explicit(&chosen[provider], memory_order_relaxed);
    if (use == UNKNOWN) {
        const char *const text = getenv(variable[provider]);
        use = !text                    ? VN__AUTO
              : strcmp(text, "0") == 0 ? VN__NEVER
              : strcmp(text, "1") == 0 ? VN__ALWAYS
                                       : VN__AUTO;
        vn__use_set(provider, (vn__use)use);
    }
    return use == VN__AUTO ? preferred[provider] : (vn__use)use;
}

vn__use vn__use_prefer(vn__provider provider, vn__use use)
{
    const vn__use before = preferred[provider];
    preferred[provider] = use;
    return before;
}

void vn__use_set(vn__provider provider, vn__use use)
{
    atomic_store_explicit(&chosen[provider], (int)use, memory_order_relaxed);
}
