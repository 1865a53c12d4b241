/* SPDX-License-Identifier: MIT
 * Multiply-adds in registers, as a compiler makes them of plain C. */
#include "kernels/real.h"

double VN_FN(fma_loop)(int64_t iterations)
{
    real sum[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    volatile real seed = (real)0.5;
    const real a = seed, b = seed;
    for (int64_t i = 0; i < iterations; i++)
        for (int j = 0; j < 8; j++)
            sum[j] = sum[j] * a + b;
    for (int j = 0; j < 8; j++)
        seed = sum[j];
    return 16.0 * (double)iterations;
}
