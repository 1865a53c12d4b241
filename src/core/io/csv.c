/* SPDX-License-Identifier: MIT */
/* Tables of numbers as text. */
#include <string.h>

#include "core/base/element.h"
#include "core/io/number.h"
#include "core/io/stream.h"
#include "vernal/io.h"

typedef struct table {
    const char *at; /* of the text, which ends with a zero byte */
    const char *end;
    bool blanks; /* are the delimiters */
    char delimiter;
    double *number;
    int64_t n, capacity;
    int64_t rows, columns; /* columns of the first row */
    int64_t line;
} table;

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static void skip_blanks(table *t)
{
    while (is_blank(*t->at))
        t->at++;
}

/* At the end of a line, behind blanks? The text may contain zero bytes, so its end is an
 * address. */
static bool at_line_end(const table *t) { return t->at == t->end || *t->at == '\n'; }

static void skip_line(table *t)
{
    const char *const newline = memchr(t->at, '\n', (size_t)(t->end - t->at));
    t->at = newline ? newline + 1 : t->end;
    t->line++;
}

static bool read_number(table *t, int64_t column, const vn__where *where)
{
    char *end = NULL;
    skip_blanks(t);
    const bool space = (unsigned char)*t->at <= ' '; /* strtod would pass over line ends */
    const double value = space ? 0 : vn__read_number(t->at, &end);
    if (space || end == t->at) {
        const int length = (int)strcspn(t->at, "\n,;\t ");
        vn__io_fail(where, VN_ERR_FORMAT, "line %lld, column %lld: \"%.*s\" is no number",
                    (long long)t->line, (long long)column + 1, length < 40 ? length : 40,
                    t->at);
        return false;
    }
    if (!vn__grow(&t->number, &t->capacity, t->n + 1, sizeof *t->number))
        return false;
    t->number[t->n++] = value;
    t->at = end;
    skip_blanks(t);
    return true;
}

/* Between two numbers of a line. */
static bool read_delimiter(table *t)
{
    if (t->blanks)
        return is_blank(t->at[-1]);
    if (*t->at != t->delimiter)
        return false;
    t->at++;
    return true;
}

static bool read_row(table *t, const vn__where *where)
{
    int64_t column = 0;
    for (;; column++) {
        if (!read_number(t, column, where))
            return false;
        if (at_line_end(t))
            break;
        if (!read_delimiter(t)) {
            vn__io_fail(where, VN_ERR_FORMAT, "line %lld, column %lld: no delimiter behind it",
                        (long long)t->line, (long long)column + 1);
            return false;
        }
    }
    if (t->rows++ == 0)
        t->columns = column + 1;
    if (t->columns == column + 1)
        return true;
    vn__io_fail(where, VN_ERR_FORMAT, "line %lld has %lld columns, the first row %lld",
                (long long)t->line, (long long)column + 1, (long long)t->columns);
    return false;
}

static bool read_table(table *t, int64_t skip, const vn__where *where)
{
    for (t->line = 1; t->line <= skip && t->at < t->end;)
        skip_line(t);
    while (t->at < t->end) {
        skip_blanks(t);
        if (!at_line_end(t) && !read_row(t, where))
            return false;
        skip_line(t);
    }
    if (t->rows == 0)
        vn__io_fail(where, VN_ERR_FORMAT, "there are no numbers in it");
    return t->rows > 0;
}

/* The whole stream and a zero byte; NULL and an error. */
static char *slurp(vn__stream *stream, int64_t *size, const vn__where *where)
{
    char *text = NULL;
    int64_t capacity = 0, n = 0;
    for (size_t got = 1; got > 0;) {
        const int64_t step = stream->left >= 0 ? stream->left : (int64_t)1 << 16;
        if (!vn__grow(&text, &capacity, n + step + 1, 1)) {
            vn__free(text);
            return NULL;
        }
        got = vn__stream_read(stream, text + n, (size_t)step);
        n += (int64_t)got;
    }
    text[n] = '\0';
    *size = n;
    if (!stream->damaged)
        return text;
    vn__fail_truncated(stream, where, n, n);
    vn__free(text);
    return NULL;
}

static vn_array *array_of(const table *t, vn_dtype dtype)
{
    vn_array *const x = vn_empty(dtype, VN_SHAPE(t->rows, t->columns));
    for (int64_t i = 0; x && i < t->n; i++)
        vn__store_f64(vn_dtype_of(x), vn_data_mut(x), i, t->number[i]);
    return x;
}

vn_array *vn_csv_load(const char *path, const vn_csv_options *options)
{
    static const vn_csv_options defaults;
    const vn_csv_options *const o = options ? options : &defaults;
    const vn__where where = { .who = "csv_load", .file = path };
    vn__stream stream;
    if (!vn__numbers_ready() || !vn__file_given(&where, path) ||
        !vn__stream_open(&stream, &where))
        return NULL;
    int64_t size = 0;
    char *const text = slurp(&stream, &size, &where);
    vn__stream_close(&stream, &where);
    if (!text)
        return NULL;
    table t = { .at = text,
                .end = text + size,
                .delimiter = o->delimiter ? o->delimiter : ',' };
    t.blanks = is_blank(t.delimiter);
    vn_array *const x = read_table(&t, o->skip_rows, &where) ? array_of(&t, o->dtype) : NULL;
    vn__free(t.number);
    vn__free(text);
    return x;
}
