/* SPDX-License-Identifier: MIT
 *
 * Threefry-2x32, 20 rounds (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011).
 * A round is x0 += x1; x1 = rotate(x1, r) ^ x0; after every fourth round the next two of the
 * three key words k0, k1, k2 = k0 ^ k1 ^ 0x1BD11BDA are added, and the number of the group to
 * x1.
 * */
#include "kernels/internal.h"

typedef struct block {
    uint32_t x0, x1;
} block;

static inline block turn(block b, int r)
{
    b.x0 += b.x1;
    b.x1 = ((b.x1 << r) | (b.x1 >> (32 - r))) ^ b.x0;
    return b;
}

static inline block odd_group(block b)
{
    return turn(turn(turn(turn(b, 13), 15), 26), 6);
}

static inline block even_group(block b)
{
    return turn(turn(turn(turn(b, 17), 29), 16), 24);
}

static inline block add(block b, uint32_t a0, uint32_t a1)
{
    return (block){ b.x0 + a0, b.x1 + a1 };
}

static inline block encrypt(uint32_t c0, uint32_t c1, uint32_t k0, uint32_t k1)
{
    const uint32_t k2 = k0 ^ k1 ^ 0x1BD11BDAu;
    block b = add((block){ c0, c1 }, k0, k1);
    b = add(odd_group(b), k1, k2 + 1);
    b = add(even_group(b), k2, k0 + 2);
    b = add(odd_group(b), k0, k1 + 3);
    b = add(even_group(b), k1, k2 + 4);
    return add(odd_group(b), k2, k0 + 5);
}

void VN_COMMON(threefry)(uint32_t *out0, uint32_t *out1, const uint32_t *c0, const uint32_t *c1,
                         uint32_t key0, uint32_t key1, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const block b = encrypt(c0[i], c1[i], key0, key1);
        out0[i] = b.x0;
        out1[i] = b.x1;
    }
}

/* Elements up to the next multiple of 2^32, where the high word of the counter changes. */
static int64_t run_length(uint64_t first, int64_t n)
{
    const uint64_t left = ((uint64_t)1 << 32) - (first & 0xffffffffu);
    return (uint64_t)n < left ? n : (int64_t)left;
}

void VN_COMMON(threefry_bits32)(uint32_t *out, uint64_t first, uint32_t key0, uint32_t key1,
                                int64_t n)
{
    while (n > 0) {
        const int64_t run = run_length(first, n);
        const uint32_t high = (uint32_t)(first >> 32), low = (uint32_t)first;
        for (int64_t i = 0; i < run; i++) {
            const block b = encrypt(high, low + (uint32_t)i, key0, key1);
            out[i] = b.x0 ^ b.x1;
        }
        out += run, first += (uint64_t)run, n -= run;
    }
}

void VN_COMMON(threefry_bits64)(uint64_t *out, uint64_t first, uint32_t key0, uint32_t key1,
                                int64_t n)
{
    while (n > 0) {
        const int64_t run = run_length(first, n);
        const uint32_t high = (uint32_t)(first >> 32), low = (uint32_t)first;
        for (int64_t i = 0; i < run; i++) {
            const block b = encrypt(high, low + (uint32_t)i, key0, key1);
            out[i] = (uint64_t)b.x0 << 32 | b.x1;
        }
        out += run, first += (uint64_t)run, n -= run;
    }
}
