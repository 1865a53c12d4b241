/* SPDX-License-Identifier: MIT */
/* In a build without oneDNN: it is absent and declines everything. */
#include <stddef.h>

#include "kernels/onednn/onednn.h"

const char *vn__onednn_absent(void) { return "this build is without oneDNN"; }

const vn__onednn_conv *vn__onednn_conv_of(const vn__onednn_shape *shape)
{
    (void)shape;
    return NULL;
}

const char *vn__onednn_conv_name(const vn__onednn_conv *conv)
{
    (void)conv;
    return NULL;
}

int64_t vn__onednn_weight_bytes(const vn__onednn_conv *conv)
{
    (void)conv;
    return 0;
}

int64_t vn__onednn_scratch_bytes(const vn__onednn_conv *conv)
{
    (void)conv;
    return 0;
}

bool vn__onednn_weights(const vn__onednn_conv *conv, void *to, const void *from, void *scratch)
{
    (void)conv, (void)to, (void)from, (void)scratch;
    return false;
}

bool vn__onednn_conv_run(const vn__onednn_conv *conv, void *x, void *w, void *y, void *scratch)
{
    (void)conv, (void)x, (void)w, (void)y, (void)scratch;
    return false;
}

bool vn__onednn_gemm(float *c, int64_t ldc, const float *a, int64_t a_row, int64_t a_col,
                     const float *b, int64_t b_row, int64_t b_col, int64_t m, int64_t n,
                     int64_t k)
{
    (void)c, (void)ldc, (void)a, (void)a_row, (void)a_col, (void)b, (void)b_row, (void)b_col;
    (void)m, (void)n, (void)k;
    return false;
}
