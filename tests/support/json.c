/* SPDX-License-Identifier: MIT */
#include "support/json.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 200 };

typedef struct reader {
    const char *start, *at;
    int depth;
} reader;

static json *read_value(reader *r);

static void skip_space(reader *r) { r->at += strspn(r->at, " \t\r\n"); }

static bool take(reader *r, char c)
{
    skip_space(r);
    if (*r->at != c)
        return false;
    r->at++;
    return true;
}

static json *new_value(json_kind kind)
{
    json *value = calloc(1, sizeof *value);
    if (value)
        value->kind = kind;
    return value;
}

/* Four hexadecimal digits, or -1. */
static int32_t read_hex(reader *r)
{
    int32_t code = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        const char *digits = "0123456789abcdefABCDEF";
        const char *d = *r->at ? strchr(digits, *r->at) : NULL;
        if (!d)
            return -1;
        code = 16 * code + (int32_t)(d - digits) - (d - digits > 15 ? 6 : 0);
    }
    return code;
}

static char *put_utf8(char *out, int32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
        *out++ = (char)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        *out++ = (char)(0xe0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 63));
        *out++ = (char)(0x80 | (code & 63));
    } else {
        *out++ = (char)(0xf0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 63));
        *out++ = (char)(0x80 | (code >> 6 & 63));
        *out++ = (char)(0x80 | (code & 63));
    }
    return out;
}

/* What follows a backslash; NULL if it is no escape. */
static char *read_escape(reader *r, char *out)
{
    const char *names = "\"\\/bfnrt", *values = "\"\\/\b\f\n\r\t";
    char c = *r->at ? *r->at++ : '?';
    const char *name = strchr(names, c);
    if (name) {
        *out++ = values[name - names];
        return out;
    }
    int32_t code = c == 'u' ? read_hex(r) : -1;
    if (code >= 0xd800 && code < 0xdc00 && r->at[0] == '\\' && r->at[1] == 'u') {
        r->at += 2;
        int32_t low = read_hex(r);
        bool pair = low >= 0xdc00 && low < 0xe000;
        code = pair ? 0x10000 + (code - 0xd800) * 1024 + low - 0xdc00 : -1;
    }
    return code < 0 ? NULL : put_utf8(out, code);
}

static char *read_string(reader *r)
{
    if (!take(r, '"'))
        return NULL;
    const char *end = r->at;
    while (*end && *end != '"')
        end += *end == '\\' && end[1] ? 2 : 1;
    char *text = malloc((size_t)(end - r->at) + 4), *out = text; /* decoding never lengthens */
    while (out && *r->at && *r->at != '"') {
        if (*r->at == '\\') {
            r->at++;
            out = read_escape(r, out);
        } else {
            *out++ = *r->at++;
        }
    }
    if (!out || *r->at != '"') {
        free(text);
        return NULL;
    }
    r->at++;
    *out = 0;
    return text;
}

/* Members of an object or elements of an array, after the opening bracket. */
static json *read_children(reader *r, json *parent, char close)
{
    if (!parent || take(r, close))
        return parent;
    do {
        char *key = NULL;
        if (close == '}' && (!(key = read_string(r)) || !take(r, ':'))) {
            free(key);
            break;
        }
        json *child = read_value(r);
        if (!child) {
            free(key);
            break;
        }
        child->key = key;
        if (parent->last)
            parent->last->next = child;
        else
            parent->child = child;
        parent->last = child;
        parent->count++;
        if (take(r, close))
            return parent;
    } while (take(r, ','));
    json_free(parent);
    return NULL;
}

static json *read_number(reader *r)
{
    size_t length = strspn(r->at, "+-.0123456789eE");
    if (length == 0 || !strchr("-0123456789", *r->at))
        return NULL;
    json *value = new_value(JSON_NUMBER);
    if (!value)
        return NULL;
    char *end;
    value->number = strtod(r->at, &end);
    if (strspn(r->at, "-0123456789") == length)
        value->integer = strtoll(r->at, NULL, 10);
    else if (value->number > -9e18 && value->number < 9e18)
        value->integer = (int64_t)value->number;
    if (end != r->at + length) {
        json_free(value);
        return NULL;
    }
    r->at = end;
    return value;
}

static json *read_word(reader *r, const char *word, json_kind kind, bool boolean)
{
    size_t length = strlen(word);
    json *value = strncmp(r->at, word, length) ? NULL : new_value(kind);
    if (value) {
        value->boolean = boolean;
        r->at += length;
    }
    return value;
}

static json *read_leaf(reader *r)
{
    switch (*r->at) {
    case 't':
        return read_word(r, "true", JSON_BOOL, true);
    case 'f':
        return read_word(r, "false", JSON_BOOL, false);
    case 'n':
        return read_word(r, "null", JSON_NULL, false);
    case '"': {
        char *text = read_string(r);
        json *value = text ? new_value(JSON_STRING) : NULL;
        if (value)
            value->string = text;
        else
            free(text);
        return value;
    }
    default:
        return read_number(r);
    }
}

static json *read_value(reader *r)
{
    skip_space(r);
    if (++r->depth > MAX_DEPTH)
        return NULL;
    json *value;
    if (take(r, '{'))
        value = read_children(r, new_value(JSON_OBJECT), '}');
    else if (take(r, '['))
        value = read_children(r, new_value(JSON_ARRAY), ']');
    else
        value = read_leaf(r);
    r->depth--;
    return value;
}

json *json_parse(const char *text, size_t *where)
{
    reader r = { .start = text, .at = text };
    json *value = read_value(&r);
    skip_space(&r);
    if (value && *r.at) {
        json_free(value);
        value = NULL;
    }
    if (where)
        *where = (size_t)(r.at - r.start);
    return value;
}

void json_free(json *value)
{
    while (value) {
        json *next = value->next;
        json_free(value->child);
        free(value->string);
        free(value->key);
        free(value);
        value = next;
    }
}

const json *json_get(const json *object, const char *key)
{
    const json *child = object && object->kind == JSON_OBJECT ? object->child : NULL;
    while (child && strcmp(child->key, key))
        child = child->next;
    return child;
}

const json *json_at(const json *array, int index)
{
    const json *child = array ? array->child : NULL;
    while (child && index-- > 0)
        child = child->next;
    return child;
}

double json_number(const json *value, double missing)
{
    return value && value->kind == JSON_NUMBER ? value->number : missing;
}

int64_t json_int(const json *value, int64_t missing)
{
    return value && value->kind == JSON_NUMBER ? value->integer : missing;
}

bool json_bool(const json *value, bool missing)
{
    return value && value->kind == JSON_BOOL ? value->boolean : missing;
}

const char *json_string(const json *value, const char *missing)
{
    return value && value->kind == JSON_STRING ? value->string : missing;
}
