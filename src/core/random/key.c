/* SPDX-License-Identifier: MIT */
/* Keys from numbers. threefry_fold_in: the block of the counter (0, data) under the key. */
#include "core/random/threefry.h"
#include "vernal/random.h"

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)n_in;
    VN_TRY(vn__check_key("fold_in", in[0]));
    if (in[1].dtype != VN_U32 || in[1].shape.rank != 0) {
        char text[VN__SHAPE_TEXT];
        return vn__fail(VN_ERR_SHAPE, "fold_in: data %s, expected a scalar integer",
                        vn__shape_text(text, in[1].dtype, in[1].shape));
    }
    out[0] = in[0];
    return VN_ERR_OK;
}

static void eval(const vn_eval *e)
{
    uint32_t *const out = e->out[0];
    const bool mapped = e->lanes > 1 && e->mapped[1];
    for (int64_t l = 0; l < e->lanes; l++) {
        uint32_t key[2];
        const uint32_t zero = 0, data = ((const uint32_t *)e->in[1])[mapped ? l : 0];
        vn__lane_key(key, e, l);
        e->kernels->threefry(&out[l], &out[e->lanes + l], &zero, &data, key[0], key[1], 1);
    }
}

const vn_op vn__op_threefry_fold_in = {
    .name = "threefry_fold_in",
    .n_in = 2,
    .flags = VN_OP_LANES | VN_OP_NO_GRADIENT,
    .shape = shape,
    .eval = eval,
};

vn_array *vn_fold_in(vn_array *key, vn_tree *data)
{
    vn__named_begin("fold_in");
    vn_array *const number = vn__as_operand("fold_in", data);
    if (!number || vn__check_dtype("fold_in", vn_dtype_of(number), VN__INTEGERS) != VN_ERR_OK)
        return vn__named_end(NULL);
    return vn__named_end(vn_op_apply(&vn__op_threefry_fold_in, NULL, 2,
                                     (vn_array *[]){ key, vn_cast(number, VN_U32) }));
}

vn_array *vn_key(int64_t seed)
{
    const uint64_t bits = (uint64_t)seed;
    const uint32_t high = vn_default_dtype() == VN_F64 ? (uint32_t)(bits >> 32) : 0;
    return vn_array_from(VN_U32, VN_SHAPE(2), (uint32_t[]){ high, (uint32_t)bits });
}
