/* SPDX-License-Identifier: MIT */
/* slice(x): elements start, start + step, ... along each axis, size of them (step > 0)
 *     dx = g with step - 1 zeros between its elements, zeros before and after */
#include "core/ops/grid.h"

typedef struct slice_attr {
    int64_t start[VN_MAX_RANK], step[VN_MAX_RANK], size[VN_MAX_RANK];
} slice_attr;

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    const slice_attr *const a = attr;
    out[0] = in[0];
    char text[VN__SHAPE_TEXT];
    for (int d = 0; d < in[0].shape.rank; d++) {
        const int64_t last = a->start[d] + (a->size[d] - 1) * a->step[d];
        const bool inside = a->start[d] >= 0 && last < in[0].shape.dim[d];
        if (a->step[d] < 1 || a->size[d] < 0 || (a->size[d] > 0 && !inside))
            return vn__fail(VN_ERR_ARGUMENT,
                            "slice: axis %d of %s, %lld elements from %lld on in "
                            "steps of %lld",
                            d, vn__shape_text(text, in[0].dtype, in[0].shape),
                            (long long)a->size[d], (long long)a->start[d],
                            (long long)a->step[d]);
        out[0].shape.dim[d] = a->size[d];
    }
    return VN_ERR_OK;
}

static void mapped_eval(const vn_eval *e)
{
    const slice_attr *const a = e->attr;
    const size_t size = vn_dtype_size(e->in_aval[0].dtype);
    const vn_shape out = e->out_aval[0].shape;
    int64_t dst[VN_MAX_RANK], src[VN_MAX_RANK], first = 0;
    vn__strides(dst, out);
    vn__strides(src, e->in_aval[0].shape);
    if (vn_shape_size(out) == 0)
        return;
    vn__grid grid = { .count = 2 };
    for (int d = 0; d < out.rank; d++) {
        first += a->start[d] * src[d] * e->lanes;
        vn__grid_push(&grid, out.dim[d],
                      (int64_t[]){ dst[d] * e->lanes, src[d] * a->step[d] * e->lanes });
    }
    vn__grid_push(&grid, e->lanes, (int64_t[]){ 1, 1 });
    vn__grid_copy(e->out[0], (const char *)e->in[0] + first * (int64_t)size, &grid, size,
                  e->kernels);
}

static void eval(const vn_eval *e)
{
    if (!vn__eval_shared(e, mapped_eval))
        mapped_eval(e);
}

static void vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const slice_attr *const a = node->attr;
    const vn_shape in = vn_shape_of(node->in[0]);
    vn_pads pads = { 0 };
    for (int d = 0; d < in.rank; d++) {
        const int64_t n = a->size[d];
        pads.lo[d] = n ? a->start[d] : in.dim[d];
        pads.interior[d] = a->step[d] - 1;
        pads.hi[d] = n ? in.dim[d] - a->start[d] - (n - 1) * a->step[d] - 1 : 0;
    }
    din[0] = vn_pad(g[0], &pads, 0.0);
}

static bool pull(void *attr_out, int *out_axis, const void *attr, const vn_aval in[], int n_in,
                 const int axis[])
{
    (void)n_in;
    const slice_attr *const a = attr;
    slice_attr rest = { .start = { 0 } };
    if (a->size[axis[0]] != in[0].shape.dim[axis[0]])
        return false;
    for (int d = 0, k = 0; d < in[0].shape.rank; d++) {
        if (d == axis[0])
            continue;
        rest.start[k] = a->start[d];
        rest.step[k] = a->step[d];
        rest.size[k++] = a->size[d];
    }
    *(slice_attr *)attr_out = rest;
    *out_axis = axis[0];
    return true;
}

static bool lift(void *attr_out, int *at, bool *swap, const void *attr, int64_t size,
                 const vn_aval in[], int n_in, const bool has[])
{
    (void)at, (void)swap, (void)n_in, (void)has;
    const slice_attr *const a = attr;
    slice_attr all = { .step = { 1 }, .size = { size } };
    for (int d = 0; d < in[0].shape.rank; d++) {
        all.start[d + 1] = a->start[d];
        all.step[d + 1] = a->step[d];
        all.size[d + 1] = a->size[d];
    }
    *(slice_attr *)attr_out = all;
    return true;
}

