/* SPDX-License-Identifier: MIT */
/* Complex numbers: values and gradients as JAX gives them, and what is refused. */
#include "check.h"

#include <math.h>
#include <stdlib.h>

#include "vernal/nn.h"
#include "vernal/optim.h"
#include "vernal/random.h"
#include "vernal/transform.h"

enum { MOST = 16 };

/* Real and imaginary part of each element, to 1e-14 (c64: 2e-7) of the largest. */
static void check_complex(int line, vn_array *x, int n, const double *want)
{
    vn_c128 got[MOST];
    double largest = 0;
    cr_assert(x && vn_ok(), "line %d: %s", line, vn_error_message());
    cr_assert(vn_dtype_is_complex(vn_dtype_of(x)) && vn_size(x) == n, "line %d", line);
    vn_copy_complex(got, MOST, x);
    for (int i = 0; i < 2 * n; i++)
        largest = fmax(largest, fabs(want[i]));
    const double allowed = (vn_dtype_of(x) == VN_C64 ? 2e-7 : 2e-15) * largest;
    for (int i = 0; i < n; i++)
        cr_assert(hypot(got[i].re - want[2 * i], got[i].im - want[2 * i + 1]) <= allowed,
                  "line %d: [%d] %.17g%+.17gj", line, i, got[i].re, got[i].im);
}
#define CHECK_C(x, n, ...) check_complex(__LINE__, (x), (n), NUMBERS(__VA_ARGS__))

static vn_array *from(int n, const double *parts)
{
    return vn_array_from(VN_C128, VN_SHAPE(n), parts);
}
static vn_array *z(void) { return from(3, NUMBERS(1, 2, -0.5, 0.25, 0.3, -1.7)); }
static vn_array *w(void) { return from(3, NUMBERS(0.5, -1, 2, 0.1, -1, 1)); }
static vn_array *one(double re, double im) { return vn_index(from(1, NUMBERS(re, im)), 0, 0); }

Test(complex, values)
{
    CHECK_C(vn_neg(z()), 3, -1, -2, 0.5, -0.25, -0.3, 1.7);
    CHECK_C(vn_square(z()), 3, -3, 4, 0.1875, -0.25, -2.8, -1.02);
    CHECK_C(vn_reciprocal(z()), 3, 0.2, -0.4, -1.6, -0.8, 0.10067114093959732,
            0.5704697986577181);
    CHECK_C(vn_exp(z()), 3, -1.1312043837568138, 2.471726672004819, 0.5876750903439226,
            0.15005808662216327, -0.17392187543249002, -1.3386074785524524);
    CHECK_C(vn_log(z()), 3, 0.8047189562170501, 1.1071487177940904, -0.5815754049028404,
            2.677945044588987, 0.5459616502586565, -1.396124127786657);
    CHECK_C(vn_sqrt(z()), 3, 1.272019649514069, 0.7861513777574233, 0.17178037486125622,
            0.7276733451126774, 1.0065454908157918, -0.8444725129224773);
    CHECK_C(vn_sin(z()), 3, 3.165778513216168, 1.9596010414216063, -0.494485780933195,
            0.22168816414957482, 0.8358243686191043, -2.5274687231906494);
    CHECK_C(vn_cos(z()), 3, 2.0327230070196656, -3.0518977991518, 0.9051501505596068,
            0.12110879604381165, 2.701992959680282, 0.7818376958374184);
    CHECK_C(vn_tanh(z()), 3, 1.16673625724092, -0.24345820118572528, -0.4854872810241354,
            0.19805544995134955, 2.9115207481259047, 1.1686311699363665);
    CHECK_C(vn_sigmoid(z()), 3, 1.0214153641721806, 0.4034387060815424, 0.3757248355800388,
            0.05900296431450804, 0.666133268115879, -0.5410099733290146);
    CHECK_C(vn_conj(z()), 3, 1, -2, -0.5, -0.25, 0.3, 1.7);
    CHECK_C(vn_add(z(), w()), 3, 1.5, 1, 1.5, 0.35, -0.7, -0.7);
    CHECK_C(vn_mul(z(), w()), 3, 2.5, 0, -1.025, 0.45, 1.4, 2);
    CHECK_C(vn_div(z(), w()), 3, -1.2, 1.6, -0.243142144638404, 0.1371571072319202, -1, 0.7);
    CHECK_C(vn_pow(z(), vn_int(3)), 3, -11, -2, -0.03125, 0.171875, -2.574, 4.454);
    CHECK_C(vn_sum(z()), 1, 0.8, 0.55);
    CHECK_C(vn_mean(z()), 1, 0.8 / 3, 0.55 / 3);
    CHECK(vn_abs(z()), VN_SHAPE(3), 2.23606797749979, 0.5590169943749475, 1.7262676501632068);
    CHECK(vn_real(z()), VN_SHAPE(3), 1, -0.5, 0.3);
    CHECK(vn_imag(z()), VN_SHAPE(3), 2, 0.25, -1.7);
    cr_assert(vn_dtype_of(vn_abs(z())) == VN_F64 && vn_dtype_of(vn_imag(z())) == VN_F64);
}

