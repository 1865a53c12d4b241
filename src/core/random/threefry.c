/* SPDX-License-Identifier: MIT */
/* Threefry-2x32 from keys to words, in JAX's two layouts of counters. */
#include "core/random/threefry.h"

#include "vernal/random.h"

#define CHUNK 256

static _Thread_local bool original;

void vn_set_threefry_partitionable(bool partitionable) { original = !partitionable; }

bool vn_threefry_partitionable(void) { return !original; }

void vn__threefry_words(uint32_t *words, int64_t count, const uint32_t key[2],
                        const vn__kernels *kernels)
{
    uint32_t counter[2][CHUNK], out[2][CHUNK];
    const int64_t half = (count + 1) / 2;
    for (int64_t first = 0; first < half; first += CHUNK) {
        const int64_t n = half - first < CHUNK ? half - first : CHUNK;
        for (int64_t i = 0; i < n; i++) {
            const int64_t second = half + first + i;
            counter[0][i] = (uint32_t)(first + i);
            counter[1][i] = second < count ? (uint32_t)second : 0;
        }
        kernels->threefry(out[0], out[1], counter[0], counter[1], key[0], key[1], n);
        for (int64_t i = 0; i < n; i++) {
            words[first + i] = out[0][i];
            if (half + first + i < count)
                words[half + first + i] = out[1][i];
        }
    }
}

vn_status vn__check_key(const char *op, vn_aval key)
{
    char text[VN__SHAPE_TEXT];
    if (key.dtype == VN_U32 && vn_shape_equal(key.shape, VN_SHAPE(2)))
        return VN_ERR_OK;
    return vn__fail(VN_ERR_SHAPE, "%s: key %s, expected u32[2]", op,
                    vn__shape_text(text, key.dtype, key.shape));
}

void vn__lane_key(uint32_t key[2], const vn_eval *e, int64_t lane)
{
    const uint32_t *const words = e->in[0];
    const bool mapped = e->lanes > 1 && e->mapped[0];
    key[0] = words[mapped ? lane : 0];
    key[1] = words[mapped ? e->lanes + lane : 1];
}

static int64_t result_bytes(vn_aval out)
{
    return vn_shape_size(out.shape) * (int64_t)vn_dtype_size(out.dtype);
}

size_t vn__draw_scratch(vn_aval out, int64_t lanes)
{
    return lanes == 1 ? 0 : (size_t)((result_bytes(out) * lanes + 63) & ~(int64_t)63);
}

void vn__draw_lanes(const vn_eval *e, void (*draw)(void *out, const vn_eval *e, int64_t lane))
{
    if (e->lanes == 1) {
        draw(e->out[0], e, 0);
        return;
    }
    const vn_aval out = e->out_aval[0];
    const int64_t n = vn_shape_size(out.shape), bytes = result_bytes(out);
    for (int64_t lane = 0; lane < e->lanes; lane++)
        draw((char *)e->scratch + lane * bytes, e, lane);
    e->kernels->load_lanes(e->out[0], e->scratch, n, n, e->lanes, e->lanes,
                           (int64_t)vn_dtype_size(out.dtype));
}
