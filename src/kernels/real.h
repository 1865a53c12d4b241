/* SPDX-License-Identifier: MIT
 * The floating type that a source is compiled for: real, VN_FN(name) and VN_M(libm
 * function). */
#ifndef VN_KERNELS_REAL_H
#define VN_KERNELS_REAL_H

#include "kernels/internal.h"

#if VN_REAL_BITS == 32
typedef float real;
#define VN_DTYPE_TAG F32
#define VN_M(name) name##f
#else
typedef double real;
#define VN_DTYPE_TAG F64
#define VN_M(name) name
#endif

#define VN_FN(name) VN_NAME(name, VN_DTYPE_TAG)

#endif
