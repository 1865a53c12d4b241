/* SPDX-License-Identifier: MIT */
/* uniform: with u = m 2^-d from the d high bits of a random integer, d the digits of the dtype
 * (f32 23 of 32, f64 52 of 64, f16 10 of 16, bf16 7 of 8),
 *
 *   max(lo, fma(u, hi - lo, lo)),   rounded once: JAX's compiled programs contract it, those in
 *                                   f16 where the processor computes in f16
 *   max(lo, u (hi - lo) + lo)       in bf16, where they round twice
 *
 * unit_uniform is the op from bits to u. */
#include "core/base/element.h"
#include "core/random/threefry.h"
#include "vernal/random.h"

typedef struct format {
    vn_dtype bits;
    int width, digits;
} format;

static format format_of(vn_dtype dtype)
{
    static const format formats[VN_DTYPE_COUNT] = {
        [VN_F32] = { VN_U32, 32, 23 },
        [VN_F64] = { VN_U64, 64, 52 },
        [VN_F16] = { VN_U16, 16, 10 },
        [VN_BF16] = { VN_U8, 8, 7 },
    };
    return formats[dtype];
}

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const vn_dtype dtype = (vn_dtype) * (const int64_t *)attr;
    if (in[0].dtype != format_of(dtype).bits)
        return vn__fail(VN_ERR_DTYPE, "unit_uniform: %s from %s bits", vn_dtype_name(dtype),
                        vn_dtype_name(in[0].dtype));
    out[0] = (vn_aval){ dtype, in[0].shape };
    return VN_ERR_OK;
}

static void eval(const vn_eval *e)
{
    if (vn__eval_shared(e, eval))
        return;
    const vn_dtype dtype = e->out_aval[0].dtype;
    const format f = format_of(dtype);
    const int64_t n = vn__eval_size(e);
    if (dtype == VN_F32)
        for (int64_t i = 0; i < n; i++)
            ((float *)e->out[0])[i] =
                (float)(int32_t)(((const uint32_t *)e->in[0])[i] >> 9) * 0x1p-23f;
    else if (dtype == VN_F64)
        for (int64_t i = 0; i < n; i++)
            ((double *)e->out[0])[i] =
                (double)(int64_t)(((const uint64_t *)e->in[0])[i] >> 12) * 0x1p-52;
    else
        for (int64_t i = 0; i < n; i++) {
            const int64_t m = vn__load_i64(f.bits, e->in[0], i) >> (f.width - f.digits);
            vn__store_f64(dtype, e->out[0], i, (double)m / (double)(1 << f.digits));
        }
}

const vn_op vn__op_unit_uniform = {
    .name = "unit_uniform",
    .n_in = 1,
    .attr_size = sizeof(int64_t),
    .flags = VN_OP_LANES | VN_OP_ELEMENTWISE | VN_OP_NO_GRADIENT,
    .shape = shape,
    .eval = eval,
};

/* u in [0, 1). */
static vn_array *unit(vn_array *key, vn_shape size, vn_dtype dtype)
{
    if (!vn_dtype_is_inexact(dtype) || vn_dtype_is_complex(dtype))
        return vn_error(VN_ERR_DTYPE, "uniform: %s, expected a float", vn_dtype_name(dtype));
    vn_array *bits = vn_random_bits(key, size, format_of(dtype).bits);
    return vn_op_apply(&vn__op_unit_uniform, &(int64_t){ dtype }, 1, &bits);
}

static vn_dtype or_default(vn_dtype dtype)
{
    return dtype == VN_DTYPE_DEFAULT ? vn_default_dtype() : dtype;
}

vn_array *vn_uniform_between(vn_array *key, vn_shape size, vn_dtype dtype, vn_array *lo,
                             vn_array *hi)
{
    vn__named_begin("uniform_between");
    dtype = or_default(dtype);
    vn_array *const u = unit(key, size, dtype);
    lo = vn_cast(vn__as_operand("uniform", lo), dtype);
    hi = vn_cast(vn__as_operand("uniform", hi), dtype);
    if (!u || !lo || !hi)
        return vn__named_end(NULL);
    vn_array *const span = vn_sub(hi, lo);
    const bool twice = dtype == VN_BF16;
    return vn__named_end(
        vn_maximum(lo, twice ? vn_add(vn_mul(u, span), lo) : vn_fma(u, span, lo)));
}

vn_array *vn_uniform(vn_array *key, vn_shape size, vn_dtype dtype, double lo, double hi)
{
    vn__named_begin("uniform");
    dtype = or_default(dtype);
    if (lo == 0 && hi == 1)
        return vn__named_end(unit(key, size, dtype));
    return vn__named_end(
        vn_uniform_between(key, size, dtype, vn_scalar(dtype, lo), vn_scalar(dtype, hi)));
}
