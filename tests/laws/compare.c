/* SPDX-License-Identifier: MIT */
#include "laws/law.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void law_fail(law_run *r, const char *format, ...)
{
    va_list list;
    if (!r->fault || r->verbose) { /* one line for a law of a subject */
        printf("FAIL %s%s%s, law %s, %s: ", r->subject->row, *r->subject->name ? " " : "",
               r->subject->name, r->law, vn_dtype_name(vn_default_dtype()));
        va_start(list, format);
        vprintf(format, list);
        va_end(list);
        printf(vn_ok() ? "\n" : ": %s\n", vn_error_message());
    }
    r->fault = true;
    vn_error_clear();
}

double law_rounding(void) { return vn_default_dtype() == VN_F64 ? 1e-12 : 1e-5; }

double *law_numbers(const vn_tree *array, int64_t *n)
{
    const bool complex = vn_dtype_is_complex(vn_dtype_of(array));
    int64_t size = vn_size(array);
    vn_c128 *out = malloc((size_t)(size + 1) * sizeof *out);
    *n = complex ? 2 * size : size;
    if (out && complex)
        vn_copy_complex(out, size, array);
    else if (out)
        vn_copy_f64((double *)(void *)out, size, array);
    return (double *)(void *)out;
}

static bool outside(double a, double b, double allowed)
{
    if (a == b || (isnan(a) && isnan(b)))
        return false;
    return !(fabs(a - b) <= allowed);
}

static bool close_arrays(law_run *r, const char *what, vn_tree *a, vn_tree *b, double rtol)
{
    if (vn_dtype_of(a) != vn_dtype_of(b) || !vn_shape_equal(vn_shape_of(a), vn_shape_of(b))) {
        law_fail(r, "%s: dtypes or shapes differ: %s of %lld elements, %s of %lld", what,
                 vn_dtype_name(vn_dtype_of(a)), (long long)vn_size(a),
                 vn_dtype_name(vn_dtype_of(b)), (long long)vn_size(b));
        return false;
    }
    int64_t n, worst = -1;
    double *x = law_numbers(a, &n), *y = law_numbers(b, &n), largest = 0;
    bool exact = !vn_dtype_is_inexact(vn_dtype_of(a));
    for (int64_t i = 0; i < n; i++)
        if (isfinite(y[i]))
            largest = fmax(largest, fabs(y[i]));
    for (int64_t i = 0; i < n && worst < 0; i++)
        if (outside(x[i], y[i], exact ? 0 : rtol * (fabs(y[i]) + largest)))
            worst = i;
    if (worst >= 0)
        law_fail(r, "%s[%lld]: %.17g, not %.17g (largest %.3g, tolerance %.1e)", what,
                 (long long)worst, x[worst], y[worst], largest, rtol);
    free(x);
    free(y);
    return worst < 0;
}

static vn_tree *absent_as_zeros(vn_tree *leaf, vn_tree *other)
{
    return vn_is_none(leaf) && vn_is_inexact_array(other) ? vn_zeros_like(other) : leaf;
}

/* Walks two trees together: leaves, and none where the other has a leaf. */
static bool walk(law_run *r, const char *what, vn_tree *a, vn_tree *b, double rtol)
{
    if (!a || !b) {
        law_fail(r, "%s: no result", what);
        return false;
    }
    a = absent_as_zeros(a, b);
    b = absent_as_zeros(b, a);
    if (vn_kind_of(a) != vn_kind_of(b) || vn_len(a) != vn_len(b)) {
        law_fail(r, "%s: structures differ", what);
        return false;
    }
    if (vn_kind_of(a) == VN_KIND_ARRAY)
        return close_arrays(r, what, a, b, rtol);
    if (vn_is_leaf(a) && !vn_tree_equal(a, b, NULL)) {
        law_fail(r, "%s: leaves differ", what);
        return false;
    }
    for (int i = 0; i < vn_len(a); i++)
        if (!walk(r, what, vn_at(a, i), vn_at(b, i), rtol))
            return false;
    return true;
}

bool law_close(law_run *r, const char *what, vn_tree *a, vn_tree *b, double rtol)
{
    r->compared++;
    return walk(r, what, a, b, rtol);
}

bool law_same_bits(law_run *r, const char *what, vn_tree *a, vn_tree *b)
{
    vn_tree *x = vn_tree_leaves(a), *y = vn_tree_leaves(b);
    r->compared++;
    if (!walk(r, what, a, b, 0))
        return false;
    for (int i = 0; i < vn_len(x); i++) {
        vn_tree *p = vn_at(x, i), *q = vn_at(y, i);
        size_t bytes = (size_t)vn_size(p) * vn_dtype_size(vn_dtype_of(p));
        if (vn_is_array(p) && vn_is_array(q) && bytes &&
            memcmp(vn_data(p), vn_data(q), bytes)) {
            law_fail(r, "%s: bits of leaf %d differ", what, i);
            return false;
        }
    }
    return true;
}

double law_inner(vn_tree *a, vn_tree *b, double *scale)
{
    double sum = 0;
    if (vn_is_inexact_array(a) && vn_is_inexact_array(b)) {
        int64_t n;
        double *x = law_numbers(a, &n), *y = law_numbers(b, &n);
        for (int64_t i = 0; i < n; i++) {
            const bool imaginary = n != vn_size(a) && i % 2;
            sum += imaginary ? -x[i] * y[i] : x[i] * y[i];
            *scale += fabs(x[i] * y[i]);
        }
        free(x);
        free(y);
    }
    for (int i = 0; i < vn_len(a) && i < vn_len(b); i++)
        sum += law_inner(vn_at(a, i), vn_at(b, i), scale);
    return sum;
}

bool law_has_inexact(vn_tree *tree)
{
    vn_tree *leaves = vn_tree_leaves(tree);
    for (int i = 0; i < vn_len(leaves); i++)
        if (vn_is_inexact_array(vn_at(leaves, i)) && vn_size(vn_at(leaves, i)) > 0)
            return true;
    return false;
}

vn_tree *law_moved(vn_tree *x, double step, vn_tree *direction)
{
    return vn_apply_updates(x, vn_tree_scale(step, direction));
}
