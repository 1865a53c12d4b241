/* SPDX-License-Identifier: MIT */
/* The leaves of a tree as a dict by name: "layers.0.weight". */
#include <string.h>

#include "core/io/dict.h"
#include "core/tree/path.h"
#include "vernal/io.h"
#include "vernal/ops.h"

#define SAVE "state_dict"
#define LOAD "load_state_dict"

static const vn_state_dict_options defaults;

/* A name that grows and shrinks on the way through the tree. */
typedef struct name {
    char *text;
    int64_t n, capacity;
} name;

/* Appends the place of child i of the node; false and an error if there is no memory. */
static bool name_push(name *at, const vn_tree *node, int i)
{
    char number[16];
    const char *key = vn_key_at(node, i);
    if (!key) {
        snprintf(number, sizeof number, "%d", i);
        key = number;
    }
    const int64_t dot = at->n > 0, length = (int64_t)strlen(key);
    if (!vn__grow(&at->text, &at->capacity, at->n + dot + length + 1, 1))
        return false;
    if (dot)
        at->text[at->n] = '.';
    memcpy(at->text + at->n + dot, key, (size_t)length + 1);
    at->n += dot + length;
    return true;
}

static void name_pop(name *at, int64_t n)
{
    at->n = n;
    if (at->text)
        at->text[n] = '\0';
}

static bool has_name(const vn_state_dict_options *o, const vn_tree *leaf)
{
    return vn_is_array_like(leaf) && (o->filter ? o->filter : vn_is_array)(leaf);
}

typedef struct collection {
    const vn_state_dict_options *options;
    name at;
    char **key;
    vn_tree **item;
    int64_t n, key_capacity, item_capacity;
} collection;

/* A number as an array of the dtype that it has in a file. */
static vn_array *array_of(vn_tree *leaf)
{
    const vn_kind kind = vn_kind_of(leaf);
    if (kind == VN_KIND_INT) {
        const int64_t value = vn_int_value(leaf);
        return vn_array_from(VN_I64, VN_SCALAR, &value);
    }
    if (kind == VN_KIND_BOOL)
        return vn_scalar(VN_BOOL, vn_bool_value(leaf));
    return kind == VN_KIND_FLOAT ? vn_scalar(VN_F64, vn_float_value(leaf)) : leaf;
}

static bool collect_leaf(collection *c, vn_tree *leaf)
{
    if (!has_name(c->options, leaf))
        return true;
    if (!vn__grow(&c->key, &c->key_capacity, c->n + 1, sizeof *c->key) ||
        !vn__grow(&c->item, &c->item_capacity, c->n + 1, sizeof *c->item))
        return false;
    char *const key = vn__alloc((size_t)c->at.n + 1);
    if (!key)
        return false;
    memcpy(key, c->at.text ? c->at.text : "", (size_t)c->at.n + 1);
    c->key[c->n] = key;
    c->item[c->n++] = array_of(leaf);
    return c->item[c->n - 1] != NULL;
}

static bool collect(collection *c, vn_tree *tree)
{
    if (vn_is_leaf(tree))
        return collect_leaf(c, tree);
    const int64_t length = c->at.n;
    for (int i = 0, n = vn_len(tree); i < n; i++) {
        if (!name_push(&c->at, tree, i) || !collect(c, vn__child(tree, i)))
            return false;
        name_pop(&c->at, length);
    }
    return true;
}

vn_tree *vn_state_dict(vn_tree *tree, const vn_state_dict_options *options)
{
    collection c = { .options = options ? options : &defaults };
    if (!vn__no_nulls(SAVE, 1, &tree))
        return NULL;
    vn_tree *dict = NULL;
    if (collect(&c, tree))
        dict = vn_dict_n((int)c.n, (const char *const *)c.key, c.item);
    for (int64_t i = 0; i < c.n; i++)
        vn__free(c.key[i]);
    vn__free(c.key);
    vn__free(c.item);
    vn__free(c.at.text);
    return dict;
}

typedef struct loading {
    const vn_state_dict_options *options;
    vn_tree *dict;
    name at;
    bool *used; /* by item of the dict */
} loading;

