/* SPDX-License-Identifier: MIT */
/* Which leaf of a tree is written how: a specification is a prefix tree of rules. */
#include "core/io/leaves.h"
#include "core/tree/path.h"

typedef struct rule_node {
    vn_module base;
    void *rule; /* const vn_leaf_rule *, borrowed */
} rule_node;

static const vn_field fields[] = { VN_FIELD(rule_node, rule, POINTER) };
static const vn_type rule_type = {
    "LeafRule", VN_KIND_MODULE, sizeof(rule_node), fields, 1, NULL, 0, 0, NULL, NULL,
};

/* Every leaf by the rule of Equinox, or none. */
static bool save_default(vn_leaf_stream *to, vn_tree *leaf, void *context)
{
    return context ? vn_leaf_save(to, leaf) : true;
}
static vn_tree *load_default(vn_leaf_stream *from, vn_tree *like, void *context)
{
    return context ? vn_leaf_load(from, like) : like;
}
static const vn_leaf_rule in_file = { save_default, load_default, (void *)(uintptr_t)1, false };
static const vn_leaf_rule left_out = { save_default, load_default, NULL, false };

vn_tree *vn_rule(const vn_leaf_rule *rule)
{
    if (!rule || !rule->save || !rule->load)
        return vn_error(VN_ERR_NULL_ARGUMENT, "rule: %s is NULL",
                        !rule         ? "it"
                        : !rule->save ? "save"
                                      : "load");
    return vn_module_new(&rule_type, &(rule_node){ .rule = (void *)(uintptr_t)rule });
}

/* What a specification says at one place. */
typedef struct verdict {
    const vn_leaf_rule *rule;
    vn_filter_fn *filter; /* the rule holds where it is true, the others are left out */
} verdict;

/* False: it says nothing here, but about the children. */
static bool says(verdict *v, const vn_tree *spec)
{
    const vn__leaf *const leaf = (const vn__leaf *)(const void *)spec;
    *v = (verdict){ .rule = &in_file };
    if (!spec)
        return true;
    if (spec->type == &rule_type)
        v->rule = ((const rule_node *)(const void *)spec)->rule;
    else if (vn_kind_of(spec) == VN_KIND_BOOL)
        v->rule = leaf->integer ? &in_file : &left_out;
    else if (vn_kind_of(spec) == VN_KIND_FUNCTION && leaf->predicate)
        v->filter = leaf->predicate;
    else
        return false;
    return true;
}

/* Records why a specification says nothing about the tree in its place, nor its children. */
static void fail_spec(const char *who, const vn_tree *spec, const vn_tree *tree,
                      const vn__trail *trail)
{
    char text[VN__SHAPE_TEXT], path[VN__PATH_TEXT] = "";
    if (vn_is_leaf(spec))
        vn__fail(VN_ERR_ARGUMENT,
                 "%s: a specification is made of vn_bool, vn_predicate and vn_rule, not %s "
                 "(at \"%s\")",
                 who, vn__describe(text, spec), vn__trail_append(path, sizeof path, trail));
    else
        vn__fail_structure(who, trail, spec, tree);
}

/* A leaf, or a subtree that its rule takes as a whole. */
static bool save_one(vn_leaf_stream *w, const verdict *v, vn_tree *leaf)
{
    const vn_leaf_rule *const rule = v->filter && !v->filter(leaf) ? &left_out : v->rule;
    bool good = true;
    if (w->stream || rule == &in_file)
        good = rule->save(w, leaf, rule->context);
    if (!good)
        vn__io_fail(&w->where, VN_ERR_RUNTIME, "its rule could not save it");
    w->where.leaf += vn_tree_count(leaf);
    return good;
}

static bool save_by(vn_leaf_stream *w, const verdict *v, vn_tree *tree)
{
    if (vn_is_leaf(tree) || v->rule->whole)
        return save_one(w, v, tree);
    for (int i = 0, n = vn_len(tree); i < n; i++)
        if (!save_by(w, v, vn__child(tree, i)))
            return false;
    return true;
}

