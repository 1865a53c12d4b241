/* SPDX-License-Identifier: MIT */
/* Reading JSON: the grammar of RFC 8259 and nothing beyond it (no comments, no NaN). */
#include "core/io/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/io/dict.h"
#include "core/io/number.h"
#include "core/io/utf8.h"
#include "vernal/io.h"

#define MAX_DEPTH 100
#define MAX_LINE  ((int64_t)1 << 24)

typedef struct reader {
    const char *start, *at, *end; /* *end is a zero byte */
    const vn__where *where;
    int depth;
} reader;

/* The children of a list or dict as they are read. */
typedef struct items {
    vn_tree **item;
    char **key;
    int64_t n, capacity, key_capacity;
} items;

static void *fault(const reader *r, const char *what)
{
    vn__io_fail(r->where, VN_ERR_FORMAT, "JSON, byte %lld: %s", (long long)(r->at - r->start),
                what);
    return NULL;
}

static void skip_blanks(reader *r) { r->at += strspn(r->at, " \t\r\n"); }

static bool take(reader *r, char c)
{
    skip_blanks(r);
    if (*r->at != c)
        return false;
    r->at++;
    return true;
}

/* Four hexadecimal digits, or -1. */
static int32_t read_hex(reader *r)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    int32_t code = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        const char *const d = *r->at ? strchr(digits, *r->at) : NULL;
        if (!d)
            return -1;
        code = 16 * code + (int32_t)(d - digits) - (d - digits > 15 ? 6 : 0);
    }
    return code;
}

/* What follows a backslash; NULL if it is no escape. A pair of surrogates is one character. */
static char *read_escape(reader *r, char *out)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *const name = *r->at ? strchr(names, *r->at) : NULL;
    if (name) {
        r->at++;
        *out = values[name - names];
        return out + 1;
    }
    if (*r->at != 'u')
        return fault(r, "no escape of JSON");
    r->at++;
    int32_t code = read_hex(r);
    if (code >= 0xd800 && code < 0xdc00 && r->at[0] == '\\' && r->at[1] == 'u') {
        r->at += 2;
        const int32_t low = read_hex(r);
        code = low >= 0xdc00 && low < 0xe000 ? 0x10000 + (code - 0xd800) * 1024 + low - 0xdc00
                                             : -1;
    }
    if (code < 0 || (code >= 0xd800 && code < 0xe000))
        return fault(r, "no character of Unicode");
    return code ? vn__utf8_put(out, code) : fault(r, "a zero character");
}

/* Behind the opening quote: the text, to be freed. Decoding never lengthens it. */
static char *read_string(reader *r)
{
    const char *last = r->at;
    while (*last && *last != '"')
        last += *last == '\\' && last[1] ? 2 : 1;
    char *const text = vn__alloc((size_t)(last - r->at) + 5), *out = text;
    while (out && *r->at != '"') {
        const int n = vn__utf8_length(r->at);
        if ((unsigned char)*r->at < ' ')
            out = fault(r, r->at == r->end ? "the text ends in a string"
                                           : "a control character in a string");
        else if (n == 0)
            out = fault(r, "not UTF-8");
        else if (*r->at == '\\')
            r->at++, out = read_escape(r, out);
        else
            for (int i = 0; i < n; i++)
                *out++ = *r->at++;
    }
    if (!out) {
        vn__free(text);
        return NULL;
    }
    r->at++;
    *out = '\0';
    return text;
}

static vn_tree *read_number(reader *r)
{
    const char *at = r->at + (*r->at == '-');
    size_t n = strspn(at, "0123456789");
    bool whole = true, good = n > 0 && (n == 1 || *at != '0');
    at += n;
    if (*at == '.') {
        n = strspn(++at, "0123456789");
        whole = false, good = good && n > 0;
        at += n;
    }
    if (*at == 'e' || *at == 'E') {
        at += at[1] == '+' || at[1] == '-' ? 2 : 1;
        n = strspn(at, "0123456789");
        whole = false, good = good && n > 0;
        at += n;
    }
    if (!good)
        return fault(r, r->at == r->end ? "the text ends before a value" : "no value of JSON");
    const double value = vn__read_number(r->at, NULL);
    if (isinf(value))
        return fault(r, "the number is too large");
    errno = 0;
    const long long integer = whole ? strtoll(r->at, NULL, 10) : 0;
    r->at = at;
    return whole && errno == 0 ? vn_int(integer) : vn_float(value);
}

