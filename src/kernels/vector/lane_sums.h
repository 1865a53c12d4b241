/* SPDX-License-Identifier: MIT
 * lane_gemm by partial sums, for lane_gemm.c: rows of lanes side by side (lane 1). */
#ifndef VN_KERNELS_VECTOR_LANE_SUMS_H
#define VN_KERNELS_VECTOR_LANE_SUMS_H

#include "kernels/real.h"

enum { VN__LANE_SUMS_ROOM = 4096 }; /* reals of scratch */

void VN_FN(lane_sums)(real *c, int64_t ldc, const vn__lane_rows *y, const vn__lane_rows *x,
                      int64_t m, int64_t n, int64_t lanes, int64_t panels, vn__onto onto,
                      real *scratch);

#endif
