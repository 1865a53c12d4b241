/* SPDX-License-Identifier: MIT */
#include "golden/check.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const double tolerances[][2] = {
#define GOLDEN_ROW(name, f32, f64) { f32, f64 },
    GOLDEN_TOLERANCES(GOLDEN_ROW)
#undef GOLDEN_ROW
};

static void say(golden_run *r, const char *format, va_list list)
{
    if (r->faults++ && !r->verbose)
        return; /* one line a case */
    printf("FAIL %s", r->c->name);
    if (r->variant)
        printf(" (%s)", r->variant);
    printf(": ");
    vprintf(format, list);
    if (!vn_ok())
        printf(": %s", vn_error_message());
    printf("\n");
}

void golden_fail(golden_run *r, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    say(r, format, list);
    va_end(list);
    vn_error_clear();
}

void golden_skip(golden_run *r, const char *format, ...)
{
    char why[256], line[512];
    va_list list;
    va_start(list, format);
    vsnprintf(why, sizeof why, format, list);
    va_end(list);
    int length = snprintf(line, sizeof line, "skip %s: %s\n", r->c->name, why);
    r->skips++;
    if (r->skip_list && strstr(r->skip_list, line))
        return; /* said by another variant */
    size_t used = r->skip_list ? strlen(r->skip_list) : 0;
    char *more = realloc(r->skip_list, used + (size_t)length + 1);
    if (more) {
        memcpy(more + used, line, (size_t)length + 1);
        r->skip_list = more;
    }
}

/* ---- elements as numbers */

static double of_half(uint16_t bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double value = exponent == 31  ? (fraction ? NAN : INFINITY)
                   : exponent == 0 ? ldexp(fraction, -24)
                                   : ldexp(1024 + fraction, exponent - 25);
    return bits >> 15 ? -value : value;
}

static double of_bfloat(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return (double)value;
}

static double element(const void *data, vn_dtype dtype, int64_t i)
{
    const char *at = (const char *)data + (size_t)i * vn_dtype_size(dtype);
    switch (dtype) {
#define READ(NAME, type, expression) \
    case VN_##NAME: {                \
        type v;                      \
        memcpy(&v, at, sizeof v);    \
        return (double)(expression); \
    }
        READ(F32, float, v)
        READ(F64, double, v)
        READ(BF16, uint16_t, of_bfloat(v))
        READ(F16, uint16_t, of_half(v))
        READ(I8, int8_t, v)
        READ(I16, int16_t, v)
        READ(I32, int32_t, v)
        READ(I64, int64_t, v)
        READ(U8, uint8_t, v)
        READ(U16, uint16_t, v)
        READ(U32, uint32_t, v)
        READ(U64, uint64_t, v)
        READ(BOOL, uint8_t, v)
#undef READ
    default:
        return NAN;
    }
}

/* The distance of neighbours at x in a format of `digits` binary digits. */
static double ulp(double x, int digits, int lowest)
{
    int exponent = x == 0 ? lowest : ilogb(x);
    return ldexp(1.0, (exponent > lowest ? exponent : lowest) - digits + 1);
}

static double tolerance(const golden_run *r, vn_dtype dtype, double want, double largest,
                        golden_level level)
{
    double rtol = tolerances[level][dtype == VN_F64];
    double rounding = 4 * (dtype == VN_F64 ? 0x1p-52 : 0x1p-23) * r->cancelled;
    if (level == GOLDEN_EXACT || !vn_dtype_is_inexact(dtype))
        return 0;
    if (dtype == VN_BF16)
        return 2 * ulp(want, 8, -126);
    if (dtype == VN_F16)
        return 2 * ulp(want, 11, -14);
    return rtol * fabs(want) + fmax(rtol * largest, level == GOLDEN_GRADIENT ? rounding : 0);
}

/* ---- arrays */

static void shape_text(char *text, size_t size, vn_dtype dtype, vn_shape shape)
{
    int used = snprintf(text, size, "%s[", vn_dtype_name(dtype));
    for (int i = 0; i < shape.rank; i++)
        used += snprintf(text + used, size - (size_t)used, i ? ",%lld" : "%lld",
                         (long long)shape.dim[i]);
    snprintf(text + used, size - (size_t)used, "]");
}