static vn_tree *read_value(reader *r);

static bool read_item(reader *r, items *list, bool named)
{
    if (!vn__grow(&list->item, &list->capacity, list->n + 1, sizeof *list->item) ||
        !vn__grow(&list->key, &list->key_capacity, list->n + 1, sizeof *list->key))
        return false;
    char *key = NULL;
    if (named && (!take(r, '"') ? fault(r, "a name in quotes is expected")
                                : (key = read_string(r))) == NULL)
        return false;
    list->key[list->n] = key;
    list->item[list->n++] = NULL;
    if (named && !take(r, ':'))
        return fault(r, "':' is expected") != NULL;
    list->item[list->n - 1] = read_value(r);
    return list->item[list->n - 1] != NULL;
}

static bool read_items(reader *r, items *list, char close)
{
    if (take(r, close))
        return true;
    while (read_item(r, list, close == '}')) {
        if (take(r, close))
            return true;
        if (!take(r, ','))
            return fault(r, close == '}' ? "',' or '}' is expected"
                                         : "',' or ']' is expected") != NULL;
    }
    return false;
}

/* Behind the opening bracket. */
static vn_tree *read_container(reader *r, char close)
{
    items list = { 0 };
    vn_tree *tree = NULL;
    if (++r->depth > MAX_DEPTH)
        return fault(r, "lists and dicts deeper than 100");
    if (read_items(r, &list, close))
        tree = close == '}' ? vn__dict_of_file((int)list.n, list.key, list.item, r->where)
                            : vn_list_n((int)list.n, list.item);
    for (int64_t i = 0; i < list.n; i++)
        vn__free(list.key[i]);
    vn__free(list.key);
    vn__free(list.item);
    r->depth--;
    return tree;
}

static bool take_word(reader *r, const char *word)
{
    const size_t n = strlen(word);
    if (strncmp(r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

static vn_tree *read_value(reader *r)
{
    if (take(r, '{'))
        return read_container(r, '}');
    if (take(r, '['))
        return read_container(r, ']');
    if (take(r, '"')) {
        char *const text = read_string(r);
        vn_tree *const leaf = text ? vn_string(text) : NULL;
        vn__free(text);
        return leaf;
    }
    if (take_word(r, "true"))
        return vn_bool(true);
    if (take_word(r, "false"))
        return vn_bool(false);
    return take_word(r, "null") ? vn_none() : read_number(r);
}

vn_tree *vn__json_read(const char *text, int64_t size, const vn__where *where)
{
    reader r = { .start = text, .at = text, .end = text + size, .where = where };
    vn_tree *const tree = vn__numbers_ready() ? read_value(&r) : NULL;
    skip_blanks(&r);
    return tree && r.at != r.end ? fault(&r, "nothing is expected behind the value") : tree;
}

vn_tree *vn_json_parse(const char *text)
{
    const vn__where where = { .who = "json_parse", .file = "the text" };
    if (!text)
        return vn_error(VN_ERR_NULL_ARGUMENT, "json_parse: the text is NULL");
    return vn__json_read(text, (int64_t)strlen(text), &where);
}

/* The bytes up to the end of the line, which is consumed, and a zero byte; to be freed. */
static char *read_line(FILE *file, int64_t *size, const vn__where *where)
{
    char *line = NULL;
    int64_t n = 0, capacity = 0;
    int c = getc(file);
    for (; c != EOF && c != '\n' && n < MAX_LINE; c = getc(file)) {
        if (!vn__grow(&line, &capacity, n + 2, 1)) {
            vn__free(line);
            return NULL;
        }
        line[n++] = (char)c;
    }
    if (c == '\n' && vn__grow(&line, &capacity, n + 1, 1)) {
        line[n] = '\0';
        *size = n;
        return line;
    }
    if (c != '\n')
        vn__io_fail(where, VN_ERR_FORMAT, "%s",
                    n == 0           ? "it ends before the line"
                    : n >= MAX_LINE ? "a line of more than 16 MiB"
                                    : "it ends in the middle of the line");
    vn__free(line);
    return NULL;
}

vn_tree *vn_json_read_line(FILE *file)
{
    const vn__where where = { .who = "json_read_line", .file = "the stream" };
    int64_t size = 0;
    if (!vn__file_given(&where, file))
        return NULL;
    char *const line = read_line(file, &size, &where);
    vn_tree *const tree = line ? vn__json_read(line, size, &where) : NULL;
    vn__free(line);
    return tree;
}
