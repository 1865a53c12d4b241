/* SPDX-License-Identifier: MIT */
/* The leaves of a tree in a stream, each by its rule. */
#ifndef VN_CORE_IO_LEAVES_H
#define VN_CORE_IO_LEAVES_H

#include "core/io/stream.h"
#include "vernal/io.h"

struct vn_leaf_stream {
    vn__stream *stream; /* NULL: nothing is written, it is only seen whether it could be */
    vn__where where;    /* .tree: the whole tree, .leaf counts */
};

/* where.tree by the specification (NULL: every leaf by the rule of Equinox). stream NULL: as
 * above, the rules of the specification are not asked. */
bool vn__write_leaves(vn__stream *stream, vn_tree *spec, const vn__where *where);
vn_tree *vn__read_leaves(vn__stream *stream, vn_tree *spec, const vn__where *where);

#endif
