/* SPDX-License-Identifier: MIT
 *
 * The error function of vectors: x + x p(x^2) below 1, 1 - e^-g(|x|) from there on, g a
 * polynomial for -ln erfc. Minimax in the relative error of erf (fpminimax and remez of
 * Sollya).
 * */
#ifndef VN_KERNELS_SIMD_ERF_H
#define VN_KERNELS_SIMD_ERF_H

#include "kernels/simd/exp.h"

#if VN_REAL_BITS == 32
static const real vn__erf_end = 4; /* 1 from there on */
static const real vn__erf_terms[] = { 0x1.06eba2p-3f,  -0x1.812674p-2f, 0x1.ce0936p-4f,
                                      -0x1.b5a302p-6f, 0x1.4245bp-8f,   -0x1.273ce8p-11f };
static const real vn__erfc_terms[] = { -0x1.574ccp-9f,  -0x1.1e1c6ep0f, -0x1.4ef88ep-1f,
                                       -0x1.6bb944p-4f, 0x1.e6028cp-7f, -0x1.2f5bccp-10f };
#else
static const real vn__erf_end = 6;
static const real vn__erf_terms[] = {
    0x1.06eba8214db68p-3,   -0x1.812746b0379b2p-2,  0x1.ce2f21a0408d1p-4,
    -0x1.b82ce311ee09bp-6,  0x1.565bccf7e2856p-8,   -0x1.c02db0149d904p-11,
    0x1.f9a2b75531772p-14,  -0x1.f4ca204c771c5p-17, 0x1.b97e44280cfb9p-20,
    -0x1.5bfe76384472p-23,  0x1.d6e3ddfeb1f49p-27,  -0x1.ab15c51d2ebebp-31,
};
static const real vn__erfc_terms[] = {
    -0x1.1d6ecc2cc3473p-20, -0x1.20dcc5a75b2c7p0,   -0x1.45f94aa13a0a7p-1,
    -0x1.a46767805e27cp-4,  0x1.35175a706372cp-6,   0x1.322fe5fe197bbp-11,
    -0x1.13156dee480bp-9,   0x1.e24c0836789a9p-11,  -0x1.e3ab5de8bb5e9p-13,
    0x1.d5a2dab3635f1p-16,  0x1.e4d8f87e54ee4p-19,  -0x1.66cdf5766a6cbp-19,
    0x1.7143e37154195p-21,  -0x1.d0d7381d93daap-24, 0x1.76aa199ca39dcp-27,
    -0x1.665e0b2e53acep-31, 0x1.377b8db66b44fp-36,
};
#endif
enum {
    VN_ERF_TERMS = sizeof vn__erf_terms / sizeof *vn__erf_terms,
    VN_ERFC_TERMS = sizeof vn__erfc_terms / sizeof *vn__erfc_terms
};

VN_INLINE vec v_erf(vec x)
{
    const vec y = v_abs(x), z = x * x;
    const vec small = v_fma(x, v_horner(vn__erf_terms, VN_ERF_TERMS, z), x);
    const vec bounded = v_min(v_set(vn__erf_end), y);
    const exp_split e = split_exp(v_horner(vn__erfc_terms, VN_ERFC_TERMS, bounded));
    const vec large = v_fnma(v_power(e.t, 0), exp_of_rest(e.r), v_set(1));
    return v_select(v_lt(y, v_set(1)), small, v_copysign(large, x));
}

#endif