/* Contiguous if all axes behind the first that is not of one element are whole. */
static int64_t view(const void *attr, const vn_aval *in, const vn_aval *out)
{
    const slice_attr *const a = attr;
    int64_t first = 0;
    bool whole = false; /* from here on */
    for (int d = 0; d < in->shape.rank; d++) {
        if ((whole && a->size[d] != in->shape.dim[d]) || (a->step[d] != 1 && a->size[d] > 1))
            return -1;
        whole = whole || a->size[d] > 1;
        first = first * in->shape.dim[d] + a->start[d];
    }
    return vn_shape_size(out->shape) > 0 ? first : -1;
}

const vn_op vn__op_slice = {
    .name = "slice",
    .n_in = 1,
    .attr_size = sizeof(slice_attr),
    .flags = VN_OP_LANES | VN_OP_LINEAR,
    .shape = shape,
    .eval = eval,
    .vjp = vjp,
    .pull = pull,
    .lift = lift,
    .view = view,
};

/* ---------------------------------------------------------------- public functions */

/* `size` elements along one axis, all along the others. */
static vn_array *slice(vn_array *x, int axis, int64_t start, int64_t step, int64_t size)
{
    const vn_shape in = vn_shape_of(x);
    slice_attr attr = { .start = { 0 } };
    if (size == in.dim[axis] && step == 1)
        return x;
    for (int d = 0; d < in.rank; d++) {
        attr.step[d] = d == axis ? step : 1;
        attr.size[d] = d == axis ? size : in.dim[d];
    }
    attr.start[axis] = size ? start : 0;
    return vn_op_apply(&vn__op_slice, &attr, 1, &x);
}

static int64_t clamp(int64_t i, int64_t lo, int64_t hi)
{
    return i < lo ? lo : i > hi ? hi : i;
}

/* As Python: bounds count from the end if negative, then are cut to the array. */
vn_array *vn_slice(vn_array *x, int axis, int64_t start, int64_t stop, int64_t step)
{
    vn_array *const a = vn__as_operand("slice", x);
    if (!a || vn__wrap_axis(&axis, "slice", vn_rank(a)) != VN_ERR_OK)
        return NULL;
    if (step == 0) {
        vn__fail(VN_ERR_ARGUMENT, "slice: the step is 0");
        return NULL;
    }
    const int64_t n = vn_dim(a, axis), least = step > 0 ? 0 : -1, most = step > 0 ? n : n - 1;
    step = clamp(step, -n - 1, n + 1);
    start = clamp(start < 0 ? start + n : start, least, most);
    stop = clamp(stop < 0 ? stop + n : stop, least, most);
    if (step > 0)
        return slice(a, axis, start, step, stop > start ? (stop - start - 1) / step + 1 : 0);
    const int64_t size = start > stop ? (start - stop - 1) / -step + 1 : 0;
    return vn_flip(slice(a, axis, start + (size - 1) * step, -step, size), axis);
}

vn_array *vn_index(vn_array *x, int axis, int64_t i)
{
    vn_array *const a = vn__as_operand("index", x);
    if (!a || vn__wrap_axis(&axis, "index", vn_rank(a)) != VN_ERR_OK)
        return NULL;
    const int64_t n = vn_dim(a, axis), at = i < 0 ? i + n : i;
    char text[VN__SHAPE_TEXT];
    if (at < 0 || at >= n) {
        vn__fail(VN_ERR_ARGUMENT, "index: %lld along axis %d of %s", (long long)i, axis,
                 vn__shape_text(text, vn_dtype_of(a), vn_shape_of(a)));
        return NULL;
    }
    return vn_squeeze(slice(a, axis, at, 1, 1), axis);
}

vn_tree *vn_split_equal(vn_array *x, int n, int axis)
{
    vn_array *const a = vn__as_operand("split_equal", x);
    if (!a || vn__wrap_axis(&axis, "split_equal", vn_rank(a)) != VN_ERR_OK)
        return NULL;
    const int64_t size = vn_dim(a, axis);
    char text[VN__SHAPE_TEXT];
    if (n < 1 || size % n != 0) {
        vn__fail(VN_ERR_SHAPE, "split_equal: axis %d of %s in %d parts", axis,
                 vn__shape_text(text, vn_dtype_of(a), vn_shape_of(a)), n);
        return NULL;
    }
    vn_tree **const part = vn__alloc((size_t)n * sizeof *part);
    if (!part)
        return NULL;
    for (int i = 0; i < n; i++)
        part[i] = slice(a, axis, i * (size / n), 1, size / n);
    vn_tree *const parts = vn_tuple_n(n, part);
    vn__free(part);
    return parts;
}
