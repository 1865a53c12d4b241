/* SPDX-License-Identifier: MIT */
/* pad(x): `interior` elements between neighbours, then lo before and hi after, along each axis,
 * all of one value; negative lo and hi cut.
 *     dx = g cut where x was padded, padded where it was cut, every (interior + 1)th element
 * pad_with(x): the border continues x:
 *     reflect  c b (a b c) b a     edge  a a (a b c) c c     wrap  b c (a b c) a b */
#include <math.h>
#include <string.h>

#include "core/ops/grid.h"
#include "core/ops/ops.h"

typedef struct pad_attr {
    int64_t lo[VN_MAX_RANK], hi[VN_MAX_RANK], interior[VN_MAX_RANK];
    double value;
} pad_attr;

/* --------------------------------------------------------------------------- shape */

static int64_t padded(const pad_attr *a, int d, int64_t n)
{
    return a->lo[d] + a->hi[d] + n + (n > 0 ? (n - 1) * a->interior[d] : 0);
}

/* Beyond it sums and products of paddings and sizes might overflow. */
static bool within_limit(int64_t padding)
{
    return padding >= -INT32_MAX && padding <= INT32_MAX;
}

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const pad_attr *const a = attr;
    char text[VN__SHAPE_TEXT];
    out[0] = in[0];
    for (int d = 0; d < in[0].shape.rank; d++) {
        const bool fits = within_limit(a->lo[d]) && within_limit(a->hi[d]) &&
                          within_limit(a->interior[d]) && a->interior[d] >= 0;
        if (fits)
            out[0].shape.dim[d] = padded(a, d, in[0].shape.dim[d]);
        if (!fits || out[0].shape.dim[d] < 0)
            return vn__fail(VN_ERR_SHAPE,
                            "pad: axis %d of %s by %lld before, %lld after, %lld inside", d,
                            vn__shape_text(text, in[0].dtype, in[0].shape), (long long)a->lo[d],
                            (long long)a->hi[d], (long long)a->interior[d]);
    }
    return VN_ERR_OK;
}

/* ---------------------------------------------------------------------------- eval */

static void fill(const vn_eval *e)
{
    const double value = ((const pad_attr *)e->attr)->value;
    const vn_dtype dtype = e->out_aval[0].dtype;
    const size_t size = vn_dtype_size(dtype);
    vn_c128 element = { 0, 0 }; /* room for any */
    if (value == 0.0 && !signbit(value)) {
        memset(e->out[0], 0, (size_t)vn__eval_size(e) * size);
        return;
    }
    e->kernels->cast[dtype][VN_F64](&element, &value, 1);
    vn__spread_lanes(e->out[0], &element, 1, vn__eval_size(e), size);
}

static int64_t divide_up(int64_t a, int64_t b) { return a > 0 ? (a + b - 1) / b : 0; }

/* Along one axis, element i of x lies at lo + i step of the result: those inside are [*first,
 * *end). */
static void visible(int64_t *first, int64_t *end, int64_t lo, int64_t step, int64_t n,
                    int64_t out)
{
    *first = divide_up(-lo, step);
    *end = divide_up(out - lo, step);
    *end = *end < n ? *end : n;
    *end = *end > *first ? *end : *first;
}

static void mapped_eval(const vn_eval *e)
{
    const pad_attr *const a = e->attr;
    const size_t size = vn_dtype_size(e->in_aval[0].dtype);
    const vn_shape in = e->in_aval[0].shape, out = e->out_aval[0].shape;
    int64_t dst[VN_MAX_RANK], src[VN_MAX_RANK], to = 0, from = 0, copied = 1;
    vn__strides(dst, out);
    vn__strides(src, in);
    vn__grid grid = { .count = 2 };
    for (int d = 0; d < in.rank; d++) {
        const int64_t step = a->interior[d] + 1;
        int64_t first, end;
        visible(&first, &end, a->lo[d], step, in.dim[d], out.dim[d]);
        to += (a->lo[d] + first * step) * dst[d] * e->lanes;
        from += first * src[d] * e->lanes;
        copied *= end - first;
        vn__grid_push(&grid, end - first,
                      (int64_t[]){ dst[d] * step * e->lanes, src[d] * e->lanes });
    }
    vn__grid_push(&grid, e->lanes, (int64_t[]){ 1, 1 });
    if (copied < vn_shape_size(out))
        fill(e);
    if (copied > 0)
        vn__grid_copy((char *)e->out[0] + to * (int64_t)size,
                      (const char *)e->in[0] + from * (int64_t)size, &grid, size, e->kernels);
}

static void eval(const vn_eval *e)
{
    if (!vn__eval_shared(e, mapped_eval))
        mapped_eval(e);
}

/* --------------------------------------------------------------------- derivatives */

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const pad_attr *const a = node->attr;
    const vn_shape in = vn_shape_of(node->in[0]);
    vn_pads undo = { 0 };
    for (int d = 0; d < in.rank; d++) {
        undo.lo[d] = -a->lo[d];
        undo.hi[d] = -a->hi[d];
    }
    vn_array *dx = vn_pad(g[0], &undo, 0.0);
    for (int d = 0; dx && d < in.rank; d++)
        if (a->interior[d])
            dx = vn_slice(dx, d, 0, vn_dim(dx, d), a->interior[d] + 1);
    din[0] = dx;
}

static void jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    pad_attr attr = *(const pad_attr *)node->attr;
    attr.value = 0;
    dout[0] = vn_op_apply(&vn__op_pad, &attr, 1, din);
}

