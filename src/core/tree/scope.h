/* SPDX-License-Identifier: MIT */
/* What a thread owns and gives back when it ends. */
#ifndef VN_CORE_TREE_SCOPE_H
#define VN_CORE_TREE_SCOPE_H

#include "vernal/tree.h"

/* Makes sure that vn_finish runs when the calling thread ends. False if the system cannot. */
bool vn__thread_cleanup(void);

/* Makes room for one more reference, so that the next vn__autorelease cannot fail. */
bool vn__scope_reserve(void);

/* Counts the depth of `child`, which the node is about to hold. False and an error if the
 * tree gets too deep. */
bool vn__deepen(vn_tree *node, const vn_tree *child);

/* Frees a node that is not finished: its fields, but not what type->destroy would free. */
void vn__node_discard(vn_tree *node);

/* Frees the nodes that the calling thread keeps for reuse (node.c). */
void vn__nodes_finish(void);

#endif
