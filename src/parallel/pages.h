/* SPDX-License-Identifier: MIT */
/* Blocks of memory for arrays and workspaces: aligned, large ones on huge pages. */
#ifndef VERNAL_PARALLEL_PAGES_H
#define VERNAL_PARALLEL_PAGES_H

#include <stddef.h>

#define VN__PAGE_ALIGN 64                   /* every block: one cache line, one zmm register */
#define VN__PAGE_LARGE ((size_t)4 << 20)    /* from here on: 2 MiB alignment, huge pages */

/* A block of at least `bytes` bytes, contents undefined; NULL when there is no memory. 0 bytes
 * give a block that may be freed and not read. free() gives it back. A page is placed where it
 * is first written. */
void *vn__pages_alloc(size_t bytes);

#endif
