/* SPDX-License-Identifier: MIT */
/* Along an axis, from the front or (reverse) from the end:
 *   cumsum(x)            h_t = h_{t-1} + x_t         dx = cumsum(g), the other way
 *   recurrence(a, b)     h_t = a_t h_{t-1} + b_t, h_0 = b_0 (a_0 is not used)
 *       l_t = g_t + a_{t+1} l_{t+1}, a recurrence the other way
 *       db_t = l_t, da_t = l_t h_{t-1}
 *       tangent: dh = recurrence(a, da_t h_{t-1} + db_t)
 *   cumprod(x) = recurrence(x, (x_0, 0, 0, ...)): no derivative divides, zeros are safe
 * Integers wrap. Running values of f32 are kept in f64. */
#include "core/ops/along_axis.h"

#define VN_T          float
#define VN_ACC        double
#define VN_LOOP(name) name##_f32
#include "core/ops/cumulative_rows.h"
#undef VN_T
#undef VN_ACC
#undef VN_LOOP

#define VN_T          double
#define VN_ACC        double
#define VN_LOOP(name) name##_f64
#include "core/ops/cumulative_rows.h"
#undef VN_T
#undef VN_ACC
#undef VN_LOOP

#define VN_T          uint32_t
#define VN_ACC        uint32_t
#define VN_LOOP(name) name##_u32
#include "core/ops/cumulative_rows.h"
#undef VN_T
#undef VN_ACC
#undef VN_LOOP

#define VN_T          uint64_t
#define VN_ACC        uint64_t
#define VN_LOOP(name) name##_u64
#include "core/ops/cumulative_rows.h"
#undef VN_T
#undef VN_ACC
#undef VN_LOOP

typedef struct loops {
    void (*cumsum)(void *out, const void *in, vn__along a, bool reverse);
    void (*recurrence)(void *out, const void *x, const void *y, vn__along a, bool reverse);
} loops;

static const loops table[VN_DTYPE_COUNT] = {
    [VN_F32] = { cumsum_f32, recurrence_f32 }, [VN_F64] = { cumsum_f64, recurrence_f64 },
    [VN_I32] = { cumsum_u32, recurrence_u32 }, [VN_I64] = { cumsum_u64, recurrence_u64 },
    [VN_U32] = { cumsum_u32, recurrence_u32 }, [VN_U64] = { cumsum_u64, recurrence_u64 },
};

static const vn__along_attr *attr_of(const void *attr) { return attr; }

static vn_array *shift(vn_array *x, int axis, bool reverse)
{
    vn_pads pads = { 0 };
    pads.lo[axis] = reverse ? -1 : 1;
    pads.hi[axis] = -pads.lo[axis];
    return vn_pad(x, &pads, 0.0);
}

/* -------------------------------------------------------------------------- cumsum */

static vn_status check(vn_aval out[], const char *who, const void *attr, const vn_aval in[])
{
    VN_TRY(vn__along_shape(out, who, VN__NUMBERS, attr, in));
    if (!table[in[0].dtype].cumsum)
        return vn__fail(VN_ERR_DTYPE, "%s: %s operand, expected 4 or 8 bytes", who,
                        vn_dtype_name(in[0].dtype));
    return VN_ERR_OK;
}

static vn_status cumsum_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    return check(out, "cumsum", attr, in);
}

static void cumsum_mapped(const vn_eval *e)
{
    table[e->in_aval[0].dtype].cumsum(e->out[0], e->in[0], vn__along_of(e),
                                      attr_of(e->attr)->reverse);
}

static void cumsum_eval(const vn_eval *e)
{
    if (!vn__eval_shared(e, cumsum_mapped))
        cumsum_mapped(e);
}

static void cumsum_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    vn__along_attr attr = *attr_of(node->attr);
    attr.reverse = !attr.reverse;
    din[0] = vn_op_apply(&vn__op_cumsum, &attr, 1, g);
}

const vn_op vn__op_cumsum = {
    .name = "cumsum",
    .n_in = 1,
    .attr_size = sizeof(vn__along_attr),
    .flags = VN_OP_LANES | VN_OP_LINEAR,
    .shape = cumsum_shape,
    .eval = cumsum_eval,
    .vjp = cumsum_vjp,
    .pull = vn__along_pull,
    .lift = vn__along_lift,
};

/* ---------------------------------------------------------------------- recurrence */

