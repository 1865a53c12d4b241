/* SPDX-License-Identifier: MIT
 * The specification of the binary rows. */
#include "kernels/portable/formula.h"
#include "kernels/real.h"
#include "kernels/rectangle.h"

#include <math.h>

#define VN_X real
#define VN_Z real
#define VN_LOOP(name) name
#include "kernels/loops.h"

static real f_add(real x, real y) { return x + y; }
static real f_sub(real x, real y) { return x - y; }
static real f_mul(real x, real y) { return x * y; }
static real f_div(real x, real y) { return x / y; }
static real f_max(real x, real y) { return x > y || x != x ? x : y; }
static real f_min(real x, real y) { return x < y || x != x ? x : y; }
static real f_copysign(real x, real y) { return VN_M(copysign)(x, y); }

#define IN_DOUBLE(name) \
    static real f_##name(real x, real g) { return (real)vn__##name((double)x, (double)g); }
IN_DOUBLE(relu_grad)
IN_DOUBLE(tanh_grad)
IN_DOUBLE(sigmoid_grad)
IN_DOUBLE(softplus_grad)
IN_DOUBLE(silu_grad)
IN_DOUBLE(gelu_tanh_grad)
IN_DOUBLE(gelu_exact_grad)

#include "kernels/binary_rows.h"
