/* SPDX-License-Identifier: MIT
 * The table of one ISA row. */
#include "kernels/internal.h"

#define VN_STRING_(x) #x
#define VN_STRING(x) VN_STRING_(x)
#ifndef VN_VECTOR_BYTES
#define VN_VECTOR_BYTES 0
#endif

#define VN_REAL(name, type) .name = VN_NAME(name, F32),
const vn__real_kernels VN_NAME(real, F32) = {
#include "kernels/real.def"
};
#undef VN_REAL
#define VN_REAL(name, type) .name = VN_NAME(name, F64),
const vn__real_kernels VN_NAME(real, F64) = {
#include "kernels/real.def"
};
#undef VN_REAL

/* argmax and argmin exist for the types that are computed with. */
#define ARG_REAL(name) name,
#define ARG_INTEGER(name) name,
#define ARG_BOOLEAN(name) name,
#define ARG_STORAGE(name) 0,
#define ARG_COMPLEX(name) 0,

const vn__kernels VN_COMMON(kernels) = {
    .name = VN_STRING(VN_ISA_SUFFIX),
    .vector_bytes = VN_VECTOR_BYTES,
#define VN_DTYPE(NAME, string, type, bytes, kind)                                         \
    .unary[VN__##NAME] = VN_NAME(unary, NAME),                                            \
    .predicate[VN__##NAME] = VN_NAME(predicate, NAME),                                    \
    .binary[VN__##NAME] = VN_NAME(binary, NAME),                                          \
    .compare[VN__##NAME] = VN_NAME(compare, NAME),                                        \
    .ternary[VN__##NAME] = VN_NAME(ternary, NAME),                                        \
    .reduce[VN__##NAME] = VN_NAME(reduce, NAME), .cast[VN__##NAME] = VN_NAME(cast, NAME), \
    .argmax[VN__##NAME] = ARG_##kind(VN_NAME(argmax, NAME)).argmin[VN__##NAME] =          \
        ARG_##kind(VN_NAME(argmin, NAME))
#include "kernels/dtype.def"
#undef VN_DTYPE
    .real[VN__F32] = &VN_NAME(real, F32),
    .real[VN__F64] = &VN_NAME(real, F64),
    .parts[VN__C64] = &VN_NAME(parts, C64),
    .parts[VN__C128] = &VN_NAME(parts, C128),
    .load_lanes = VN_COMMON(load_lanes),
    .store_lanes = VN_COMMON(store_lanes),
    .copy = VN_COMMON(copy),
    .threefry = VN_COMMON(threefry),
    .threefry_bits32 = VN_COMMON(threefry_bits32),
    .threefry_bits64 = VN_COMMON(threefry_bits64),
};
