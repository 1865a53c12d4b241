/* SPDX-License-Identifier: MIT */
/* Laws of the table of layers: names, and field tables that cover every byte of the structs. */
#include <criterion/criterion.h>
#include <string.h>

#include "vernal/nn.h"

static const struct {
    const char *name;
    const vn_type *type;
} layers[] = {
#define VN_LAYER(name, type) { #name, &type },
#include "core/nn/nn.def"
#undef VN_LAYER
};

enum { COUNT = sizeof layers / sizeof layers[0] };

static size_t bytes_of(vn_field_kind kind)
{
    switch (kind) {
    case VN_FIELD_BOOL:
        return sizeof(bool);
    case VN_FIELD_INT:
        return sizeof(int64_t);
    case VN_FIELD_FLOAT:
        return sizeof(double);
    case VN_FIELD_SHAPE:
        return sizeof(vn_shape);
    default:
        return sizeof(void *);
    }
}

Test(table, names_agree_and_differ)
{
    for (int i = 0; i < COUNT; i++) {
        cr_assert_str_eq(layers[i].name, layers[i].type->name);
        cr_assert_eq(layers[i].type->kind, VN_KIND_MODULE);
        for (int k = 0; k < i; k++)
            cr_assert_str_neq(layers[i].name, layers[k].name);
    }
}

/* A gap of 8 bytes or more between fields is a field that was forgotten in the table. */
Test(table, fields_cover_the_structs)
{
    for (int i = 0; i < COUNT; i++) {
        const vn_type *const type = layers[i].type;
        bool *covered = calloc(type->size, sizeof *covered);
        memset(covered, 1, sizeof(vn_module));
        for (int f = 0; f < type->n_fields; f++) {
            const vn_field *const field = &type->fields[f];
            for (size_t b = 0; b < bytes_of(field->kind); b++) {
                cr_assert(!covered[field->offset + b], "%s.%s overlaps", type->name,
                          field->name);
                covered[field->offset + b] = true;
            }
        }
        for (size_t b = 0, gap = 0; b < type->size; b++) {
            gap = covered[b] ? 0 : gap + 1;
            cr_assert(gap < 8, "%s: byte %zu belongs to no field", type->name, b);
        }
        free(covered);
    }
}
