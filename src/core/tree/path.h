/* SPDX-License-Identifier: MIT */
/* Paths as text: ".layers[0].weight", "[1]", "['a']". */
#ifndef VN_CORE_TREE_PATH_H
#define VN_CORE_TREE_PATH_H

#include "core/tree/tree.h"

#define VN__PATH_TEXT 256

/* Where a walk is: a list on the C stack, from the node's parent up to the root. NULL: the
 * root. */
typedef struct vn__trail {
    const struct vn__trail *up;
    const vn_tree *node;
    int child;
} vn__trail;

/* Appends the path of a trail to text (cut at its end); returns text. */
char *vn__trail_append(char *text, size_t size, const vn__trail *trail);

/* Appends the path of `target`, found by pointer identity, in `tree`; false if it is not
 * there. */
bool vn__locate(char *text, size_t size, const vn_tree *tree, const vn_tree *target);

/* Records "who: structures disagree at ...: a and b". */
void vn__fail_structure(const char *who, const vn__trail *trail, const vn_tree *a,
                        const vn_tree *b);

/* One component of a path: a name (".weight"), a key ("['a']") or an index ("[-1]"). */
typedef struct vn__component {
    enum { VN__PATH_NAME, VN__PATH_KEY, VN__PATH_INDEX } what;
    int64_t index;
    char name[128]; /* of a name or key, without quotes */
} vn__component;

/* Reads the component at *at and moves *at behind it. False and an error where there is
 * none. */
bool vn__path_next(vn__component *component, const char *path, const char **at);

/* The child that the component names; -1 if there is none. */
int vn__path_child(const vn_tree *node, const vn__component *component);

/* The children to go through from the root, into index[strlen(path)]: their number, or -1 and
 * an error in the name of `who`. */
int vn__path_resolve(int *index, const char *who, const vn_tree *tree, const char *path);

#endif
