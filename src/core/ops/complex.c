/* SPDX-License-Identifier: MIT */
/* Complex numbers and their parts, z = a + i b:
 *   real(z) = a, imag(z) = b, conj(z) = a - i b, complex(a, b) = z, abs(z) = hypot(a, b)
 *
 * Derivatives are JAX's. Forward mode is linear over the reals, as these ops are. Reverse mode
 * is its plain transpose, without conjugation: with the pairing <g, z> = real(g z) of a
 * cotangent g and a tangent z
 *   real: dz = g      imag: dz = -i g      conj: dz = conj(g)
 *   complex: da = real(g), db = -imag(g)
 * so that the gradient of real(f(z)) of a holomorphic f is f'(z), and a step of gradient
 * descent goes along its conjugate. Being linear over the reals only, none is VN_OP_LINEAR.
 *
 * Products of matrices and convolutions are bilinear: those of complex arrays are put together
 * from real ones of their parts, (a + i b) (c + i d) = (a c - b d) + i (a d + b c), so that
 * they run on the same kernels and have the same derivatives. */
#include "core/ops/complex.h"

#include "core/ops/elementwise.h"

/* ------------------------------------------------------------------------------ shapes */

static vn_status part_shape(vn_aval *out, const char *who, const vn_aval *in)
{
    VN_TRY(vn__check_dtype(who, in->dtype, VN__COMPLEX));
    *out = (vn_aval){ vn_dtype_real(in->dtype), in->shape };
    return VN_ERR_OK;
}

static vn_status real_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)n_in;
    return part_shape(out, "real", in);
}

static vn_status imag_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr, (void)n_in;
    return part_shape(out, "imag", in);
}

static vn_status conj_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr;
    return vn__elementwise_shape(out, "conj", VN__COMPLEX, in, n_in);
}

static vn_status complex_shape(vn_aval out[], const void *attr, const vn_aval in[], int n_in)
{
    (void)attr;
    VN_TRY(vn__elementwise_shape(out, "complex", VN__REALS, in, n_in));
    out[0].dtype = vn_dtype_complex(in[0].dtype);
    return VN_ERR_OK;
}

/* -------------------------------------------------------------------------- evaluation */

static void real_eval(const vn_eval *e)
{
    vn__eval_unary(e, e->kernels->cast[e->out_aval[0].dtype][e->in_aval[0].dtype]);
}

static void imag_eval(const vn_eval *e)
{
    vn__eval_unary(e, e->kernels->parts[e->in_aval[0].dtype]->imag);
}

static void conj_eval(const vn_eval *e)
{
    vn__eval_unary(e, e->kernels->parts[e->in_aval[0].dtype]->conj);
}

static void complex_eval(const vn_eval *e)
{
    vn__eval_binary(e, e->kernels->parts[e->out_aval[0].dtype]->make);
}

/* ------------------------------------------------------------------------- derivatives */

static void real_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    (void)node;
    din[0] = vn_complex(g[0], vn_float(0.0));
}

static void real_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    (void)node;
    dout[0] = vn_real(din[0]);
}

static void imag_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    (void)node;
    din[0] = vn_complex(vn_float(0.0), vn_neg(g[0]));
}

static void imag_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    (void)node;
    dout[0] = vn_imag(din[0]);
}

static void conj_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    (void)node;
    din[0] = vn_conj(g[0]);
}

static void conj_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    (void)node;
    dout[0] = vn_conj(din[0]);
}

static void complex_vjp(vn_array *din[], const vn_node *node, vn_array *const g[])
{
    if (node->need[0])
        din[0] = vn_real(g[0]);
    if (node->need[1])
        din[1] = vn_neg(vn_imag(g[0]));
}

static void complex_jvp(vn_array *dout[], const vn_node *node, vn_array *const din[])
{
    (void)node;
    dout[0] = vn_complex(din[0] ? din[0] : vn_float(0.0), din[1] ? din[1] : vn_float(0.0));
}

/* --------------------------------------------------------------------------------- ops */

const vn_op vn__op_real = {
    .name = "real",
    .n_in = 1,
    .flags = VN__ROW_PLAIN,
    .shape = real_shape,
    .eval = real_eval,
    .vjp = real_vjp,
    .jvp = real_jvp,
};

const vn_op vn__op_imag = {
    .name = "imag",
    .n_in = 1,
    .flags = VN__ROW_PLAIN,
    .shape = imag_shape,
    .eval = imag_eval,
    .vjp = imag_vjp,
    .jvp = imag_jvp,
};

const vn_op vn__op_conj = {
    .name = "conj",
    .n_in = 1,
    .flags = VN__ROW_PLAIN,
    .shape = conj_shape,
    .eval = conj_eval,
    .vjp = conj_vjp,
    .jvp = conj_jvp,
};

const vn_op vn__op_complex = {
    .name = "complex",
    .n_in = 2,
    .flags = VN__ROW_PLAIN,
    .shape = complex_shape,
    .eval = complex_eval,
    .vjp = complex_vjp,
    .jvp = complex_jvp,
};

/* -------------------------------------------------------------------- public functions */

static bool is_complex(const vn_array *x) { return vn_dtype_is_complex(vn_dtype_of(x)); }

vn_array *vn_real(vn_array *x)
{
    vn_array *const z = vn__as_operand("real", x);
    return z && is_complex(z) ? vn_op_apply(&vn__op_real, NULL, 1, &z) : z;
}

vn_array *vn_imag(vn_array *x)
{
    vn_array *const z = vn__as_operand("imag", x);
    if (!z)
        return NULL;
    return is_complex(z) ? vn_op_apply(&vn__op_imag, NULL, 1, &z) : vn_zeros_like(z);
}

vn_array *vn_conj(vn_array *x)
{
    vn_array *const z = vn__as_operand("conj", x);
    return z && is_complex(z) ? vn_op_apply(&vn__op_conj, NULL, 1, &z) : z;
}

vn_array *vn_complex(vn_array *re, vn_array *im)
{
    vn_array *in[2];
    if (vn__promote(in, NULL, "complex", VN__REALS, 2, (vn_array *[]){ re, im }) != VN_ERR_OK)
        return NULL;
    return vn_op_apply(&vn__op_complex, NULL, 2, in);
}

vn_array *vn__complex_abs(vn_array *z)
{
    vn__named_begin("abs");
    return vn__named_end(vn_hypot(vn_real(z), vn_imag(z)));
}

/* ------------------------------------------------------------------- bilinear functions */

static vn_array *sum_of(vn_array *a, vn_array *b) { return a && b ? vn_add(a, b) : a ? a : b; }

/* The imaginary part of what was real before it was promoted is no operand. */
vn_array *vn__complex_bilinear(vn__bilinear *f, const void *context, vn_array *const x[2],
                               vn_array *const promoted[2])
{
    vn_array *part[2][2], *p[2][2];
    for (int i = 0; i < 2; i++) {
        const bool real = vn__as_array(x[i]) && !is_complex(x[i]);
        part[i][0] = real ? vn_cast(x[i], vn_dtype_real(vn_dtype_of(promoted[i])))
                          : vn_real(promoted[i]);
        part[i][1] = is_complex(x[i]) ? vn_imag(promoted[i]) : NULL;
    }
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) {
            vn_array *const in[] = { part[0][i], part[1][j] };
            p[i][j] = in[0] && in[1] ? f(context, in) : NULL;
        }
    if (vn_error_status() != VN_ERR_OK)
        return NULL;
    vn_array *const re = p[1][1] ? vn_sub(p[0][0], p[1][1]) : p[0][0];
    return vn_complex(re, sum_of(p[0][1], p[1][0]));
}
