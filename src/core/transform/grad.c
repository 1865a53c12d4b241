/* SPDX-License-Identifier: MIT */
/* filter_grad and filter_value_and_grad: arguments -> gradient in the inexact arrays of the
 * first. */
#include "core/transform/derivative.h"
#include "core/transform/leaves.h"
#include "vernal/ops.h"
#include "vernal/transform.h"

typedef struct gradient {
    vn_module base;
    vn_tree *fn;
    bool has_aux, with_value;
} gradient;

static bool is_scalar(vn_tree *value)
{
    if (!value)
        return false;
    const bool complex = vn_dtype_is_complex(vn_dtype_of(value));
    if (!vn_is_inexact_array(value) || complex || vn_rank(value) != 0) {
        char text[VN__SHAPE_TEXT];
        const bool array = vn_is_array(value);
        vn__fail(complex ? VN_ERR_DTYPE : VN_ERR_SHAPE,
                 "filter_grad: the function returns %s, expected a float scalar f32[]",
                 array ? vn__shape_text(text, vn_dtype_of(value), vn_shape_of(value))
                       : value->type->name);
        return false;
    }
    return true;
}

/* Zero gradients are arrays, as in JAX. */
static vn_status fill_zeros(vn_array *dx[], const vn__leaves *x)
{
    for (int64_t i = 0; i < x->n; i++) {
        dx[i] = dx[i] ? dx[i] : vn_zeros_like(x->item[i]);
        if (!dx[i])
            return vn_error_status();
    }
    return VN_ERR_OK;
}

static vn_tree *result_of(const gradient *self, vn_tree *out, vn_tree *grad)
{
    if (!grad)
        return NULL;
    if (self->with_value)
        return vn_tuple(out, grad);
    return self->has_aux ? vn_tuple(grad, vn_at(out, 1)) : grad;
}

static vn_tree *differentiate(const gradient *self, vn__session *s, int n, vn_tree *const arg[],
                              vn__leaves *x, vn__leaves *marks)
{
    vn_tree *args[VN__MAX_OPERANDS];
    for (int i = 1; i < n; i++)
        args[i] = arg[i];
    args[0] = vn__session_mark(s, arg[0], x, marks);
    vn_tree *const out = args[0] ? vn_call_n(self->fn, n, args) : NULL;
    if (out && self->has_aux && vn_len(out) != 2)
        return vn_error(VN_ERR_STRUCTURE,
                        "filter_grad: has_aux is set, but the function does not "
                        "return (value, aux)");
    vn_array *value = self->has_aux ? vn_at(out, 0) : out;
    if (!is_scalar(value))
        return NULL;
    vn_array *one = vn_ones(vn_dtype_of(value), VN_SCALAR);
    if (!s->tape->eager) /* recorded, so that what is made of it stays a formula */
        one = vn__mark(s->tape, one);
    vn_array **const dx = vn__alloc((size_t)(x->n + 1) * sizeof *dx);
    vn_tree *grad = NULL;
    if (one && dx &&
        vn__backward(dx, s->tape, (int)x->n, marks->item, 1, &value, &one, s->own) ==
            VN_ERR_OK &&
        fill_zeros(dx, x) == VN_ERR_OK) {
        int64_t next = 0;
        grad = vn__leaves_replace(arg[0], vn_is_inexact_array, dx, &next, false);
    }
    vn__free(dx);
    return result_of(self, out, grad);
}

static vn_tree *gradient_call(vn_tree *self, int n, vn_tree *const arg[])
{
    vn__leaves x = { 0 }, marks = { 0 };
    vn__session session = { 0 };
    vn_tree *result = NULL;
    if (vn__session_begin(&session) == VN_ERR_OK)
        result =
            differentiate((const gradient *)(const void *)self, &session, n, arg, &x, &marks);
    if (session.tape)
        result = vn__session_end(&session, result);
    vn__leaves_free(&x);
    vn__leaves_free(&marks);
    return result;
}

static const vn_field gradient_fields[] = {
    VN_FIELD(gradient, fn, TREE),
    VN_FIELD(gradient, has_aux, BOOL),
    VN_FIELD(gradient, with_value, BOOL),
};
static const vn_type gradient_type = {
    .name = "filter_grad",
    .kind = VN_KIND_MODULE,
    .size = sizeof(gradient),
    .fields = gradient_fields,
    .n_fields = 3,
    .call = gradient_call,
    .min_args = 1,
    .max_args = VN__MAX_OPERANDS,
};

static vn_tree *make(vn_tree *f, const vn_grad_options *options, bool with_value)
{
    return vn_module_new(&gradient_type, &(gradient){ .fn = f,
                                                      .with_value = with_value,
                                                      .has_aux = options && options->has_aux });
}

vn_tree *vn_filter_grad(vn_tree *f, const vn_grad_options *options)
{
    return make(f, options, false);
}

vn_tree *vn_filter_value_and_grad(vn_tree *f, const vn_grad_options *options)
{
    return make(f, options, true);
}
