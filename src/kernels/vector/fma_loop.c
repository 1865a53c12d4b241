/* SPDX-License-Identifier: MIT
 * The ceiling: independent multiply-adds in registers, as many as hide the latency of each. */
#include "kernels/simd/simd.h"

double VN_FN(fma_loop)(int64_t iterations)
{
    enum { CHAINS = 12 };
    volatile real seed = (real)0.5;
    const vec a = v_set(seed), b = v_set(seed);
    vec sum[CHAINS];
    VN_UNROLL
    for (int j = 0; j < CHAINS; j++)
        sum[j] = v_set(seed);
    for (int64_t i = 0; i < iterations; i++) {
        VN_UNROLL
        for (int j = 0; j < CHAINS; j++)
            sum[j] = v_fma(sum[j], a, b);
    }
    for (int j = 0; j < CHAINS; j++)
        seed = v_sum(sum[j]);
    return 2.0 * CHAINS * VN_LANES * (double)iterations;
}
