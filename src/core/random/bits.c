/* SPDX-License-Identifier: MIT */
/* threefry_bits: random unsigned integers of 8, 16, 32 or 64 bits. With (w0, w1) the block of a
 * counter,
 *
 *   partitionable   the counter is the element's number (64 bits, high word first);
 *                   64 bits: w0 2^32 + w1     32: w0 xor w1     16, 8: the low bits of that
 *   original        the words of the counters 0, 1, ..; 64 bits: two halves, high and low
 * words;
 *                   16, 8: the words cut up, low bits first */
#include "core/random/threefry.h"
#include "vernal/random.h"

typedef struct attributes {
    vn__dims shape;
    int64_t dtype, original;
} attributes;

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const attributes *const a = attr;
    out[0] = (vn_aval){ (vn_dtype)a->dtype, vn__shape_of_dims(&a->shape) };
    return vn__check_key("threefry_bits", in[0]);
}

/* 32-bit words that a result is made of where they are not the result itself. */
static int64_t words_of(vn_aval out, bool from_original)
{
    const int64_t n = vn_shape_size(out.shape), size = (int64_t)vn_dtype_size(out.dtype);
    if (size == 4 || (size == 8 && !from_original))
        return 0;
    return from_original ? (n * size + 3) / 4 : n;
}

static void draw_partitionable(void *out, const uint32_t key[2], uint32_t *words,
                               const vn_eval *e)
{
    const vn_dtype dtype = e->out_aval[0].dtype;
    const int64_t n = vn_shape_size(e->out_aval[0].shape);
    if (dtype == VN_U64)
        e->kernels->threefry_bits64(out, 0, key[0], key[1], n);
    else
        e->kernels->threefry_bits32(dtype == VN_U32 ? out : words, 0, key[0], key[1], n);
    for (int64_t i = 0; dtype == VN_U16 && i < n; i++)
        ((uint16_t *)out)[i] = (uint16_t)words[i];
    for (int64_t i = 0; dtype == VN_U8 && i < n; i++)
        ((uint8_t *)out)[i] = (uint8_t)words[i];
}

static void draw_original(void *out, const uint32_t key[2], uint32_t *words, const vn_eval *e)
{
    const vn_dtype dtype = e->out_aval[0].dtype;
    const int64_t n = vn_shape_size(e->out_aval[0].shape);
    if (dtype == VN_U32)
        vn__threefry_words(out, n, key, e->kernels);
    else
        vn__threefry_words(words, words_of(e->out_aval[0], true), key, e->kernels);
    for (int64_t i = 0; dtype == VN_U64 && i < n; i++)
        ((uint64_t *)out)[i] = (uint64_t)words[i] << 32 | words[n + i];
    for (int64_t i = 0; dtype == VN_U16 && i < n; i++)
        ((uint16_t *)out)[i] = (uint16_t)(words[i / 2] >> 16 * (i % 2));
    for (int64_t i = 0; dtype == VN_U8 && i < n; i++)
        ((uint8_t *)out)[i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
}

static void draw(void *out, const vn_eval *e, int64_t lane)
{
    uint32_t key[2];
    vn__lane_key(key, e, lane);
    uint32_t *const words =
        (uint32_t *)(void *)((char *)e->scratch + vn__draw_scratch(e->out_aval[0], e->lanes));
    if (((const attributes *)e->attr)->original)
        draw_original(out, key, words, e);
    else
        draw_partitionable(out, key, words, e);
}

static void eval(const vn_eval *e)
{
    if (!vn__eval_shared(e, eval))
        vn__draw_lanes(e, draw);
}

static size_t scratch(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                      int64_t lanes)
{
    (void)in, (void)n_in, (void)mapped;
    const attributes *const a = attr;
    const vn_aval out = { (vn_dtype)a->dtype, vn__shape_of_dims(&a->shape) };
    return vn__draw_scratch(out, lanes) + (size_t)words_of(out, a->original) * sizeof(uint32_t);
}

const vn_op vn__op_threefry_bits = {
    .name = "threefry_bits",
    .n_in = 1,
    .attr_size = sizeof(attributes),
    .flags = VN_OP_LANES | VN_OP_NO_GRADIENT,
    .shape = shape,
    .eval = eval,
    .scratch = scratch,
};

vn_array *vn_random_bits(vn_array *key, vn_shape size, vn_dtype dtype)
{
    vn__named_begin("random_bits");
    if (dtype != VN_U8 && dtype != VN_U16 && dtype != VN_U32 && dtype != VN_U64)
        return vn__named_end(vn_error(VN_ERR_DTYPE,
                                      "random_bits: %s, expected u8, u16, u32 or u64",
                                      vn_dtype_name(dtype)));
    const bool from_original = !vn_threefry_partitionable();
    if (!vn__shape_valid("random_bits", dtype, size))
        return vn__named_end(NULL);
    if (from_original && words_of((vn_aval){ dtype, size }, true) > UINT32_MAX)
        return vn__named_end(
            vn_error(VN_ERR_LIMIT, "random_bits: more than 2^32 words in the original layout"));
    const attributes attr = { vn__dims_of(size), dtype, from_original };
    return vn__named_end(vn_op_apply(&vn__op_threefry_bits, &attr, 1, &key));
}