Test(complex, identities_on_real_numbers)
{
    vn_array *x = vn_arange(VN_I32, 3);
    cr_assert(vn_real(x) == x && vn_conj(x) == x);
    CHECK(vn_imag(x), VN_SHAPE(3), 0, 0, 0);
    cr_assert(vn_dtype_of(vn_imag(x)) == VN_I32);
    cr_assert(vn_dtype_of(vn_complex(x, vn_float(1))) == VN_C64);
    cr_assert(vn_dtype_of(vn_complex(vn_scalar(VN_BF16, 1), x)) == VN_C64);
    cr_assert(vn_dtype_of(vn_mul(z(), vn_float(2))) == VN_C128);
    cr_assert(vn_dtype_of(vn_mul(vn_cast(z(), VN_C64), vn_scalar(VN_F64, 2))) == VN_C128);
    CHECK_C(vn_add(vn_complex(x, vn_float(1)), x), 3, 0, 1, 2, 1, 4, 1);
}

/* Infinities as in XLA. */
Test(complex, the_ends_of_the_range)
{
    vn_c128 y = vn_item_complex(vn_mul(one(INFINITY, 1), one(2, 1)));
    cr_assert(isinf(y.re) && isinf(y.im));
    y = vn_item_complex(vn_div(one(1, 1), one(0, 0)));
    cr_assert(isinf(y.re) && isinf(y.im));
    y = vn_item_complex(vn_exp(one(1e3, 0)));
    cr_assert(isinf(y.re) && y.im == 0);
    CHECK_C(vn_div(one(1e300, 1e300), one(1e300, 1e300)), 1, 1, 0);
    CHECK(vn_abs(one(3e200, 4e200)), VN_SCALAR, 5e200);
}

Test(complex, products)
{
    vn_array *a = vn_reshape(from(6, NUMBERS(1, 1, 2, -1, 0, 0.5, 3, 0, 0, -1, 1, -2)),
                             VN_SHAPE(2, 3));
    CHECK_C(vn_matmul(a, z()), 2, -0.9, 4.15, 0.15, 4.2);
    CHECK_C(vn_matmul(vn_real(a), z()), 2, 0, 2.5, 3.3, 4.3);
    CHECK_C(vn_matmul(a, vn_real(z())), 2, 0, 1.65, 3.3, -0.1);
    CHECK_C(vn_matmul(vn_cast(vn_real(a), VN_I32), z()), 2, 0, 2.5, 3.3, 4.3);
    CHECK_ERROR(vn_matmul(a, vn_ones(VN_C64, VN_SHAPE(2))), SHAPE,
                "matmul: inner sizes differ: c128[2,3] and c64[2]");
    vn_dot_dims dims = { .contract_a = VN_AXES(1), .contract_b = VN_AXES(0) };
    CHECK_ERROR(vn_dot_general(a, vn_ones(VN_F32, VN_SHAPE(2)), &dims), SHAPE,
                "dot_general: contracted sizes differ: c128[2,3] axis 1 and c128[2] axis 0");
    CHECK_ERROR(vn_conv(vn_ones(VN_C64, VN_SHAPE(3, 5)), vn_ones(VN_F32, VN_SHAPE(2, 2, 1)),
                        NULL),
                SHAPE, "conv: channels and 1 groups disagree: c64[3,5] and c64[2,2,1]");
}

/* A long sum of c64 keeps the digits that a long sum of f32 does. */
Test(complex, long_sums)
{
    enum { N = 100000 };
    vn_array *x = vn_full(VN_F32, VN_SHAPE(N), 0.1);
    const vn_c128 sum = vn_item_complex(vn_sum(vn_complex(x, vn_neg(x))));
    cr_assert(sum.re == vn_item(vn_sum(x)) && sum.im == -sum.re);
}

/* ---- gradients of real functions */

