/* SPDX-License-Identifier: MIT */
/* Numbers and strings as Python's repr writes them. */
#ifndef VN_CORE_TREE_REPR_H
#define VN_CORE_TREE_REPR_H

#include <stdbool.h>
#include <stddef.h>

/* The shortest decimal that reads back as the value (as a float if `single`). Returns text. */
#define VN__NUMBER_TEXT 40
const char *vn__repr_float(char text[VN__NUMBER_TEXT], double value, bool single);

/* The string in quotes, with backslashes where needed, cut after `size - 1` characters. Returns
 * the length that it has uncut. text may be NULL if size is 0. */
size_t vn__repr_string(char *text, size_t size, const char *string);

#endif
