/* SPDX-License-Identifier: MIT
 *
 * Names inside the kernels. A source is compiled once per ISA row with VN_ISA_SUFFIX set to the
 * row's name; those of portable/, vector/ and real/ are compiled once more per floating type,
 * with VN_REAL_BITS set to 32 or 64. Everything they export ends in the row's name.
 * */
#ifndef VN_KERNELS_INTERNAL_H
#define VN_KERNELS_INTERNAL_H

#include "kernels/kernels.h"

#define VN_JOIN3_(a, b, c) vn__##a##_##b##_##c
#define VN_JOIN3(a, b, c) VN_JOIN3_(a, b, c)
#define VN_JOIN2_(a, b) vn__##a##_##b
#define VN_JOIN2(a, b) VN_JOIN2_(a, b)

#define VN_NAME(name, dtype) VN_JOIN3(name, dtype, VN_ISA_SUFFIX) /* vn__gemm_F32_avx2 */
#define VN_COMMON(name) VN_JOIN2(name, VN_ISA_SUFFIX)             /* vn__threefry_avx2 */

/* The arrays of rows of every dtype. */
#define VN_DTYPE(NAME, string, type, bytes, kind)                        \
    extern vn__unary_fn *const VN_NAME(unary, NAME)[VN__UNARIES];        \
    extern vn__unary_fn *const VN_NAME(predicate, NAME)[VN__PREDICATES]; \
    extern vn__binary_fn *const VN_NAME(binary, NAME)[VN__BINARIES];     \
    extern vn__binary_fn *const VN_NAME(compare, NAME)[VN__COMPARES];    \
    extern vn__ternary_fn *const VN_NAME(ternary, NAME)[VN__TERNARIES];  \
    extern vn__reduce_fn *const VN_NAME(reduce, NAME)[VN__REDUCES];      \
    extern vn__arg_fn VN_NAME(argmax, NAME), VN_NAME(argmin, NAME);      \
    extern vn__cast_fn *const VN_NAME(cast, NAME)[VN__DTYPES];
#include "kernels/dtype.def"
#undef VN_DTYPE

/* The functions of the floating types. */
#define VN_REAL(name, type) extern type VN_NAME(name, F32), VN_NAME(name, F64);
#include "kernels/real.def"
#undef VN_REAL
extern const vn__real_kernels VN_NAME(real, F32), VN_NAME(real, F64);
extern const vn__complex_kernels VN_NAME(parts, C64), VN_NAME(parts, C128);

/* The rows of unary.def and binary.def whose real column says LIBM (real/libm.c). */
#define VN_DECLARE_LIBM(name, type) extern type VN_NAME(name, F32), VN_NAME(name, F64);
#define VN_DECLARE_VECTOR(name, type)
#define VN_DECLARE_NONE(name, type)
#define VN_UNARY(name, real, ...) VN_DECLARE_##real(libm_##name, vn__unary_fn)
#include "kernels/unary.def"
#undef VN_UNARY
#define VN_BINARY(name, real, ...) VN_DECLARE_##real(libm_##name, vn__binary_fn)
#include "kernels/binary.def"
#undef VN_BINARY

/* Lanes in and out for one element size, and the common functions. */
extern vn__threefry_fn VN_COMMON(threefry);
extern vn__threefry_bits32_fn VN_COMMON(threefry_bits32);
extern vn__threefry_bits64_fn VN_COMMON(threefry_bits64);
extern vn__load_lanes_fn VN_COMMON(load_lanes);
extern vn__store_lanes_fn VN_COMMON(store_lanes);
extern vn__copy_fn VN_COMMON(copy);
extern const vn__kernels VN_COMMON(kernels);

#endif