static vn_tree *real_square(vn_tree *const arg[]) { return vn_sum(vn_real(vn_square(arg[0]))); }
static vn_tree *imag_exp(vn_tree *const arg[]) { return vn_sum(vn_imag(vn_exp(arg[0]))); }
static vn_tree *moduli(vn_tree *const arg[]) { return vn_sum(vn_abs(arg[0])); }
static vn_tree *energy(vn_tree *const arg[])
{
    return vn_sum(vn_real(vn_mul(arg[0], vn_conj(arg[0]))));
}
static vn_tree *quotient(vn_tree *const arg[]) { return vn_sum(vn_real(vn_div(w(), arg[0]))); }
static vn_tree *scaled_moduli(vn_tree *const arg[])
{
    return vn_sum(vn_abs(vn_mul(w(), arg[0])));
}
static vn_tree *product_energy(vn_tree *const arg[])
{
    return vn_sum(vn_square(vn_abs(vn_matmul(arg[0], z()))));
}
static vn_tree *holomorphic(vn_tree *const arg[]) { return vn_sum(vn_square(arg[0])); }

static vn_tree *gradient(vn_fn *fn, vn_tree *x)
{
    vn_tree *eager = vn_call(vn_filter_grad(vn_function(fn, 1), NULL), x);
    vn_tree *jit =
        vn_call(vn_filter_jit(vn_filter_grad(vn_function(fn, 1), NULL), NULL), x);
    cr_assert(vn_tree_equal(eager, jit, &(vn_tree_equal_options){ .rtol = 1e-14 }), "%s",
              vn_error_message());
    return eager;
}

Test(complex, gradients)
{
    CHECK_C(gradient(real_square, z()), 3, 2, 4, -1, 0.5, 0.6, -3.4);
    CHECK_C(gradient(imag_exp, z()), 3, 2.471726672004819, 1.1312043837568138,
            0.15005808662216327, -0.5876750903439226, -1.3386074785524524,
            0.17392187543249002);
    CHECK_C(gradient(moduli, z()), 3, 0.4472135954999579, -0.8944271909999159,
            -0.8944271909999159, -0.4472135954999579, 0.17378533390904768,
            0.9847835588179368);
    CHECK_C(gradient(energy, z()), 3, 2, -4, -1, -0.5, 0.6, 3.4);
    CHECK_C(gradient(quotient, z()), 3, 0.22, -0.04, -3.584, -5.312, -0.20044142155758748,
            0.43016080356740694);
    CHECK_C(gradient(moduli, one(0, 0)), 1, 0, 0);
    CHECK(gradient(scaled_moduli, vn_array_from(VN_F64, VN_SHAPE(3), NUMBERS(1, 2, 3))),
          VN_SHAPE(3), 1.118033988749895, 2.0024984394500787, 1.414213562373095);
    vn_array *a = vn_reshape(from(6, NUMBERS(1, 1, 2, -1, 0, 0.5, 3, 0, 0, -1, 1, -2)),
                             VN_SHAPE(2, 3));
    CHECK_C(gradient(product_energy, a), 6, 14.8, -11.9, 2.975, 3.7, -14.65, 0.57, 17.1, -7.8,
            1.95, 4.275, -14.19, -3.03);
}

static vn_tree *conj_exp(vn_tree *const arg[])
{
    return vn_mul(vn_conj(arg[0]), vn_exp(arg[0]));
}

Test(complex, jvp_and_vjp)
{
    vn_tree *x[] = { z() }, *t[] = { w() }, *f = vn_function(conj_exp, 1);
    CHECK_C(vn_at(vn_filter_jvp(f, 1, x, t), 1), 3, 3.6029310557616334, -1.3405222882480055,
            0.6999047239069267, -0.22817926993583237, -2.690892322228416, 4.433234936695333);
    vn_tree *d = vn_call(vn_at(vn_filter_vjp(f, 1, x), 1), w());
    CHECK_C(vn_at(d, 0), 3, 8.546384399771272, -3.8122489602528247, 0.6698931065824942,
            -0.8284116164244855, -0.0136773651235107, 1.7560199795904285);
}

static vn_tree *modulus_of(vn_tree *const arg[]) { return vn_abs(arg[0]); }
static vn_tree *wave(vn_tree *const arg[])
{
    return vn_exp(vn_mul(vn_complex(vn_float(0), vn_scalar(VN_F64, 1)), arg[0]));
}

Test(complex, jacobians_of_the_real_side)
{
    vn_array *j = vn_call(vn_filter_jacrev(vn_function(modulus_of, 1)), z());
    CHECK_C(vn_index(j, 0, 0), 3, 0.4472135954999579, -0.8944271909999159, 0, 0, 0, 0);
    j = vn_call(vn_filter_jacfwd(vn_function(wave, 1)), vn_scalar(VN_F64, 0.5));
    CHECK_C(j, 1, -sin(0.5), cos(0.5));
    CHECK_ERROR(vn_call(vn_filter_jacfwd(vn_function(modulus_of, 1)), z()), DTYPE,
                "jacfwd: an input is c128[3], expected real numbers (in filter_jacobian)");
    CHECK_ERROR(vn_call(vn_filter_jacrev(vn_function(conj_exp, 1)), z()), DTYPE,
                "jacrev: an output is c128[3], expected real numbers (in filter_jacobian)");
    CHECK_ERROR(vn_call(vn_filter_grad(vn_function(holomorphic, 1), NULL), z()), DTYPE,
                "filter_grad: the function returns c128[], expected a float scalar f32[] "
                "(in filter_grad)");
}

