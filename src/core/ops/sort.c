/* SPDX-License-Identifier: MIT */
/* argsort(x) along an axis: i32, ascending and stable; NaN last, -0 equals 0.   no gradient
 * sort(x) = x taken at argsort(x)             dx = g taken at argsort(argsort(x)), the inverse
 *
 * Elements become unsigned keys in the same order: of a float the sign bit is flipped, of a
 * negative one all bits; of a signed integer the sign bit. Keys are sorted by merging, bottom
 * up. */
#include <string.h>

#include "core/ops/along_axis.h"

typedef struct item {
    uint64_t key;
    int64_t index;
} item;

/* ---------------------------------------------------------------------------- keys */

typedef enum order { UNSIGNED, SIGNED, FLOATING } order;

/* Bits and the bit pattern of infinity of a dtype. */
typedef struct key_rule {
    order order;
    int bits;
    uint64_t infinity;
} key_rule;

static key_rule rule_of(vn_dtype dtype)
{
    static const uint64_t infinity[VN_DTYPE_COUNT] = {
        [VN_F32] = 0x7f800000u,
        [VN_F64] = 0x7ff0000000000000u,
        [VN_BF16] = 0x7f80,
        [VN_F16] = 0x7c00,
    };
    const bool is_unsigned = dtype == VN_BOOL || dtype == VN_U8 || dtype == VN_U16 ||
                             dtype == VN_U32 || dtype == VN_U64;
    return (key_rule){ infinity[dtype] ? FLOATING
                       : is_unsigned   ? UNSIGNED
                                       : SIGNED,
                       (int)vn_dtype_size(dtype) * 8, infinity[dtype] };
}

static uint64_t load(const char *p, size_t size)
{
    uint8_t one;
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (size) {
    case 1:
        return memcpy(&one, p, 1), one;
    case 2:
        return memcpy(&two, p, 2), two;
    case 4:
        return memcpy(&four, p, 4), four;
    default:
        return memcpy(&eight, p, 8), eight;
    }
}

static uint64_t key_of(key_rule rule, const char *p)
{
    const uint64_t bits = load(p, (size_t)rule.bits / 8);
    const uint64_t sign = 1ull << (rule.bits - 1), magnitude = bits & (sign - 1);
    if (rule.order == UNSIGNED)
        return bits;
    if (rule.order == SIGNED)
        return bits ^ sign;
    if (magnitude > rule.infinity)
        return UINT64_MAX; /* NaN */
    if (magnitude == 0)
        return sign;
    return bits & sign ? sign - magnitude : sign + magnitude;
}

/* ---------------------------------------------------------------------------- sort */

static void merge(item *to, const item *a, const item *a_end, const item *b, const item *b_end)
{
    while (a < a_end && b < b_end)
        *to++ = b->key < a->key ? *b++ : *a++;
    while (a < a_end)
        *to++ = *a++;
    while (b < b_end)
        *to++ = *b++;
}

/* Sorts items[n] with as much room; returns the one of the two that holds the result. */
static item *sort_items(item *items, item *room, int64_t n)
{
    for (int64_t width = 1; width < n; width *= 2) {
        for (int64_t i = 0; i < n; i += 2 * width) {
            const int64_t middle = i + width < n ? i + width : n;
            const int64_t end = i + 2 * width < n ? i + 2 * width : n;
            merge(room + i, items + i, items + middle, items + middle, items + end);
        }
        item *const sorted = room;
        room = items;
        items = sorted;
    }
    return items;
}

static size_t scratch(const void *attr, const vn_aval in[], int n_in, const bool mapped[],
                      int64_t lanes)
{
    (void)n_in, (void)mapped, (void)lanes;
    const int axis = ((const vn__along_attr *)attr)->axis;
    return 2 * (size_t)in[0].shape.dim[axis] * sizeof(item);
}

/* Calls write(out, in, sorted items, stride) for each line along the axis. */
typedef void write_fn(const vn_eval *e, int64_t first, int64_t stride, const item *items,
                      int64_t n);

