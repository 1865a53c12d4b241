/* SPDX-License-Identifier: MIT
 * x 2^n by factors within the exponent's range, of which only the last rounds; t = n +
 * v_magic(). */

/* 2^(n / 2), rounded down, and what is missing. */
VN_INLINE vec v_scale(vec x, vec t)
{
    const uvec sign_and_exponent = u_set(~(((natural)1 << VN_FRACTION) - 1));
    const uvec one = u_set((natural)VN_BIAS << VN_FRACTION);
    const uvec half = (((uvec)t << (VN_FRACTION - 1)) & sign_and_exponent) + one;
    const uvec rest = ((uvec)t << VN_FRACTION) - half + (one + one);
    return x * (vec)half * (vec)rest;
}

VN_INLINE vec v_scale_down(vec x, vec t)
{
    enum { LIFT = VN_REAL_BITS == 32 ? 64 : 128 };
    return x * v_power(t, LIFT) * v_set(VN_REAL_BITS == 32 ? (real)0x1p-64 : (real)0x1p-128);
}
