/* SPDX-License-Identifier: MIT */
/* BatchNorm: y = (x - mean) / sqrt(var + eps) weight + bias, by channel
 *     x, y [channels, ..]; batch statistics over the other axes and the named vmap axes:
 *     mean_B = pmean(mean(x)), var_B = pmean(mean((x - mean_B)^2))
 *     "ema": A = B at the first call, then A = (1 - m) B + m A; y from A, also in training
 *     "batch": H = m H + (1 - m) B, n += 1 from H = (0, 1), n = 0; y from B in training,
 *         in inference from H_mean / (1 - m^n), (H_var - m^n) / (1 - m^n), n = 0: (0, 1)
 * Source: equinox/nn/_batch_norm.py, where the variance lacks the - m^n (equinox_debias). */
#include <string.h>

#include "core/nn/norm.h"
#include "vernal/transform.h"

typedef struct stats {
    vn_array *mean, *var; /* [channels] */
} stats;

/* ------------------------------------------------------------------------- call */

static vn_array *mean_by_name(const struct vn_batch_norm *l, vn_array *x)
{
    if (vn_is_leaf(l->axis_name))
        return vn_pmean(x, vn_string_value(l->axis_name));
    for (int i = 0; i < vn_len(l->axis_name); i++)
        x = vn_pmean(x, vn_string_value(vn_at(l->axis_name, i)));
    return x;
}

static stats batch_stats(const struct vn_batch_norm *l, vn_array *x)
{
    const vn_axes axes = vn__axes_from(x, 1);
    vn_array *const mean = mean_by_name(l, vn_mean_over(x, axes, false));
    vn_array *const centred = vn_sub(x, vn__norm_by_channel(mean, vn_rank(x)));
    return (stats){ mean, mean_by_name(l, vn_mean_over(vn_square(centred), axes, false)) };
}

/* keep a + (1 - keep) b */
static vn_array *blend(double keep, vn_array *a, vn_array *b)
{
    return vn_add(vn_scale(keep, a), vn_scale(1 - keep, b));
}

static stats stats_in(vn_tree *state, vn_tree *index)
{
    vn_tree *const pair = vn_state_get(state, index);
    return pair ? (stats){ vn_at(pair, 0), vn_at(pair, 1) } : (stats){ NULL, NULL };
}

/* The state with the statistics, in the dtype that it has for them. */
static vn_tree *set_stats(vn_tree *state, vn_tree *index, stats s)
{
    const stats old = stats_in(state, index);
    return vn_state_set(
        state, index,
        vn_tuple(vn_cast(s.mean, vn_dtype_of(old.mean)), vn_cast(s.var, vn_dtype_of(old.var))));
}

static stats ema(const struct vn_batch_norm *l, vn_array *x, vn_tree **state, bool inference)
{
    const stats average = stats_in(*state, l->ema_state_index);
    if (inference || !average.mean)
        return average;
    const stats batch = batch_stats(l, x);
    vn_array *const first = vn_state_get(*state, l->ema_first_time_index);
    const stats new = {
        vn_where(first, batch.mean, blend(l->momentum, average.mean, batch.mean)),
        vn_where(first, batch.var, blend(l->momentum, average.var, batch.var)),
    };
    *state = vn_state_set(*state, l->ema_first_time_index, vn_zeros(VN_BOOL, VN_SCALAR));
    *state = set_stats(*state, l->ema_state_index, new);
    return new;
}

static stats debiased(const struct vn_batch_norm *l, stats hidden, vn_array *n)
{
    const vn_dtype dtype = vn_dtype_of(hidden.mean);
    vn_array *const none = vn_eq(n, vn_int(0));
    vn_array *const left = vn_pow(vn_scalar(dtype, l->momentum), vn_cast(n, dtype));
    vn_array *const total = vn_where(none, vn_float(1), vn_sub(vn_float(1), left));
    vn_array *const from =
        l->equinox_debias ? hidden.var : vn_where(none, hidden.var, vn_sub(hidden.var, left));
    return (stats){ vn_div(hidden.mean, total), vn_div(from, total) };
}

static stats batch(const struct vn_batch_norm *l, vn_array *x, vn_tree **state, bool inference)
{
    const stats hidden = stats_in(*state, l->batch_state_index);
    vn_array *const n = vn_state_get(*state, l->batch_counter);
    if (!n || !hidden.mean)
        return (stats){ NULL, NULL };
    if (inference)
        return debiased(l, hidden, n);
    const stats now = batch_stats(l, x);
    const stats new = { blend(l->momentum, hidden.mean, now.mean),
                        blend(l->momentum, hidden.var, now.var) };
    *state = vn_state_set(*state, l->batch_counter, vn_add(n, vn_int(1)));
    *state = set_stats(*state, l->batch_state_index, new);
    return now;
}