static vn_status recurrence_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)n_in;
    VN_TRY(check(out, "recurrence", attr, in));
    char a[VN__SHAPE_TEXT], b[VN__SHAPE_TEXT];
    if (in[0].dtype != in[1].dtype || !vn_shape_equal(in[0].shape, in[1].shape))
        return vn__fail(VN_ERR_SHAPE, "recurrence: a is %s, b is %s",
                        vn__shape_text(a, in[0].dtype, in[0].shape),
                        vn__shape_text(b, in[1].dtype, in[1].shape));
    return VN_ERR_OK;
}

static void recurrence_eval(const vn_eval *e)
{
    const void *in[2];
    vn__lanes_operands(in, e);
    table[e->in_aval[0].dtype].recurrence(e->out[0], in[0], in[1], vn__along_of(e),
                                          attr_of(e->attr)->reverse);
}

static vn_array *recurrence(vn__along_attr attr, vn_array *a, vn_array *b)
{
    return vn_op_apply(&vn__op_recurrence, &attr, 2, (vn_array *[]){ a, b });
}

static void recurrence_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    const vn__along_attr attr = *attr_of(node->attr);
    const vn__along_attr back = { attr.axis, !attr.reverse };
    vn_array *const l = recurrence(back, shift(node->in[0], attr.axis, back.reverse), g[0]);
    if (node->need[0])
        din[0] = vn_mul(l, shift(node->out[0], attr.axis, attr.reverse));
    if (node->need[1])
        din[1] = l;
}

static void recurrence_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    const vn__along_attr attr = *attr_of(node->attr);
    vn_array *db = din[1];
    if (din[0]) {
        vn_array *const part = vn_mul(din[0], shift(node->out[0], attr.axis, attr.reverse));
        db = db ? vn_add(part, db) : part;
    }
    dout[0] = recurrence(attr, node->in[0], db);
}

const vn_op vn__op_recurrence = {
    .name = "recurrence",
    .n_in = 2,
    .attr_size = sizeof(vn__along_attr),
    .flags = VN_OP_LANES,
    .shape = recurrence_shape,
    .eval = recurrence_eval,
    .scratch = vn__lanes_scratch,
    .vjp = recurrence_vjp,
    .jvp = recurrence_jvp,
    .pull = vn__along_pull,
    .lift = vn__along_lift,
};

/* ------------------------------------------------------------------ public functions */

/* Like sums, bools and small integers are added and multiplied in the default integers. */
static vn_array *prepare(vn_dtype *result, int *axis, const char *who, vn_array *x)
{
    vn_array *a;
    if (vn__promote(&a, result, who, VN__ORDERED, 1, &x) != VN_ERR_OK ||
        vn__wrap_axis(axis, who, vn_rank(a)) != VN_ERR_OK)
        return NULL;
    *result = vn__accumulator_dtype(*result);
    return vn_cast(a, vn__accumulator_dtype(vn_dtype_of(a)));
}

vn_array *vn_cumsum(vn_array *x, int axis)
{
    vn_dtype result;
    vn_array *const a = prepare(&result, &axis, "cumsum", x);
    if (!a)
        return NULL;
    return vn_cast(vn_op_apply(&vn__op_cumsum, &(vn__along_attr){ axis, 0 }, 1, &a), result);
}

static vn_array *cumprod(vn_array *x, int axis, bool reverse)
{
    const int64_t n = vn_dim(x, axis);
    if (n == 0)
        return x;
    vn_pads pads = { 0 };
    *(reverse ? &pads.lo[axis] : &pads.hi[axis]) = n - 1;
    vn_array *const first =
        reverse ? vn_slice(x, axis, n - 1, n, 1) : vn_slice(x, axis, 0, 1, 1);
    return recurrence((vn__along_attr){ axis, reverse }, x, vn_pad(first, &pads, 0.0));
}

vn_array *vn_cumprod(vn_array *x, int axis)
{
    vn_dtype result;
    vn_array *const a = prepare(&result, &axis, "cumprod", x);
    return a ? vn_cast(cumprod(a, axis, false), result) : NULL;
}

/* cumprod of (1, x_0, x_1, ...): the recurrence h_t = x_{t-1} h_{t-1} with h_0 = 1. */
vn_array *vn__cumprod_exclusive(vn_array *x, int axis, bool reverse)
{
    if (!x || vn_dim(x, axis) == 0)
        return x;
    vn_shape shape = vn_shape_of(x);
    vn_pads pads = { 0 };
    *(reverse ? &pads.lo[axis] : &pads.hi[axis]) = shape.dim[axis] - 1;
    shape.dim[axis] = 1;
    vn_array *const one = vn_pad(vn_full(vn_dtype_of(x), shape, 1.0), &pads, 0.0);
    return recurrence((vn__along_attr){ axis, reverse }, shift(x, axis, reverse), one);
}
