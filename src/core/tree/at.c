/* SPDX-License-Identifier: MIT */
/* tree_at: a tree with some subtrees replaced, out of place. Everything beside the way from the
 * root to a replaced subtree is shared with the original. */
#include <stdlib.h>
#include <string.h>

#include "core/tree/path.h"

/* A path as the children to go through; sorted by them, a path stands before those below it. */
typedef struct place {
    int *index;
    int n;
    const char *path;
} place;

static int by_index(const void *a, const void *b)
{
    const place *const p = a, *const q = b;
    for (int i = 0; i < p->n && i < q->n; i++)
        if (p->index[i] != q->index[i])
            return p->index[i] < q->index[i] ? -1 : 1;
    return (p->n > q->n) - (p->n < q->n);
}

static bool above(const place *p, const place *q)
{
    return p->n <= q->n && memcmp(p->index, q->index, (size_t)p->n * sizeof *p->index) == 0;
}

static bool disjoint(int n, const place places[])
{
    place *const sorted = vn__alloc((size_t)n * sizeof *sorted);
    if (!sorted)
        return false;
    bool good = true;
    memcpy(sorted, places, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, by_index);
    for (int i = 1; i < n && good; i++)
        if (above(&sorted[i - 1], &sorted[i])) {
            vn__fail(VN_ERR_PATH, "tree_at: the paths \"%s\" and \"%s\" overlap",
                     sorted[i - 1].path, sorted[i].path);
            good = false;
        }
    vn__free(sorted);
    return good;
}

/* One block holds the places and their indices: a path has fewer components than characters. */
static place *resolve(const vn_tree *tree, int n, const char *const paths[])
{
    size_t indices = 0;
    if (n > 0 && !paths) {
        vn__fail(VN_ERR_NULL_ARGUMENT, "tree_at: the list of %d paths is NULL", n);
        return NULL;
    }
    for (int i = 0; i < n; i++) {
        if (!paths[i]) {
            vn__fail(VN_ERR_NULL_ARGUMENT, "tree_at: path %d is NULL", i);
            return NULL;
        }
        indices += strlen(paths[i]);
    }
    place *const places = vn__alloc((size_t)n * sizeof *places + indices * sizeof(int));
    if (!places)
        return NULL;
    int *index = (int *)(void *)(places + n);
    for (int i = 0; i < n; i++) {
        const int length = vn__path_resolve(index, "tree_at", tree, paths[i]);
        places[i] = (place){ index, length, paths[i] };
        index += strlen(paths[i]);
        if (length < 0) {
            vn__free(places);
            return NULL;
        }
    }
    if (n > 1 && !disjoint(n, places)) {
        vn__free(places);
        return NULL;
    }
    return places;
}

static vn_tree *replace_one(vn_tree *tree, const int *index, int n, vn_tree *replace)
{
    if (n == 0)
        return replace;
    vn_tree *const child = replace_one(vn__child(tree, index[0]), index + 1, n - 1, replace);
    vn_tree *const copy = child ? vn__node_copy(tree) : NULL;
    return copy && vn__set_child(copy, index[0], child) ? copy : NULL;
}

static vn_tree *descend(vn_tree *tree, const place *p)
{
    for (int i = 0; i < p->n; i++)
        tree = vn__child(tree, p->index[i]);
    return tree;
}

/* replace[i], or fn of what is there in the original tree */
static vn_tree *replace_all(vn_tree *tree, int n, const char *const paths[],
                            vn_tree *const replace[], vn_tree *fn)
{
    place *const places = resolve(tree, n, paths);
    vn_tree *result = places ? tree : NULL;
    for (int i = 0; result && i < n; i++) {
        vn_tree *const old = descend(tree, &places[i]);
        vn_tree *const new = fn ? vn_call_n(fn, 1, &old) : replace[i];
        result = new ? replace_one(result, places[i].index, places[i].n, new) : NULL;
    }
    vn__free(places);
    return result;
}

vn_tree *vn_tree_at_n(vn_tree *tree, int n, const char *const paths[], vn_tree *const replace[])
{
    if (n < 0)
        return vn_error(VN_ERR_ARGUMENT, "tree_at: %d paths", n);
    if (!vn__no_nulls("tree_at", 1, &tree) || !vn__no_nulls("tree_at: replace", n, replace))
        return NULL;
    return replace_all(tree, n, paths, replace, NULL);
}

vn_tree *vn_tree_at(vn_tree *tree, const char *path, vn_tree *replace)
{
    return vn_tree_at_n(tree, 1, &path, &replace);
}

vn_tree *vn_tree_at_fn(vn_tree *tree, int n, const char *const paths[], vn_tree *fn)
{
    if (n < 0)
        return vn_error(VN_ERR_ARGUMENT, "tree_at: %d paths", n);
    if (!vn__no_nulls("tree_at", 2, VN_TREES(tree, fn)))
        return NULL;
    return replace_all(tree, n, paths, NULL, fn);
}
