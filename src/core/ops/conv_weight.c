/* SPDX-License-Identifier: MIT */
/* Evaluation of conv_weight_grad, dw[o][c][t] = sum over q of gy[o][q] x[c][p(q, t)], and of
 * conv_weight_norm:
 *
 *   summed over lanes   the kernel on the bands of a view (conv_view.h), with pixels and lanes
 *                       as the long dimension; or by a provider
 *   a gradient a lane   conv_lanes.c
 *   one example         conv_strips.c or conv_single.c, one after the other
 *   a norm a lane       the kernel for norms where one band has all pixels, else of the
 *                       gradient */
#include <string.h>

#include "core/ops/conv_view.h"

typedef struct work {
    const vn__sliding *s;
    vn__conv_sizes z;
    const vn__real_kernels *real;
    int64_t size, phases;
} work;

/* in = x, gy */
static work work_of(const vn__sliding *s, const vn_aval in[], const vn__kernels *kernels)
{
    return (work){ .s = s,
               .z = vn__conv_sizes_of(s, in[0].shape.dim[0], in[1].shape.dim[0]),
               .real = kernels->real[in[0].dtype],
               .size = (int64_t)vn_dtype_size(in[0].dtype),
               .phases = vn__conv_phases(s, false) };
}

/* dw of one example, added to what is there if it is not fresh. */
static void eval_alone(const work *w, const void *x, const void *gy, const vn_eval *e,
                       bool fresh)
{
    void *const operand[3] = { [VN__CONV_X] = (void *)(uintptr_t)x,
                               [VN__CONV_W] = e->out[0],
                               [VN__CONV_Y] = (void *)(uintptr_t)gy };
    if (vn__conv_in_strips(w->s, &w->z, false))
        vn__conv_strips_weight(x, gy, e, fresh);
    else
        vn__conv_single(operand, VN__CONV_W, fresh, &w->z, e);
}

void vn__conv_weight_eval(const vn_eval *e)
{
    const work w = work_of(e->attr, e->in_aval, e->kernels);
    char *cursor = e->scratch;
    if (e->lanes == 1) {
        eval_alone(&w, e->in[0], e->in[1], e, true);
        return;
    }
    void *operand[3];
    operand[VN__CONV_X] = vn__conv_in_lanes(&cursor, e, 0);
    operand[VN__CONV_Y] = vn__conv_in_lanes(&cursor, e, 1);
    operand[VN__CONV_W] = e->out[0];
    vn__conv_lanes(operand, VN__CONV_W, w.s, &w.z, e, cursor);
}

static vn__conv_view phase_of(const work *w, int64_t phase, int64_t outputs, int64_t lanes)
{
    vn__conv_view v;
    vn__conv_view_of(&v, w->s, false, phase, w->z.in, outputs, lanes, w->size, false);
    return v;
}

/* Each part makes images (or points) of all inputs for itself, which some outputs pay for. */
#define PART_OUTPUTS 64

int64_t vn__conv_weight_parts(const void *attr, const vn_aval in[], const bool mapped[],
                              int64_t lanes)
{
    const work w = work_of(attr, in, vn__kernels_get());
    if (lanes == 1 && !vn__conv_in_strips(attr, &w.z, false))
        return vn__conv_single_parts(&w.z, VN__CONV_W);
    if (lanes > 1 && (!mapped[0] || !mapped[1] ||
                      vn__conv_onednn_weight_scratch(attr, in, mapped, lanes) > 0))
        return 1;
    if (w.z.groups > 1)
        return w.z.groups;
    const int64_t parts = w.z.out / PART_OUTPUTS;
    return parts > 1 ? parts : w.z.out >= PART_OUTPUTS / 4 ? 2 : 1;
}

/* Whole groups, or some outputs of the only one. */
int64_t vn__conv_weight_outputs(int64_t *first, const vn_eval *e)
{
    const vn__sliding *const s = e->attr;
    const int64_t outputs = e->in_aval[1].shape.dim[0];
    const int64_t unit = s->groups > 1 && outputs > 0 ? outputs / s->groups : 1;
    const int64_t end = vn__eval_share(first, e, outputs / unit) * unit;
    *first *= unit;
    return end;
}

