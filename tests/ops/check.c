/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <math.h>
#include <stdlib.h>

#include "core/base/fail.h"

vn_array *make_as(vn_dtype dtype, vn_shape shape, const double *values)
{
    return vn_cast(vn_array_from(VN_F64, shape, values), dtype);
}

vn_array *make(vn_shape shape, const double *values)
{
    return make_as(vn_default_dtype(), shape, values);
}

void check_values(int line, vn_array *x, vn_shape shape, const double *values)
{
    char have[VN__SHAPE_TEXT], want[VN__SHAPE_TEXT];
    cr_assert(x != NULL, "line %d: %s", line, vn_error_message());
    cr_assert(vn_shape_equal(vn_shape_of(x), shape), "line %d: shape %s, expected %s", line,
              vn__shape_text(have, vn_dtype_of(x), vn_shape_of(x)),
              vn__shape_text(want, vn_dtype_of(x), shape));
    const int64_t n = vn_size(x);
    double *const got = malloc((size_t)(n + 1) * sizeof *got), scale = 0;
    vn_copy_f64(got, n, x);
    for (int64_t i = 0; i < n; i++)
        scale = isfinite(values[i]) ? fmax(scale, fabs(values[i])) : scale;
    for (int64_t i = 0; i < n; i++)
        cr_expect((isnan(values[i]) && isnan(got[i])) || values[i] == got[i] ||
                      fabs(values[i] - got[i]) <= 2e-6 * scale,
                  "line %d: element %d is %.9g, expected %.9g", line, (int)i, got[i],
                  values[i]);
    free(got);
}

void check_error(int line, vn_tree *x, vn_status status, const char *sentence)
{
    cr_expect(x == NULL, "line %d: no error", line);
    cr_expect_eq(vn_error_status(), status, "line %d: status %d", line, vn_error_status());
    cr_expect_str_eq(vn_error_message(), sentence, "line %d: \"%s\"", line, vn_error_message());
    vn_error_clear();
}