/* ---- batches, sums over them */

static vn_tree *centred(vn_tree *const arg[])
{
    return vn_sub(arg[0], vn_pmean(arg[0], "batch"));
}
static vn_tree *largest(vn_tree *const arg[]) { return vn_pmax(arg[0], "batch"); }
static vn_tree *smallest(vn_tree *const arg[]) { return vn_pmin(arg[0], "batch"); }

static vn_tree *over_batch(vn_fn *fn, vn_tree *x, bool jit)
{
    vn_tree *f = vn_filter_vmap(vn_function(fn, 1), &(vn_vmap_options){ .axis_name = "batch" });
    return vn_call(jit ? vn_filter_jit(f, NULL) : f, x);
}

Test(complex, named_axes)
{
    vn_array *x = vn_reshape(from(6, NUMBERS(1, 1, 2, -1, 0, 0.5, 3, 0, 0, -1, 1, -2)),
                             VN_SHAPE(2, 3));
    for (int jit = 0; jit < 2; jit++) {
        CHECK_C(over_batch(centred, x, jit), 6, -1, 0.5, 1, 0, -0.5, 1.25, 1, -0.5, -1, 0, 0.5,
                -1.25);
        CHECK_ERROR(over_batch(largest, x, jit), DTYPE,
                    jit ? "pmax: c128 operand, expected real numbers (in filter_jit)"
                        : "pmax: c128 operand, expected real numbers (in filter_vmap)");
        CHECK_ERROR(over_batch(smallest, x, jit), DTYPE,
                    jit ? "pmin: c128 operand, expected real numbers (in filter_jit)"
                        : "pmin: c128 operand, expected real numbers (in filter_vmap)");
    }
}

/* ---- refusals */

Test(complex, refusals)
{
    CHECK_ERROR(vn_cast(z(), VN_F32), DTYPE,
                "cast: c128 to f32 would drop the imaginary part; take the real one first");
    CHECK_ERROR(vn_cast(z(), VN_I32), DTYPE,
                "cast: c128 to i32 would drop the imaginary part; take the real one first");
    cr_assert(vn_item_bool(vn_all(vn_cast(z(), VN_BOOL))));
    CHECK_ERROR(vn_bitcast(vn_cast(z(), VN_C64), VN_I64), DTYPE,
                "bitcast: c64 operand, expected real numbers");
    CHECK_ERROR(vn_bitcast(vn_ones(VN_F64, VN_SCALAR), VN_C64), DTYPE,
                "bitcast: c64 operand, expected real numbers");
    CHECK_ERROR(vn_lt(z(), w()), DTYPE, "lt: c128 operand, expected real numbers");
    CHECK_ERROR(vn_maximum(z(), vn_float(0)), DTYPE,
                "maximum: c128 operand, expected real numbers");
    CHECK_ERROR(vn_pow(z(), vn_float(0.5)), DTYPE, "pow: c128 operand, expected real numbers");
    CHECK_ERROR(vn_relu(z()), DTYPE, "relu: c128 operand, expected real numbers");
    CHECK_ERROR(vn_var_over(z(), VN_AXES(0), 0, false), DTYPE,
                "var: c128 operand, expected real numbers");
    CHECK_ERROR(vn_sort(z(), 0), DTYPE, "sort: c128 operand, expected real numbers");
    CHECK_ERROR(vn_is_nan(z()), DTYPE, "is_nan: c128 operand, expected real numbers");
    CHECK_ERROR(vn_complex(z(), w()), DTYPE, "complex: c128 operand, expected real numbers");
    CHECK_ERROR(vn_buffer_set(vn_ones(VN_F64, VN_SHAPE(2, 3)), vn_int(0), z(), NULL), DTYPE,
                "buffer_set: cast: c128 to f64 would drop the imaginary part; take the real "
                "one first");
    vn_array *key = vn_key(0);
    CHECK_ERROR(vn_uniform(key, VN_SHAPE(2), VN_C64, 0, 1), DTYPE,
                "uniform: c64, expected a float");
    CHECK_ERROR(vn_layer_norm(VN_SHAPE(2), &(vn_layer_norm_options){ .dtype = VN_C64 }), DTYPE,
                "LayerNorm: dtype c64, expected a float dtype");
    CHECK_ERROR(vn_optim_init(vn_adam(vn_float(0.1), NULL), z()), DTYPE,
                "Adam: a parameter is c128[3], expected real ones (in Adam)");
}
