/* SPDX-License-Identifier: MIT */
/* Enumerations: items are modules of an i32 and the address of their class. */
#include "vernal/enumeration.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/tree/tree.h"
#include "vernal/ops.h"

#define MAX_ENTRIES 1024

typedef struct item {
    vn_module base;
    vn_tree *value;
    void *class;
} item;

static const vn_field item_fields[] = { VN_FIELD(item, value, TREE),
                                        VN_FIELD(item, class, POINTER) };
static const vn_type item_type = {
    .name = "EnumerationItem",
    .kind = VN_KIND_MODULE,
    .size = sizeof(item),
    .fields = item_fields,
    .n_fields = 2,
};

/* ---------------------------------------------------------------------------- classes */

/* The entries of a class and its parents, each name once. */
typedef struct entries {
    vn_enum_entry of[MAX_ENTRIES];
    int n;
} entries;

static int index_of(const entries *all, const char *name)
{
    for (int i = 0; i < all->n; i++)
        if (!strcmp(all->of[i].name, name))
            return i;
    return -1;
}

static void add_class(entries *all, const vn_enumeration *e)
{
    for (int i = 0; i < e->n_parents; i++)
        add_class(all, e->parent[i]);
    for (int i = 0; i < e->n; i++) {
        const int at = index_of(all, e->entry[i].name);
        if (at >= 0)
            all->of[at].message = e->entry[i].message;
        else if (all->n < MAX_ENTRIES)
            all->of[all->n++] = e->entry[i];
        else
            vn__fail(VN_ERR_LIMIT, "%s: more than %d entries", e->name, MAX_ENTRIES);
    }
}

static entries entries_of(const vn_enumeration *e)
{
    entries all = { .n = 0 };
    if (e)
        add_class(&all, e);
    else if (vn_ok())
        vn__fail(VN_ERR_NULL_ARGUMENT, "enumeration: it is NULL");
    return all;
}

static bool is_parent(const vn_enumeration *parent, const vn_enumeration *e)
{
    for (int i = 0; i < e->n_parents; i++)
        if (e->parent[i] == parent || is_parent(parent, e->parent[i]))
            return true;
    return false;
}

int vn_enum_len(const vn_enumeration *enumeration)
{
    const entries all = entries_of(enumeration);
    return vn_ok() ? all.n : 0;
}

/* ------------------------------------------------------------------------------ items */

static vn_tree *make(const vn_enumeration *e, vn_array *value)
{
    return value ? vn_module_new(&item_type,
                                 &(item){ .value = value, .class = (void *)(uintptr_t)e })
                 : NULL;
}

static const item *as_item(const vn_tree *tree)
{
    return tree && tree->type == &item_type ? (const item *)(const void *)tree : NULL;
}

static const vn_enumeration *class_of(const vn_tree *tree)
{
    const item *const i = as_item(tree);
    return i ? i->class : NULL;
}

vn_tree *vn_enum_item(const vn_enumeration *enumeration, const char *name)
{
    const entries all = entries_of(enumeration);
    if (!vn_ok())
        return NULL;
    const int at = name ? index_of(&all, name) : -1;
    if (at < 0)
        return vn_error(VN_ERR_ARGUMENT, "%s has no item '%s'", enumeration->name,
                        name ? name : "(null)");
    return make(enumeration, vn_scalar(VN_I32, at));
}

bool vn_enum_is(const vn_tree *tree, const vn_enumeration *enumeration)
{
    return enumeration && class_of(tree) == enumeration;
}

/* An error unless the tree is an item of the class. */
static const item *expect(const char *who, const vn_enumeration *e, const vn_tree *tree)
{
    const item *const i = as_item(tree);
    if (i && i->class == e)
        return i;
    const vn_enumeration *const class = class_of(tree);
    if (tree && e)
        vn__fail(VN_ERR_ARGUMENT, "%s: a %s where an item of %s is expected", who,
                 class ? class->name : tree->type->name, e->name);
    else if (vn_ok())
        vn__fail(VN_ERR_NULL_ARGUMENT, "%s: an argument is NULL", who);
    return NULL;
}

static vn_tree *message_at(const entries *all, int64_t value)
{
    return vn_string(value >= 0 && value < all->n && all->of[value].message
                         ? all->of[value].message
                         : "");
}

