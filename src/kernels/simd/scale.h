/* SPDX-License-Identifier: MIT
 * x 2^n in two steps, each within the exponent's range; the first is exact where the second is
 * not. */

/* The bits of n + 1.5 2^FRACTION hold n, two's complement, at the low end. */
VN_INLINE vec v_power_of_two(vec n)
{
    const vec magic = v_set((real)1.5 * (real)((natural)1 << VN_FRACTION));
    return (vec)(((uvec)(n + magic) << VN_FRACTION) + (uvec)v_set(1));
}

VN_INLINE vec v_scale(vec x, vec n)
{
    const vec half = v_floor(n * v_set((real)0.5));
    return x * v_power_of_two(half) * v_power_of_two(n - half);
}
