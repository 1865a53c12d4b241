/* SPDX-License-Identifier: MIT */
/* A tree and the list of those of its leaves that a transformation works on. */
#ifndef VN_CORE_TRANSFORM_LEAVES_H
#define VN_CORE_TRANSFORM_LEAVES_H

#include "core/tape/tape.h"

typedef struct vn__leaves {
    vn_array **item; /* borrowed from the trees */
    int64_t n, capacity;
} vn__leaves;

void vn__leaves_free(vn__leaves *leaves);
/* False on an error. */
bool vn__leaves_push(vn__leaves *leaves, vn_tree *leaf);
/* Appends the leaves of the tree for which fn is true (NULL: all). */
vn_status vn__leaves_add(vn__leaves *leaves, vn_tree *tree, vn_filter_fn *fn);
/* The tree with those leaves replaced, in order, by items from replace[*next] on; a NULL item
 * gives none. With others false the other leaves become none. */
vn_tree *vn__leaves_replace(vn_tree *tree, vn_filter_fn *fn, vn_array *const replace[],
                            int64_t *next, bool others);

/* For each leaf of `like` with fn, in order, the array of `tree` in its place; NULL where
 * `tree` holds none there or above. Anything else in `tree`, other structures and shapes are
 * errors of `who`. */
vn_status vn__leaves_align(vn__leaves *out, vn_tree *like, vn_tree *tree, vn_filter_fn *fn,
                           const char *who);

/* The tree with arrays of the same dtypes and shapes but without numbers. */
vn_tree *vn__structs_of(vn_tree *tree);
/* f(args[0], args[1], ..) of a tuple. */
vn_tree *vn__call_tuple(vn_tree *f, vn_tree *args);

/* vn_stack_n for any number of arrays. */
vn_array *vn__stack_many(int64_t n, vn_array *const x[], int axis);

/* The tree with every array that is a value of the tape replaced by its numbers. */
vn_tree *vn__detach_tree(vn_tree *tree, const vn__tape *tape);

/* A derivative is taken on the innermost tape being recorded, or on an eager tape of its
 * own. */
typedef struct vn__session {
    vn__tape *tape;
    bool own;
    int64_t open; /* marks that were there before */
} vn__session;
vn_status vn__session_begin(vn__session *session);
/* The tree with its inexact arrays marked: what the derivative is taken in. Appends the arrays
 * to leaves and the marks to marks, in order. */
vn_tree *vn__session_mark(const vn__session *session, vn_tree *tree, vn__leaves *leaves,
                          vn__leaves *marks);
/* Ends it and returns result (detached, if the tape was its own). NULL passes through. */
vn_tree *vn__session_end(vn__session *session, vn_tree *result);

#endif
