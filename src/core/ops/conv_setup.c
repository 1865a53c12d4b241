/* SPDX-License-Identifier: MIT */
/* Who computes a convolution or a gradient of it: decided when a plan is made. */
#include "core/ops/conv.h"
#include "kernels/onednn/onednn.h"

void vn__conv_setup_product(void *memory, const vn_eval *e, bool back)
{
    *(vn__conv_setup *)memory = (vn__conv_setup){
        .onednn = vn__conv_onednn_product_of(e, back),
        .winograd = vn__conv_winograd_takes(e, back),
    };
}

void vn__conv_setup_weight(void *memory, const vn_eval *e)
{
    vn__conv_setup *const setup = memory;
    *setup = (vn__conv_setup){ 0 };
    if (e->panels == 0) /* no sum over lanes: by the definition */
        return;
    setup->onednn = vn__conv_onednn_weight_of(e);
    setup->winograd = vn__conv_by_winograd(e->attr, e->lanes, e->in_aval[0].shape.dim[0],
                                           e->in_aval[1].shape.dim[0]);
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
    return vn__conv_winograd(setup) ? "Winograd's F(2x2, 3x3)"
           : conv                   ? vn__onednn_conv_name(conv)
                                    : NULL;
}
