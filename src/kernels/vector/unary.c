/* SPDX-License-Identifier: MIT
 * The unary rows on vectors; the longer formulas are in simd/. */
#include "kernels/giles.h"
#include "kernels/simd/erf.h"
#include "kernels/simd/gelu.h"
#include "kernels/simd/log.h"
#include "kernels/simd/sigmoid.h"
#include "kernels/simd/trig.h"

/* y[i] = f(x[i]). Four vectors at a time hide the latencies of one another, where the compiler
 * takes their instructions in turns (CMakeLists.txt tells it to). */
VN_INLINE void map(real *y, const real *x, int64_t n, vec (*f)(vec))
{
    enum { TURN = 4 };
    int64_t i = 0;
    for (; i + TURN * VN_LANES <= n; i += TURN * VN_LANES) {
        vec v[TURN];
        VN_UNROLL
        for (int k = 0; k < TURN; k++)
            v[k] = f(v_load(x + i + k * VN_LANES));
        VN_UNROLL
        for (int k = 0; k < TURN; k++)
            v_store(y + i + k * VN_LANES, v[k]);
    }
    for (; i < n; i += VN_LANES) {
        const part rest = part_of(n - i < VN_LANES ? n - i : VN_LANES);
        v_store_part(y + i, f(v_load_part(x + i, rest)), rest);
    }
}

/* ---- arithmetic */

VN_INLINE vec f_neg(vec x) { return v_neg(x); }
VN_INLINE vec f_abs(vec x) { return v_abs(x); }
VN_INLINE vec f_sign(vec x)
{
    const vec one = v_set(1), zero = v_set(0);
    return v_select(v_gt(x, zero), one, v_select(v_lt(x, zero), v_neg(one), x));
}
VN_INLINE vec f_square(vec x) { return x * x; }
VN_INLINE vec f_floor(vec x) { return v_floor(x); }
VN_INLINE vec f_ceil(vec x) { return v_ceil(x); }
VN_INLINE vec f_round(vec x) { return v_round(x); }
VN_INLINE vec f_trunc(vec x) { return v_trunc(x); }
VN_INLINE vec f_sqrt(vec x) { return v_sqrt(x); }
VN_INLINE vec f_rsqrt(vec x) { return v_set(1) / v_sqrt(x); }
VN_INLINE vec f_reciprocal(vec x) { return v_set(1) / x; }
VN_INLINE vec f_relu(vec x) { return v_max(v_set(0), x) + v_set(0); } /* -0 gives 0 */

/* ---- exponentials, logarithms, angles: simd/ */

VN_INLINE vec f_exp(vec x) { return v_exp(x); }
VN_INLINE vec f_exp2(vec x) { return v_exp2(x); }
VN_INLINE vec f_expm1(vec x) { return v_expm1(x); }
VN_INLINE vec f_sinh(vec x) { return v_sinh(x); }
VN_INLINE vec f_cosh(vec x) { return v_cosh(x); }
VN_INLINE vec f_log(vec x) { return v_log(x); }
VN_INLINE vec f_log2(vec x) { return v_log2(x); }
VN_INLINE vec f_log10(vec x) { return v_log10(x); }
VN_INLINE vec f_log1p(vec x) { return v_log1p(x); }
VN_INLINE vec f_sin(vec x) { return v_sin(x); }
VN_INLINE vec f_cos(vec x) { return v_cos(x); }
VN_INLINE vec f_tan(vec x) { return v_tan(x); }
VN_INLINE vec f_tanh(vec x) { return v_tanh(x); }
VN_INLINE vec f_erf(vec x) { return v_erf(x); }
VN_INLINE vec f_sigmoid(vec x) { return v_sigmoid(x); }
VN_INLINE vec f_softplus(vec x) { return v_softplus(x); }
VN_INLINE vec f_log_sigmoid(vec x) { return v_neg(v_softplus(v_neg(x))); }
VN_INLINE vec f_silu(vec x) { return v_silu(x); }
VN_INLINE vec f_gelu_tanh(vec x) { return v_gelu_tanh(x); }
VN_INLINE vec f_gelu_exact(vec x) { return v_gelu_exact(x); }

/* ---- erf_inv: the C library's logarithm, element by element, so that normal deviates are
 * those of the portable row */

VN_INLINE vec f_erf_inv(vec x)
{
    real v[VN_LANES];
    v_store(v, x);
    for (int i = 0; i < VN_LANES; i++)
        v[i] = vn__erf_inv(v[i]);
    return v_load(v);
}

#include "kernels/unary_rows.h"
