/* SPDX-License-Identifier: MIT */
/* Numbers and strings as Python's repr writes them. */
#include "core/tree/repr.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* digits[0].digits[1..] 10^exponent */
typedef struct decimal {
    char digits[20];
    int n, exponent;
} decimal;

static decimal shortest(double value, bool single)
{
    char text[VN__NUMBER_TEXT];
    int precision = 0;
    for (; precision < 17; precision++) {
        snprintf(text, sizeof text, "%.*e", precision, value);
        if (single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value)
            break;
    }
    decimal d = { .exponent = atoi(strchr(text, 'e') + 1) };
    for (const char *c = text; *c != 'e'; c++)
        if (*c >= '0' && *c <= '9' && d.n < 19)
            d.digits[d.n++] = *c;
    return d;
}

/* 1e-05, 1.5e+16 */
static void scientific(char text[VN__NUMBER_TEXT], const decimal *d, const char *sign)
{
    snprintf(text, VN__NUMBER_TEXT, "%s%c%s%se%c%02d", sign, d->digits[0], d->n > 1 ? "." : "",
             d->digits + 1, d->exponent < 0 ? '-' : '+', abs(d->exponent));
}

/* 0.0001, 1.5, 100.0 */
static void positional(char text[VN__NUMBER_TEXT], const decimal *d, const char *sign)
{
    int used = snprintf(text, VN__NUMBER_TEXT, "%s%s", sign, d->exponent < 0 ? "0." : "");
    for (int i = -1; i > d->exponent; i--)
        text[used++] = '0';
    const int last = d->n - 1 > d->exponent + 1 ? d->n - 1 : d->exponent + 1;
    for (int i = 0; i <= (d->exponent < 0 ? d->n - 1 : last); i++) {
        if (d->exponent >= 0 && i == d->exponent + 1)
            text[used++] = '.';
        text[used++] = i < d->n ? d->digits[i] : '0';
    }
    text[used] = '\0';
}

const char *vn__repr_float(char text[VN__NUMBER_TEXT], double value, bool single)
{
    const char *const sign = signbit(value) && !isnan(value) ? "-" : "";
    if (!isfinite(value)) {
        snprintf(text, VN__NUMBER_TEXT, "%s%s", sign, isnan(value) ? "nan" : "inf");
        return text;
    }
    const decimal d = shortest(fabs(value), single);
    if (d.exponent < -4 || d.exponent >= 16)
        scientific(text, &d, sign);
    else
        positional(text, &d, sign);
    return text;
}

typedef struct cut {
    char *text;
    size_t size, n;
} cut;

static void put(cut *out, char c)
{
    if (out->n + 1 < out->size)
        out->text[out->n] = c;
    out->n++;
}

static void put_escaped(cut *out, char c, char quote)
{
    static const char names[] = "n\nt\tr\r";
    static const char hex[] = "0123456789abcdef";
    const unsigned char byte = (unsigned char)c;
    if (c == quote || c == '\\') {
        put(out, '\\');
        put(out, c);
    } else if (byte >= 32 && byte != 127) {
        put(out, c);
    } else {
        put(out, '\\');
        for (size_t i = 1; i < sizeof names; i += 2)
            if (names[i] == c) {
                put(out, names[i - 1]);
                return;
            }
        put(out, 'x');
        put(out, hex[byte >> 4]);
        put(out, hex[byte & 15]);
    }
}

size_t vn__repr_string(char *text, size_t size, const char *string)
{
    const char quote = strchr(string, '\'') && !strchr(string, '"') ? '"' : '\'';
    cut out = { text, size, 0 };
    put(&out, quote);
    for (const char *c = string; *c; c++)
        put_escaped(&out, *c, quote);
    put(&out, quote);
    if (size)
        text[out.n < size ? out.n : size - 1] = '\0';
    return out.n;
}
