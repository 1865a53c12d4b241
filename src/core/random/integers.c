/* SPDX-License-Identifier: MIT */
/* Integers: randint, bernoulli, rademacher.
 *
 *   randint  lo + (h m + l) mod span, all modulo 2^w, with two random w-bit integers h mod span
 * and
 *            l mod span, m = 2^w mod span, w = 32 or 64, span = hi - lo (1 if that is not
 * positive;
 *            modulo 2^w = 0 there is no reduction). The op uniform_integers makes it of h and
 * l. */
#include "core/random/threefry.h"
#include "vernal/random.h"

/* ---------------------------------------------------------------------- uniform_integers */

typedef struct attributes {
    int64_t lo;
    uint64_t span, dtype;
} attributes;

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    if (in[0].dtype != in[1].dtype || !vn_shape_equal(in[0].shape, in[1].shape) ||
        (in[0].dtype != VN_U32 && in[0].dtype != VN_U64))
        return vn__fail(VN_ERR_DTYPE, "uniform_integers: expected two u32 or u64 of one shape");
    out[0] = (vn_aval){ (vn_dtype)((const attributes *)attr)->dtype, in[0].shape };
    return VN_ERR_OK;
}

static uint32_t mod32(uint32_t a, uint32_t b) { return b ? a % b : a; }

static uint64_t mod64(uint64_t a, uint64_t b) { return b ? a % b : a; }

static uint32_t reduce32(uint32_t h, uint32_t l, uint32_t span)
{
    const uint32_t root = mod32(1u << 16, span), m = mod32(root * root, span);
    return mod32(mod32(h, span) * m + mod32(l, span), span);
}

static uint64_t reduce64(uint64_t h, uint64_t l, uint64_t span)
{
    const uint64_t root = mod64((uint64_t)1 << 32, span), m = mod64(root * root, span);
    return mod64(mod64(h, span) * m + mod64(l, span), span);
}

static void eval(const vn_eval *e)
{
    const attributes *const a = e->attr;
    const int64_t n = vn__eval_size(e);
    const void *in[2];
    vn__lanes_operands(in, e);
    for (int64_t i = 0; e->in_aval[0].dtype == VN_U32 && i < n; i++)
        ((uint32_t *)e->out[0])[i] =
            (uint32_t)a->lo + reduce32(((const uint32_t *)in[0])[i],
                                       ((const uint32_t *)in[1])[i], (uint32_t)a->span);
    for (int64_t i = 0; e->in_aval[0].dtype == VN_U64 && i < n; i++)
        ((uint64_t *)e->out[0])[i] =
            (uint64_t)a->lo +
            reduce64(((const uint64_t *)in[0])[i], ((const uint64_t *)in[1])[i], a->span);
}

const vn_op vn__op_uniform_integers = {
    .name = "uniform_integers",
    .n_in = 2,
    .attr_size = sizeof(attributes),
    .flags = VN_OP_LANES | VN_OP_NO_GRADIENT,
    .shape = shape,
    .eval = eval,
    .scratch = vn__lanes_scratch,
};

/* ---------------------------------------------------------------------- public functions */

static vn_dtype integer_or_default(vn_dtype dtype)
{
    if (dtype != VN_DTYPE_DEFAULT)
        return dtype;
    return vn_default_dtype() == VN_F64 ? VN_I64 : VN_I32;
}

/* Smallest and largest value of a dtype, as far as int64 goes. */
static void range_of(int64_t *least, int64_t *most, vn_dtype dtype)
{
    const int bits = 8 * (int)vn_dtype_size(dtype);
    const bool is_signed =
        dtype == VN_I8 || dtype == VN_I16 || dtype == VN_I32 || dtype == VN_I64;
    *most = bits == 64 ? INT64_MAX : ((int64_t)1 << (is_signed ? bits - 1 : bits)) - 1;
    *least = is_signed ? -*most - 1 : 0;
}

/* lo, hi as the drawn dtype sees them: clipped, and one more value where hi lies beyond. */
static attributes attributes_of(int64_t lo, int64_t hi, vn_dtype drawn)
{
    int64_t least, most;
    range_of(&least, &most, drawn);
    const bool beyond = hi > most;
    lo = lo < least ? least : lo > most ? most : lo;
    hi = hi < least ? least : hi > most ? most : hi;
    uint64_t span = hi > lo ? (uint64_t)hi - (uint64_t)lo + beyond : 1;
    return (attributes){ lo, span, drawn };
}

vn_array *vn_randint(vn_array *key, vn_shape size, int64_t lo, int64_t hi, vn_dtype dtype)
{
    vn__named_begin("randint");
    dtype = integer_or_default(dtype);
    if (vn__check_dtype("randint", dtype, VN__INTEGERS) != VN_ERR_OK)
        return vn__named_end(NULL);
    const bool small = vn_dtype_size(dtype) < 4;
    const vn_dtype drawn = small ? VN_I32 : dtype;
    const vn_dtype bits = vn_dtype_size(drawn) == 8 ? VN_U64 : VN_U32;
    const attributes attr = attributes_of(lo, hi, drawn);
    vn_array *const keys = vn_split(key, 2);
    vn_array *const in[] = { vn_random_bits(vn_subkey(keys, 0), size, bits),
                             vn_random_bits(vn_subkey(keys, 1), size, bits) };
    vn_array *const out = vn_op_apply(&vn__op_uniform_integers, &attr, 2, in);
    return vn__named_end(out ? vn_cast(out, dtype) : NULL);
}

vn_array *vn_bernoulli(vn_array *key, double p, vn_shape size)
{
    vn__named_begin("bernoulli");
    const vn_dtype dtype = vn_default_dtype();
    return vn__named_end(vn_lt(vn_uniform(key, size, dtype, 0, 1), vn_scalar(dtype, p)));
}

vn_array *vn_rademacher(vn_array *key, vn_shape size, vn_dtype dtype)
{
    vn__named_begin("rademacher");
    dtype = integer_or_default(dtype);
    vn_array *const ones = vn_cast(vn_bernoulli(key, 0.5, size), dtype);
    return vn__named_end(ones ? vn_sub(vn_add(ones, ones), vn_ones(dtype, VN_SCALAR)) : NULL);
}
