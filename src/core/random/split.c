/* SPDX-License-Identifier: MIT */
/* threefry_split: new keys from a key. Partitionable: key i is the block of the counter i (64
 * bits, high word first); original: pairs of the words of the counters 0, 1, .. */
#include "core/random/threefry.h"
#include "vernal/random.h"

#define CHUNK 256

typedef struct attributes {
    vn__dims shape; /* of the result, [.., 2] */
    int64_t original;
} attributes;

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    out[0] = (vn_aval){ VN_U32, vn__shape_of_dims(&((const attributes *)attr)->shape) };
    return vn__check_key("split", in[0]);
}

static void split_partitionable(uint32_t *out, int64_t n, const uint32_t key[2],
                                const vn__kernels *kernels)
{
    uint32_t counter[2][CHUNK], word[2][CHUNK];
    for (int64_t first = 0; first < n; first += CHUNK) {
        const int64_t count = n - first < CHUNK ? n - first : CHUNK;
        for (int64_t i = 0; i < count; i++) {
            counter[0][i] = (uint32_t)((uint64_t)(first + i) >> 32);
            counter[1][i] = (uint32_t)(first + i);
        }
        kernels->threefry(word[0], word[1], counter[0], counter[1], key[0], key[1], count);
        for (int64_t i = 0; i < count; i++) {
            out[2 * (first + i)] = word[0][i];
            out[2 * (first + i) + 1] = word[1][i];
        }
    }
}

static void draw(void *out, const vn_eval *e, int64_t lane)
{
    const int64_t words = vn_shape_size(e->out_aval[0].shape);
    uint32_t key[2];
    vn__lane_key(key, e, lane);
    if (((const attributes *)e->attr)->original)
        vn__threefry_words(out, words, key, e->kernels);
    else
        split_partitionable(out, words / 2, key, e->kernels);
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
    return vn__draw_scratch((vn_aval){ VN_U32, vn__shape_of_dims(&a->shape) }, lanes);
}

const vn_op vn__op_threefry_split = {
    .name = "threefry_split",
    .n_in = 1,
    .attr_size = sizeof(attributes),
    .flags = VN_OP_LANES | VN_OP_NO_GRADIENT,
    .shape = shape,
    .eval = eval,
    .scratch = scratch,
};

vn_array *vn_split_shape(vn_array *key, vn_shape size)
{
    vn__named_begin("split_shape");
    if (vn__shape_insert(&size, "split", size.rank, 2) != VN_ERR_OK ||
        !vn__shape_valid("split", VN_U32, size))
        return vn__named_end(NULL);
    const attributes attr = { vn__dims_of(size), !vn_threefry_partitionable() };
    if (attr.original && vn_shape_size(size) > UINT32_MAX)
        return vn__named_end(
            vn_error(VN_ERR_LIMIT, "split: more than 2^31 keys in the original layout"));
    return vn__named_end(vn_op_apply(&vn__op_threefry_split, &attr, 1, &key));
}

vn_array *vn_split(vn_array *key, int64_t n)
{
    vn__named_begin("split");
    return vn__named_end(vn_split_shape(key, VN_SHAPE(n)));
}

vn_array *vn_subkey(vn_array *keys, int64_t i)
{
    vn__named_begin("subkey");
    return vn__named_end(vn_index(keys, 0, i));
}