/* ---------------------------------------------------------------------------- pull */

static bool pull(void *attr_out, int *out_axis, const void *attr, const vn_aval in[], int n_in,
                 const int axis[])
{
    (void)n_in;
    const pad_attr *const a = attr;
    pad_attr rest = { .value = a->value };
    if (a->lo[axis[0]] || a->hi[axis[0]] || a->interior[axis[0]])
        return false;
    for (int d = 0, k = 0; d < in[0].shape.rank; d++) {
        if (d == axis[0])
            continue;
        rest.lo[k] = a->lo[d];
        rest.hi[k] = a->hi[d];
        rest.interior[k++] = a->interior[d];
    }
    *(pad_attr *)attr_out = rest;
    *out_axis = axis[0];
    return true;
}

static bool lift(void *attr_out, int *at, bool *swap, const void *attr, int64_t size,
                 const vn_aval in[], int n_in, const bool has[])
{
    (void)at, (void)swap, (void)size, (void)n_in, (void)has;
    const pad_attr *const a = attr;
    pad_attr all = { .value = a->value };
    for (int d = 0; d < in[0].shape.rank; d++) {
        all.lo[d + 1] = a->lo[d];
        all.hi[d + 1] = a->hi[d];
        all.interior[d + 1] = a->interior[d];
    }
    *(pad_attr *)attr_out = all;
    return true;
}

const vn_op vn__op_pad = {
    .name = "pad",
    .n_in = 1,
    .attr_size = sizeof(pad_attr),
    .flags = VN_OP_LANES,
    .shape = shape,
    .eval = eval,
    .vjp = vjp,
    .jvp = jvp,
    .pull = pull,
    .lift = lift,
};

/* --------------------------------------------------------------------- simplifier */

bool vn__pad_along(const void *attr, int rank, int *axis, int64_t *lo, int64_t *hi)
{
    const pad_attr *const a = attr;
    int along = -1;
    for (int d = 0; d < rank; d++) {
        if (a->interior[d] || a->lo[d] < 0 || a->hi[d] < 0)
            return false;
        if (!a->lo[d] && !a->hi[d])
            continue;
        if (along >= 0)
            return false;
        along = d;
    }
    if (along < 0 || a->value != 0.0)
        return false;
    *axis = along;
    *lo = a->lo[along];
    *hi = a->hi[along];
    return true;
}

/* ---------------------------------------------------------------- public functions */

vn_array *vn_pad(vn_array *x, const vn_pads *pads, double value)
{
    vn_array *const a = vn__as_operand("pad", x);
    if (!a || !pads)
        return a;
    pad_attr attr = { .value = value };
    bool changes = false;
    for (int d = 0; d < vn_rank(a); d++) {
        attr.lo[d] = pads->lo[d];
        attr.hi[d] = pads->hi[d];
        attr.interior[d] = pads->interior[d];
        changes = changes || attr.lo[d] || attr.hi[d] || attr.interior[d];
    }
    return changes ? vn_op_apply(&vn__op_pad, &attr, 1, &a) : a;
}

static int64_t modulo(int64_t i, int64_t n) { return (i % n + n) % n; }

/* The element of x[n] that stands at index i of x continued to both sides. */
static int64_t source(int64_t i, int64_t n, vn_pad_mode mode)
{
    if (mode == VN_PAD_EDGE)
        return i < 0 ? 0 : i < n ? i : n - 1;
    if (mode == VN_PAD_WRAP || n == 1)
        return modulo(i, n);
    const int64_t period = 2 * (n - 1), j = modulo(i, period);
    return j < n ? j : period - j;
}

static vn_array *pad_axis(vn_array *x, int axis, int64_t lo, int64_t hi, vn_pad_mode mode)
{
    const int64_t n = vn_dim(x, axis);
    const bool fits = within_limit(lo) && within_limit(hi);
    const int64_t size = fits ? lo + n + hi : -1;
    char text[VN__SHAPE_TEXT];
    if (size < 0 || size > INT32_MAX || n == 0) {
        vn__fail(VN_ERR_SHAPE, "pad_with: axis %d of %s by %lld before, %lld after", axis,
                 vn__shape_text(text, vn_dtype_of(x), vn_shape_of(x)), (long long)lo,
                 (long long)hi);
        return NULL;
    }
    vn_array *const index = vn_empty(VN_I32, VN_SHAPE(size));
    int32_t *const at = index ? vn_data_mut(index) : NULL;
    for (int64_t i = 0; at && i < size; i++)
        at[i] = (int32_t)source(i - lo, n, mode);
    return vn_take(x, index, axis);
}

vn_array *vn_pad_with(vn_array *x, const vn_pads *pads, vn_pad_mode mode)
{
    vn_array *a = vn__as_operand("pad_with", x);
    if ((int)mode < 0 || mode > VN_PAD_WRAP) {
        vn__fail(VN_ERR_ARGUMENT, "pad_with: %d is no mode", (int)mode);
        return NULL;
    }
    for (int d = 0; a && pads && d < vn_rank(a); d++) {
        if (pads->interior[d]) {
            vn__fail(VN_ERR_ARGUMENT, "pad_with: axis %d has interior padding", d);
            return NULL;
        }
        if (pads->lo[d] || pads->hi[d])
            a = pad_axis(a, d, pads->lo[d], pads->hi[d], mode);
    }
    return a;
}
