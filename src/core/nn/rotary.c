/* SPDX-License-Identifier: MIT */
/* RotaryPositionalEmbedding: y = x cos(A) + [-x2, x1] sin(A), x = [x1, x2] by halves
 *     x, y [seq, size]; A[t, j] = t / theta^(2 (j mod size / 2) / size)
 * Source: equinox/nn/_embedding.py, whose table of the process forgets theta (fixed here). */
#include "core/nn/layer.h"

#include <string.h>

#define DEFAULT_THETA 10000.0

/* The dtype of that name. */
static vn_dtype dtype_named(const char *name)
{
    for (int d = 1; d < VN_DTYPE_COUNT; d++)
        if (strcmp(vn_dtype_name((vn_dtype)d), name) == 0)
            return (vn_dtype)d;
    return VN_F32;
}

/* A [seq, size]: the angles of one half, twice side by side. */
static vn_array *angles(const struct vn_rotary_positional_embedding *l, int64_t seq)
{
    const int64_t half = l->embedding_size / 2;
    const vn_dtype dtype = vn_default_dtype();
    vn_array *const exponent = vn_div(vn_scale(2, vn_arange(dtype, half)),
                                      vn_float((double)l->embedding_size));
    vn_array *const frequency = vn_reciprocal(vn_pow(vn_scalar(dtype, l->theta), exponent));
    vn_array *const angle = vn_outer(vn_arange(dtype, seq), frequency);
    return vn_concat(1, angle, angle);
}

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const struct vn_rotary_positional_embedding *const l = (const void *)self;
    const int64_t size = l->embedding_size, half = size / 2;
    const vn_dtype dtype = dtype_named(l->dtype);
    vn_array *const x = arg[0];
    (void)n;
    if (!vn__expect_rank("RotaryPositionalEmbedding", "x", x, 2) ||
        !vn__expect_shape("RotaryPositionalEmbedding", "x", x, VN_SHAPE(vn_dim(x, 0), size)))
        return NULL;
    vn_array *const angle = angles(l, vn_dim(x, 0));
    vn_array *const rotated =
        vn_concat(1, vn_neg(vn_slice(x, 1, half, size, 1)), vn_slice(x, 1, 0, half, 1));
    vn_array *const y = vn_add(vn_mul(x, vn_cast(vn_cos(angle), dtype)),
                               vn_mul(rotated, vn_cast(vn_sin(angle), dtype)));
    return vn_cast(y, vn_dtype_of(x));
}

static bool show_theta(const vn_tree *self, vn_tree **value) /* not if it is the default */
{
    const struct vn_rotary_positional_embedding *const l = (const void *)self;
    *value = vn_float(l->theta);
    return l->theta < DEFAULT_THETA || l->theta > DEFAULT_THETA;
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_rotary_positional_embedding, embedding_size, INT),
    VN_FIELD_SHOWN(struct vn_rotary_positional_embedding, theta, FLOAT, show_theta),
    VN_FIELD(struct vn_rotary_positional_embedding, dtype, STRING),
};

const vn_type vn_rotary_positional_embedding_type = VN__LAYER_TYPE(
    "RotaryPositionalEmbedding", struct vn_rotary_positional_embedding, fields, call, 1, 2);

vn_tree *vn_rotary_positional_embedding(int64_t embedding_size,
                                        const vn_rotary_positional_embedding_options *options)
{
    vn__named_begin("RotaryPositionalEmbedding");
    static const vn_rotary_positional_embedding_options defaults;
    vn_rotary_positional_embedding_options o = options ? *options : defaults;
    const char *const name = "RotaryPositionalEmbedding";
    if (!vn__expect_size(name, "embedding_size", embedding_size, 0) ||
        !vn__expect_positive(name, "theta", &o.theta, DEFAULT_THETA) ||
        !vn__expect_float(name, &o.dtype))
        return vn__named_end(NULL);
    if (embedding_size % 2 != 0)
        return vn__named_end(vn_error(VN_ERR_ARGUMENT,
                                      "%s: embedding_size is %lld, expected an even number",
                                      name, (long long)embedding_size));
    return vn__named_end(vn_module_new(&vn_rotary_positional_embedding_type,
                                       &(struct vn_rotary_positional_embedding){
                                           .embedding_size = embedding_size,
                                           .theta = o.theta,
                                           .dtype = vn_dtype_name(o.dtype),
                                       }));
}
