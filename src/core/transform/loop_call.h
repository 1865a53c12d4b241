/* SPDX-License-Identifier: MIT */
/* The state of a loop as a user's tree and as a list of arrays, buffers last. */
#ifndef VN_CORE_TRANSFORM_LOOP_CALL_H
#define VN_CORE_TRANSFORM_LOOP_CALL_H

#include "core/transform/loop.h"

typedef struct vn__loop_tree {
    vn_tree *tree;
    int n, n_buffers;
    vn_array **array; /* as the loop has them; owned */
    int *leaf;        /* by array: which array leaf of the tree; owned */
} vn__loop_tree;

/* buffers: a specification (vn_filter_spec) of which arrays are buffers; NULL: none. */
vn_status vn__loop_tree_make(vn__loop_tree *t, const char *who, vn_tree *tree,
                             vn_tree *buffers);
void vn__loop_tree_free(vn__loop_tree *t);
/* The tree with these arrays. */
vn_tree *vn__loop_tree_of(const vn__loop_tree *t, vn_array *const array[]);
/* The arrays of a state after a step that began with `carry`; it must be like the tree, and
 * its buffers changed by vn_buffer_set alone. */
vn_status vn__loop_arrays(vn_array *out[], const char *who, const vn__loop_tree *t,
                          vn_tree *state, vn_array *const carry[]);

/* Stumm and Walther: with so many checkpoints every step is computed at most twice more. */
int64_t vn__default_checkpoints(int64_t steps);

#endif
