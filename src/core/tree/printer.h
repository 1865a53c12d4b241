/* SPDX-License-Identifier: MIT */
/* Text that grows, or is only measured; the texts of leaves and static fields. For
 * tree_pformat. */
#ifndef VN_CORE_TREE_PRINTER_H
#define VN_CORE_TREE_PRINTER_H

#include "core/tree/tree.h"

/* Text with its current column. Measuring, text is dropped and room, what is left of the line,
 * becomes negative if it does not fit. */
typedef struct vn__printer {
    char *text;
    int64_t n, capacity;
    bool failed, measuring;
    int64_t room, column, indent, step, width;
    bool values;
    bool (*truncate_leaf)(const vn_tree *subtree);
} vn__printer;

void vn__print(vn__printer *p, const char *piece);
void vn__print_line_end(vn__printer *p);
void vn__print_string(vn__printer *p, const char *string); /* in quotes */

/* A leaf or none, an array as f32[3,4]. */
void vn__print_leaf(vn__printer *p, const vn_tree *leaf);
void vn__print_element(vn__printer *p, const vn__array *array, int64_t i);
/* A static field that is no tree. */
void vn__print_field(vn__printer *p, const vn_field *field, const void *data);

#endif
