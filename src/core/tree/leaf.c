/* SPDX-License-Identifier: MIT */
/* Static leaves: none, bool, int, float, string, function. */
#include <string.h>

#include "core/tree/tree.h"

static vn_tree the_none = { &vn__type_none, 1, VN__IMMORTAL };
static vn__leaf the_true = { .base = { &vn__type_bool, 1, VN__IMMORTAL }, .integer = 1 };
static vn__leaf the_false = { .base = { &vn__type_bool, 1, VN__IMMORTAL } };

static vn__leaf *leaf_new(const vn_type *type)
{
    return (vn__leaf *)(void *)vn__node_new(type, sizeof(vn__leaf));
}

vn_tree *vn_none(void) { return &the_none; }

vn_tree *vn_bool(bool value) { return value ? &the_true.base : &the_false.base; }

vn_tree *vn_int(int64_t value)
{
    vn__leaf *const leaf = leaf_new(&vn__type_int);
    if (!leaf)
        return NULL;
    leaf->integer = value;
    return &leaf->base;
}

vn_tree *vn_float(double value)
{
    vn__leaf *const leaf = leaf_new(&vn__type_float);
    if (!leaf)
        return NULL;
    leaf->number = value;
    return &leaf->base;
}

vn_tree *vn_string(const char *text)
{
    if (!text)
        return vn_error(VN_ERR_NULL_ARGUMENT, "string: the text is NULL");
    vn__leaf *const leaf = leaf_new(&vn__type_string);
    const size_t bytes = strlen(text) + 1;
    char *const copy = leaf ? vn__alloc(bytes) : NULL;
    if (!copy)
        return NULL;
    leaf->text = memcpy(copy, text, bytes);
    return &leaf->base;
}

static vn__leaf *function_leaf(const char *who, bool given, int arity, const char *name)
{
    if (!given) {
        vn__fail(VN_ERR_NULL_ARGUMENT, "%s: the function is NULL", who);
        return NULL;
    }
    vn__leaf *const leaf = leaf_new(&vn__type_function);
    if (!leaf)
        return NULL;
    leaf->arity = arity;
    leaf->fn_name = name;
    return leaf;
}

vn_tree *vn_function_named(vn_fn *fn, int arity, const char *name)
{
    vn__leaf *const leaf = function_leaf("function", fn != NULL, arity, name);
    if (!leaf)
        return NULL;
    leaf->fn = fn;
    return &leaf->base;
}

vn_tree *vn_unary_named(vn_array *(*fn)(vn_array *x), const char *name)
{
    vn__leaf *const leaf = function_leaf("unary", fn != NULL, 1, name);
    if (!leaf)
        return NULL;
    leaf->unary = fn;
    return &leaf->base;
}

vn_tree *vn_predicate(vn_filter_fn *fn)
{
    vn__leaf *const leaf = function_leaf("predicate", fn != NULL, 1, NULL);
    if (!leaf)
        return NULL;
    leaf->predicate = fn;
    return &leaf->base;
}

vn_kind vn_kind_of(const vn_tree *tree) { return tree ? tree->type->kind : VN_KIND_NONE; }

bool vn_is_none(const vn_tree *tree) { return tree && vn__is_none(tree); }

bool vn_is_leaf(const vn_tree *tree) { return tree && vn__is_leaf(tree); }

/* The leaf if it is of the kind, else NULL and an error; NULL stays silent. */
static const vn__leaf *leaf_of(const vn_tree *tree, vn_kind kind, const char *who)
{
    char text[VN__SHAPE_TEXT];
    if (tree && tree->type->kind == kind)
        return (const vn__leaf *)(const void *)tree;
    if (tree)
        vn__fail(VN_ERR_ARGUMENT, "%s_value: not %s but %s", who, who,
                 vn__describe(text, tree));
    else
        vn__fail(VN_ERR_NULL_ARGUMENT, "%s_value: the tree is NULL", who);
    return NULL;
}

bool vn_bool_value(const vn_tree *tree)
{
    const vn__leaf *const leaf = leaf_of(tree, VN_KIND_BOOL, "bool");
    return leaf && leaf->integer != 0;
}

int64_t vn_int_value(const vn_tree *tree)
{
    const vn__leaf *const leaf = leaf_of(tree, VN_KIND_INT, "int");
    return leaf ? leaf->integer : 0;
}

double vn_float_value(const vn_tree *tree)
{
    if (vn_kind_of(tree) == VN_KIND_INT)
        return (double)vn_int_value(tree);
    const vn__leaf *const leaf = leaf_of(tree, VN_KIND_FLOAT, "float");
    return leaf ? leaf->number : 0;
}

const char *vn_string_value(const vn_tree *tree)
{
    const vn__leaf *const leaf = leaf_of(tree, VN_KIND_STRING, "string");
    return leaf ? leaf->text : NULL;
}