static void sort_lines(const vn_eval *e, write_fn *write)
{
    const vn__along a = vn__along_of(e);
    const key_rule rule = rule_of(e->in_aval[0].dtype);
    const size_t size = vn_dtype_size(e->in_aval[0].dtype);
    item *const items = e->scratch, *const room = items + a.n;
    for (int64_t line = 0; line < a.outer * a.inner; line++) {
        const int64_t first = line / a.inner * a.n * a.inner + line % a.inner;
        const char *const x = (const char *)e->in[0] + (size_t)first * size;
        for (int64_t t = 0; t < a.n; t++)
            items[t] = (item){ key_of(rule, x + (size_t)(t * a.inner) * size), t };
        write(e, first, a.inner, sort_items(items, room, a.n), a.n);
    }
}

static void write_values(const vn_eval *e, int64_t first, int64_t stride, const item *items,
                         int64_t n)
{
    const size_t size = vn_dtype_size(e->in_aval[0].dtype);
    for (int64_t t = 0; t < n; t++)
        memcpy((char *)e->out[0] + (size_t)(first + t * stride) * size,
               (const char *)e->in[0] + (size_t)(first + items[t].index * stride) * size, size);
}

static void write_indices(const vn_eval *e, int64_t first, int64_t stride, const item *items,
                          int64_t n)
{
    int32_t *const out = (int32_t *)e->out[0] + first;
    for (int64_t t = 0; t < n; t++)
        out[t * stride] = (int32_t)items[t].index;
}

static void sort_mapped(const vn_eval *e) { sort_lines(e, write_values); }
static void argsort_mapped(const vn_eval *e) { sort_lines(e, write_indices); }

static void sort_eval(const vn_eval *e)
{
    if (!vn__eval_shared(e, sort_mapped))
        sort_mapped(e);
}

static void argsort_eval(const vn_eval *e)
{
    if (!vn__eval_shared(e, argsort_mapped))
        argsort_mapped(e);
}

/* ------------------------------------------------------------- shape and derivatives */

static vn_status sort_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    return vn__along_shape(out, "sort", VN__SORTED, attr, in);
}

static vn_status argsort_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    VN_TRY(vn__along_shape(out, "argsort", VN__SORTED, attr, in));
    out[0].dtype = VN_I32;
    return VN_ERR_OK;
}

static void sort_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const int axis = ((const vn__along_attr *)node->attr)->axis;
    vn_array *const inverse = vn_argsort(vn_argsort(node->in[0], axis), axis);
    din[0] = vn_take_along_axis(g[0], inverse, axis);
}

static void sort_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    const int axis = ((const vn__along_attr *)node->attr)->axis;
    dout[0] = vn_take_along_axis(din[0], vn_argsort(node->in[0], axis), axis);
}

const vn_op vn__op_sort = {
    .name = "sort",
    .n_in = 1,
    .attr_size = sizeof(vn__along_attr),
    .flags = VN_OP_LANES,
    .shape = sort_shape,
    .eval = sort_eval,
    .scratch = scratch,
    .vjp = sort_vjp,
    .jvp = sort_jvp,
    .pull = vn__along_pull,
    .lift = vn__along_lift,
};

const vn_op vn__op_argsort = {
    .name = "argsort",
    .n_in = 1,
    .attr_size = sizeof(vn__along_attr),
    .flags = VN_OP_LANES | VN_OP_NO_GRADIENT,
    .shape = argsort_shape,
    .eval = argsort_eval,
    .scratch = scratch,
    .pull = vn__along_pull,
    .lift = vn__along_lift,
};

vn_array *vn_sort(vn_array *x, int axis)
{
    return vn__along_apply(&vn__op_sort, VN__SORTED, x, axis);
}

vn_array *vn_argsort(vn_array *x, int axis)
{
    return vn__along_apply(&vn__op_argsort, VN__SORTED, x, axis);
}