static const char *name_of(const loading *l) { return l->at.text ? l->at.text : ""; }

/* A number leaf of the kind of `like`. */
static vn_tree *number_of(const loading *l, const vn_tree *like, vn_array *x)
{
    char a[VN__SHAPE_TEXT], b[VN__SHAPE_TEXT];
    const bool number =
        !vn_dtype_is_complex(vn_dtype_of(x)) || vn_kind_of(like) == VN_KIND_BOOL;
    if (vn_size(x) != 1 || !number)
        return vn_error(number ? VN_ERR_SHAPE : VN_ERR_DTYPE,
                        LOAD ": %.200s is %s in `like` and %s in the dict", name_of(l),
                        vn__describe(a, like), vn__describe(b, x));
    if (vn_kind_of(like) == VN_KIND_BOOL)
        return vn_bool(vn_item_bool(x));
    return vn_kind_of(like) == VN_KIND_INT ? vn_int(vn_item_int(x)) : vn_float(vn_item(x));
}

static vn_tree *fit(const loading *l, const vn_tree *like, vn_array *x)
{
    char a[VN__SHAPE_TEXT], b[VN__SHAPE_TEXT];
    if (!vn_is_array(like))
        return number_of(l, like, x);
    const bool shape = vn_shape_equal(vn_shape_of(like), vn_shape_of(x));
    const bool dtype = vn_dtype_of(like) == vn_dtype_of(x);
    if (shape && dtype)
        return x;
    if (shape && l->options->cast)
        return vn_cast(x, vn_dtype_of(like));
    return vn_error(shape ? VN_ERR_DTYPE : VN_ERR_SHAPE,
                    LOAD ": %.200s: the %s is %s in `like` and %s in the dict", name_of(l),
                    shape ? "dtype" : "shape", vn__describe(a, like), vn__describe(b, x));
}

static vn_tree *load_leaf(loading *l, vn_tree *like)
{
    if (!has_name(l->options, like))
        return like;
    const int i = vn__dict_find(l->dict, name_of(l));
    if (i >= 0) {
        l->used[i] = true;
        return fit(l, like, vn__child(l->dict, i));
    }
    return l->options->ignore_missing
               ? like
               : vn_error(VN_ERR_STRUCTURE,
                          LOAD ": %.200s of `like` is missing among the %d names of the dict",
                          name_of(l), vn_len(l->dict));
}

static vn_tree *load(loading *l, vn_tree *like)
{
    if (vn_is_leaf(like))
        return load_leaf(l, like);
    const int64_t length = l->at.n;
    vn_tree *result = like;
    for (int i = 0, n = vn_len(like); i < n; i++) {
        if (!name_push(&l->at, like, i) ||
            !vn__replace_child(&result, like, i, load(l, vn__child(like, i))))
            return NULL;
        name_pop(&l->at, length);
    }
    return result;
}

static bool all_used(const loading *l)
{
    int extra = 0, first = -1;
    for (int i = vn_len(l->dict) - 1; i >= 0; i--)
        if (!l->used[i])
            extra++, first = i;
    if (extra == 0 || l->options->ignore_extra)
        return true;
    vn__fail(VN_ERR_STRUCTURE, LOAD ": \"%.200s\" of the dict%s belongs to no leaf of `like`",
             vn_key_at(l->dict, first), extra > 1 ? " (and others)" : "");
    return false;
}

vn_tree *vn_load_state_dict(vn_tree *like, vn_tree *dict, const vn_state_dict_options *options)
{
    loading l = { .options = options ? options : &defaults, .dict = dict };
    if (!vn__no_nulls(LOAD, 2, VN_TREES(like, dict)) || !vn__is_array_dict(LOAD, dict))
        return NULL;
    l.used = vn__alloc_zero((size_t)vn_len(dict));
    vn_tree *tree = l.used ? load(&l, like) : NULL;
    if (tree && !all_used(&l))
        tree = NULL;
    vn__free(l.used);
    vn__free(l.at.text);
    return tree;
}
