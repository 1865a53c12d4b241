/* SPDX-License-Identifier: MIT
 *
 * Exponents of vectors on machines without instructions for them; t = n + v_magic().
 *   v_scale, v_scale_down   by factors in the normal range, of which only the last rounds
 *   v_split_log             x = 2^e m, 3/4 <= m < 3/2, for positive finite x, subnormal or not
 *   v_log_special           log x where x is not such a number, y elsewhere
 * */

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

/* Adding the distance from 3/4 to 1 carries into the exponent's field where m would be 3/2 or
 * more. The field becomes a number in the low bits of 2^FRACTION. */
VN_INLINE vec v_split_log(vec x, vec *m)
{
    const natural one = (natural)VN_BIAS << VN_FRACTION;
    const natural quarter = (natural)1 << (VN_FRACTION - 1);
    const vec lowest = (vec)u_set((natural)1 << VN_FRACTION);
    const vec lift = v_set((real)((natural)1 << VN_FRACTION));
    const vmask small = v_lt(x, lowest);
    const uvec bits = (uvec)v_select(small, x * lift, x) + u_set(quarter);
    const vec field = (vec)((bits >> VN_FRACTION) | (uvec)lift);
    const real bias = (real)VN_BIAS, all = (real)((natural)1 << VN_FRACTION);
    *m = (vec)((bits & u_set(((natural)1 << VN_FRACTION) - 1)) + u_set(one - quarter));
    return field - v_select(small, v_set(all + bias + VN_FRACTION), v_set(all + bias));
}

VN_INLINE vec v_log_special(vec x, vec y)
{
    const vec zero = v_set(0), infinity = v_set((real)INFINITY);
    const vec low = v_select(v_lt(x, zero), v_set((real)NAN), v_set(-(real)INFINITY));
    return v_select(v_le(x, zero), low, v_select(v_lt(x, infinity), y, x));
}
