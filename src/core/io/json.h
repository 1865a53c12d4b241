/* SPDX-License-Identifier: MIT */
/* JSON (RFC 8259) as trees: dict, list, string, int, float, bool, none. */
#ifndef VN_CORE_IO_JSON_H
#define VN_CORE_IO_JSON_H

#include "core/io/stream.h"

/* The value that the text holds, with blanks around it and nothing else. NULL and an error of
 * the file `where` that names the byte. Names given twice are an error. */
vn_tree *vn__json_read(const char *text, int64_t size, const vn__where *where);

/* Appends to a stream in memory. Tuples are lists, arrays of one number numbers. */
bool vn__json_write(vn__stream *out, const vn_tree *tree, const vn__where *where);
bool vn__json_write_string(vn__stream *out, const char *text, const vn__where *where);

#endif
