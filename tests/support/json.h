/* SPDX-License-Identifier: MIT */
/* A small reader of JSON (RFC 8259). Every getter takes NULL and gives the default. */
#ifndef VN_TESTS_SUPPORT_JSON_H
#define VN_TESTS_SUPPORT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum json_kind {
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
} json_kind;

typedef struct json {
    json_kind kind;
    bool boolean;
    double number;
    int64_t integer; /* the number, exact if it is written without fraction and exponent */
    char *string;    /* with escapes decoded to UTF-8 */
    char *key;       /* of a member of an object */
    int count;       /* number of children */
    struct json *child, *last, *next;
} json;

/* NULL on damaged text; then *where is the offset of the fault. */
json *json_parse(const char *text, size_t *where);
void json_free(json *value);

const json *json_get(const json *object, const char *key);
const json *json_at(const json *array, int index);

double json_number(const json *value, double missing);
int64_t json_int(const json *value, int64_t missing);
bool json_bool(const json *value, bool missing);
const char *json_string(const json *value, const char *missing);

#endif
