/* SPDX-License-Identifier: MIT */
/* Paths: written as Equinox prints them, read back, resolved.
 *
 *     path      = { component }          "" is the root
 *     component = name | "." name | "[" integer "]" | "['" key "']" | '["' key '"]'
 *
 * Only the first component may be a name without its dot. */
#include "core/tree/path.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/tree/repr.h"

static void append(char *text, size_t size, const char *piece)
{
    const size_t used = strlen(text);
    snprintf(text + used, size - used, "%s", piece);
}

char *vn__trail_append(char *text, size_t size, const vn__trail *trail)
{
    if (!trail)
        return text;
    vn__trail_append(text, size, trail->up);
    char piece[140], quoted[136];
    const char *const key = vn_key_at(trail->node, trail->child);
    if (!key) {
        snprintf(piece, sizeof piece, "[%d]", trail->child);
    } else if (vn_kind_of(trail->node) == VN_KIND_DICT) {
        vn__repr_string(quoted, sizeof quoted, key);
        snprintf(piece, sizeof piece, "[%s]", quoted);
    } else {
        snprintf(piece, sizeof piece, ".%s", key);
    }
    append(text, size, piece);
    return text;
}

typedef struct search {
    char *text;
    size_t size;
    const vn_tree *target;
    int leaf; /* without a target: leaves still to pass */
} search;

static bool find(search *s, const vn_tree *tree, const vn__trail *trail)
{
    if (s->target ? tree == s->target : vn_is_leaf(tree) && s->leaf-- == 0) {
        vn__trail_append(s->text, s->size, trail);
        return true;
    }
    for (int i = 0, n = vn_len(tree); i < n; i++)
        if (find(s, vn__child(tree, i), &(vn__trail){ trail, tree, i }))
            return true;
    return false;
}

bool vn__locate(char *text, size_t size, const vn_tree *tree, const vn_tree *target)
{
    return find(&(search){ .text = text, .size = size, .target = target }, tree, NULL);
}

const char *vn_tree_path(const vn_tree *tree, int leaf, char *text, size_t size)
{
    if (size == 0)
        return text;
    text[0] = '\0';
    if (!tree)
        vn__fail(VN_ERR_NULL_ARGUMENT, "tree_path: the tree is NULL");
    else if (leaf < 0 ||
             !find(&(search){ .text = text, .size = size, .leaf = leaf }, tree, NULL))
        vn__fail(VN_ERR_ARGUMENT, "tree_path: leaf %d of a tree with %d leaves", leaf,
                 vn_tree_count(tree));
    return text;
}

/* name up to the next '.' or '[' */
static const char *read_name(vn__component *component, const char *at)
{
    const size_t n = strcspn(at, ".[");
    if (n == 0 || n >= sizeof component->name)
        return NULL;
    component->what = VN__PATH_NAME;
    memcpy(component->name, at, n);
    component->name[n] = '\0';
    return at + n;
}

/* 'key'] or "key"], a backslash takes the next character as it is */
static const char *read_key(vn__component *component, const char *at)
{
    const char quote = *at++;
    size_t n = 0;
    component->what = VN__PATH_KEY;
    for (; *at && *at != quote && n + 1 < sizeof component->name; at++) {
        if (*at == '\\' && at[1])
            at++;
        component->name[n++] = *at;
    }
    component->name[n] = '\0';
    return *at == quote && at[1] == ']' ? at + 2 : NULL;
}

static const char *read_index(vn__component *component, const char *at)
{
    char *end;
    component->what = VN__PATH_INDEX;
    if (!isdigit((unsigned char)at[*at == '-']))
        return NULL;
    component->index = strtoll(at, &end, 10);
    return *end == ']' ? end + 1 : NULL;
}

bool vn__path_next(vn__component *component, const char *path, const char **at)
{
    const char *const begin = *at, *end = NULL;
    if (*begin == '[' && (begin[1] == '\'' || begin[1] == '"'))
        end = read_key(component, begin + 1);
    else if (*begin == '[')
        end = read_index(component, begin + 1);
    else if (*begin == '.')
        end = read_name(component, begin + 1);
    else if (begin == path)
        end = read_name(component, begin);
    if (end)
        *at = end;
    else
        vn__fail(VN_ERR_PATH, "path \"%s\": .name, [index] or ['key'] is expected at \"%s\"",
                 path, begin);
    return end != NULL;
}

int vn__path_child(const vn_tree *node, const vn__component *component)
{
    const int n = vn_len(node);
    const vn_kind kind = vn_kind_of(node);
    if (component->what == VN__PATH_INDEX) {
        const int64_t i = component->index < 0 ? component->index + n : component->index;
        return (kind == VN_KIND_LIST || kind == VN_KIND_TUPLE) && i >= 0 && i < n ? (int)i : -1;
    }
    if (kind != (component->what == VN__PATH_KEY ? VN_KIND_DICT : VN_KIND_MODULE))
        return -1;
    for (int i = 0; i < n; i++)
        if (strcmp(vn_key_at(node, i), component->name) == 0)
            return i;
    return -1;
}

static void fail_no_such(const char *who, const char *path, const vn__component *component,
                         const vn_tree *node)
{
    char text[VN__SHAPE_TEXT];
    const bool sequence = vn_kind_of(node) == VN_KIND_LIST || vn_kind_of(node) == VN_KIND_TUPLE;
    if (component->what == VN__PATH_INDEX && sequence)
        vn__fail(VN_ERR_PATH, "%s: path \"%s\": no [%lld] in a %s of %d", who, path,
                 (long long)component->index, node->type->name, vn_len(node));
    else if (component->what == VN__PATH_INDEX)
        vn__fail(VN_ERR_PATH, "%s: path \"%s\": no [%lld] in %s", who, path,
                 (long long)component->index, vn__describe(text, node));
    else
        vn__fail(VN_ERR_PATH,
                 component->what == VN__PATH_KEY ? "%s: path \"%s\": no ['%s'] in %s"
                                                 : "%s: path \"%s\": no .%s in %s",
                 who, path, component->name, vn__describe(text, node));
}

int vn__path_resolve(int *index, const char *who, const vn_tree *tree, const char *path)
{
    int n = 0;
    for (const char *at = path; *at; n++) {
        vn__component component;
        if (!vn__path_next(&component, path, &at))
            return -1;
        index[n] = vn__path_child(tree, &component);
        if (index[n] < 0) {
            fail_no_such(who, path, &component, tree);
            return -1;
        }
        tree = vn__child(tree, index[n]);
    }
    return n;
}

vn_tree *vn_get(vn_tree *tree, const char *path)
{
    if (!vn__no_nulls("get", 1, &tree))
        return NULL;
    if (!path)
        return vn_error(VN_ERR_NULL_ARGUMENT, "get: the path is NULL");
    for (const char *at = path; *at;) {
        vn__component component;
        if (!vn__path_next(&component, path, &at))
            return NULL;
        const int i = vn__path_child(tree, &component);
        if (i < 0) {
            fail_no_such("get", path, &component, tree);
            return NULL;
        }
        tree = vn__child(tree, i);
    }
    return tree;
}
