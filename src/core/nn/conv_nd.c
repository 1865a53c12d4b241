/* SPDX-License-Identifier: MIT */
/* Conv: y = x * W + b, a cross-correlation
 *     x [in, spatial..], W [out, in / groups, kernel..], b [out, 1..], y [out, spatial'..]
 *     SAME: total padding max(0, (ceil(in / s) - 1) s + d (k - 1) + 1 - in), half at each end
 *     modes other than ZEROS pad x first
 * Source: equinox/nn/_conv.py */
#include "core/nn/conv_layer.h"

/* The padding of each end for an x of that shape. */
static void paddings(int64_t lo[], int64_t hi[], const struct vn_conv_nd *l, vn_shape x)
{
    const bool same = vn__is_same_rule(l->padding_rule);
    const bool explicit = vn__is_text(l->padding_rule, "EXPLICIT");
    const bool lower = vn__is_text(l->padding_rule, "SAME_LOWER");
    for (int i = 0; i < l->num_spatial_dims; i++) {
        const int64_t in = x.dim[1 + i], s = l->stride.dim[i];
        const int64_t window = l->dilation.dim[i] * (l->kernel_size.dim[i] - 1) + 1;
        const int64_t need = ((in + s - 1) / s - 1) * s + window - in;
        const int64_t total = same && need > 0 ? need : 0;
        lo[i] = explicit ? l->padding.dim[i] : (total + lower) / 2;
        hi[i] = explicit ? l->padding_end.dim[i] : total - lo[i];
    }
}

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const struct vn_conv_nd *const l = (const void *)self;
    const int axes = (int)l->num_spatial_dims;
    vn_conv_options options = { .groups = l->groups };
    vn_array *x = arg[0];
    (void)n;
    if (!vn__conv_expect_x(self->type->name, x, axes, l->in_channels))
        return NULL;
    paddings(options.pad_lo, options.pad_hi, l, vn_shape_of(x));
    for (int i = 0; i < axes; i++) {
        options.stride[i] = l->stride.dim[i];
        options.dilation[i] = l->dilation.dim[i];
    }
    if (!vn__is_text(l->padding_mode, "ZEROS")) {
        x = vn__conv_pad(x, axes, options.pad_lo, options.pad_hi, l->padding_mode);
        for (int i = 0; i < axes; i++)
            options.pad_lo[i] = options.pad_hi[i] = 0;
    }
    vn_array *const y = vn_conv(x, l->weight, &options);
    return vn_is_none(l->bias) ? y : vn_add(y, l->bias);
}

static bool show_padding(const vn_tree *self, vn_tree **value)
{
    const struct vn_conv_nd *const l = (const void *)self;
    *value = vn__is_text(l->padding_rule, "EXPLICIT")
                 ? vn__shown_pairs(l->padding, l->padding_end)
                 : vn_string(l->padding_rule);
    return true;
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_conv_nd, num_spatial_dims, INT),
    VN_FIELD(struct vn_conv_nd, weight, TREE),
    VN_FIELD(struct vn_conv_nd, bias, TREE),
    VN_FIELD(struct vn_conv_nd, in_channels, INT),
    VN_FIELD(struct vn_conv_nd, out_channels, INT),
    VN_FIELD(struct vn_conv_nd, kernel_size, SHAPE),
    VN_FIELD(struct vn_conv_nd, stride, SHAPE),
    VN_FIELD_SHOWN(struct vn_conv_nd, padding, SHAPE, show_padding),
    VN_FIELD_SHOWN(struct vn_conv_nd, padding_end, SHAPE, vn__not_shown),
    VN_FIELD_SHOWN(struct vn_conv_nd, padding_rule, STRING, vn__not_shown),
    VN_FIELD(struct vn_conv_nd, dilation, SHAPE),
    VN_FIELD(struct vn_conv_nd, groups, INT),
    VN_FIELD(struct vn_conv_nd, use_bias, BOOL),
    VN_FIELD(struct vn_conv_nd, padding_mode, STRING),
};

const vn_type vn_conv_nd_type = VN__LAYER_TYPE("Conv", struct vn_conv_nd, fields, call, 1, 2);
const vn_type vn_conv1d_type = VN__LAYER_TYPE("Conv1d", struct vn_conv_nd, fields, call, 1, 2);
const vn_type vn_conv2d_type = VN__LAYER_TYPE("Conv2d", struct vn_conv_nd, fields, call, 1, 2);
const vn_type vn_conv3d_type = VN__LAYER_TYPE("Conv3d", struct vn_conv_nd, fields, call, 1, 2);

static vn_tree *construct(const vn_type *type, int n, int64_t in, int64_t out, vn_shape kernel,
                          vn_array *key, const vn_conv_nd_options *options)
{
    vn__named_begin(type->name);
    static const vn_conv_nd_options defaults;
    const vn_conv_nd_options o = options ? *options : defaults;
    vn__conv_spec s = {
        .layer = type->name,
        .n = n,
        .in = in,
        .out = out,
        .groups = o.groups,
        .kernel = kernel,
        .stride = o.stride,
        .padding = o.padding,
        .padding_end = o.padding_end,
        .dilation = o.dilation,
        .use_bias = !o.no_bias,
        .dtype = o.dtype,
    };
    if (!vn__conv_check(&s, o.padding_rule, o.padding_mode))
        return vn__named_end(NULL);
    struct vn_conv_nd l = {
        .num_spatial_dims = n,
        .in_channels = in,
        .out_channels = out,
        .kernel_size = s.kernel,
        .stride = s.stride,
        .padding = s.padding,
        .padding_end = s.padding_end,
        .padding_rule = s.rule,
        .dilation = s.dilation,
        .groups = s.groups,
        .use_bias = s.use_bias,
        .padding_mode = s.mode,
    };
    vn__conv_init(&l.weight, &l.bias, &s, key);
    return vn__named_end(vn_module_new(type, &l));
}

vn_tree *vn_conv_nd(int num_spatial_dims, int64_t in_channels, int64_t out_channels,
                    vn_shape kernel_size, vn_array *key, const vn_conv_nd_options *options)
{
    return construct(&vn_conv_nd_type, num_spatial_dims, in_channels, out_channels, kernel_size,
                     key, options);
}

vn_tree *vn_conv1d(int64_t in_channels, int64_t out_channels, vn_shape kernel_size,
                   vn_array *key, const vn_conv_nd_options *options)
{
    return construct(&vn_conv1d_type, 1, in_channels, out_channels, kernel_size, key, options);
}

vn_tree *vn_conv2d(int64_t in_channels, int64_t out_channels, vn_shape kernel_size,
                   vn_array *key, const vn_conv_nd_options *options)
{
    return construct(&vn_conv2d_type, 2, in_channels, out_channels, kernel_size, key, options);
}

vn_tree *vn_conv3d(int64_t in_channels, int64_t out_channels, vn_shape kernel_size,
                   vn_array *key, const vn_conv_nd_options *options)
{
    return construct(&vn_conv3d_type, 3, in_channels, out_channels, kernel_size, key, options);
}
