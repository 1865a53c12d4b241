/* SPDX-License-Identifier: MIT */
/* The texts of leaves and static fields, as Python prints them. */
#include "core/tree/printer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/element.h"
#include "core/tree/repr.h"

void vn__print(vn__printer *p, const char *piece)
{
    int64_t columns = 0;
    for (const char *c = piece; *c; c++)
        columns += ((unsigned char)*c & 0xc0) != 0x80;
    if (p->measuring) {
        p->room -= columns;
        return;
    }
    const int64_t bytes = (int64_t)strlen(piece);
    p->failed = p->failed || !vn__grow(&p->text, &p->capacity, p->n + bytes + 1, 1);
    if (p->failed)
        return;
    memcpy(p->text + p->n, piece, (size_t)bytes + 1);
    p->n += bytes;
    p->column += columns;
}

void vn__print_line_end(vn__printer *p)
{
    vn__print(p, "\n");
    for (int64_t i = 0; i < p->indent; i++)
        vn__print(p, " ");
    p->column = p->indent;
}

void vn__print_string(vn__printer *p, const char *string)
{
    const size_t size = vn__repr_string(NULL, 0, string) + 1;
    char few[64];
    char *const text = size <= sizeof few ? few : vn__alloc(size);
    if (!text) {
        p->failed = true;
        return;
    }
    vn__repr_string(text, size, string);
    vn__print(p, text);
    if (text != few)
        vn__free(text);
}

static void put_shape(vn__printer *p, vn_shape shape)
{
    vn__print(p, "(");
    for (int i = 0; i < shape.rank; i++) {
        char text[32];
        const char *const end = i + 1 < shape.rank ? ", " : shape.rank == 1 ? "," : "";
        snprintf(text, sizeof text, "%lld%s", (long long)shape.dim[i], end);
        vn__print(p, text);
    }
    vn__print(p, ")");
}

static void put_int(vn__printer *p, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    vn__print(p, text);
}

static void put_float(vn__printer *p, double value, bool single)
{
    char text[VN__NUMBER_TEXT];
    vn__print(p, vn__repr_float(text, value, single));
}

/* A part of a complex number: a whole one without its point, as in Python. */
static void put_part(vn__printer *p, double value, bool single)
{
    char text[VN__NUMBER_TEXT];
    vn__repr_float(text, value, single);
    const size_t n = strlen(text);
    if (n > 2 && strcmp(text + n - 2, ".0") == 0)
        text[n - 2] = '\0';
    vn__print(p, text);
}

/* (1+2j), 2j */
static void put_complex(vn__printer *p, vn_c128 z, bool single)
{
    const bool both = z.re != 0 || signbit(z.re);
    vn__print(p, both ? "(" : "");
    if (both)
        put_part(p, z.re, single);
    vn__print(p, both && (isnan(z.im) || !signbit(z.im)) ? "+" : "");
    put_part(p, z.im, single);
    vn__print(p, both ? "j)" : "j");
}

static void put_function(vn__printer *p, const vn__leaf *leaf)
{
    const char *const name = leaf->fn_name ? leaf->fn_name : "";
    vn__print(p, name[0] ? "<function " : "<function");
    vn__print(p, strncmp(name, "vn_", 3) == 0 ? name + 3 : name);
    vn__print(p, ">");
}

void vn__print_element(vn__printer *p, const vn__array *array, int64_t i)
{
    char text[32];
    if (vn_dtype_is_complex(array->dtype)) {
        put_complex(p, vn__load_c128(array->dtype, array->data, i), array->dtype == VN_C64);
    } else if (vn_dtype_is_inexact(array->dtype)) {
        put_float(p, vn__load_f64(array->dtype, array->data, i), array->dtype != VN_F64);
    } else if (array->dtype == VN_BOOL) {
        vn__print(p, vn__load_i64(array->dtype, array->data, i) ? "True" : "False");
    } else if (array->dtype == VN_U64) {
        snprintf(text, sizeof text, "%llu", (unsigned long long)((uint64_t *)array->data)[i]);
        vn__print(p, text);
    } else {
        put_int(p, vn__load_i64(array->dtype, array->data, i));
    }
}

void vn__print_field(vn__printer *p, const vn_field *field, const void *data)
{
    switch (field->kind) {
    case VN_FIELD_BOOL:
        vn__print(p, *(const bool *)data ? "True" : "False");
        return;
    case VN_FIELD_INT:
        put_int(p, *(const int64_t *)data);
        return;
    case VN_FIELD_FLOAT:
        put_float(p, *(const double *)data, false);
        return;
    case VN_FIELD_SHAPE:
        put_shape(p, *(const vn_shape *)data);
        return;
    case VN_FIELD_STRING:
        if (*(const char *const *)data)
            vn__print_string(p, *(const char *const *)data);
        else
            vn__print(p, "None");
        return;
    default: /* an address says nothing to a reader and differs from run to run */
        vn__print(p, *(const void *const *)data ? "<pointer>" : "None");
    }
}

void vn__print_leaf(vn__printer *p, const vn_tree *tree)
{
    const vn__leaf *const leaf = (const vn__leaf *)(const void *)tree;
    char text[VN__SHAPE_TEXT];
    switch (vn_kind_of(tree)) {
    case VN_KIND_NONE:
        vn__print(p, "None");
        return;
    case VN_KIND_ARRAY:
        vn__print(p, vn__describe(text, tree));
        return;
    case VN_KIND_BOOL:
        vn__print(p, leaf->integer ? "True" : "False");
        return;
    case VN_KIND_INT:
        put_int(p, leaf->integer);
        return;
    case VN_KIND_FLOAT:
        put_float(p, leaf->number, false);
        return;
    case VN_KIND_STRING:
        vn__print_string(p, leaf->text);
        return;
    default:
        put_function(p, leaf);
    }
}
