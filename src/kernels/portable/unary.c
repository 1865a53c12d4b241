/* SPDX-License-Identifier: MIT
 *
 * The specification of the unary rows: formulas on the C library, in double for both types (so
 * that f32 is correctly rounded but for rare ties). Forms are chosen so that nothing cancels or
 * overflows early.
 * */
#include "kernels/giles.h"
#include "kernels/portable/formula.h"
#include "kernels/real.h"
#include "kernels/rectangle.h"

#include <math.h>

#define VN_X real
#define VN_Z real
#define VN_LOOP(name) name
#include "kernels/loops.h"

static real f_erf_inv(real x) { return vn__erf_inv(x); }

/* ---- the other rows, through formula.h */

#define IN_DOUBLE(name) \
    static real f_##name(real x) { return (real)vn__##name((double)x); }
IN_DOUBLE(neg)
IN_DOUBLE(abs)
IN_DOUBLE(sign)
IN_DOUBLE(square)
IN_DOUBLE(floor)
IN_DOUBLE(ceil)
IN_DOUBLE(round)
IN_DOUBLE(trunc)
IN_DOUBLE(sqrt)
IN_DOUBLE(rsqrt)
IN_DOUBLE(reciprocal)
IN_DOUBLE(exp)
IN_DOUBLE(exp2)
IN_DOUBLE(expm1)
IN_DOUBLE(log)
IN_DOUBLE(log2)
IN_DOUBLE(log10)
IN_DOUBLE(log1p)
IN_DOUBLE(sin)
IN_DOUBLE(cos)
IN_DOUBLE(tan)
IN_DOUBLE(sinh)
IN_DOUBLE(cosh)
IN_DOUBLE(tanh)
IN_DOUBLE(erf)
IN_DOUBLE(sigmoid)
IN_DOUBLE(log_sigmoid)
IN_DOUBLE(softplus)
IN_DOUBLE(relu)
IN_DOUBLE(silu)
IN_DOUBLE(gelu_tanh)
IN_DOUBLE(gelu_exact)

#include "kernels/unary_rows.h"