vn_tree *vn_enum_message(const vn_enumeration *enumeration, vn_tree *tree)
{
    const item *const i = expect("enum_message", enumeration, tree);
    const entries all = entries_of(enumeration);
    if (!i || !vn_ok())
        return NULL;
    if (vn_is_traced(i->value))
        return vn_string("traced");
    if (vn_rank(i->value) == 0)
        return message_at(&all, (int64_t)vn_item(i->value));
    const int64_t n = vn_size(i->value);
    double *const value = vn__alloc((size_t)(n + 1) * sizeof *value);
    vn_tree **const text = vn__alloc((size_t)(n + 1) * sizeof *text);
    if (value && text) {
        vn_copy_f64(value, n, i->value);
        for (int64_t k = 0; k < n; k++)
            text[k] = message_at(&all, (int64_t)value[k]);
    }
    vn_tree *const list = value && text ? vn_list_n((int)n, text) : NULL;
    vn__free(value);
    vn__free(text);
    return list;
}

static bool comparable(const char *who, vn_tree *a, vn_tree *b)
{
    const item *const x = as_item(a), *const y = as_item(b);
    if (x && y && x->class == y->class)
        return true;
    if (a && b)
        vn__fail(VN_ERR_ARGUMENT, "%s: %s and %s cannot be compared", who,
                 x ? class_of(a)->name : a->type->name, y ? class_of(b)->name : b->type->name);
    else if (vn_ok())
        vn__fail(VN_ERR_NULL_ARGUMENT, "%s: an argument is NULL", who);
    return false;
}

vn_array *vn_enum_eq(vn_tree *a, vn_tree *b)
{
    return comparable("enum_eq", a, b) ? vn_eq(as_item(a)->value, as_item(b)->value) : NULL;
}

vn_array *vn_enum_ne(vn_tree *a, vn_tree *b)
{
    return comparable("enum_ne", a, b) ? vn_ne(as_item(a)->value, as_item(b)->value) : NULL;
}

static bool same_value(vn_array *a, vn_array *b)
{
    return a == b || (!vn_is_traced(a) && !vn_is_traced(b) && vn_size(a) == 1 &&
                      vn_size(b) == 1 && vn_item(a) == vn_item(b));
}

vn_tree *vn_enum_where(const vn_enumeration *enumeration, vn_array *pred, vn_tree *a,
                       vn_tree *b)
{
    const item *const x = expect("enum_where", enumeration, a);
    const item *const y = x ? expect("enum_where", enumeration, b) : NULL;
    if (!y || !pred)
        return vn_ok() ? vn_error(VN_ERR_NULL_ARGUMENT, "enum_where: pred is NULL") : NULL;
    if (vn_is_array(pred) && (vn_rank(pred) != 0 || vn_dtype_of(pred) != VN_BOOL))
        return vn_error(VN_ERR_SHAPE, "enum_where: pred is no scalar bool");
    if (same_value(x->value, y->value))
        return a;
    return make(enumeration, vn_where(pred, x->value, y->value));
}

vn_tree *vn_enum_promote(const vn_enumeration *enumeration, vn_tree *tree)
{
    const item *const i = as_item(tree);
    if (!enumeration || !tree)
        return vn_ok() ? vn_error(VN_ERR_NULL_ARGUMENT, "enum_promote: an argument is NULL")
                       : NULL;
    if (!i || !is_parent(i->class, enumeration))
        return vn_error(VN_ERR_ARGUMENT, "enum_promote: %s is no parent of %s",
                        i ? class_of(tree)->name : tree->type->name, enumeration->name);
    const entries from = entries_of(i->class), to = entries_of(enumeration);
    int32_t table[MAX_ENTRIES];
    for (int k = 0; k < from.n; k++)
        table[k] = index_of(&to, from.of[k].name);
    if (!vn_ok())
        return NULL;
    vn_array *const offsets = vn_array_from(VN_I32, VN_SHAPE(from.n), table);
    return make(enumeration, vn_take(offsets, i->value, 0));
}

vn_tree *vn_enum_error_if(vn_tree *x, vn_tree *tree, vn_array *pred,
                          const vn_error_if_options *options)
{
    const item *const i = as_item(tree);
    if (!i)
        return vn_ok() ? vn_error(VN_ERR_ARGUMENT, "enum_error_if: no item of an enumeration")
                       : NULL;
    const entries all = entries_of(i->class);
    const char *message[MAX_ENTRIES];
    for (int k = 0; k < all.n; k++)
        message[k] = all.of[k].message ? all.of[k].message : "";
    return vn_ok() ? vn_branched_error_if(x, pred, i->value, all.n, message, options) : NULL;
}
