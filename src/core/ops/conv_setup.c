/* SPDX-License-Identifier: MIT */
/* Who computes a convolution or a gradient of it: decided when a plan is made. */
#include "core/ops/conv.h"
#include "kernels/onednn/onednn.h"

/* Of one example. */
static vn__conv_setup alone(const vn_eval *e, int result, int64_t x_channels,
                            int64_t y_channels)
{
    const vn__sliding *const s = e->attr;
    const vn__conv_sizes z = vn__conv_sizes_of(s, x_channels, y_channels);
    const bool strips = vn__conv_in_strips(s, &z, result == VN__CONV_X);
    return (vn__conv_setup){ .strips = strips,
                             .winograd = strips && vn__conv_strips_winograd(e, result) };
}

void vn__conv_setup_product(void *memory, const vn_eval *e, bool back)
{
    vn__conv_setup *const setup = memory;
    const vn__sliding *const s = e->attr;
    const vn_shape w = e->in_aval[back ? 0 : 1].shape;
    if (e->lanes == 1)
        *setup = alone(e, back ? VN__CONV_X : VN__CONV_Y, w.dim[1] * s->groups, w.dim[0]);
    else
        *setup = (vn__conv_setup){ .onednn = vn__conv_onednn_product_of(e, back),
                                   .winograd = vn__conv_winograd_takes(e, back) };
}

void vn__conv_setup_weight(void *memory, const vn_eval *e)
{
    vn__conv_setup *const setup = memory;
    const int64_t x = e->in_aval[0].shape.dim[0], y = e->in_aval[1].shape.dim[0];
    *setup = (vn__conv_setup){ 0 };
    if (e->lanes == 1)
        *setup = alone(e, VN__CONV_W, x, y);
    else if (e->panels > 0) /* a sum over lanes, else by the definition */
        *setup = (vn__conv_setup){ .onednn = vn__conv_onednn_weight_of(e),
                                   .winograd = vn__conv_by_winograd(e->attr, e->lanes, x, y) };
}

const struct vn__onednn_conv *vn__conv_onednn(const void *setup)
{
    return setup ? ((const vn__conv_setup *)setup)->onednn : NULL;
}

bool vn__conv_winograd(const void *setup)
{
    return setup && ((const vn__conv_setup *)setup)->winograd;
}

const char *vn__conv_provider(const void *setup)
{
    const struct vn__onednn_conv *const conv = vn__conv_onednn(setup);
    const bool strips = ((const vn__conv_setup *)setup)->strips;
    if (vn__conv_winograd(setup))
        return strips ? "Winograd's F(2x2, 3x3), in strips of rows" : "Winograd's F(2x2, 3x3)";
    return strips ? "strips of rows" : conv ? vn__onednn_conv_name(conv) : NULL;
}
