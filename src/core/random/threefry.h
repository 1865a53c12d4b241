/* SPDX-License-Identifier: MIT */
/* The ops that turn keys into bits. A key is u32[2]. */
#ifndef VN_CORE_RANDOM_THREEFRY_H
#define VN_CORE_RANDOM_THREEFRY_H

#include "core/ops/ops_common.h"

/* The first `count` words of threefry in the original layout: counters 0 .. count-1 (0 behind
 * an odd count) in two halves, the first words of all blocks, then the second ones. */
void vn__threefry_words(uint32_t *words, int64_t count, const uint32_t key[2],
                        const vn__kernels *kernels);

/* For an op whose first operand is the key, mapped or not: calls draw for every lane's key and
 * puts the results into lanes. scratch: vn__draw_scratch(bytes of one result, lanes). */
void vn__draw_lanes(const vn_eval *e, void (*draw)(void *out, const vn_eval *e, int64_t lane));
size_t vn__draw_scratch(vn_aval out, int64_t lanes);

/* The key of a lane. */
void vn__lane_key(uint32_t key[2], const vn_eval *e, int64_t lane);

vn_status vn__check_key(const char *op, vn_aval key);

#endif