static bool save(vn_leaf_stream *w, vn_tree *tree, const vn_tree *spec, const vn__trail *trail)
{
    verdict v;
    if (says(&v, spec))
        return save_by(w, &v, tree);
    if (vn_is_leaf(spec) || !vn__same_node(spec, tree)) {
        fail_spec(w->where.who, spec, tree, trail);
        return false;
    }
    for (int i = 0, n = vn_len(tree); i < n; i++)
        if (!save(w, vn__child(tree, i), vn__child(spec, i), &(vn__trail){ trail, tree, i }))
            return false;
    return true;
}

bool vn__write_leaves(vn__stream *stream, vn_tree *spec, const vn__where *where)
{
    return save(&(vn_leaf_stream){ stream, *where }, where->tree, spec, NULL);
}

/* A rule gives back a tree of the kind that `like` is. */
static bool alike(const vn_tree *got, const vn_tree *like)
{
    if (vn_is_array(like))
        return vn_is_array(got) && vn_dtype_of(got) == vn_dtype_of(like) &&
               vn_shape_equal(vn_shape_of(got), vn_shape_of(like));
    if (vn_is_leaf(like))
        return vn_kind_of(got) == vn_kind_of(like);
    if (!vn__same_node(got, like))
        return false;
    for (int i = 0, n = vn_len(like); i < n; i++)
        if (!alike(vn__child(got, i), vn__child(like, i)))
            return false;
    return true;
}

static vn_tree *load_one(vn_leaf_stream *w, const verdict *v, vn_tree *like)
{
    const vn_leaf_rule *const rule = v->filter && !v->filter(like) ? &left_out : v->rule;
    vn_tree *got = rule->load(w, like, rule->context);
    char a[VN__SHAPE_TEXT], b[VN__SHAPE_TEXT];
    if (!got) {
        vn__io_fail(&w->where, VN_ERR_RUNTIME, "its rule could not load it");
    } else if (got != like && !alike(got, like)) {
        vn__io_fail(&w->where, VN_ERR_STRUCTURE, "its rule loaded %s, `like` is %s",
                    vn__describe(a, got), vn__describe(b, like));
        got = NULL;
    }
    w->where.leaf += vn_tree_count(like);
    return got;
}

static vn_tree *load_by(vn_leaf_stream *w, const verdict *v, vn_tree *like)
{
    if (vn_is_leaf(like) || v->rule->whole)
        return load_one(w, v, like);
    vn_tree *result = like;
    for (int i = 0, n = vn_len(like); i < n; i++)
        if (!vn__replace_child(&result, like, i, load_by(w, v, vn__child(like, i))))
            return NULL;
    return result;
}

static vn_tree *load(vn_leaf_stream *w, vn_tree *like, const vn_tree *spec,
                     const vn__trail *trail)
{
    verdict v;
    if (says(&v, spec))
        return load_by(w, &v, like);
    if (vn_is_leaf(spec) || !vn__same_node(spec, like)) {
        fail_spec(w->where.who, spec, like, trail);
        return NULL;
    }
    vn_tree *result = like;
    for (int i = 0, n = vn_len(like); i < n; i++) {
        const vn__trail down = { trail, like, i };
        vn_tree *const child = load(w, vn__child(like, i), vn__child(spec, i), &down);
        if (!vn__replace_child(&result, like, i, child))
            return NULL;
    }
    return result;
}

vn_tree *vn__read_leaves(vn__stream *stream, vn_tree *spec, const vn__where *where)
{
    return load(&(vn_leaf_stream){ stream, *where }, where->tree, spec, NULL);
}

bool vn_leaf_write(vn_leaf_stream *to, const void *data, size_t size)
{
    return vn__stream_write(to->stream, data, size, &to->where);
}

bool vn_leaf_read(vn_leaf_stream *from, void *data, size_t size)
{
    const size_t got = vn__stream_read(from->stream, data, size);
    if (got < size)
        vn__fail_truncated(from->stream, &from->where, (int64_t)got, (int64_t)size);
    return got == size;
}
