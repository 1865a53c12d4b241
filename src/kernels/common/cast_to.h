/* SPDX-License-Identifier: MIT
 * Casts from every type to TO, stored as T; included by cast.c for each TO. */

#define PASTE__(a, b, c) a##_##b##_##c
#define PASTE_(a, b, c) PASTE__(a, b, c)
#define NARROW_(to, x) NARROW(to, x)

#define VN_DTYPE(FROM, string, type, bytes, kind)                         \
    static void PASTE_(cast, TO, FROM)(void *y, const void *x, int64_t n) \
    {                                                                     \
        for (int64_t i = 0; i < n; i++)                                   \
            ((T *)y)[i] = NARROW_(TO, READ_##FROM(((const type *)x)[i])); \
    }
#include "kernels/dtype.def"
#undef VN_DTYPE

vn__cast_fn *const VN_NAME(cast, TO)[VN__DTYPES] = {
#define VN_DTYPE(FROM, string, type, bytes, kind) [VN__##FROM] = PASTE_(cast, TO, FROM),
#include "kernels/dtype.def"
#undef VN_DTYPE
};

#undef PASTE__
#undef PASTE_
#undef NARROW_
#undef TO
#undef T
