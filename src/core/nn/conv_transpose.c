/* SPDX-License-Identifier: MIT */
/* ConvTranspose: y = dilate(x, s) * W + b, with x's elements s apart, window stride 1, padding
 *     lo = d (k - 1) - p0,  hi = d (k - 1) - p1 + a,  a = output_padding
 *     x [in, spatial..], W [out, in / groups, kernel..], b [out, 1..], y [out, spatial'..]
 *     SAME: p0 + p1 = max(0, q), a = max(0, -q), q = d (k - 1) - s + 1 + output_padding:
 *     spatial' = spatial s - output_padding
 *     CIRCULAR: x is wrapped by lo / s and hi / s elements; the remainders are zeros
 * Source: equinox/nn/_conv.py */
#include "core/nn/conv_layer.h"

/* The padding of each end of the dilated x. */
static void paddings(int64_t lo[], int64_t hi[], const struct vn_conv_transpose_nd *l)
{
    const bool same = vn__is_same_rule(l->padding_rule);
    const bool valid = vn__is_text(l->padding_rule, "VALID");
    const bool lower = vn__is_text(l->padding_rule, "SAME_LOWER");
    for (int i = 0; i < l->num_spatial_dims; i++) {
        const int64_t reach = l->dilation.dim[i] * (l->kernel_size.dim[i] - 1);
        int64_t extra = l->output_padding.dim[i];
        int64_t p0 = valid ? 0 : l->padding.dim[i], p1 = valid ? 0 : l->padding_end.dim[i];
        if (same) {
            const int64_t need = reach - l->stride.dim[i] + extra + 1;
            const int64_t total = need > 0 ? need : 0;
            extra = need < 0 ? -need : 0;
            p0 = (total + lower) / 2;
            p1 = total - p0;
        }
        lo[i] = reach - p0;
        hi[i] = reach - p1 + extra;
    }
}

/* Moves whole elements of x from the padding into x itself. */
static vn_array *wrap(vn_array *x, vn_conv_options *o, int axes)
{
    int64_t lo[VN_MAX_RANK], hi[VN_MAX_RANK];
    for (int i = 0; i < axes; i++) {
        lo[i] = o->pad_lo[i] / o->lhs_dilation[i];
        hi[i] = o->pad_hi[i] / o->lhs_dilation[i];
        o->pad_lo[i] %= o->lhs_dilation[i];
        o->pad_hi[i] %= o->lhs_dilation[i];
    }
    return vn__conv_pad(x, axes, lo, hi, "CIRCULAR");
}

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const struct vn_conv_transpose_nd *const l = (const void *)self;
    const int axes = (int)l->num_spatial_dims;
    vn_conv_options options = { .groups = l->groups };
    vn_array *x = arg[0];
    (void)n;
    if (!vn__conv_expect_x(self->type->name, x, axes, l->in_channels))
        return NULL;
    paddings(options.pad_lo, options.pad_hi, l);
    for (int i = 0; i < axes; i++) {
        options.lhs_dilation[i] = l->stride.dim[i];
        options.dilation[i] = l->dilation.dim[i];
    }
    if (vn__is_text(l->padding_mode, "CIRCULAR"))
        x = wrap(x, &options, axes);
    vn_array *const y = vn_conv(x, l->weight, &options);
    return vn_is_none(l->bias) ? y : vn_add(y, l->bias);
}

static bool show_padding(const vn_tree *self, vn_tree **value)
{
    const struct vn_conv_transpose_nd *const l = (const void *)self;
    *value = vn__is_text(l->padding_rule, "EXPLICIT")
                 ? vn__shown_pairs(l->padding, l->padding_end)
                 : vn_string(l->padding_rule);
    return true;
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_conv_transpose_nd, num_spatial_dims, INT),
    VN_FIELD(struct vn_conv_transpose_nd, weight, TREE),
    VN_FIELD(struct vn_conv_transpose_nd, bias, TREE),
    VN_FIELD(struct vn_conv_transpose_nd, in_channels, INT),
    VN_FIELD(struct vn_conv_transpose_nd, out_channels, INT),
    VN_FIELD(struct vn_conv_transpose_nd, kernel_size, SHAPE),
    VN_FIELD(struct vn_conv_transpose_nd, stride, SHAPE),
    VN_FIELD_SHOWN(struct vn_conv_transpose_nd, padding, SHAPE, show_padding),
    VN_FIELD_SHOWN(struct vn_conv_transpose_nd, padding_end, SHAPE, vn__not_shown),
    VN_FIELD_SHOWN(struct vn_conv_transpose_nd, padding_rule, STRING, vn__not_shown),
    VN_FIELD(struct vn_conv_transpose_nd, output_padding, SHAPE),
    VN_FIELD(struct vn_conv_transpose_nd, dilation, SHAPE),
    VN_FIELD(struct vn_conv_transpose_nd, groups, INT),
    VN_FIELD(struct vn_conv_transpose_nd, use_bias, BOOL),
    VN_FIELD(struct vn_conv_transpose_nd, padding_mode, STRING),
};

