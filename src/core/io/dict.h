/* SPDX-License-Identifier: MIT */
/* Dicts of arrays, as files hold them. */
#ifndef VN_CORE_IO_DICT_H
#define VN_CORE_IO_DICT_H

#include "core/io/stream.h"

/* The number of the child under that key; -1 if there is none. */
int vn__dict_find(const vn_tree *dict, const char *key);

/* True if it is a dict of arrays with numbers; else an error. */
bool vn__is_array_dict(const char *who, vn_tree *dict);

/* A dict of what stands in a file; a name that is given twice is an error of the file. */
vn_tree *vn__dict_of_file(int n, char *const keys[], vn_tree *const items[],
                          const vn__where *where);

#endif