static vn_tree *call(vn_tree *self, int n, vn_tree *const arg[])
{
    const struct vn_batch_norm *const l = (const void *)self;
    vn_tree *const override = vn__optional(n, arg, 3);
    bool inference = false;
    char text[VN__SHAPE_TEXT];
    vn_array *const x = arg[0];
    vn_tree *state = arg[1];
    if (!vn__expect_array("BatchNorm", "x", x) ||
        !vn__expect_flag(&inference, "BatchNorm", "inference",
                         override ? override : l->inference))
        return NULL;
    if (vn_rank(x) < 1 || vn_dim(x, 0) != l->input_size)
        return vn_error(VN_ERR_SHAPE,
                        "BatchNorm: x has shape %s, expected %lld channels on axis 0",
                        vn__describe(text, x), (long long)l->input_size);
    const stats s = strcmp(l->mode, "ema") == 0 ? ema(l, x, &state, inference)
                                                : batch(l, x, &state, inference);
    const int rank = vn_rank(x);
    vn_array *const deviation = vn_sqrt(vn_add(s.var, vn_float(l->eps)));
    vn_array *y = vn_div(vn_sub(x, vn__norm_by_channel(s.mean, rank)),
                         vn__norm_by_channel(deviation, rank));
    if (!vn_is_none(l->weight))
        y = vn_mul(y, vn__norm_by_channel(l->weight, rank));
    if (!vn_is_none(l->bias))
        y = vn_add(y, vn__norm_by_channel(l->bias, rank));
    return vn_tuple(y, state);
}

static bool show_debias(const vn_tree *self, vn_tree **value)
{
    *value = vn_bool(true);
    return ((const struct vn_batch_norm *)(const void *)self)->equinox_debias;
}

static const vn_field fields[] = {
    VN_FIELD(struct vn_batch_norm, weight, TREE),
    VN_FIELD(struct vn_batch_norm, bias, TREE),
    VN_FIELD(struct vn_batch_norm, ema_first_time_index, TREE),
    VN_FIELD(struct vn_batch_norm, ema_state_index, TREE),
    VN_FIELD(struct vn_batch_norm, batch_counter, TREE),
    VN_FIELD(struct vn_batch_norm, batch_state_index, TREE),
    VN_FIELD(struct vn_batch_norm, axis_name, TREE),
    VN_FIELD(struct vn_batch_norm, inference, TREE),
    VN_FIELD(struct vn_batch_norm, input_size, INT),
    VN_FIELD(struct vn_batch_norm, eps, FLOAT),
    VN_FIELD(struct vn_batch_norm, channelwise_affine, BOOL),
    VN_FIELD(struct vn_batch_norm, momentum, FLOAT),
    VN_FIELD(struct vn_batch_norm, mode, STRING),
    VN_FIELD_SHOWN(struct vn_batch_norm, equinox_debias, BOOL, show_debias),
};

const vn_type vn_batch_norm_type =
    VN__LAYER_TYPE("BatchNorm", struct vn_batch_norm, fields, call, 2, 4);

/* ------------------------------------------------------------------ construction */

static bool names_fit(vn_tree *names)
{
    const bool several = !vn_is_leaf(names);
    const int n = several ? vn_len(names) : 1;
    for (int i = 0; i < n; i++)
        if (vn_kind_of(several ? vn_at(names, i) : names) != VN_KIND_STRING) {
            vn__fail(VN_ERR_ARGUMENT, "BatchNorm: an axis name is not a string");
            return false;
        }
    if (n == 0)
        vn__fail(VN_ERR_ARGUMENT, "BatchNorm: there is no axis name");
    return n > 0;
}

static vn_tree *mean_and_variance(vn_dtype dtype, int64_t channels, double variance)
{
    return vn_state_index(vn_tuple(vn_zeros(dtype, VN_SHAPE(channels)),
                                   vn_full(dtype, VN_SHAPE(channels), variance)));
}

vn_tree *vn_batch_norm(int64_t input_size, const char *axis_name,
                       const vn_batch_norm_options *options)
{
    vn__named_begin("BatchNorm");
    static const vn_batch_norm_options defaults;
    vn_batch_norm_options o = options ? *options : defaults;
    const bool affine = !o.no_channelwise_affine, is_ema = o.mode == VN_BATCH_NORM_EMA;
    if (!axis_name && !o.axis_names)
        return vn__named_end(
            vn_error(VN_ERR_NULL_ARGUMENT, "BatchNorm: the axis name is NULL"));
    vn_tree *const names = o.axis_names ? o.axis_names : vn_string(axis_name);
    if (!vn__expect_size("BatchNorm", "input_size", input_size, 1) ||
        !vn__expect_between("BatchNorm", "mode", (int)o.mode, 0, VN_BATCH_NORM_BATCH) ||
        !vn__expect_float("BatchNorm", &o.dtype) || !names || !names_fit(names) ||
        !vn__expect_option("BatchNorm", "eps", &o.eps, 1e-5) ||
        !vn__expect_option("BatchNorm", "momentum", &o.momentum, 0.99) ||
        !vn__expect_between("BatchNorm", "momentum", o.momentum, 0, 1))
        return vn__named_end(NULL);
    const vn_shape channels = VN_SHAPE(input_size);
    return vn__named_end(vn_module_new(
        &vn_batch_norm_type,
        &(struct vn_batch_norm){
            .weight = affine ? vn_ones(o.dtype, channels) : vn_none(),
            .bias = affine ? vn_zeros(o.dtype, channels) : vn_none(),
            .ema_first_time_index = is_ema ? vn_state_index(vn_bool(true)) : vn_none(),
            .ema_state_index = is_ema ? mean_and_variance(o.dtype, input_size, 0) : vn_none(),
            .batch_counter = is_ema ? vn_none() : vn_state_index(vn_int(0)),
            .batch_state_index = is_ema ? vn_none() : mean_and_variance(o.dtype, input_size, 1),
            .axis_name = names,
            .inference = vn_bool(o.inference),
            .input_size = input_size,
            .eps = o.eps,
            .channelwise_affine = affine,
            .momentum = o.momentum,
            .mode = is_ema ? "ema" : "batch",
            .equinox_debias = o.equinox_debias,
        }));
}