const vn_type vn_conv_transpose_nd_type =
    VN__LAYER_TYPE("ConvTranspose", struct vn_conv_transpose_nd, fields, call, 1, 2);
const vn_type vn_conv_transpose1d_type =
    VN__LAYER_TYPE("ConvTranspose1d", struct vn_conv_transpose_nd, fields, call, 1, 2);
const vn_type vn_conv_transpose2d_type =
    VN__LAYER_TYPE("ConvTranspose2d", struct vn_conv_transpose_nd, fields, call, 1, 2);
const vn_type vn_conv_transpose3d_type =
    VN__LAYER_TYPE("ConvTranspose3d", struct vn_conv_transpose_nd, fields, call, 1, 2);

static bool check_output_padding(vn_shape *extra, const vn__conv_spec *s)
{
    if (!vn__per_axis(extra, s->layer, "output_padding", *extra, s->n, 0, 0))
        return false;
    for (int i = 0; i < s->n; i++)
        if (extra->dim[i] >= s->stride.dim[i]) {
            vn__fail(VN_ERR_ARGUMENT, "%s: output_padding[%d] is %lld, but stride[%d] is %lld",
                     s->layer, i, (long long)extra->dim[i], i, (long long)s->stride.dim[i]);
            return false;
        }
    return true;
}

static bool check_mode(const vn__conv_spec *s, vn_shape extra)
{
    bool none = true;
    for (int i = 0; i < s->n; i++)
        none = none && extra.dim[i] == 0;
    if (vn__is_text(s->mode, "ZEROS") ||
        (vn__is_text(s->mode, "CIRCULAR") && vn__is_same_rule(s->rule) && none))
        return true;
    vn__fail(VN_ERR_UNSUPPORTED,
             "%s: padding_mode %s with padding %s%s, expected ZEROS, or "
             "CIRCULAR with SAME or SAME_LOWER and no output_padding",
             s->layer, s->mode, s->rule, none ? "" : " and output_padding");
    return false;
}

static vn_tree *construct(const vn_type *type, int n, int64_t in, int64_t out, vn_shape kernel,
                          vn_array *key, const vn_conv_transpose_nd_options *options)
{
    vn__named_begin(type->name);
    static const vn_conv_transpose_nd_options defaults;
    const vn_conv_transpose_nd_options o = options ? *options : defaults;
    vn_shape extra = o.output_padding;
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
    if (!vn__conv_check(&s, o.padding_rule, o.padding_mode) ||
        !check_output_padding(&extra, &s) || !check_mode(&s, extra))
        return vn__named_end(NULL);
    struct vn_conv_transpose_nd l = {
        .num_spatial_dims = n,
        .in_channels = in,
        .out_channels = out,
        .kernel_size = s.kernel,
        .stride = s.stride,
        .padding = s.padding,
        .padding_end = s.padding_end,
        .padding_rule = s.rule,
        .output_padding = extra,
        .dilation = s.dilation,
        .groups = s.groups,
        .use_bias = s.use_bias,
        .padding_mode = s.mode,
    };
    vn__conv_init(&l.weight, &l.bias, &s, key);
    return vn__named_end(vn_module_new(type, &l));
}

vn_tree *vn_conv_transpose_nd(int num_spatial_dims, int64_t in_channels, int64_t out_channels,
                              vn_shape kernel_size, vn_array *key,
                              const vn_conv_transpose_nd_options *options)
{
    return construct(&vn_conv_transpose_nd_type, num_spatial_dims, in_channels, out_channels,
                     kernel_size, key, options);
}

vn_tree *vn_conv_transpose1d(int64_t in_channels, int64_t out_channels, vn_shape kernel_size,
                             vn_array *key, const vn_conv_transpose_nd_options *options)
{
    return construct(&vn_conv_transpose1d_type, 1, in_channels, out_channels, kernel_size, key,
                     options);
}

vn_tree *vn_conv_transpose2d(int64_t in_channels, int64_t out_channels, vn_shape kernel_size,
                             vn_array *key, const vn_conv_transpose_nd_options *options)
{
    return construct(&vn_conv_transpose2d_type, 2, in_channels, out_channels, kernel_size, key,
                     options);
}

vn_tree *vn_conv_transpose3d(int64_t in_channels, int64_t out_channels, vn_shape kernel_size,
                             vn_array *key, const vn_conv_transpose_nd_options *options)
{
    return construct(&vn_conv_transpose3d_type, 3, in_channels, out_channels, kernel_size, key,
                     options);
}
