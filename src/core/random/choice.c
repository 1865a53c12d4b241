/* SPDX-License-Identifier: MIT */
/* Draws from categories (jax.random):
 *
 *   categorical   argmax(gumbel + logits)
 *   choice        equal p: randint, without replacement the head of a permutation;
 *                 with p: the first i with total (1 - u) <= p_0 + .. + p_i,
 *                 without replacement the largest of gumbel + log p */
#include "core/base/element.h"
#include "core/ops/ops_common.h"
#include "vernal/random.h"

/* -------------------------------------------------- searchsorted: the first i with x_i >= v */

static vn_status shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)n_in;
    if (in[0].shape.rank != 1 || in[0].dtype != in[1].dtype)
        return vn__fail(VN_ERR_SHAPE,
                        "searchsorted: expected a sorted vector and values of its "
                        "dtype");
    out[0] = (vn_aval){ VN_I32, in[1].shape };
    return VN_ERR_OK;
}

static void eval(const vn_eval *e)
{
    const vn_dtype dtype = e->in_aval[0].dtype;
    for (int64_t i = 0, n = vn_shape_size(e->in_aval[1].shape); i < n; i++) {
        const double value = vn__load_f64(dtype, e->in[1], i);
        int64_t low = 0, high = e->in_aval[0].shape.dim[0];
        while (low < high) {
            const int64_t middle = (low + high) / 2;
            if (vn__load_f64(dtype, e->in[0], middle) < value)
                low = middle + 1;
            else
                high = middle;
        }
        ((int32_t *)e->out[0])[i] = (int32_t)low;
    }
}

const vn_op vn__op_searchsorted = {
    .name = "searchsorted",
    .n_in = 2,
    .flags = VN_OP_NO_GRADIENT,
    .shape = shape,
    .eval = eval,
};

/* -------------------------------------------------------------------------------- choice */

static vn_array *choice_weighted(vn_array *key, vn_shape size, bool replace, vn_array *p)
{
    const vn_dtype dtype = vn_dtype_of(p);
    if (!replace) {
        vn_array *const score = vn_add(vn_gumbel(key, vn_shape_of(p), dtype), vn_log(p));
        vn_array *const order = vn_argsort(vn_neg(score), 0);
        return vn_reshape(vn_slice(order, 0, 0, vn_shape_size(size), 1), size);
    }
    vn_array *const sums = vn_cumsum(p, 0), *const total = vn_index(sums, 0, -1);
    vn_array *const u = vn_uniform(key, size, dtype, 0, 1);
    vn_array *const value = vn_mul(total, vn_sub(vn_scalar(dtype, 1), u));
    return vn_op_apply(&vn__op_searchsorted, NULL, 2, (vn_array *[]){ sums, value });
}

vn_array *vn_choice(vn_array *key, int64_t n, vn_shape size, bool replace, vn_array *p)
{
    vn__named_begin("choice");
    const int64_t draws = vn_shape_size(size);
    if (n < 1 && draws > 0)
        return vn__named_end(
            vn_error(VN_ERR_ARGUMENT, "choice: from %lld numbers", (long long)n));
    if (!replace && draws > n)
        return vn__named_end(vn_error(VN_ERR_ARGUMENT,
                                      "choice: %lld draws without replacement from %lld",
                                      (long long)draws, (long long)n));
    if (!p && replace)
        return vn__named_end(vn_cast(vn_randint(key, size, 0, n, VN_DTYPE_DEFAULT), VN_I32));
    if (!p)
        return vn__named_end(
            vn_reshape(vn_slice(vn_permutation(key, n), 0, 0, draws, 1), size));
    vn_array *real;
    if (vn__promote(&real, NULL, "choice", VN__REALS, 1, &p) != VN_ERR_OK)
        return vn__named_end(NULL);
    if (!vn_shape_equal(vn_shape_of(real), VN_SHAPE(n))) {
        char text[VN__SHAPE_TEXT];
        return vn__named_end(
            vn_error(VN_ERR_SHAPE, "choice: p %s for %lld numbers",
                     vn__shape_text(text, vn_dtype_of(real), vn_shape_of(real)), (long long)n));
    }
    return vn__named_end(choice_weighted(key, size, replace, real));
}

vn_array *vn_choice_of(vn_array *key, vn_array *x, int axis, vn_shape size, bool replace,
                       vn_array *p)
{
    vn__named_begin("choice_of");
    x = vn__as_operand("choice", x);
    if (!x || vn__wrap_axis(&axis, "choice", vn_rank(x)) != VN_ERR_OK)
        return vn__named_end(NULL);
    vn_array *const index = vn_choice(key, vn_dim(x, axis), size, replace, p);
    return vn__named_end(index ? vn_take(x, index, axis) : NULL);
}

/* --------------------------------------------------------------------------- categorical */

vn_array *vn_categorical(vn_array *key, vn_array *logits, int axis, const vn_shape *size)
{
    vn__named_begin("categorical");
    vn_array *x;
    if (vn__promote(&x, NULL, "categorical", VN__REALS, 1, &logits) != VN_ERR_OK ||
        vn__wrap_axis(&axis, "categorical", vn_rank(x)) != VN_ERR_OK)
        return vn__named_end(NULL);
    const vn_shape batch = vn__shape_without(vn_shape_of(x), axis);
    vn_shape drawn = size ? *size : batch;
    const int leading = (int)((int64_t)drawn.rank - batch.rank);
    bool fits = batch.rank <= drawn.rank && drawn.rank <= VN_MAX_RANK;
    for (int i = 0; i < batch.rank && fits; i++)
        fits = drawn.dim[leading + i] == batch.dim[i];
    if (!fits) {
        char text[2][VN__SHAPE_TEXT];
        return vn__named_end(
            vn_error(VN_ERR_SHAPE, "categorical: result %s for logits %s along axis %d",
                     vn__shape_text(text[0], VN_I32, drawn),
                     vn__shape_text(text[1], vn_dtype_of(x), vn_shape_of(x)), axis));
    }
    if (vn__shape_insert(&drawn, "categorical", leading + axis, vn_dim(x, axis)) != VN_ERR_OK)
        return vn__named_end(NULL);
    vn_array *const score = vn_add(vn_gumbel(key, drawn, vn_dtype_of(x)), x);
    return vn__named_end(vn_argmax(score, leading + axis));
}