static vn__conv_panels panels_of(char **cursor, const vn_eval *e, const work *w)
{
    vn__conv_panels p = { .data = { vn__conv_in_lanes(cursor, e, 0),
                                    vn__conv_in_lanes(cursor, e, 1) } };
    const int64_t row = e->lanes * w->size;
    const int64_t end = vn__conv_weight_outputs(&p.first, e);
    p.count = end - p.first;
    p.step = w->z.groups > 1 ? w->z.out : p.count;
    for (int i = 0; i < 2; i++)
        p.bytes[i] = e->mapped[i] ? e->panel_bytes[i] : 0;
    p.data[1] += p.first * w->z.y_pixels * row;
    p.last_gy = p.data[1] + (e->panels - 1) * p.bytes[1];
    if (e->valid == e->lanes)
        return p;
    const int64_t entries = p.count * w->z.y_pixels;
    void *const copy = vn__conv_reserve(cursor, entries * row);
    memset(copy, 0, (size_t)(entries * row));
    e->kernels->copy(copy, e->lanes, 1, p.last_gy, e->lanes, 1, entries, e->valid, w->size);
    p.last_gy = copy;
    return p;
}

/* The bands of a phase, each for all panels. */
static void sum_phase(const work *w, vn__conv_view *v, const vn__conv_panels *p,
                      const vn_eval *e, void *inner)
{
    const vn__conv_sizes *const z = &w->z;
    const int64_t filter = z->in * z->taps, bytes = e->lanes * w->size;
    for (int64_t row = 0; row < v->axis[0].n; row += v->rows) {
        const int64_t pixel = vn__conv_band(v, row);
        for (int64_t t = 0; t < e->panels; t++) {
            const char *const x = vn__conv_panel(p, e, 0, t), *const gy =
                                                                  vn__conv_panel(p, e, 1, t);
            for (int64_t o = 0; o < p->count; o += p->step) {
                const int64_t group = (p->first + o) / z->out;
                w->real->conv_weight_grad(
                    (char *)e->out[0] + (p->first + o) * filter * w->size, filter,
                    gy + (o * z->y_pixels + pixel) * bytes,
                    vn__conv_image(v, row, x + group * z->in * z->x_pixels * bytes), &v->view,
                    inner);
            }
        }
    }
}

static void sum_phases(const work *w, const vn__conv_panels *p, const vn_eval *e, char *scratch)
{
    for (int64_t phase = 0; phase < w->phases; phase++) {
        char *inner = scratch;
        vn__conv_view v = phase_of(w, phase, p->step, e->lanes);
        vn__conv_view_tables(&v, &inner, w->s, w->z.taps);
        sum_phase(w, &v, p, e, inner);
    }
}

/* Panels of one example each. */
static void sum_alone(const work *w, const vn_eval *e)
{
    const char *in[2] = { e->in[0], e->in[1] };
    for (int64_t t = 0; t < e->panels; t++) {
        eval_alone(w, in[0], in[1], e, e->fresh && t == 0);
        for (int i = 0; i < 2; i++)
            in[i] += e->mapped[i] ? e->panel_bytes[i] : 0;
    }
}

void vn__conv_weight_eval_sum(const vn_eval *e)
{
    const work w = work_of(e->attr, e->in_aval, e->kernels);
    const int64_t filter = w.z.in * w.z.taps * w.size;
    char *cursor = e->scratch;
    int64_t first;
    if (e->lanes == 1 && e->panels > 0) {
        sum_alone(&w, e);
        return;
    }
    const int64_t end = vn__conv_weight_outputs(&first, e);
    if (e->fresh)
        memset((char *)e->out[0] + first * filter, 0, (size_t)((end - first) * filter));
    if (vn__conv_onednn(e->setup) && vn__conv_onednn_weight_sum(e))
        return;
    const vn__conv_panels p = panels_of(&cursor, e, &w);
    if (vn__conv_winograd(e->setup))
        vn__conv_winograd_sum(e, &p, cursor);
    else
        sum_phases(&w, &p, e, cursor);
}

