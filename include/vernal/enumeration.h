/* SPDX-License-Identifier: MIT */
/* Enumerations whose items are values of a program: an i32 scalar and a class. What a solver
 * returns besides its solution, also where that differs by example. */
#ifndef VERNAL_ENUMERATION_H
#define VERNAL_ENUMERATION_H

#include "vernal/check.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vn_enum_entry {
    const char *name, *message;
} vn_enum_entry;

/* A class: static data of the program that defines it, told apart by address.
 *
 *     static const vn_enum_entry entries[] = {
 *         { "successful", "" },
 *         { "max_steps_reached", "The maximum number of steps was reached." },
 *     };
 *     static const vn_enumeration results = { .name = "RESULTS", .entry = entries, .n = 2 };
 *
 * With parents, their entries come first, in order; a name that occurs again keeps its index
 * and takes the later message. At most 1024 entries. */
typedef struct vn_enumeration {
    const char *name;
    const vn_enum_entry *entry;
    int n;
    const struct vn_enumeration *const *parent;
    int n_parents;
} vn_enumeration;

/* Number of entries, those of the parents included. */
VN_API int vn_enum_len(const vn_enumeration *enumeration);

/* The item of that name: a tree with one leaf, an i32 scalar array. */
VN_API vn_tree *vn_enum_item(const vn_enumeration *enumeration, const char *name);

/* True if the tree is an item of exactly this class. */
VN_API bool vn_enum_is(const vn_tree *tree, const vn_enumeration *enumeration);

/* The message of an item as a string; of an item that a vmap has stacked a list of them;
 * "traced" while its value is not known. The item must be of this class. */
VN_API vn_tree *vn_enum_message(const vn_enumeration *enumeration, vn_tree *item);

/* bool arrays; items of different classes are an error. */
VN_API vn_array *vn_enum_eq(vn_tree *a, vn_tree *b);
VN_API vn_array *vn_enum_ne(vn_tree *a, vn_tree *b);

/* a where pred (a scalar bool), else b; both of exactly this class. */
VN_API vn_tree *vn_enum_where(const vn_enumeration *enumeration, vn_array *pred, vn_tree *a,
                              vn_tree *b);

/* The item of a parent (or a parent's parent) as an item of this class. */
VN_API vn_tree *vn_enum_promote(const vn_enumeration *enumeration, vn_tree *item);

/* vn_error_if with the message of the item. */
VN_API vn_tree *vn_enum_error_if(vn_tree *x, vn_tree *item, vn_array *pred,
                                 const vn_error_if_options *options);

#ifdef __cplusplus
}
#endif
#endif