static bool same_kind(golden_run *r, const golden_array *want, vn_array *got)
{
    char a[256], b[256];
    if (!got || !vn_is_array(got) || want->dtype == VN_DTYPE_DEFAULT) {
        golden_fail(r, "%s: no array to compare", want->name);
        return false;
    }
    if (vn_dtype_of(got) == want->dtype && vn_shape_equal(vn_shape_of(got), want->shape))
        return true;
    shape_text(a, sizeof a, vn_dtype_of(got), vn_shape_of(got));
    shape_text(b, sizeof b, want->dtype, want->shape);
    golden_fail(r, "%s: got %s, want %s", want->name, a, b);
    return false;
}

/* How far an element is outside its tolerance: 0 inside, infinite when one of the two is no
 * number or an infinity and the other not the same. */
static double excess(double got, double want, double allowed)
{
    if (got == want || (isnan(got) && isnan(want)))
        return 0;
    if (!isfinite(got) || !isfinite(want))
        return INFINITY;
    double distance = fabs(got - want);
    return distance <= allowed ? 0 : distance - allowed;
}

void golden_check_array(golden_run *r, golden_array *want, vn_array *got, golden_level level)
{
    want->used = true;
    r->compared++;
    if (!same_kind(r, want, got))
        return;
    const vn_dtype part = vn_dtype_real(want->dtype); /* complex: of parts, side by side */
    const size_t width = vn_dtype_size(part);
    int64_t n = (int64_t)(want->bytes / width), worst = -1;
    const void *data = vn_data(got);
    double largest = 0, most = 0;
    for (int64_t i = 0; i < n; i++) {
        double w = element(want->data, part, i);
        if (isfinite(w))
            largest = fmax(largest, fabs(w));
    }
    for (int64_t i = 0; data && i < n; i++) {
        double g = element(data, part, i), w = element(want->data, part, i);
        double e = excess(g, w, tolerance(r, part, w, largest, level));
        size_t at = (size_t)i * width;
        bool bits = level == GOLDEN_EXACT || !vn_dtype_is_inexact(part);
        if (bits && memcmp((const char *)data + at, (const char *)want->data + at, width))
            e = e > 0 ? e : 1e-300; /* integers too large for a double, signs of zero */
        if (e > most) {
            most = e;
            worst = i;
        }
    }
    if (!data)
        golden_fail(r, "%s: has no values", want->name);
    else if (worst >= 0)
        golden_fail(
            r, "%s[%lld]: got %.17g, want %.17g, tolerance %.3g", want->name, (long long)worst,
            element(data, part, worst), element(want->data, part, worst),
            tolerance(r, part, element(want->data, part, worst), largest, level));
}

void golden_check(golden_run *r, const char *name, vn_array *got, golden_level level)
{
    golden_array *want = golden_find(r->c, name);
    if (want)
        golden_check_array(r, want, got, level);
    else
        golden_fail(r, "the case has no array %s", name);
}

/* ---- cases */

void golden_begin(golden_run *r, golden_case *c)
{
    r->c = c;
    r->variant = NULL;
    r->cancelled = 0;
    r->faults = r->skips = r->compared = 0;
    vn_error_clear();
}

void golden_end(golden_run *r)
{
    r->variant = NULL;
    if (!vn_ok())
        golden_fail(r, "an error was left behind");
    if (!r->skips && !r->faults) {
        for (int i = 0; i < r->c->n_arrays; i++)
            if (!r->c->arrays[i].used)
                golden_fail(r, "%s was not compared", r->c->arrays[i].name);
        if (!r->compared)
            golden_fail(r, "nothing was compared");
    }
    int *count = r->faults ? &r->failed : r->skips ? &r->skipped : &r->passed;
    ++*count;
    if (r->verbose)
        printf("%s %s: %d arrays\n",
               r->faults  ? "FAILED"
               : r->skips ? "skipped"
                          : "passed",
               r->c->name, r->compared);
}