size_t vn__conv_weight_scratch(const void *attr, const vn_aval in[], int n_in,
                               const bool mapped[], int64_t lanes)
{
    (void)n_in;
    const work w = work_of(attr, in, vn__kernels_get());
    if (lanes == 1)
        return vn__conv_in_strips(w.s, &w.z, false)
                   ? vn__conv_strips_weight_scratch(attr, in)
                   : vn__conv_single_scratch(w.s, &w.z, in[0].dtype, VN__CONV_W);
    int64_t bytes = vn__sliding_table_bytes(w.s, w.z.y_pixels);
    for (int64_t phase = 0; phase < w.phases; phase++) {
        const vn__conv_view v = phase_of(&w, phase, w.z.out, lanes);
        const int64_t own =
            vn__conv_view_bytes(&v) + w.real->conv_weight_grad_scratch(&v.view);
        bytes = own > bytes ? own : bytes;
    }
    const int64_t provided = vn__conv_onednn_weight_scratch(attr, in, mapped, lanes);
    const int64_t winograd = vn__conv_winograd_sum_scratch(attr, in, lanes);
    bytes = winograd > bytes ? winograd : bytes;
    bytes += (mapped && mapped[1] ? 1 : 2) * vn_shape_size(in[1].shape) * lanes * w.size;
    if (!mapped || !mapped[0])
        bytes += vn_shape_size(in[0].shape) * lanes * w.size;
    return (size_t)(bytes > provided ? bytes : provided) + 512;
}

/* ------------------------------------------------------------------------------ norms */

static vn__conv_view norm_view(const work *w, int64_t lanes)
{
    vn__conv_view v;
    vn__conv_view_of(&v, w->s, false, 0, w->z.in, w->z.out, lanes, w->size, true);
    return v;
}

/* Does every weight meet its pixels within one call of the kernel? */
static bool in_one_band(const work *w, int64_t lanes)
{
    const vn__conv_view v = norm_view(w, lanes);
    return w->phases == 1 && v.rows >= v.axis[0].n;
}

static void norm_in_band(const work *w, const vn_eval *e)
{
    char *cursor = e->scratch;
    const char *const x = vn__conv_in_lanes(&cursor, e, 0);
    const char *const gy = vn__conv_in_lanes(&cursor, e, 1);
    const int64_t bytes = e->lanes * w->size;
    vn__conv_view v = norm_view(w, e->lanes);
    vn__conv_view_tables(&v, &cursor, w->s, w->z.taps);
    const int64_t pixel = vn__conv_band(&v, 0);
    memset(e->out[0], 0, (size_t)bytes);
    for (int64_t g = 0; g < w->z.groups; g++)
        w->real->conv_weight_norm(
            e->out[0], gy + (g * w->z.out * w->z.y_pixels + pixel) * bytes,
            vn__conv_image(&v, 0, x + g * w->z.in * w->z.x_pixels * bytes), &v.view, cursor);
}

static int64_t weights_of(const work *w)
{
    return w->z.groups * w->z.out * w->z.in * w->z.taps;
}

void vn__conv_weight_norm_eval(const vn_eval *e)
{
    const work w = work_of(e->attr, e->in_aval, e->kernels);
    if (e->lanes > 1 && in_one_band(&w, e->lanes)) {
        norm_in_band(&w, e);
        return;
    }
    char *cursor = e->scratch;
    const vn_dtype dtype = e->in_aval[0].dtype;
    const int64_t weights = weights_of(&w), n = weights * e->lanes;
    const vn_aval of_grad = { dtype, VN_SHAPE(weights) };
    void *const grad = vn__conv_reserve(&cursor, n * w.size);
    vn_eval inner = *e;
    inner.out = (void *const[]){ grad };
    inner.out_aval = &of_grad;
    inner.scratch = cursor;
    vn__conv_weight_eval(&inner);
    vn__binary_row(e->kernels->binary[dtype][VN__BINARY_mul], grad, grad, grad, n);
    e->kernels->reduce[dtype][VN__REDUCE_sum](e->out[0], grad, 1, weights, e->lanes, false);
}

size_t vn__conv_weight_norm_scratch(const void *attr, const vn_aval in[], int n_in,
                                    const bool mapped[], int64_t lanes)
{
    const work w = work_of(attr, in, vn__kernels_get());
    const size_t grad = (size_t)(weights_of(&w) * lanes * w.size) + 64;
    const size_t rest = vn__conv_weight_scratch(attr, in, n_in, mapped, lanes);
    if (lanes == 1 || !in_one_band(&w, lanes))
        return grad + rest;
    const vn__conv_view v = norm_view(&w, lanes);
    return rest + (size_t)vn__conv_view_bytes(&v);
}
