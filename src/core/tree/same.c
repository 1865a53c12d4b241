/* SPDX-License-Identifier: MIT */
/* Equality of structure: what a transformation may not see change. */
#include <stdio.h>
#include <string.h>

#include "core/tree/path.h"

/* Bit for bit, so that a cache which compares static numbers tells 0.0 from -0.0 and finds
 * NaN. */
static bool same_number(double a, double b) { return memcmp(&a, &b, sizeof a) == 0; }

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_array(const vn_tree *a, const vn_tree *b)
{
    const vn__array *const x = vn__as_array(a), *const y = vn__as_array(b);
    if (a == b)
        return true;
    if (x->dtype != y->dtype || !vn_shape_equal(x->shape, y->shape) || !x->data || !y->data)
        return false;
    const size_t bytes = (size_t)vn_shape_size(x->shape) * vn_dtype_size(x->dtype);
    return memcmp(x->data, y->data, bytes) == 0;
}

bool vn__same_leaf(const vn_tree *a, const vn_tree *b)
{
    if (a->type != b->type || a->type->kind == VN_KIND_ARRAY)
        return a->type == b->type && same_array(a, b);
    const vn__leaf *const x = (const vn__leaf *)(const void *)a;
    const vn__leaf *const y = (const vn__leaf *)(const void *)b;
    return x->integer == y->integer && same_number(x->number, y->number) &&
           same_text(x->text, y->text) && x->fn == y->fn && x->unary == y->unary &&
           x->predicate == y->predicate;
}

/* Two static trees: structure and leaves. */
static bool same_static(const vn_tree *a, const vn_tree *b)
{
    if (a == b)
        return true;
    if (vn__is_leaf(a) || vn__is_leaf(b))
        return vn__is_leaf(a) && vn__is_leaf(b) && vn__same_leaf(a, b);
    if (!vn__same_node(a, b))
        return false;
    for (int i = 0, n = vn__len(a); i < n; i++)
        if (!same_static(vn__child(a, i), vn__child(b, i)))
            return false;
    return true;
}

static bool same_field(const vn_field *field, const vn_tree *a, const vn_tree *b)
{
    const void *const x = (const char *)a + field->offset, *const y =
                                                               (const char *)b + field->offset;
    switch (field->kind) {
    case VN_FIELD_TREE:
        return true;
    case VN_FIELD_BOOL:
        return *(const bool *)x == *(const bool *)y;
    case VN_FIELD_INT:
        return *(const int64_t *)x == *(const int64_t *)y;
    case VN_FIELD_FLOAT:
        return same_number(*(const double *)x, *(const double *)y);
    case VN_FIELD_STRING:
        return same_text(*(const char *const *)x, *(const char *const *)y);
    case VN_FIELD_SHAPE:
        return vn_shape_equal(*(const vn_shape *)x, *(const vn_shape *)y);
    case VN_FIELD_STATIC:
        return same_static(*(const vn_tree *const *)x, *(const vn_tree *const *)y);
    case VN_FIELD_POINTER:
        return *(const void *const *)x == *(const void *const *)y;
    }
    return false;
}

static bool same_keys(const vn__sequence *a, const vn__sequence *b)
{
    if (a->n != b->n)
        return false;
    for (int i = 0; a->keys && i < a->n; i++)
        if (strcmp(a->keys[i], b->keys[i]) != 0)
            return false;
    return true;
}

bool vn__same_node(const vn_tree *a, const vn_tree *b)
{
    if (a->type != b->type)
        return false;
    if (vn__is_leaf(a) || vn__is_none(a))
        return true;
    if (a->type->kind != VN_KIND_MODULE)
        return same_keys((const vn__sequence *)(const void *)a,
                         (const vn__sequence *)(const void *)b);
    for (int i = 0; i < a->type->n_fields; i++)
        if (!same_field(&a->type->fields[i], a, b))
            return false;
    return true;
}

/* Why two nodes of one type differ. */
static void difference(char *text, size_t size, const vn_tree *a, const vn_tree *b)
{
    const vn_type *const type = a->type;
    snprintf(text, size, "the keys of two dicts differ");
    if (type->kind == VN_KIND_MODULE) {
        for (int i = 0; i < type->n_fields; i++)
            if (!same_field(&type->fields[i], a, b))
                snprintf(text, size, "the static field %s of two %s differs",
                         type->fields[i].name, type->name);
    } else if (vn__len(a) != vn__len(b)) {
        snprintf(text, size, "a %s of %d and one of %d", type->name, vn__len(a), vn__len(b));
    }
}

void vn__fail_structure(const char *who, const vn__trail *trail, const vn_tree *a,
                        const vn_tree *b)
{
    char path[VN__PATH_TEXT] = "", why[2 * VN__SHAPE_TEXT + 8], one[VN__SHAPE_TEXT],
         other[VN__SHAPE_TEXT];
    if (a->type == b->type)
        difference(why, sizeof why, a, b);
    else
        snprintf(why, sizeof why, "%s and %s", vn__describe(one, a), vn__describe(other, b));
    vn__fail(VN_ERR_STRUCTURE, "%s: structures disagree at \"%.150s\": %s", who,
             vn__trail_append(path, sizeof path, trail), why);
}

bool vn_tree_same_structure(const vn_tree *a, const vn_tree *b)
{
    if (!a || !b)
        return false;
    if (vn__is_leaf(a) || vn__is_leaf(b))
        return vn__is_leaf(a) && vn__is_leaf(b);
    if (!vn__same_node(a, b))
        return false;
    for (int i = 0, n = vn__len(a); i < n; i++)
        if (!vn_tree_same_structure(vn__child(a, i), vn__child(b, i)))
            return false;
    return true;
}
